// process.rlimits (config.md §POSIX process): limits of the kernel for each process, inherited.
#ifndef SLIPWAY_RLIMITS_H
#define SLIPWAY_RLIMITS_H

#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "failure.h"
#include "json.h"

struct rlimit_spec {
  const char *type;  // RLIMIT_NOFILE …
  int resource;
  struct rlimit limit;
};

struct rlimits {
  struct rlimit_spec *items;
  size_t count;
};

int rlimits_read(const struct json *value, struct rlimits *rlimits, struct failure *why);
void rlimits_free(struct rlimits *rlimits);
// Of a process (0: this one) and what it becomes. Raising a hard limit needs CAP_SYS_RESOURCE.
int rlimits_set(const struct rlimits *rlimits, pid_t pid, struct failure *why);

#endif
