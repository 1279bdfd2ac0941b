// Ownership by the compiler: a variable declared with one of these is released when it leaves scope.
#ifndef SLIPWAY_CLEANUP_H
#define SLIPWAY_CLEANUP_H

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free_(void *slot) { free(*(void **)slot); }
static inline void cleanup_close_(int *fd) {
  if (*fd >= 0) close(*fd);
}
static inline void cleanup_closedir_(DIR **dir) {
  if (*dir) closedir(*dir);
}

#define cleanup_free __attribute__((cleanup(cleanup_free_)))
#define cleanup_close __attribute__((cleanup(cleanup_close_)))
#define cleanup_closedir __attribute__((cleanup(cleanup_closedir_)))

// Takes the descriptor out of a cleanup_close variable: the caller owns it now.
static inline int steal_fd(int *fd) {
  int taken = *fd;
  *fd = -1;
  return taken;
}

#endif
