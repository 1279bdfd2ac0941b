// Making a container's first process in its namespaces: those that are joined, by a process in between;
// those that are new, by the clone itself.
#ifndef SLIPWAY_NAMESPACES_H
#define SLIPWAY_NAMESPACES_H

#include <stdbool.h>
#include <sys/types.h>

#include "failure.h"
#include "spec-namespaces.h"

// As fork: 0 in the child, its pid in the parent with *pidfd set, -1 on failure. The cgroup namespace is
// left out: its root is the group of the process at the time, so the child makes it when it is in its
// group. `group`: a cgroup to be cloned into, or -1.
pid_t namespaces_clone(const struct namespaces_spec *namespaces, int group, int *pidfd,
                       struct failure *why);
// The maps of the child's new user namespace, by the parent: written, where it may not by newuidmap and
// newgidmap, and where it has no more to give than itself as a single id.
int namespaces_map_ids(const struct namespaces_spec *namespaces, pid_t host_pid,
                       struct failure *why);
// This process itself becomes root of the new user namespace, and what it makes then belongs to that:
// the way of callers without privilege, who need one before they can mount anything.
int namespaces_enter_user(const struct namespaces_spec *namespaces, struct failure *why);
// It has: what a spec says of a new user namespace is done.
bool namespaces_user_entered(void);
// In the child, once the maps are there: it is root in its user namespace.
int namespaces_become_root(const struct namespaces_spec *namespaces, struct failure *why);

#endif
