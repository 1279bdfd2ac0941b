// The cgroups of a container: made with its limits, entered, frozen, killed, removed. Which hierarchy
// has a controller is decided for each controller, never for the machine: version 1, version 2 and
// hybrid hosts are the same code. Who needs no limit gets no group.
#ifndef SLIPWAY_CGROUPS_H
#define SLIPWAY_CGROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "failure.h"
#include "memory.h"

struct resources;  // linux.resources, spec-resources.h

enum { CGROUPS_MAX = 16 };  // hierarchies; the kernel has at most as many as controllers

// A container's group in one hierarchy.
struct cgroup {
  char *path;            // absolute, as this process's mount namespace has it
  int folder;            // the directory; O_RDONLY, locked as long as it is open
  unsigned controllers;  // 1 << enum controller, of its hierarchy
  bool is_v2;
};

// Zero-initialise. `count` 0: the container has no groups.
struct cgroups {
  struct cgroup groups[CGROUPS_MAX];
  size_t count;
};

enum cgroups_reach {
  CGROUPS_NEEDED,  // hierarchies that the resources need; all of them when cgroupsPath is given
  CGROUPS_ALL,     // every hierarchy where a group can be made: to be frozen, killed and counted
};

// linux.cgroupsPath and where the groups go without it.
struct cgroups_place {
  // Absolute: from the root of each hierarchy. Else below this process's own group. NULL: `name`.
  const char *path;
  // The group below this process's own. NULL: a random name, which a later start removes when its
  // owner died without doing so.
  const char *name;
  enum cgroups_reach reach;
};

// Makes the groups and sets every limit, before the container's first process. A limit that was asked
// for and cannot be set is a failure (stage "cgroup", path = the file), and nothing is left. Call it
// in the host's mount namespace or a copy of it. `resources` may be NULL.
int cgroups_create(const struct cgroups_place *place, const struct resources *resources,
                   struct cgroups *out, struct failure *why);

// The descriptor for CLONE_INTO_CGROUP, or -1. The process is then in that group already.
int cgroups_clone_into(const struct cgroups *cgroups);
// Puts a process into every group: a new container's while it waits at its start, or one that exec
// brings. `is_cloned_into`: the version 2 group has it already. Pids are those of the caller's pid
// namespace; 0 is the caller.
int cgroups_enter(const struct cgroups *cgroups, pid_t pid, bool is_cloned_into,
                  struct failure *why);

// Changes limits of existing groups (update). Members that are absent stay as they are.
int cgroups_update(const struct cgroups *cgroups, const struct resources *resources,
                   struct failure *why);

// Waits until every process has stopped, or runs again. Refused when no group can be frozen.
int cgroups_freeze(const struct cgroups *cgroups, bool is_frozen, struct failure *why);
// 1: frozen, 0: not.
int cgroups_is_frozen(const struct cgroups *cgroups);
// Sends the signal to every process of the groups and of those below. SIGKILL also reaches frozen
// ones and those that fork meanwhile.
int cgroups_kill(const struct cgroups *cgroups, int number, struct failure *why);
// The pids in the groups and below, in the caller's pid namespace; *count of them, to be freed.
pid_t *cgroups_processes(const struct cgroups *cgroups, size_t *count);

// The kernel has killed a process of these groups because their memory ran out.
bool cgroups_ran_out_of_memory(const struct cgroups *cgroups);

// Removes the groups and what the container made below them, once their last process is reaped;
// waits a moment for the kernel. Also releases *cgroups, as cgroups_close does. What could not be
// removed is a failure that a caller may ignore.
int cgroups_remove(struct cgroups *cgroups, struct failure *why);
// Releases the descriptors; the groups stay.
void cgroups_close(struct cgroups *cgroups);
// Opens groups by the paths that cgroups_create found (struct cgroup.path), for the commands that act
// on a container that another process made. A group that is gone is left out.
int cgroups_open(const char *const *paths, size_t count, struct cgroups *out,
                 struct failure *why);

// The same for groups whose maker died before it could tell their paths: where it would have made them.
int cgroups_find(const struct cgroups_place *place, struct cgroups *out, struct failure *why);

// Appends {"version":"v1"|"v2"|"hybrid"|"none","v1":[controllers],"v2":[controllers]}. A controller
// is in v2 exactly if cgroup.controllers at the root of that hierarchy lists it.
void cgroups_describe(struct bytes *out);

#endif
