// create and what shares its parts; see create.h. The order is the point: a creator that is killed at any
// moment leaves at most a folder and groups, which delete --force removes. Its child dies with it until
// everything is written down.
#include "create.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "cleanup.h"
#include "console.h"
#include "fields.h"
#include "flags.h"
#include "json.h"
#include "kernel.h"
#include "oci-log.h"
#include "status.h"

enum { END_TIMEOUT_MS = 10000 };  // a killed process that does not end hangs in the kernel

// ---- parts ----------------------------------------------------------------------------------

const char *now_text(void) {
  static char text[32];
  time_t seconds = time(NULL);
  struct tm utc;
  strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &utc));
  return text;
}

char *bundle_path(const char *given) {
  char *path = realpath(given ? given : ".", NULL);
  if (!path) oci_error("bundle %s: %s", given ? given : ".", strerror(errno));
  return path;
}

int keep_config(int bundle, const struct container_state *state, struct failure *why) {
  size_t size;
  cleanup_close int from = json_open(bundle, "config.json", &size, why);
  if (from < 0) return -1;
  cleanup_close int to = openat(state->folder, "config.json",
                                O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  for (off_t done = 0; to >= 0 && (size_t)done < size;)
    if (sendfile(to, from, &done, size - (size_t)done) <= 0)
      return fail(why, "state", "sendfile", "config.json", NULL);
  return to < 0 ? fail(why, "state", "open", "config.json", NULL) : 0;
}

int write_pid_file(const char *path, pid_t pid, struct failure *why) {
  char text[16], beside[PATH_MAX];
  int length = snprintf(text, sizeof text, "%d", (int)pid);
  if (!path) return 0;
  if (snprintf(beside, sizeof beside, "%s.new-%d", path, (int)getpid()) >= (int)sizeof beside) {
    errno = ENAMETOOLONG;
    return fail(why, "process", "open", path, NULL);
  }
  cleanup_close int file = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file < 0) return fail(why, "process", "open", path, "--pid-file must be writable");
  if (write(file, text, (size_t)length) == length && rename(beside, path) == 0) return 0;
  fail(why, "process", "write", path, NULL);
  unlink(beside);
  return -1;
}

int parse_preserved(const char *text, unsigned *preserved) {
  long number = 0;
  if (text && flags_number("--preserve-fds", text, 0, 1024, &number) < 0) return -1;
  for (long fd = 3; fd < 3 + number; fd++)
    if (fcntl((int)fd, F_GETFD) < 0)
      return oci_error("--preserve-fds %ld: descriptor %ld is not open", number, fd);
  *preserved = (unsigned)number;
  return 0;
}

// Our own mounts (rootfs.json) must not show on the host. A bundle without it needs none, and stays in
// the host's namespace, so that mounts of volumes may be shared with it.
static int hide_mounts(int bundle, struct failure *why) {
  if (faccessat(bundle, "rootfs.json", F_OK, 0) < 0) return 0;
  if (unshare(CLONE_NEWNS) < 0 || sys_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
    return fail(why, "mount", "unshare CLONE_NEWNS", "/", "mounting needs root (CAP_SYS_ADMIN)");
  return 0;
}

static int address_of(const struct container_state *state, struct sockaddr_un *address) {
  *address = (struct sockaddr_un){.sun_family = AF_UNIX};
  return snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d/" START_SOCKET,
                  state->folder);
}

// A socket rather than a fifo: the container needs no path of the host to reach it, a start after
// its death fails instead of waiting, and how the execution went comes back the same way.
static int listen_for_start(const struct container_state *state, struct failure *why) {
  struct sockaddr_un address;
  address_of(state, &address);
  cleanup_close int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listening < 0 || bind(listening, (struct sockaddr *)&address, sizeof address) < 0 ||
      listen(listening, 1) < 0)
    return fail(why, "state", "bind", START_SOCKET, NULL);
  return steal_fd(&listening);
}

