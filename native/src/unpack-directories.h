// What unpack does to directories at the end: their mode, owner, attributes and time, deepest first, as
// everything created inside would change the time and a mode may forbid creating.
#ifndef SLIPWAY_UNPACK_DIRECTORIES_H
#define SLIPWAY_UNPACK_DIRECTORIES_H

#include "tar-reader.h"

struct directory {
  char *path;
  unsigned mode;
  uint32_t uid, gid;
  int64_t mtime;
  uint32_t mtime_nanos;
  struct xattrs xattrs;
  size_t number;  // in the order of adding
};

struct directories {
  struct directory *items;
  size_t count, capacity, added;
};

// The member's metadata, to be applied later; takes its xattrs. A later call for the path wins.
void directories_add(struct directories *directories, struct tar_member *member);
// One that no entry describes: 0755, owner 0:0, time 0.
void directories_add_implied(struct directories *directories, const char *path);
// A directory that was replaced by something else, with all that was in it.
void directories_remove(struct directories *directories, const char *path);
// Sorted so that a directory comes after what is in it, one for each path.
void directories_order(struct directories *directories);
void directories_free(struct directories *directories);

#endif
