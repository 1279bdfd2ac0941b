// Setting one value of a group, with a failure that says which controller, why and what to do.
#ifndef SLIPWAY_CGROUP_SET_H
#define SLIPWAY_CGROUP_SET_H

#include <stdint.h>

#include "cgroups.h"
#include "failure.h"

int cgroup_set(const struct cgroup *group, const char *file, const char *text,
               struct failure *why);
int cgroup_set_number(const struct cgroup *group, const char *file, int64_t number,
                      struct failure *why);
// A negative number is written as "max".
int cgroup_set_maximum(const struct cgroup *group, const char *file, int64_t number,
                       struct failure *why);
// Fails with the errno as it is now, about a file of the group; NULL: about its folder.
int cgroup_refuse(const struct cgroup *group, const char *call, const char *file,
                  const char *hint, struct failure *why);
// What to do about an errno of cgroupfs; NULL when there is nothing to say.
const char *cgroup_hint(int error);

#endif
