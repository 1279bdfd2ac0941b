// Making a container that outlives the command that makes it, and letting it start.
#ifndef SLIPWAY_CREATE_H
#define SLIPWAY_CREATE_H

#include <stdbool.h>
#include <sys/types.h>

#include "launch.h"
#include "state.h"

struct create_options {
  const char *bundle;          // as given; NULL: the working folder
  const char *pid_file;        // NULL: none
  const char *console_socket;  // NULL: none
  const char *id;
  unsigned preserved;
};

// Both return -1 with `why` filled, or with a kind of FAILURE_NONE after having said why; nothing is
// left then.
int container_create(int root, const struct create_options *options, struct container_state *state,
                     struct failure *why);
// Executes the program of a created container, and runs the poststart hooks.
int container_start(const struct container_state *state, struct failure *why);
// Kills every process of the container and waits until the first has ended.
int container_kill_all(const struct container_state *state, struct failure *why);
// Removes what a creator made that died before it wrote its process down.
void container_sweep(const struct container_state *state);
// Removes groups and state of a container without processes; runs the poststop hooks.
int container_remove(struct container_state *state, struct failure *why);

// The parts that run in the foreground has in common.
// The folder of the bundle as an absolute path; the caller frees it. NULL after saying why.
char *bundle_path(const char *given);
// The copy of config.json that later commands read.
int keep_config(int bundle, const struct container_state *state, struct failure *why);
// Written by rename: who waits for the file finds all of it.
int write_pid_file(const char *path, pid_t pid, struct failure *why);
// Checks --preserve-fds and that what it promises is open.
int parse_preserved(const char *text, unsigned *preserved);
// The moment as RFC 3339, in a static buffer.
const char *now_text(void);

#endif
