// The extended attributes of one file that belong into a layer. Of what a container wrote: user.*,
// trusted.*, ACLs and security.capability. Of a build context, which is somebody's folder on this
// machine: user.* and security.capability; its ACLs name users of this machine, as its owners do. Labels
// and measurements (security.selinux, .ima …) never do, nor do overlay's own marks.
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

typedef bool xattr_filter(const char *name);
xattr_filter xattr_is_kept;           // of what a container wrote
xattr_filter xattr_is_of_context;     // of a build context
bool xattr_is_overlay(const char *name);  // {trusted,user}.overlay.*

// Reads those of `name` beneath the directory `parent`, not following a symlink. `path` is for reports.
int xattrs_read(int parent, const char *name, const char *path, xattr_filter *is_kept, struct xattrs *xattrs);

// The same of an open file.
int xattrs_read_open(int fd, const char *path, xattr_filter *is_kept, struct xattrs *xattrs);

void xattrs_add(struct xattrs *xattrs, const char *name, const char *value, size_t length);
void xattrs_sort(struct xattrs *xattrs);
void xattrs_free(struct xattrs *xattrs);
#define cleanup_xattrs __attribute__((cleanup(xattrs_free)))

#endif
