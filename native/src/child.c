// Inside the container, from clone to exec. The order is the point of this file: each step needs
// what the steps before it did, or rights that a later one takes away.
#include <errno.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "console.h"
#include "kernel.h"
#include "launch.h"
#include "mounts.h"
#include "namespaces.h"
#include "places.h"
#include "sysctls.h"

// Now that the parent has put this process where it belongs: the root of the namespace is its group.
static int hide_cgroups(const struct spec *spec, struct failure *why) {
  if (!(spec->namespaces.created & CLONE_NEWCGROUP)) return 0;
  return sys_unshare(CLONE_NEWCGROUP) < 0 ? fail(why, "cgroup", "unshare", NULL, NULL) : 0;
}

// The very first mount call: where the host shares its mounts, ours would show up there.
static int keep_mounts_private(struct failure *why) {
  if (sys_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
    return fail(why, "mount", "mount MS_PRIVATE", "/", NULL);
  return 0;
}

static int attach_root(const struct bundle *bundle, struct failure *why) {
  cleanup_close int place = open(bundle->root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  // The root of a user namespace may not get there. Any place will do, as it is left at once.
  if (place < 0 && errno == EACCES) place = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (place < 0) return fail(why, "rootfs", "open", bundle->root_path, NULL);
  if (sys_move_mount(bundle->root, place) < 0)
    return fail(why, "rootfs", "move_mount", bundle->root_path, NULL);
  // The mount's own descriptor leads to its root; the path would need another look-up.
  if (fchdir(bundle->root) < 0) return fail(why, "rootfs", "fchdir", bundle->root_path, NULL);
  return 0;
}

static int make_root_readonly(const struct spec *spec, struct failure *why) {
  if (!spec->root_readonly) return 0;
  cleanup_close int root = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
  struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY};
  if (root < 0 || sys_mount_setattr(root, 0, &attributes) < 0)
    return fail(why, "rootfs", "mount_setattr", "/", NULL);
  return 0;
}

// Old and new root share one mount point, the old one on top: detaching removes the old one, and no
// folder of the image is needed to put it.
static int enter_root(struct failure *why) {
  if (sys_pivot_root(".", ".") < 0)
    return fail(why, "rootfs", "pivot_root", "/",
                errno == EINVAL ? "in a chroot, enter it from a mount namespace of its own: "
                                  "unshare --mount" : NULL);
  if (sys_umount(".", MNT_DETACH) < 0) return fail(why, "rootfs", "umount2", "/", NULL);
  if (chdir("/") < 0) return fail(why, "rootfs", "chdir", "/", NULL);
  return 0;
}

// What is left for linux.rootfsPropagation: the root is private so far.
static int share_root(const struct spec *spec, struct failure *why) {
  if (!spec->root_propagation) return 0;
  if (sys_mount(NULL, "/", NULL, (unsigned long)spec->root_propagation, NULL) < 0)
    return fail(why, "mount", "mount propagation", "/linux/rootfsPropagation", NULL);
  return 0;
}

static int set_names(const struct spec *spec, struct failure *why) {
  const char *host = spec->hostname, *domain = spec->domainname;
  if (host && sethostname(host, strlen(host)) < 0)
    return fail(why, "hostname", "sethostname", host, "at most 64 bytes");
  if (domain && setdomainname(domain, strlen(domain)) < 0)
    return fail(why, "hostname", "setdomainname", domain, "at most 64 bytes");
  return 0;
}

// ---- talking with the parent ---------------------------------------------------------------

// Shorter than PIPE_BUF, so it arrives whole.
static int say(const struct child_pipes *pipes, enum child_step step) {
  const struct child_message message = {.step = step};
  ssize_t sent;
  do sent = write(pipes->errors, &message, sizeof message);
  while (sent < 0 && errno == EINTR);
  return sent == sizeof message ? 0 : -1;
}

static void hear(const struct child_pipes *pipes, void *data, size_t size) {
  ssize_t got;
  do got = read(pipes->go, data, size);
  while (got < 0 && errno == EINTR);
  if (got != (ssize_t)size) _exit(125);
}

static bool has_hooks(const struct hooks *hooks) {
  size_t count = 0;
  for (int point = 0; point <= HOOK_START_CONTAINER; point++) count += hooks->count[point];
  return count > 0;
}

// This process's hooks of one point, in the container's namespaces.
static int run_hooks(const struct bundle *bundle, const struct start *start, enum hook_point point,
                     pid_t pid, struct failure *why) {
  const struct hook_state state = {
      .id = start->id,
      .status = point == HOOK_START_CONTAINER ? "created" : "creating",
      .bundle = start->bundle_path,
      .pid = pid,
      .annotations = bundle->spec.annotations};
  return hooks_run(&bundle->spec.hooks, point, &state, why);
}

// The parent's hooks, then ours; *pid becomes this process's pid as the host has it.
static int reach_hooks(const struct bundle *bundle, const struct start *start,
                       const struct child_pipes *pipes, pid_t *pid, struct failure *why) {
  if (!has_hooks(&bundle->spec.hooks)) return 0;
  if (say(pipes, CHILD_AT_HOOKS) < 0) _exit(125);
  hear(pipes, pid, sizeof *pid);
  return run_hooks(bundle, start, HOOK_CREATE_CONTAINER, *pid, why);
}

// The end of create: this process stops being its parent's and waits until start connects. From
// then on, the connection is who hears of failures.
static int wait_for_start(const struct start *start, struct child_pipes *pipes,
                          const struct process_spec *process, struct failure *why) {
  char byte;
  if (start->start_socket < 0) return 0;
  if (process_find(process, why) < 0) return -1;
  // Nobody in a pid namespace that others share may look into this process: it still has rights that
  // its program will not have. Executing the program ends that.
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
    return fail(why, "process", "prctl PR_SET_DUMPABLE", NULL, NULL);
  if (say(pipes, CHILD_PREPARED) < 0) _exit(125);
  hear(pipes, &byte, 1);
  if (prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) < 0)
    return fail(why, "parent", "prctl PR_SET_PDEATHSIG", NULL, NULL);
  if (say(pipes, CHILD_WAITS) < 0) _exit(125);
  close(pipes->go);
  close(pipes->errors);
  int connection;
  do connection = accept4(start->start_socket, NULL, NULL, SOCK_CLOEXEC);
  while (connection < 0 && errno == EINTR);
  if (connection < 0) _exit(125);
  close(start->start_socket);
  *pipes = (struct child_pipes){.go = -1, .errors = connection};
  // A start that is gone by now does not stop what it has begun.
  (void)say(pipes, CHILD_WAITS);
  return 0;
}

