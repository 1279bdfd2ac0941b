// slipway-escape: attempts to get out of a container, or to reach or change the host, by name. Each is
// harmless even where it succeeds. Tests say which answer each must get.
#ifndef SLIPWAY_ESCAPE_H
#define SLIPWAY_ESCAPE_H

#include <stddef.h>

// What an attempt came to: NULL means that errno says why it failed. "succeeded" is never good.
typedef const char *(*attempt_function)(void);

struct attempt {
  const char *name;
  attempt_function run;
};

// Ends of the lists: a NULL name.
extern const struct attempt kernel_attempts[];   // calls that change the machine
extern const struct attempt mount_attempts[];    // mounts and the root
extern const struct attempt outside_attempts[];  // processes, memory, sockets, devices of the host

// The result of a system call as an outcome.
static inline const char *outcome(long result) { return result < 0 ? NULL : "succeeded"; }

// Opens a file for writing, and writes back what is in it where that is possible.
const char *write_back(const char *path);

#endif
