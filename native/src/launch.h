// Starting one container: the parent's side of the steps that child.c takes inside.
#ifndef SLIPWAY_LAUNCH_H
#define SLIPWAY_LAUNCH_H

#include <sys/types.h>

#include "failure.h"
#include "rootfs.h"
#include "spec.h"

// A bundle, read and checked; `root` is the detached mount of its root file system.
struct bundle {
  int folder;
  int root;
  char *root_path;  // absolute: where the root is attached inside the container's namespace
  struct spec spec;
  struct rootfs rootfs;
};

int bundle_open(const char *path, struct bundle *bundle, struct failure *why);
void bundle_close(struct bundle *bundle);

struct launched {
  pid_t pid;       // as this process sees it
  int pidfd;
  int errors;      // end of file: exec succeeded; one struct failure: it did not
  int go;          // open as long as this process lives and the child has not executed
};

// Starts the container with the given descriptors as its 0, 1 and 2. Everything before exec happens
// in the child; launch_outcome tells how it went. -1: there is no child.
int launch_start(const struct bundle *bundle, const int stdio[3], struct launched *launched,
                 struct failure *why);

// Reads the child's verdict from `errors` (blocks unless it is readable) and closes both pipes.
// 0: the program runs; -1: `why` says what failed, and the child is about to end.
int launch_outcome(struct launched *launched, struct failure *why);

// Exit status 0 … 255 of a wait status; 128 + n when signal n ended it.
int launch_exit_code(int wait_status);

// ---- child.c --------------------------------------------------------------------------------

struct child_pipes {
  int go;      // one byte: begin; end of file: the parent is gone
  int errors;  // the struct failure, if any
};

// All steps of the child; never returns.
_Noreturn void child_main(const struct bundle *bundle, const int stdio[3],
                          const struct child_pipes *pipes);
// Looks the program up inside the container and becomes it; returns only on failure.
int child_exec(const struct spec *spec, struct failure *why);
// Brings up the loopback interface of a new network namespace.
int loopback_up(struct failure *why);

#endif
