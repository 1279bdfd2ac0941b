// Places inside the root of a container: found beneath it without ever leaving it, whatever links
// the image holds; made when they are missing. The root is the current directory.
#ifndef SLIPWAY_PLACES_H
#define SLIPWAY_PLACES_H

#include <stdbool.h>

#include "failure.h"

// An O_PATH descriptor, or -1 with errno.
int place_open(const char *path);
// The same; a missing folder (or empty file) is created with all its parents, 0755 and root's.
int place_make(const char *path, bool is_folder, struct failure *why);

#endif
