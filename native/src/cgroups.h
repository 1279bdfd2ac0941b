// What cgroup hierarchies this process sees.
#ifndef SLIPWAY_CGROUPS_H
#define SLIPWAY_CGROUPS_H

#include "memory.h"

// Appends {"version":"v1"|"v2"|"hybrid"|"none","v1":[controllers],"v2":[controllers]}. A controller
// is in v2 exactly if cgroup.controllers at the root of that hierarchy lists it.
void cgroups_describe(struct bytes *out);

#endif
