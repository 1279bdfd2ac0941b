// process.scheduler, ioPriority and execCPUAffinity (config.md §Linux Process).
#ifndef SLIPWAY_SCHEDULING_H
#define SLIPWAY_SCHEDULING_H

#include <stdbool.h>
#include <stdint.h>

#include "failure.h"
#include "json.h"

// What sched_setattr takes.
struct scheduler {
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime, deadline, period;
};

struct scheduling {
  bool has_scheduler;
  struct scheduler scheduler;
  int io_priority;  // as ioprio_set takes it; 0: as it is
  // CPU lists such as "0-3,7", or NULL. For processes that exec adds only: before they are in the
  // container's cgroup, and after.
  const char *initial_cpus, *final_cpus;
};

int scheduler_read(const struct json *value, struct scheduling *out, struct failure *why);
int io_priority_read(const struct json *value, struct scheduling *out, struct failure *why);
int affinity_read(const struct json *value, struct scheduling *out, struct failure *why);

// Both of this process.
int scheduling_set(const struct scheduling *scheduling, struct failure *why);
int affinity_set(const char *cpus, struct failure *why);

#endif
