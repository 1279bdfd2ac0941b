// Subordinate ids (subuid(5), subgid(5)): the ranges that an unprivileged user may map.
#ifndef SLIPWAY_SUBIDS_H
#define SLIPWAY_SUBIDS_H

#include <stddef.h>
#include <sys/types.h>

// Maps the process's ids by newuidmap and newgidmap: 0 is the caller, then all ranges of the caller one
// after the other. -1: `why` says what stands in the way, for a person.
int subids_map(pid_t pid, char *why, size_t size);

#endif
