// create, start, kill, delete, pause, resume: what happens to a container (runtime.md §Operations).
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "create.h"
#include "flags.h"
#include "kernel.h"
#include "oci-log.h"
#include "oci.h"
#include "signals.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

// The one word behind the flags: the ID. NULL after saying how the command is used.
static const char *only_id(const char *command, int argc, char **argv, int flags) {
  if (flags < 0) return NULL;
  if (argc == flags + 2) return argv[flags + 1];
  oci_error("%s: give one container ID", command);
  return NULL;
}

int oci_create(const struct oci *oci, int argc, char **argv) {
  struct create_options options = {0};
  const char *preserve = NULL;
  bool no_pivot = false, ignored = false;
  const struct flag flags[] = {
      {.name = "--bundle", .letter = "-b", .value = &options.bundle},
      {.name = "--pid-file", .value = &options.pid_file},
      {.name = "--console-socket", .value = &options.console_socket},
      {.name = "--preserve-fds", .value = &preserve},
      {.name = "--no-pivot", .is_set = &no_pivot},
      // There is never a keyring of its own here: docker's seccomp profile keeps keyctl out.
      {.name = "--no-new-keyring", .is_set = &ignored},
  };
  options.id = only_id("create", argc, argv, flags_parse(argc, argv, flags, COUNT(flags)));
  if (!options.id || parse_preserved(preserve, &options.preserved) < 0) return 1;
  if (no_pivot) return oci_error("--no-pivot is not supported: it leaves a way out of the root"), 1;
  int root = state_root_open(oci->root);
  struct container_state state;
  struct failure why = {0};
  if (root < 0) return 1;
  return container_create(root, &options, &state, &why) < 0 ? oci_exit_status(&why) : 0;
}

int oci_start(const struct oci *oci, int argc, char **argv) {
  const char *id = only_id("start", argc, argv, flags_parse(argc, argv, NULL, 0));
  int root = id ? state_root_open(oci->root) : -1;
  cleanup_state struct container_state state = {.folder = -1};
  struct failure why = {0};
  if (root < 0 || state_open(root, id, &state) < 0) return 1;
  return container_start(&state, &why) < 0 ? oci_exit_status(&why) : 0;
}

// ---- kill -----------------------------------------------------------------------------------

static int kill_all(const struct container_state *state, int number, struct failure *why) {
  struct cgroups cgroups;
  if (state_open_cgroups(state, &cgroups, why) < 0) return -1;
  if (cgroups.count > 0) {
    int result = cgroups_kill(&cgroups, number, why);
    cgroups_close(&cgroups);
    return result;
  }
  // The end of the first process is that of its pid namespace.
  if (number == SIGKILL) return container_kill_all(state, why);
  return oci_error("kill --all: %s has no cgroup that would list its processes", state->id);
}

static int kill_first(const struct container_state *state, int number, struct failure *why) {
  cleanup_close int process = state_open_process(state);
  if (process < 0) return oci_error("container not running: %s", state->id);
  if (sys_pidfd_send_signal(process, number) == 0) return 0;
  return fail(why, "process", "pidfd_send_signal", state->id, NULL);
}

int oci_kill(const struct oci *oci, int argc, char **argv) {
  bool all = false;
  const struct flag flags[] = {{.name = "--all", .letter = "-a", .is_set = &all}};
  int at = flags_parse(argc, argv, flags, COUNT(flags)) + 1;
  if (at == 0) return 1;
  if (argc - at < 1 || argc - at > 2)
    return oci_error("kill: give one container ID, and a signal (default: TERM)"), 1;
  int number = argc - at == 2 ? signal_number(argv[at + 1]) : SIGTERM;
  if (number < 0) return oci_error("unknown signal \"%s\"", argv[at + 1]), 1;
  int root = state_root_open(oci->root);
  cleanup_state struct container_state state = {.folder = -1};
  struct failure why = {0};
  if (root < 0 || state_open(root, argv[at], &state) < 0) return 1;
  if (state_status(&state) == CONTAINER_STOPPED)
    return oci_error("container not running: %s", state.id), 1;
  int result = all ? kill_all(&state, number, &why) : kill_first(&state, number, &why);
  return result < 0 ? oci_exit_status(&why) : 0;
}

// ---- delete ---------------------------------------------------------------------------------

int oci_delete(const struct oci *oci, int argc, char **argv) {
  bool force = false;
  const struct flag flags[] = {{.name = "--force", .letter = "-f", .is_set = &force}};
  const char *id = only_id("delete", argc, argv, flags_parse(argc, argv, flags, COUNT(flags)));
  int root = id ? state_root_open(oci->root) : -1;
  if (root < 0) return 1;
  // Gone is what --force asks for.
  if (force && faccessat(root, id, F_OK, 0) < 0 && errno == ENOENT) return 0;
  cleanup_state struct container_state state = {.folder = -1};
  struct failure why = {0};
  if (state_open(root, id, &state) < 0) return 1;
  enum container_status status = state_status(&state);
  if (status != CONTAINER_STOPPED && !force)
    return oci_error("cannot delete container %s that is not stopped: %s", id,
                     state_status_name(status)), 1;
  // Also of a stopped one: without a pid namespace of its own, others may have outlived the first.
  if (container_kill_all(&state, &why) < 0) return oci_exit_status(&why);
  if (state.pid == 0) container_sweep(&state);
  return container_remove(&state, &why) < 0 ? oci_exit_status(&why) : 0;
}

// ---- pause and resume -----------------------------------------------------------------------

static int freeze(const struct oci *oci, int argc, char **argv, bool is_frozen) {
  const char *id = only_id(argv[0], argc, argv, flags_parse(argc, argv, NULL, 0));
  int root = id ? state_root_open(oci->root) : -1;
  cleanup_state struct container_state state = {.folder = -1};
  if (root < 0 || state_open(root, id, &state) < 0) return 1;
  enum container_status status = state_status(&state);
  bool is_fit = is_frozen ? status == CONTAINER_RUNNING || status == CONTAINER_CREATED
                          : status == CONTAINER_PAUSED;
  if (!is_fit)
    return oci_error("cannot %s a container that is %s: %s", argv[0], state_status_name(status),
                     id), 1;
  struct cgroups cgroups;
  struct failure why = {0};
  if (state_open_cgroups(&state, &cgroups, &why) < 0) return oci_exit_status(&why);
  int result = cgroups_freeze(&cgroups, is_frozen, &why);
  cgroups_close(&cgroups);
  return result < 0 ? oci_exit_status(&why) : 0;
}

int oci_pause(const struct oci *oci, int argc, char **argv) {
  return freeze(oci, argc, argv, true);
}

int oci_resume(const struct oci *oci, int argc, char **argv) {
  return freeze(oci, argc, argv, false);
}
