// How a layer's tar says that something of the layers below is gone (image-spec layer.md §Whiteouts).
// In a folder for overlay the same is a char device 0:0, and the attribute `opaque` of a directory.
#ifndef SLIPWAY_WHITEOUT_H
#define SLIPWAY_WHITEOUT_H

#define WHITEOUT_PREFIX ".wh."
#define WHITEOUT_OPAQUE ".wh..wh..opq"
#define WHITEOUT_AUFS_PREFIX ".wh..wh."  // other such names are leftovers of aufs: skipped

#endif
