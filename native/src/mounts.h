// What is mounted inside a container besides its root: the spec's mounts, the default devices, the
// masked and the read-only paths. All of it runs in the container's mount namespace with the new
// root as current directory, before pivot_root; places.h keeps every target inside the root.
#ifndef SLIPWAY_MOUNTS_H
#define SLIPWAY_MOUNTS_H

#include "failure.h"
#include "spec.h"

int mounts_make(const struct spec *spec, int bundle, struct failure *why);
int devices_make(const struct spec *spec, struct failure *why);
int masks_make(const struct spec *spec, struct failure *why);

#endif