// ---- the steps -----------------------------------------------------------------------------

static int prepare_root(const struct bundle *bundle, const struct start *start,
                        const struct child_pipes *pipes, pid_t *pid, struct failure *why) {
  const struct spec *spec = &bundle->spec;
  if (keep_mounts_private(why) < 0) return -1;
  if (attach_root(bundle, why) < 0) return -1;
  if (mounts_make(spec, bundle->folder, bundle->sources, why) < 0) return -1;
  if (devices_make(spec, why) < 0) return -1;
  if (masks_make(spec, why) < 0) return -1;
  if (make_root_readonly(spec, why) < 0) return -1;
  if (reach_hooks(bundle, start, pipes, pid, why) < 0) return -1;
  if (enter_root(why) < 0) return -1;
  return share_root(spec, why);
}

// A working folder that is not there is made, as other runtimes do.
static int make_cwd(const struct process_spec *process, struct failure *why) {
  if (process_enter_cwd(process, why) == 0) return 0;
  if (why->error != ENOENT) return -1;
  cleanup_close int made = place_make(process->cwd, true, why);
  if (made < 0) return fail(why, "cwd", "mkdir", process->cwd, NULL);
  *why = (struct failure){0};
  return process_enter_cwd(process, why);
}

// For everything that the container will be. There is no way to ask for less than all of the rest.
static int set_personality(const struct spec *spec, struct failure *why) {
  if (!spec->is_32_bit || personality(PER_LINUX32) >= 0) return 0;
  return fail(why, "process", "personality", "/linux/personality", NULL);
}

