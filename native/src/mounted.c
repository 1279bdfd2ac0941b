// mounted: another OCI runtime in the place of ours. Such runtimes want root.path as a ready folder, so
// this mounts what rootfs.json says onto it, where only they see it, and runs them under the guard: the
// end of this process is that of everything they started.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "commands.h"
#include "fields.h"
#include "flags.h"
#include "foreground.h"
#include "guard.h"
#include "kernel.h"
#include "oci-log.h"
#include "rootfs.h"
#include "status.h"

// Only root.path: what else is in config.json is the other runtime's to judge.
static int read_root_path(int bundle, struct json_document **document, const char **path,
                          struct failure *why) {
  *document = json_read(bundle, "config.json", why);
  if (!*document) return -1;
  const struct json *config = json_root(*document);
  if (expect_kind(config, JSON_OBJECT, why) < 0) return -1;
  const struct json *root = json_find(config, "root");
  const struct json *member = root ? json_find(root, "path") : NULL;
  if (!member) return refuse_malformed(config, "an object with the member \"root\"", why);
  return read_string(member, path, why);
}

static int mount_root(const char *bundle_path, struct failure *why) {
  cleanup_close int bundle = open(bundle_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  cleanup_json struct json_document *config = NULL;
  cleanup_rootfs struct rootfs rootfs = {0};
  const char *path;
  if (bundle < 0) return fail(why, "spec", "open", bundle_path, "the bundle must be a folder");
  if (read_root_path(bundle, &config, &path, why) < 0) return -1;
  if (rootfs_read(bundle, &rootfs, why) < 0) return -1;
  if (rootfs.is_ready_folder) return 0;
  cleanup_close int place = openat(bundle, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (place < 0) return fail(why, "rootfs", "open", path, "root.path must be a folder");
  cleanup_close int root = rootfs_mount(&rootfs, NULL, why);
  if (root < 0) return -1;
  return sys_move_mount(root, place) < 0 ? fail(why, "rootfs", "move_mount", path, NULL) : 0;
}

// The runtime looks its processes up by the numbers that it sees.
static int mount_proc(struct failure *why) {
  if (sys_mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
    return fail(why, "mount", "mount proc", "/proc", NULL);
  return 0;
}

// Where controllers are of version 1 and systemd has version 2 beside them, crun refuses to work, and
// runc does not look at it.
static void hide_second_hierarchy(void) { sys_umount("/sys/fs/cgroup/unified", MNT_DETACH); }

static _Noreturn void become(char **program, int errors) {
  struct failure why = {0};
  process_reset_signals(&why);
  sys_close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  execvp(program[0], program);
  fail(&why, "exec", "execve", program[0], NULL);
  why.kind = FAILURE_NOT_FOUND;
  if (write(errors, &why, sizeof why) < 0) _exit(127);
  _exit(127);
}

static int run_program(char **program, struct failure *why) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return fail(why, "clone", "pipe2", NULL, NULL);
  cleanup_close int errors = ends[0];
  struct launched launched = {.errors = -1, .go = -1, .pidfd = -1};
  struct clone_args args = {.flags = CLONE_PIDFD,
                            .pidfd = (uint64_t)(uintptr_t)&launched.pidfd,
                            .exit_signal = SIGCHLD};
  launched.pid = sys_clone3(&args);
  if (launched.pid == 0) become(program, ends[1]);
  close(ends[1]);
  if (launched.pid < 0) return fail(why, "clone", "clone3", NULL, NULL);
  struct failure report;
  int status = foreground_wait(&launched, -1);
  if (read(errors, &report, sizeof report) != sizeof report) return status;
  *why = report;
  return -1;
}

// What went wrong before the runtime had a say, as `run` reports it.
static int report(int status, const struct failure *why) {
  cleanup_bytes struct bytes line = {0};
  if (status < 0) return oci_failure(why), failure_status(why);
  status_error(&line, why);
  if (write(status, line.data, line.length) < 0) return oci_failure(why), failure_status(why);
  return failure_status(why);
}

int command_mounted(int argc, char **argv) {
  const char *bundle = NULL, *descriptor = NULL;
  long status = -1;
  const struct flag flags[] = {{.name = "--bundle", .letter = "-b", .value = &bundle},
                               {.name = "--status-fd", .value = &descriptor}};
  int at = flags_parse(argc, argv, flags, 2) + 1;
  if (at == 0) return 125;
  if (descriptor && flags_number("--status-fd", descriptor, 3, 1 << 20, &status) < 0) return 125;
  if (status >= 0 && fcntl((int)status, F_SETFD, FD_CLOEXEC) < 0)
    return oci_error("--status-fd %ld: %s", status, strerror(errno)), 125;
  if (at == argc) return oci_error("mounted: give a program behind --"), 125;
  struct failure why = {0};
  int result = guard_enter(&why);
  if (result == 0 && bundle) result = mount_root(bundle, &why);
  if (result == 0) result = mount_proc(&why);
  if (result == 0) hide_second_hierarchy();
  if (result == 0) result = run_program(argv + at, &why);
  return result < 0 ? report((int)status, &why) : result;
}
