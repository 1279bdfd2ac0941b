// A walk over a folder in the one order everything here uses: depth first, the names of each directory
// by their bytes. That is the order of full paths if '/' sorted below every other byte: `a/x` comes
// before `a-b`. Symlinks are never followed; the root itself is not visited.
#ifndef SLIPWAY_WALK_H
#define SLIPWAY_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#define WALK_DEPTH_MAX 2000  // levels; each holds one descriptor and one stack frame

struct walk_entry {
  int parent;        // descriptor of the directory that holds it
  const char *name;  // beneath parent
  const char *path;  // beneath the root
  size_t path_length;
  const struct stat *st;
};

struct walk_options {
  // Asked before anything is done with a path. NULL: nothing is skipped.
  bool (*skip)(void *context, const char *path, size_t length);
  // A directory is visited before what it holds. Returns -1, having reported, to end the walk.
  int (*visit)(void *context, const struct walk_entry *entry);
  void *context;
};

// Compares two paths in the order of the walk.
int walk_compare_paths(const char *a, size_t a_length, const char *b, size_t b_length);

// Opens the root and walks it; returns -1, having reported, on failure.
int walk_tree(const char *root, const struct walk_options *options);

#endif
