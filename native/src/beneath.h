// Directories beneath a root, found for paths that nobody trusts: one name at a time, each opened from
// its parent's descriptor with O_NOFOLLOW, so no symlink can lead anywhere. openat2 would resolve a path
// in one call, but not replace what is in the way, and is refused by some seccomp filters; as tar entries
// come in clusters, the descriptors kept here save more calls than it would.
#ifndef SLIPWAY_BENEATH_H
#define SLIPWAY_BENEATH_H

#include "memory.h"

#define BENEATH_DEPTH_MAX 1000

struct beneath {
  int root;           // not owned
  struct bytes path;  // of the deepest directory that is open
  int *descriptors;   // one for each part of path
  size_t *ends;       // where each part ends in path
  size_t depth, capacity, ends_capacity;
  // Asked to create a directory that is missing, or where something else is: it returns -1, having
  // reported, or -2 for "leave it". NULL: the same as always -2.
  int (*create)(void *context, int parent, const char *name, const char *path);
  void *context;
};

// The directory of `path` (length bytes; 0: the root). The descriptor stays here, and open until the
// next call. -1: reported; -2: not found.
int beneath_open(struct beneath *beneath, const char *path, size_t length);

// The directory that holds `path`; *name points to its last part.
int beneath_open_parent(struct beneath *beneath, const char *path, const char **name);

// Must be told when a directory at `path` is removed.
void beneath_forget(struct beneath *beneath, const char *path);
void beneath_free(struct beneath *beneath);

#endif