static int open_console(const struct process_spec *spec, const char *path, struct failure *why) {
  if (spec->has_terminal && !path) {
    errno = EINVAL;
    return fail(why, "terminal", "check", "/process/terminal",
                "a container that is left alone needs --console-socket for its terminal");
  }
  if (!spec->has_terminal && path) {
    errno = EINVAL;
    return fail(why, "terminal", "check", "--console-socket", "process.terminal is not set");
  }
  return path ? console_connect(path, why) : -1;
}

// ---- create ---------------------------------------------------------------------------------

static void abandon(int pidfd, pid_t pid) {
  sys_pidfd_send_signal(pidfd, SIGKILL);
  while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
}

static int prepare(const struct bundle *bundle, const struct start *start,
                   const struct create_options *options, struct container_state *state,
                   struct launched *launched, struct failure *why) {
  state_set_cgroups(state, &launched->cgroups);
  if (state_set_process(state, launched->pid) < 0 || state_save(state) < 0) return -1;
  if (launch_prepared(bundle, start, launched, why) < 0) return -1;
  if (write_pid_file(options->pid_file, launched->pid, why) < 0) return -1;
  return launch_leave(launched, why);
}

static int create_process(const struct bundle *bundle, const struct create_options *options,
                          struct container_state *state, struct failure *why) {
  cleanup_close int start_socket = listen_for_start(state, why);
  if (start_socket < 0) return -1;
  cleanup_close int console = open_console(&bundle->spec.process, options->console_socket, why);
  if (why->kind != FAILURE_NONE) return -1;
  struct start start = start_with((const int[]){0, 1, 2});
  start.id = state->id;
  start.bundle_path = state->bundle;
  start.preserved = options->preserved;
  char group[CONTAINER_ID_MAX + 32];
  start.group = state_group_name(state, group, sizeof group);
  start.start_socket = start_socket;
  start.terminal_socket = console;
  start.outlives_us = true;
  struct launched launched;
  if (launch_start(bundle, &start, &launched, why) < 0) return -1;
  cleanup_close int pidfd = launched.pidfd;
  if (prepare(bundle, &start, options, state, &launched, why) == 0) {
    cgroups_close(&launched.cgroups);
    return 0;
  }
  abandon(pidfd, launched.pid);
  launch_clean_up(&launched);
  return -1;
}

static int create_from(const char *path, const struct create_options *options,
                       struct container_state *state, struct failure *why) {
  cleanup_close int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return fail(why, "spec", "open", path, "the bundle must be a folder");
  state->bundle = path;
  state->created = now_text();
  if (keep_config(folder, state, why) < 0 || state_save(state) < 0) return -1;
  struct bundle bundle;
  if (bundle_enter_user(path, why) < 0 || hide_mounts(folder, why) < 0 ||
      bundle_open(path, &bundle, why) < 0)
    return -1;
  int result = create_process(&bundle, options, state, why);
  bundle_close(&bundle);
  return result;
}

int container_create(int root, const struct create_options *options, struct container_state *state,
                     struct failure *why) {
  signal(SIGPIPE, SIG_IGN);
  char *path = bundle_path(options->bundle);
  if (!path) return -1;
  if (state_claim(root, options->id, state) < 0) {
    state_close(state);
    free(path);
    return -1;
  }
  int result = create_from(path, options, state, why);
  if (result < 0) {
    struct failure ignored = {0};
    container_remove(state, &ignored);
    state_close(state);
    free(path);
  }
  return result;  // otherwise the state keeps the path; the command ends soon
}

// ---- start ----------------------------------------------------------------------------------

