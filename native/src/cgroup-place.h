// Where the groups of a container are, and making them there.
#ifndef SLIPWAY_CGROUP_PLACE_H
#define SLIPWAY_CGROUP_PLACE_H

#include "cgroup-hierarchies.h"
#include "cgroups.h"

// Refuses a cgroupsPath that could not be made anywhere.
int cgroup_check_path(const char *path, struct failure *why);
// Makes the group in one hierarchy and opens it, with the controllers (of those that the hierarchy
// has) that are `needed`; others as far as possible. -1: it cannot be made here.
int cgroup_place(const struct hierarchy *hierarchy, const struct cgroups_place *place,
                 const char *name, unsigned needed, struct cgroup *out, struct failure *why);
// Removes a group that is empty, and those below it; beneath `parent`. errno as rmdir's.
int cgroup_remove_tree(int parent, const char *name);

// The names that cgroups_create makes up.
#define CGROUP_PREFIX "slipway-"
void cgroup_random_name(char name[32]);
// Removes groups with such names in a folder whose owner is gone.
void cgroup_sweep(const char *folder);
// The folder in which cgroup_place would make the group; to be freed.
char *cgroup_parent(const struct hierarchy *hierarchy, const struct cgroups_place *place,
                    unsigned needed);
// The folder that cgroup_place would make, given a path or a name; to be freed.
char *cgroup_path(const struct hierarchy *hierarchy, const struct cgroups_place *place);

#endif
