// rootfs.json: what the root of a container consists of (RootfsSpec in src/core/runtime-spec.ts), and
// making it one detached mount that the container then moves to root.path.
#ifndef SLIPWAY_ROOTFS_H
#define SLIPWAY_ROOTFS_H

#include <stdbool.h>
#include <stddef.h>

#include "erofs.h"
#include "failure.h"
#include "json.h"

struct lower {
  const char *folder;  // NULL: an erofs image
  struct erofs_source erofs;
};

struct rootfs {
  struct lower *lowers;  // top first
  size_t lower_count;
  const char *upper, *work;  // NULL: no overlay, one read-only lower
  bool user_xattr;
  bool is_volatile;
  bool is_ready_folder;            // nothing of the above: root.path is the root
  bool opens_devices;              // spec.opens_devices
  struct json_document *document;  // owns the strings
};

// Reads rootfs.json of the bundle; without that file, root.path is the ready root as it is.
int rootfs_read(int bundle, struct rootfs *rootfs, struct failure *why);
// A detached mount of the whole root; the descriptor is the caller's. `folder` is
// root.path, for a bundle without rootfs.json.
int rootfs_mount(const struct rootfs *rootfs, const char *folder, struct failure *why);
void rootfs_free(struct rootfs *rootfs);
#define cleanup_rootfs __attribute__((cleanup(rootfs_free)))

#endif
