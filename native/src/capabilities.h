// Capability sets: names to bits, and making them the process's own.
#ifndef SLIPWAY_CAPABILITIES_H
#define SLIPWAY_CAPABILITIES_H

#include "failure.h"
#include "spec-process.h"

// The bit number of `CAP_CHOWN` and the like, or -1.
int capability_number(const char *name);

// The three moments, in this order: the first before the change of user, the others after it.
int capabilities_limit(const struct process_spec *process, struct failure *why);  // bounding set, keep flag
int capabilities_keep(const struct process_spec *process, struct failure *why);   // all, as before
int capabilities_apply(const struct process_spec *process, struct failure *why);  // the other four sets

#endif
