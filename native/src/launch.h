// Starting one container: the parent's side of the steps that child.c takes inside.
#ifndef SLIPWAY_LAUNCH_H
#define SLIPWAY_LAUNCH_H

#include <stdbool.h>
#include <sys/types.h>

#include "cgroups.h"
#include "failure.h"
#include "rootfs.h"
#include "spec.h"

// A bundle, read and checked; `root` is the detached mount of its root file system.
struct bundle {
  int folder;
  int root;
  int *sources;     // of the mounts that cannot wait for the container's namespaces; else -1
  char *root_path;  // absolute: where the root is attached inside the container's namespace
  struct spec spec;
  struct rootfs rootfs;
};

// For callers that are not root: enters the user namespace that the bundle wants, so that they are root
// of that when they open it. Nothing for root, and for a bundle that wants none.
int bundle_enter_user(const char *path, struct failure *why);
int bundle_open(const char *path, struct bundle *bundle, struct failure *why);
void bundle_close(struct bundle *bundle);

// How a container is started, besides what its bundle says.
struct start {
  int stdio[3];             // become its 0, 1 and 2; with a terminal, only errors of hooks show there
  const char *id;           // for its hooks
  const char *group;        // name of its cgroups when the spec has no path; NULL: a random one
  const char *bundle_path;  // absolute, for its hooks
  unsigned preserved;       // so many descriptors from 3 on are its own, too
  int start_socket;         // listening: it executes only after a connection came; -1: at once
  int terminal_socket;      // where the master of its terminal goes; -1: it may have none
  bool outlives_us;         // the end of this process is not the end of the container
};

struct start start_with(const int stdio[3]);

struct launched {
  pid_t pid;       // as this process sees it
  int pidfd;
  int errors;      // what the child says: struct child_message; its end: exec succeeded
  int go;          // open as long as this process lives and the child has not executed
  struct cgroups cgroups;
};

// Starts the container. Everything before exec happens in the child; launch_outcome tells how it
// went. -1: there is no child.
int launch_start(const struct bundle *bundle, const struct start *start, struct launched *launched,
                 struct failure *why);

// Reads the child's verdict from `errors` (blocks unless it is readable) and closes both pipes. For a
// bundle without hooks. 0: the program runs; -1: `why` says what failed, and the child is about to end.
int launch_outcome(struct launched *launched, struct failure *why);

// The same, running the hooks that are due before.
int launch_with_hooks(const struct bundle *bundle, const struct start *start,
                      struct launched *launched, struct failure *why);

// The same for a start with start_socket, in two steps: until everything but the program is there, and
// leaving the child alone. Between them the caller writes down what it has made.
int launch_prepared(const struct bundle *bundle, const struct start *start,
                    struct launched *launched, struct failure *why);
int launch_leave(struct launched *launched, struct failure *why);

// The far end of start_socket, connected: 0 when the program runs, -1 when `why` says what failed.
int launch_begin(int connection, struct failure *why);

// After the child's end was waited for: removes its groups. True: a process of the container was
// killed because the memory of its limit ran out.
bool launch_clean_up(struct launched *launched);

// Exit status 0 … 255 of a wait status; 128 + n when signal n ended it.
int launch_exit_code(int wait_status);

// ---- child.c --------------------------------------------------------------------------------

// What the child says through `errors` before its program is executed.
enum child_step {
  CHILD_FAILED,    // `why` says what; the last message
  CHILD_AT_HOOKS,  // everything is mounted, the root not entered: hooks of the runtime are due
  CHILD_PREPARED,  // only start is missing; it waits for a byte before it lets go of its parent
  CHILD_WAITS,     // it waits for start, alone; the last message
};

struct child_message {
  enum child_step step;
  struct failure why;
};

struct child_pipes {
  int go;      // one byte: go on; end of file: the parent is gone
  int errors;  // struct child_message
};

// All steps of the child; never returns.
_Noreturn void child_main(const struct bundle *bundle, const struct start *start,
                          struct child_pipes pipes);
// Brings up the loopback interface of a new network namespace.
int loopback_up(struct failure *why);

// ---- process.c, exec.c: what a container's first process and one that joins it have in common ----

// Moves the three descriptors to 0, 1 and 2, whatever numbers they have now.
int process_place_stdio(const int stdio[3], struct failure *why);
// The program starts with every signal at its default and none blocked.
int process_reset_signals(struct failure *why);
// The kernel kills this process when its parent ends; ends it at once when that has happened.
int process_die_with_parent(const struct child_pipes *pipes, struct failure *why);
// `host_pid`: of whom, as /proc has it; 0: this process.
int process_set_oom_score(const struct process_spec *process, pid_t host_pid,
                          struct failure *why);
// Closes what belongs to the launcher, others' descriptors included, before any path of the image is
// followed: /proc/self/fd/N of a folder of the host is a way out, as working folder or as program. So
// many from 3 on are the program's; -1 is none to keep.
int process_keep_only(const int *kept, size_t count, unsigned preserved, struct failure *why);
// Inside the root. Root may be kept out of the folder by its file system (EACCES), and the user may
// be: try as both.
int process_enter_cwd(const struct process_spec *process, struct failure *why);
// A pipe belongs to who made it: without this another user could not reopen /dev/stderr.
void process_give_pipes(const struct process_spec *process);
// The rights of the program: no_new_privs, filter, capabilities, user. Clears the parent-death signal.
int process_become(const struct process_spec *process, const struct seccomp_program *filter,
                   struct failure *why);
// Looks the program up inside the container and becomes it; returns only on failure.
int process_exec(const struct process_spec *process, struct failure *why);
// Whether process_exec will find the program: the same verdicts, as far as they can be known before.
int process_find(const struct process_spec *process, struct failure *why);

#endif
