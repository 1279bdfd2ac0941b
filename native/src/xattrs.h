// The extended attributes of one file that belong into a layer: user.*, trusted.*, ACLs and
// security.capability. Labels and measurements of this machine (security.selinux, .ima …) do not, and
// overlay's own marks never do.
#ifndef SLIPWAY_XATTRS_H
#define SLIPWAY_XATTRS_H

#include <stdbool.h>
#include <stddef.h>

struct xattr {
  char *name;
  char *value;
  size_t length;
};

struct xattrs {
  struct xattr *items;  // sorted by name
  size_t count, capacity;
  bool opaque;  // overlay marked this directory as hiding what lies below
};

bool xattr_is_kept(const char *name);
bool xattr_is_overlay(const char *name);  // {trusted,user}.overlay.*

// Reads those of `name` beneath the directory `parent`, not following a symlink. `path` is for reports.
int xattrs_read(int parent, const char *name, const char *path, struct xattrs *xattrs);

void xattrs_add(struct xattrs *xattrs, const char *name, const char *value, size_t length);
void xattrs_sort(struct xattrs *xattrs);
void xattrs_free(struct xattrs *xattrs);
#define cleanup_xattrs __attribute__((cleanup(xattrs_free)))

#endif
