// Failure records; see failure.h.
#include "failure.h"

#include <errno.h>
#include <stdio.h>

#define NO_SUCH_CALL                                                                             \
  "the kernel, or a filter around slipway, has no such call: Linux 5.12 or newer is needed, and "  \
  "in a container its runtime must allow the call"

int fail(struct failure *why, const char *stage, const char *call, const char *path,
         const char *hint) {
  why->error = errno;
  if (errno == ENOSYS) hint = NO_SUCH_CALL;  // whatever else is wrong, this is first
  why->kind = FAILURE_SETUP;
  snprintf(why->stage, sizeof why->stage, "%s", stage);
  snprintf(why->call, sizeof why->call, "%s", call);
  snprintf(why->path, sizeof why->path, "%s", path ? path : "");
  snprintf(why->hint, sizeof why->hint, "%s", hint ? hint : "");
  return -1;
}

int failure_status(const struct failure *why) {
  switch (why->kind) {
    case FAILURE_NOT_FOUND: return 127;
    case FAILURE_NOT_EXECUTABLE: return 126;
    case FAILURE_SETUP: return 125;
    case FAILURE_NONE: break;
  }
  return 0;
}
