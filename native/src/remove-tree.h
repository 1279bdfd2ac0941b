// Removes a file, or a directory with all that is in it, without following symlinks.
#ifndef SLIPWAY_REMOVE_TREE_H
#define SLIPWAY_REMOVE_TREE_H

// A name that does not exist is fine. `path` is for reports; returns -1, having reported.
int remove_tree(int parent, const char *name, const char *path);

#endif
