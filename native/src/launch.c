// Starting one container, the parent's side; see launch.h. Nothing after clone3 reads a file of the
// bundle or allocates: the child gets finished structs.
#include "launch.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "cleanup.h"
#include "guard.h"
#include "kernel.h"
#include "memory.h"
#include "mounts.h"
#include "namespaces.h"
#include "status.h"

// root.path as an absolute path: the child looks it up again in its own mount namespace.
static int resolve_root(struct bundle *bundle, struct failure *why) {
  cleanup_close int root =
      openat(bundle->folder, bundle->spec.root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root < 0)
    return fail(why, "rootfs", "open", bundle->spec.root_path, "root.path must be a folder");
  char link[40];
  char *path = malloc(PATH_MAX);
  snprintf(link, sizeof link, "/proc/self/fd/%d", root);
  ssize_t length = path ? readlink(link, path, PATH_MAX - 1) : -1;
  if (length < 0) {
    free(path);
    return fail(why, "rootfs", "readlink", bundle->spec.root_path, NULL);
  }
  path[length] = '\0';
  bundle->root_path = path;
  return 0;
}

// Who shares mounts with the host must be a copy of what the host has; the container's namespace does not
// share any more. And the root of a user namespace may not get to the source.
static bool must_open_source(const struct spec *spec, const struct mount_spec *mount) {
  bool shares = mount->propagation == MS_SHARED || mount->propagation == MS_SLAVE;
  return mount->is_bind && (shares || mount->maps_ids || has_namespace(&spec->namespaces, CLONE_NEWUSER));
}

static int open_sources(struct bundle *bundle, struct failure *why) {
  const struct spec *spec = &bundle->spec;
  bundle->sources = allocate((spec->mount_count + 1) * sizeof *bundle->sources);
  for (size_t i = 0; i < spec->mount_count; i++) bundle->sources[i] = -1;
  for (size_t i = 0; i < spec->mount_count; i++) {
    if (!must_open_source(spec, &spec->mounts[i])) continue;
    bundle->sources[i] = mounts_open_source(&spec->mounts[i], bundle->folder, why);
    if (bundle->sources[i] < 0) return -1;
    if (spec->mounts[i].maps_ids &&
        mount_map_ids(spec, &spec->mounts[i], bundle->sources[i], why) < 0)
      return -1;
  }
  return 0;
}

int bundle_enter_user(const char *path, struct failure *why) {
  if (geteuid() == 0) return 0;
  cleanup_close int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return fail(why, "spec", "open", path, "the bundle must be a folder");
  struct spec spec;
  int result = spec_read(folder, &spec, why);
  if (result == 0 && spec.namespaces.created & CLONE_NEWUSER)
    result = namespaces_enter_user(&spec.namespaces, why);
  spec_free(&spec);
  return result;
}

int bundle_open(const char *path, struct bundle *bundle, struct failure *why) {
  *bundle = (struct bundle){.folder = -1, .root = -1};
  bundle->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int result = bundle->folder < 0 ? fail(why, "spec", "open", path, "the bundle must be a folder")
                                  : spec_read(bundle->folder, &bundle->spec, why);
  if (namespaces_user_entered()) bundle->spec.namespaces.created &= ~(uint64_t)CLONE_NEWUSER;
  if (result == 0) result = rootfs_read(bundle->folder, &bundle->rootfs, why);
  if (result == 0) result = resolve_root(bundle, why);
  if (result == 0) {
    bundle->rootfs.opens_devices = bundle->spec.opens_devices;
    bundle->root = rootfs_mount(&bundle->rootfs, bundle->root_path, why);
    result = bundle->root < 0 ? -1 : 0;
  }
  if (result == 0) result = open_sources(bundle, why);
  if (result < 0) bundle_close(bundle);
  return result;
}

void bundle_close(struct bundle *bundle) {
  if (bundle->root >= 0) close(bundle->root);
  if (bundle->folder >= 0) close(bundle->folder);
  for (size_t i = 0; bundle->sources && i < bundle->spec.mount_count; i++)
    if (bundle->sources[i] >= 0) close(bundle->sources[i]);
  free(bundle->sources);
  free(bundle->root_path);
  spec_free(&bundle->spec);
  rootfs_free(&bundle->rootfs);
  *bundle = (struct bundle){.folder = -1, .root = -1};
}

