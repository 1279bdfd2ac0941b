// linux.resources written into groups, one file for each controller that has much to say.
#ifndef SLIPWAY_CGROUP_LIMITS_H
#define SLIPWAY_CGROUP_LIMITS_H

#include "cgroups.h"
#include "spec-resources.h"

// The controllers that the resources say something about; 1 << enum controller.
unsigned limits_needed(const struct resources *resources);
// Writes all of them. Without a group that has the controller: a failure.
int limits_apply(const struct cgroups *cgroups, const struct resources *resources,
                 struct failure *why);
// The group of the controller, or NULL.
const struct cgroup *cgroup_with(const struct cgroups *cgroups, unsigned controller);

// One controller each, for a group that has it.
int limit_memory(const struct cgroup *group, const struct resources *resources,
                 struct failure *why);
int limit_cpu(const struct cgroup *group, const struct resources *resources, struct failure *why);
int limit_block(const struct cgroup *group, const struct resources *resources,
                struct failure *why);
int limit_devices(const struct cgroup *group, const struct resources *resources,
                  struct failure *why);
// A limit that only version 1 has, asked for in version 2.
int limit_only_v1(const struct cgroup *group, const char *name, struct failure *why);

#endif