// Root may be kept out of the folder by its file system, and the user may be: try as both.
static int become_process(const struct bundle *bundle, const struct start *start,
                          struct child_pipes *pipes, pid_t pid, struct failure *why) {
  const struct process_spec *process = &bundle->spec.process;
  bool is_there = make_cwd(process, why) == 0;
  if (!is_there && why->error != EACCES) return -1;
  process_give_pipes(process);
  if (wait_for_start(start, pipes, process, why) < 0) return -1;
  if (set_personality(&bundle->spec, why) < 0) return -1;
  if (process_become(process, &bundle->spec.seccomp, why) < 0) return -1;
  // The change of user cleared it.
  if (!start->outlives_us && process_die_with_parent(pipes, why) < 0) return -1;
  if (!is_there && process_enter_cwd(process, why) < 0) return -1;
  umask(process->umask);
  // Programs of the image: they get no right that its own process will not have.
  if (run_hooks(bundle, start, HOOK_START_CONTAINER, pid, why) < 0) return -1;
  return process_exec(process, why);
}

static int enter_terminal(const struct bundle *bundle, const struct start *start,
                          struct failure *why) {
  if (!bundle->spec.process.has_terminal) return 0;
  int result = console_enter(&bundle->spec.process, start->terminal_socket, true, why);
  close(start->terminal_socket);
  return result;
}

// From here on paths are the image's: what else is open must not be found through /proc/self/fd.
static int close_others(const struct bundle *bundle, const struct start *start,
                        const struct child_pipes *pipes, struct failure *why) {
  const int kept[] = {pipes->go, pipes->errors, start->start_socket,
                      bundle->spec.process.has_terminal ? start->terminal_socket : -1};
  return process_keep_only(kept, 4, start->preserved, why);
}

static int run_steps(const struct bundle *bundle, const struct start *start,
                     struct child_pipes *pipes, struct failure *why) {
  pid_t pid = 0;
  char byte;
  hear(pipes, &byte, 1);
  if (process_die_with_parent(pipes, why) < 0) return -1;
  if (namespaces_become_root(&bundle->spec.namespaces, why) < 0) return -1;
  if (hide_cgroups(&bundle->spec, why) < 0) return -1;
  if (process_reset_signals(why) < 0) return -1;
  if (setsid() < 0) return fail(why, "process", "setsid", NULL, NULL);
  // The parent has done it for a new user namespace, which has no right to.
  if (!(bundle->spec.namespaces.created & CLONE_NEWUSER) &&
      process_set_oom_score(&bundle->spec.process, 0, why) < 0)
    return -1;
  if (process_place_stdio(start->stdio, why) < 0) return -1;
  if (bundle->spec.namespaces.created & CLONE_NEWNET && loopback_up(why) < 0) return -1;
  if (prepare_root(bundle, start, pipes, &pid, why) < 0) return -1;
  if (close_others(bundle, start, pipes, why) < 0) return -1;
  if (set_names(&bundle->spec, why) < 0) return -1;
  if (sysctls_set(bundle->spec.sysctls, why) < 0) return -1;
  if (enter_terminal(bundle, start, why) < 0) return -1;
  return become_process(bundle, start, pipes, pid, why);
}

void child_main(const struct bundle *bundle, const struct start *start,
                struct child_pipes pipes) {
  struct child_message last = {.step = CHILD_FAILED};
  run_steps(bundle, start, &pipes, &last.why);
  // If nobody reads, nobody is there to be told.
  if (write(pipes.errors, &last, sizeof last) < 0) _exit(125);
  _exit(failure_status(&last.why));
}