// A container that outlives this process can be paused, counted and killed by its groups, so it has
// them all; the others live and die with their pid namespace, and need groups for limits only.
static int make_groups(const struct bundle *bundle, const struct start *start,
                       struct cgroups *cgroups, struct failure *why) {
  const struct cgroups_place place = {
      .path = bundle->spec.cgroups_path,
      .name = start->group,
      .reach = start->outlives_us ? CGROUPS_ALL : CGROUPS_NEEDED,
  };
  return cgroups_create(&place, &bundle->spec.resources, cgroups, why);
}

// What needs rights that a user namespace takes away. Everything else the child does itself.
static int prepare_user(const struct bundle *bundle, const struct launched *launched,
                        struct failure *why) {
  const struct namespaces_spec *namespaces = &bundle->spec.namespaces;
  if (!(namespaces->created & CLONE_NEWUSER)) return 0;
  pid_t pid = host_pid(launched->pidfd);
  if (process_set_oom_score(&bundle->spec.process, pid, why) < 0) return -1;
  if (rlimits_set(&bundle->spec.process.rlimits, launched->pid, why) < 0) return -1;
  return namespaces_map_ids(namespaces, pid, why);
}

// The child waits for its first byte, so it has started nothing that could be missed.
static int prepare_child(const struct bundle *bundle, const struct launched *launched,
                         struct failure *why) {
  if (prepare_user(bundle, launched, why) == 0 &&
      cgroups_enter(&launched->cgroups, launched->pid, true, why) == 0)
    return 0;
  sys_pidfd_send_signal(launched->pidfd, SIGKILL);
  while (waitpid(launched->pid, NULL, 0) < 0 && errno == EINTR) continue;
  close(launched->pidfd);
  return -1;
}

struct start start_with(const int stdio[3]) {
  return (struct start){.stdio = {stdio[0], stdio[1], stdio[2]},
                        .id = "",
                        .bundle_path = "",
                        .start_socket = -1,
                        .terminal_socket = -1};
}

static void send_byte(int pipe) {
  // A child that is gone already shows on `errors`; SIGPIPE is ignored or blocked by every caller.
  while (write(pipe, "g", 1) < 0 && errno == EINTR) continue;
}

static int start_child(const struct bundle *bundle, const struct start *start,
                       struct launched *launched, struct failure *why) {
  cleanup_close int go_read = -1, go_write = -1, errors_read = -1, errors_write = -1;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return fail(why, "clone", "pipe2", NULL, NULL);
  go_read = ends[0], go_write = ends[1];
  if (pipe2(ends, O_CLOEXEC) < 0) return fail(why, "clone", "pipe2", NULL, NULL);
  errors_read = ends[0], errors_write = ends[1];

  launched->pid = namespaces_clone(&bundle->spec.namespaces, cgroups_clone_into(&launched->cgroups),
                                   &launched->pidfd, why);
  if (launched->pid < 0) return -1;
  if (launched->pid == 0) {
    close(go_write);  // or its end of file would never come
    close(errors_read);
    child_main(bundle, start, (struct child_pipes){.go = go_read, .errors = errors_write});
  }
  if (prepare_child(bundle, launched, why) < 0) return -1;
  launched->errors = steal_fd(&errors_read);
  send_byte(go_write);
  launched->go = steal_fd(&go_write);
  return 0;
}

int launch_start(const struct bundle *bundle, const struct start *start, struct launched *launched,
                 struct failure *why) {
  if (bundle->spec.process.has_terminal && start->terminal_socket < 0) {
    errno = EOPNOTSUPP;
    return fail(why, "spec", "check", "/process/terminal",
                "there is nobody to take the terminal: give --console-socket, or run from a terminal");
  }
  if (guard_alive_fd() >= 0 && !has_namespace(&bundle->spec.namespaces, CLONE_NEWPID)) {
    errno = EOPNOTSUPP;
    return fail(why, "spec", "check", "/linux/namespaces",
                "run and serve keep containers in a pid namespace; only create can do without");
  }
  *launched = (struct launched){.errors = -1, .go = -1, .pidfd = -1};
  if (make_groups(bundle, start, &launched->cgroups, why) < 0) return -1;
  if (start_child(bundle, start, launched, why) == 0) return 0;
  launch_clean_up(launched);
  return -1;
}

