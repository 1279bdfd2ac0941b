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
#include "kernel.h"

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

int bundle_open(const char *path, struct bundle *bundle, struct failure *why) {
  *bundle = (struct bundle){.folder = -1, .root = -1};
  bundle->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int result = bundle->folder < 0 ? fail(why, "spec", "open", path, "the bundle must be a folder")
                                  : spec_read(bundle->folder, &bundle->spec, why);
  if (result == 0) result = rootfs_read(bundle->folder, &bundle->rootfs, why);
  if (result == 0) result = resolve_root(bundle, why);
  if (result == 0) {
    bundle->root = rootfs_mount(&bundle->rootfs, bundle->root_path, why);
    result = bundle->root < 0 ? -1 : 0;
  }
  if (result < 0) bundle_close(bundle);
  return result;
}

void bundle_close(struct bundle *bundle) {
  if (bundle->root >= 0) close(bundle->root);
  if (bundle->folder >= 0) close(bundle->folder);
  free(bundle->root_path);
  spec_free(&bundle->spec);
  rootfs_free(&bundle->rootfs);
  *bundle = (struct bundle){.folder = -1, .root = -1};
}

static int clone_child(const struct bundle *bundle, int *pidfd) {
  struct clone_args args = {
      .flags = bundle->spec.namespaces | CLONE_PIDFD,
      .pidfd = (uint64_t)(uintptr_t)pidfd,
      .exit_signal = SIGCHLD,
  };
  return (int)sys_clone3(&args);
}

int launch_start(const struct bundle *bundle, const int stdio[3], struct launched *launched,
                 struct failure *why) {
  cleanup_close int go_read = -1, go_write = -1, errors_read = -1, errors_write = -1;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return fail(why, "clone", "pipe2", NULL, NULL);
  go_read = ends[0], go_write = ends[1];
  if (pipe2(ends, O_CLOEXEC) < 0) return fail(why, "clone", "pipe2", NULL, NULL);
  errors_read = ends[0], errors_write = ends[1];

  int pidfd = -1;
  pid_t pid = clone_child(bundle, &pidfd);
  if (pid < 0)
    return fail(why, "clone", "clone3", NULL,
                errno == EPERM ? "run as root: new namespaces need CAP_SYS_ADMIN" : NULL);
  if (pid == 0) {
    close(go_write);  // or its end of file would never come
    close(errors_read);
    child_main(bundle, stdio, &(struct child_pipes){.go = go_read, .errors = errors_write});
  }
  launched->pid = pid;
  launched->pidfd = pidfd;
  launched->errors = steal_fd(&errors_read);
  // A child that is gone already shows on `errors`; SIGPIPE is ignored or blocked by every caller.
  while (write(go_write, "g", 1) < 0 && errno == EINTR) continue;
  launched->go = steal_fd(&go_write);
  return 0;
}

int launch_outcome(struct launched *launched, struct failure *why) {
  struct failure report;
  ssize_t got;
  do got = read(launched->errors, &report, sizeof report);
  while (got < 0 && errno == EINTR);
  int error = errno;
  close(launched->errors);
  close(launched->go);
  launched->errors = launched->go = -1;
  errno = error;
  if (got == 0) return 0;
  if (got == sizeof report) {
    *why = report;
    return -1;
  }
  return fail(why, "clone", "read", NULL, "the child sent half a report");
}

int launch_exit_code(int wait_status) {
  return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}
