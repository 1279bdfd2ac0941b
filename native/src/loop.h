// Loop devices: a file as a block device, for kernels whose EROFS mounts no files.
#ifndef SLIPWAY_LOOP_H
#define SLIPWAY_LOOP_H

#include "failure.h"

// A new loop device over the open file, read-only, as a descriptor. It is gone with the last user:
// the descriptor, or a mount made from it; a crash leaves none. `path` is for errors only.
int loop_attach(int file, const char *path, struct failure *why);

#endif
