// The ids that exist in our user namespace: /proc/self/uid_map and gid_map.
#ifndef SLIPWAY_ID_MAP_H
#define SLIPWAY_ID_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct id_range {
  uint32_t inside, outside, count;
};

enum { ID_RANGES_MAX = 340 };  // the kernel's own limit

// Reads a map into `ranges`; the number of ranges, or -1 with errno set.
int id_map_read(const char *file, struct id_range ranges[ID_RANGES_MAX]);

// True unless the map says that the id does not exist here; true, too, where there is no map to read.
bool id_is_mapped(const char *file, uint32_t id);

// This process is not in the machine's first user namespace.
bool in_user_namespace(void);

// The namespace forbids setgroups: what a map written without privilege costs.
bool setgroups_is_denied(void);

#endif