static int run_late_hooks(const struct container_state *state, enum hook_point point,
                          const char *status, struct failure *why) {
  struct spec spec;
  if (faccessat(state->folder, "config.json", F_OK, 0) < 0) return 0;
  if (spec_read(state->folder, &spec, why) < 0) return -1;
  const struct hook_state facts = {.id = state->id,
                                   .status = status,
                                   .bundle = state->bundle,
                                   .pid = point == HOOK_POSTSTOP ? 0 : state->pid,
                                   .annotations = spec.annotations};
  int result = hooks_run(&spec.hooks, point, &facts, why);
  spec_free(&spec);
  return result;
}

int container_start(const struct container_state *state, struct failure *why) {
  enum container_status status = state_status(state);
  if (status != CONTAINER_CREATED)
    return oci_error("cannot start a container that is %s: %s", state_status_name(status),
                     state->id);
  struct sockaddr_un address;
  address_of(state, &address);
  cleanup_close int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connection < 0 || connect(connection, (struct sockaddr *)&address, sizeof address) < 0) {
    // Another start was faster.
    if (errno == ECONNREFUSED || errno == ENOENT)
      return oci_error("cannot start a container that is running: %s", state->id);
    return fail(why, "state", "connect", START_SOCKET, NULL);
  }
  if (unlinkat(state->folder, START_SOCKET, 0) < 0 && errno != ENOENT)
    return fail(why, "state", "unlink", START_SOCKET, NULL);
  if (launch_begin(connection, why) < 0) return -1;
  if (run_late_hooks(state, HOOK_POSTSTART, "running", why) == 0) return 0;
  struct failure ignored = {0};
  container_kill_all(state, &ignored);
  return -1;
}

// ---- the end --------------------------------------------------------------------------------

int container_kill_all(const struct container_state *state, struct failure *why) {
  cleanup_close int process = state_open_process(state);
  struct cgroups cgroups;
  if (state_open_cgroups(state, &cgroups, why) < 0) return -1;
  int result = 0;
  if (process >= 0) sys_pidfd_send_signal(process, SIGKILL);
  if (cgroups.count > 0) result = cgroups_kill(&cgroups, SIGKILL, why);
  cgroups_close(&cgroups);
  struct pollfd ended = {.fd = process, .events = POLLIN};
  if (process >= 0 && poll(&ended, 1, END_TIMEOUT_MS) == 0) {
    errno = ETIMEDOUT;
    return fail(why, "process", "poll", state->id, "it was killed, but has not ended after 10 s");
  }
  return result;
}

// The groups that a creator made and died before it wrote them down. They are empty: its child dies
// with it.
static int find_groups(const struct container_state *state, struct cgroups *cgroups,
                       struct failure *why) {
  char name[CONTAINER_ID_MAX + 32];
  struct cgroups_place place = {.name = state_group_name(state, name, sizeof name),
                                .reach = CGROUPS_ALL};
  struct failure ignored;
  cleanup_json struct json_document *config = json_read(state->folder, "config.json", &ignored);
  const struct json *linux_part = config ? json_find(json_root(config), "linux") : NULL;
  const struct json *path = linux_part ? json_find(linux_part, "cgroupsPath") : NULL;
  if (path && path->kind == JSON_STRING) place.path = path->string;
  return cgroups_find(&place, cgroups, why);
}

void container_sweep(const struct container_state *state) {
  struct cgroups cgroups;
  struct failure ignored;
  // What is not empty is somebody else's: the path may have been there before.
  if (find_groups(state, &cgroups, &ignored) == 0) cgroups_remove(&cgroups, &ignored);
}

int container_remove(struct container_state *state, struct failure *why) {
  struct cgroups cgroups;
  if (state_open_cgroups(state, &cgroups, why) < 0) return -1;
  if (cgroups.count > 0 && cgroups_remove(&cgroups, why) < 0) return -1;
  struct failure hook = {0};
  // Its failure is told and changes nothing (runtime.md §Lifecycle, 13).
  if (state->pid > 0 && run_late_hooks(state, HOOK_POSTSTOP, "stopped", &hook) < 0)
    oci_failure(&hook);
  return state_remove(state);
}
