// One entry of a tar becomes one file, each kind by its own function.
#ifndef SLIPWAY_UNPACK_ENTRY_H
#define SLIPWAY_UNPACK_ENTRY_H

#include <stdbool.h>

#include "beneath.h"
#include "tar-reader.h"
#include "unpack-directories.h"

// Something of the layers below is gone: one name, or all that is in a directory.
struct mark {
  char *path;  // of what is hidden, or of the opaque directory
  bool is_opaque;
};

struct unpack {
  struct tar_reader reader;
  int root;
  bool is_root;     // may give files away and make devices
  bool user_xattr;  // opaque marks are user.*, as an overlay in a user namespace wants them
  struct beneath places;   // where entries go
  struct beneath targets;  // where hard links point
  struct directories directories;
  struct mark *marks;
  size_t mark_count, mark_capacity;
  bool is_marking;  // the entries are all there: what they left in the way of a mark stays
};

// Each returns -1, having reported, on failure.
int unpack_member(struct unpack *unpack, struct tar_member *member);
int unpack_mark(struct unpack *unpack, const struct mark *mark);
int unpack_directories(struct unpack *unpack);  // their metadata

// The `create` of struct beneath: a parent that no entry described before.
int unpack_create_parent(void *context, int parent, const char *name, const char *path);

#endif
