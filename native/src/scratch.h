// A private tmpfs for mount points, over a folder that nothing of ours looks at. Only to be used in
// a mount namespace of one's own (guard.h): the host never sees it.
#ifndef SLIPWAY_SCRATCH_H
#define SLIPWAY_SCRATCH_H

#include "failure.h"

// Always there when /proc is, and hidden from nobody: containers get a /proc of their own.
#define SCRATCH "/proc/fs"

// Mounts the tmpfs at the first call; later calls do nothing.
int scratch_ready(struct failure *why);

#endif
