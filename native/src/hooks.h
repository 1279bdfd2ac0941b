// Hooks (runtime-spec config.md §POSIX-platform Hooks): programs that an engine wants to have run at
// points of a container's life, with the container's state on their stdin.
#ifndef SLIPWAY_HOOKS_H
#define SLIPWAY_HOOKS_H

#include <stddef.h>
#include <sys/types.h>

#include "failure.h"
#include "json.h"
#include "memory.h"

enum hook_point {
  HOOK_PRESTART,          // deprecated; in the runtime's namespaces, as the next
  HOOK_CREATE_RUNTIME,    // namespaces and mounts are there, the root is not entered yet
  HOOK_CREATE_CONTAINER,  // the same moment, in the container's namespaces
  HOOK_START_CONTAINER,   // in the container, just before its program
  HOOK_POSTSTART,         // the program runs
  HOOK_POSTSTOP,          // after delete
  HOOK_POINTS,
};

struct hook {
  const char *path;
  const char **args, **env;  // NULL-terminated; `args` NULL: the path alone
  int timeout_seconds;       // 0: none
};

struct hooks {
  struct hook *items[HOOK_POINTS];
  size_t count[HOOK_POINTS];
};

// The member `hooks` of config.json.
int hooks_read(const struct json *value, struct hooks *hooks, struct failure *why);
void hooks_free(struct hooks *hooks);
const char *hook_point_name(enum hook_point point);

// What a hook gets on stdin and `state` prints (runtime.md §State).
struct hook_state {
  const char *id, *status, *bundle;
  pid_t pid;                       // as the runtime's namespace has it; 0: none
  const struct json *annotations;  // an object, or NULL
};
// The members of the state between braces, without them.
void hook_state_members(const struct hook_state *state, struct bytes *out);

// Runs the hooks of a point in their order, in this process's namespaces, waiting for each. Stops at the
// first that fails or takes too long (it is killed then): -1, stage "hook". After the container's end
// the others still have their turn.
int hooks_run(const struct hooks *hooks, enum hook_point point, const struct hook_state *state,
              struct failure *why);

#endif
