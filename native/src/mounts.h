// What is mounted inside a container besides its root: the spec's mounts, the default devices, the
// masked and the read-only paths. All of it runs in the container's mount namespace with the new
// root as current directory, before pivot_root; places.h keeps every target inside the root.
#ifndef SLIPWAY_MOUNTS_H
#define SLIPWAY_MOUNTS_H

#include "failure.h"
#include "spec.h"

// `sources`: for every mount the source that is open already, or -1; NULL: none is.
int mounts_make(const struct spec *spec, int bundle, const int *sources, struct failure *why);
// The source of a bind mount with everything mounted below it as far as the mount wants that, detached.
int mounts_open_source(const struct mount_spec *mount, int bundle, struct failure *why);
// Gives a detached source the ids that the mount wants. By the launcher itself, in its namespaces.
int mount_map_ids(const struct spec *spec, const struct mount_spec *mount, int tree,
                  struct failure *why);
// What docker shows at /sys/fs/cgroup: the container's own group of every hierarchy of the host.
int mount_cgroups(const struct spec *spec, const struct mount_spec *mount, struct failure *why);
// Copies what the folder `from` holds (O_PATH) to the empty folder `to`; `path` is for complaints.
int copy_up(int from, int to, const char *path, struct failure *why);
int devices_make(const struct spec *spec, struct failure *why);
int masks_make(const struct spec *spec, struct failure *why);

#endif
