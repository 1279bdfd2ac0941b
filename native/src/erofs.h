// EROFS images as mounts: mounted once, kept, and handed out as detached clones. The mounts live on a
// private tmpfs in this process's own mount namespace (see scratch.h) and disappear with it.
#ifndef SLIPWAY_EROFS_H
#define SLIPWAY_EROFS_H

#include <stddef.h>

#include "failure.h"

// What the kernel is given of an image and its tars.
enum erofs_backing {
  EROFS_FILES,         // the files themselves
  EROFS_RAMFS,         // the image copied to a ramfs: where its own file system cannot back a mount
  EROFS_LOOP_DEVICES,  // loop devices over the files: where the kernel mounts no files
};

struct erofs_source {
  const char *image;
  const char **devices;  // NULL-terminated, in device order
  enum erofs_backing backing;
};

// A detached erofs mount, not kept anywhere. The descriptor is the caller's.
int erofs_mount_detached(const struct erofs_source *source, struct failure *why);

// The path of a kept mount of this image; mounts it when it is not there yet. The path is valid
// until the next call. NULL on failure.
const char *erofs_mounted_path(const struct erofs_source *source, struct failure *why);

#endif
