// The cgroup hierarchies that this process can reach: /proc/self/cgroup and /proc/self/mountinfo.
#ifndef SLIPWAY_CGROUP_HIERARCHIES_H
#define SLIPWAY_CGROUP_HIERARCHIES_H

#include <stdbool.h>
#include <stddef.h>

#include "cgroups.h"

struct hierarchy {
  bool is_v2;
  // Of enum controller. Version 2: what cgroup.controllers at the root lists; and devices and the
  // freezer, which are no controllers there, where no version 1 hierarchy has them.
  unsigned controllers;
  char *point;  // where it is mounted
  char *own;    // the folder of this process's own group, at or below the point
};

struct hierarchies {
  struct hierarchy items[CGROUPS_MAX];
  size_t count;
};

// Zero or more; hierarchies without a controller (name=systemd) are left out, but for version 2.
void hierarchies_read(struct hierarchies *out);
void hierarchies_free(struct hierarchies *hierarchies);
#define cleanup_hierarchies __attribute__((cleanup(hierarchies_free)))

#endif