bool launch_clean_up(struct launched *launched) {
  struct failure ignored;  // the next start takes what is left
  bool is_out_of_memory = cgroups_ran_out_of_memory(&launched->cgroups);
  cgroups_remove(&launched->cgroups, &ignored);
  return is_out_of_memory;
}

// Hooks in the namespaces of this process (config.md §Prestart, §CreateRuntime Hooks). The child
// needs its pid as the host has it for the hooks that it runs itself.
static int run_hooks(const struct bundle *bundle, const struct start *start,
                     const struct launched *launched, struct failure *why) {
  pid_t pid = host_pid(launched->pidfd);
  const struct hook_state state = {.id = start->id,
                                   .status = "creating",
                                   .bundle = start->bundle_path,
                                   .pid = pid,
                                   .annotations = bundle->spec.annotations};
  if (hooks_run(&bundle->spec.hooks, HOOK_PRESTART, &state, why) < 0) return -1;
  if (hooks_run(&bundle->spec.hooks, HOOK_CREATE_RUNTIME, &state, why) < 0) return -1;
  while (write(launched->go, &pid, sizeof pid) < 0 && errno == EINTR) continue;
  return 0;
}

static void close_pipes(struct launched *launched) {
  int error = errno;
  if (launched->errors >= 0) close(launched->errors);
  if (launched->go >= 0) close(launched->go);
  launched->errors = launched->go = -1;
  errno = error;
}

// 1: *step is what the child reached; 0: end of file; -1: it failed, and says why.
static int next_step(int errors, enum child_step *step, struct failure *why) {
  struct child_message message;
  ssize_t got;
  do got = read(errors, &message, sizeof message);
  while (got < 0 && errno == EINTR);
  if (got == 0) return 0;
  if (got != sizeof message) return fail(why, "clone", "read", NULL, "the child sent half a report");
  *step = message.step;
  if (message.step != CHILD_FAILED) return 1;
  *why = message.why;
  return -1;
}

// Until the child reaches `wanted` or ends the conversation; as next_step.
static int follow(const struct bundle *bundle, const struct start *start,
                  struct launched *launched, enum child_step wanted, struct failure *why) {
  for (;;) {
    enum child_step step;
    int result = next_step(launched->errors, &step, why);
    if (result <= 0 || step == wanted) return result;
    if (step == CHILD_AT_HOOKS && run_hooks(bundle, start, launched, why) < 0) {
      sys_pidfd_send_signal(launched->pidfd, SIGKILL);
      return -1;
    }
  }
}

static int ended_early(struct failure *why) {
  errno = ESRCH;
  return fail(why, "clone", "read", NULL, "the container's process was killed while it was set up");
}

int launch_outcome(struct launched *launched, struct failure *why) {
  enum child_step step;
  int result = next_step(launched->errors, &step, why);
  close_pipes(launched);
  return result;
}

int launch_with_hooks(const struct bundle *bundle, const struct start *start,
                      struct launched *launched, struct failure *why) {
  int result = follow(bundle, start, launched, CHILD_FAILED, why);
  close_pipes(launched);
  return result;
}

int launch_prepared(const struct bundle *bundle, const struct start *start,
                    struct launched *launched, struct failure *why) {
  int result = follow(bundle, start, launched, CHILD_PREPARED, why);
  if (result > 0) return 0;
  close_pipes(launched);
  return result < 0 ? -1 : ended_early(why);
}

int launch_leave(struct launched *launched, struct failure *why) {
  enum child_step step;
  send_byte(launched->go);
  int result = next_step(launched->errors, &step, why);
  close_pipes(launched);
  return result > 0 ? 0 : result < 0 ? -1 : ended_early(why);
}

int launch_begin(int connection, struct failure *why) {
  enum child_step step;
  int result = next_step(connection, &step, why);  // that it has taken the connection
  if (result == 0 || (result < 0 && why->error == ECONNRESET)) return ended_early(why);
  return result < 0 ? -1 : next_step(connection, &step, why);
}

int launch_exit_code(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}
