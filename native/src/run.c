// run: one container from an OCI bundle, in the foreground, with this process's own stdio; the end of
// this process is the container's. With --status-fd (Slipway's own way) what there is to say goes to
// that descriptor as JSON lines, and nothing is written down. Without, other commands can find the
// container, and errors go where runc's do. With --detach it is create and start.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "create.h"
#include "flags.h"
#include "foreground.h"
#include "guard.h"
#include "kernel.h"
#include "launch.h"
#include "oci-log.h"
#include "oci.h"
#include "status.h"

struct options {
  struct create_options create;
  int status;  // -1: none
  bool is_detached, is_kept;
};

static int parse_status(const char *text, int *status) {
  long number = -1;
  if (text && flags_number("--status-fd", text, 3, 1 << 20, &number) < 0) return -1;
  if (text && fcntl((int)number, F_SETFD, FD_CLOEXEC) < 0)
    return oci_error("--status-fd %ld: %s", number, strerror(errno));
  *status = (int)number;
  return 0;
}

static int parse_options(int argc, char **argv, struct options *options) {
  const char *status = NULL, *preserve = NULL;
  bool no_pivot = false, ignored = false;
  struct create_options *create = &options->create;
  *options = (struct options){.status = -1};
  const struct flag flags[] = {
      {.name = "--bundle", .letter = "-b", .value = &create->bundle},
      {.name = "--status-fd", .value = &status},
      {.name = "--detach", .letter = "-d", .is_set = &options->is_detached},
      {.name = "--keep", .is_set = &options->is_kept},
      {.name = "--pid-file", .value = &create->pid_file},
      {.name = "--console-socket", .value = &create->console_socket},
      {.name = "--preserve-fds", .value = &preserve},
      {.name = "--no-pivot", .is_set = &no_pivot},
      {.name = "--no-new-keyring", .is_set = &ignored},
      {.name = "--no-subreaper", .is_set = &ignored},  // the guard is the reaper
  };
  int at = flags_parse(argc, argv, flags, sizeof flags / sizeof *flags) + 1;
  if (at == 0 || parse_status(status, &options->status) < 0 ||
      parse_preserved(preserve, &create->preserved) < 0)
    return -1;
  if (no_pivot) return oci_error("--no-pivot is not supported: it leaves a way out of the root");
  if (argc != at + 1) return oci_error("run: give one container ID");
  if (options->is_detached && options->status >= 0)
    return oci_error("--status-fd tells of a container in the foreground, not with --detach");
  create->id = argv[at];
  return 0;
}

// ---- in the foreground ----------------------------------------------------------------------

static void report(const struct options *options, struct bytes *line) {
  // A reader that has gone does not stop the container.
  if (options->status >= 0 && write(options->status, line->data, line->length) < 0) return;
  line->length = 0;
}

static int report_failure(const struct options *options, const struct failure *why) {
  if (options->status < 0) {
    // 1 is more likely the program's.
    int status = oci_exit_status(why);
    return status == 1 ? 125 : status;
  }
  cleanup_bytes struct bytes line = {0};
  status_error(&line, why);
  report(options, &line);
  return failure_status(why);
}

static int note_process(const struct options *options, struct container_state *state,
                        const struct cgroups *cgroups, pid_t pid, struct failure *why) {
  if (options->status >= 0) return 0;
  state_set_cgroups(state, cgroups);
  if (state_set_process(state, pid) < 0 || state_save(state) < 0) return -1;
  return write_pid_file(options->create.pid_file, pid, why);
}

static int run_poststart(const struct bundle *bundle, const struct start *start, pid_t pid,
                         struct failure *why) {
  const struct hook_state facts = {.id = start->id,
                                   .status = "running",
                                   .bundle = start->bundle_path,
                                   .pid = pid,
                                   .annotations = bundle->spec.annotations};
  return hooks_run(&bundle->spec.hooks, HOOK_POSTSTART, &facts, why);
}

// From a started child to a running program. Its terminal may be with us already.
static int see_it_run(const struct options *options, const struct bundle *bundle,
                      const struct start *start, struct container_state *state,
                      struct launched *launched, struct failure *why) {
  cleanup_bytes struct bytes line = {0};
  pid_t pid = host_pid(launched->pidfd);
  status_created(&line, pid);
  int result = note_process(options, state, &launched->cgroups, pid, why);
  if (result == 0) result = launch_with_hooks(bundle, start, launched, why);
  if (result == 0) status_started(&line, pid);
  if (options->status >= 0) report(options, &line);
  else state_unlock(state);
  if (result == 0) result = run_poststart(bundle, start, pid, why);
  if (result < 0) sys_pidfd_send_signal(launched->pidfd, SIGKILL);
  return result;
}

static int run_process(const struct options *options, struct bundle *bundle,
                       struct container_state *state, struct failure *why) {
  int terminal[2];
  if (foreground_open_terminal(&bundle->spec.process, options->create.console_socket, terminal,
                               why) < 0)
    return -1;
  cleanup_close int ours = terminal[0];
  cleanup_close int theirs = terminal[1];
  struct start start = start_with((const int[]){0, 1, 2});
  start.id = options->create.id;
  start.bundle_path = state->bundle;
  char group[CONTAINER_ID_MAX + 32];
  if (options->status < 0) start.group = state_group_name(state, group, sizeof group);
  start.preserved = options->create.preserved;
  start.terminal_socket = theirs;
  struct launched launched;
  if (launch_start(bundle, &start, &launched, why) < 0) return -1;
  close(steal_fd(&theirs));  // or a child that fails would leave us waiting for its terminal
  int outcome = see_it_run(options, bundle, &start, state, &launched, why);
  int status = foreground_wait(&launched, outcome < 0 ? -1 : ours);
  close(launched.pidfd);
  bool is_out_of_memory = launch_clean_up(&launched);
  if (outcome < 0) return -1;
  cleanup_bytes struct bytes line = {0};
  status_exited(&line, status, is_out_of_memory);
  report(options, &line);
  return status;
}

static int run_bundle(const struct options *options, struct container_state *state,
                      struct failure *why) {
  struct bundle bundle;
  if (bundle_enter_user(state->bundle, why) < 0 || guard_enter(why) < 0 ||
      bundle_open(state->bundle, &bundle, why) < 0)
    return -1;
  int result = run_process(options, &bundle, state, why);
  bundle_close(&bundle);
  return result;
}

static int run_known(const struct oci *oci, const struct options *options, const char *bundle,
                     struct failure *why) {
  int root = state_root_open(oci->root);
  cleanup_state struct container_state state = {.folder = -1};
  if (root < 0 || state_claim(root, options->create.id, &state) < 0) return -1;
  state.bundle = bundle;
  state.created = now_text();
  cleanup_close int folder = open(bundle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int result = folder < 0 ? fail(why, "spec", "open", bundle, "the bundle must be a folder") : 0;
  if (result == 0) result = keep_config(folder, &state, why);
  if (result == 0) result = state_save(&state);
  if (result == 0) result = run_bundle(options, &state, why);
  struct failure removal = {0};
  if ((!options->is_kept || result < 0) && container_remove(&state, &removal) < 0 &&
      removal.kind != FAILURE_NONE)
    oci_failure(&removal);
  return result;
}

static int run_detached(const struct oci *oci, const struct options *options,
                        struct failure *why) {
  int root = state_root_open(oci->root);
  struct container_state state;
  if (root < 0 || container_create(root, &options->create, &state, why) < 0) return -1;
  state_unlock(&state);
  if (container_start(&state, why) == 0) return 0;
  struct failure ignored = {0};
  container_kill_all(&state, &ignored);
  container_remove(&state, &ignored);
  return -1;
}

int oci_run(const struct oci *oci, int argc, char **argv) {
  struct options options;
  struct failure why = {0};
  int result;
  if (parse_options(argc, argv, &options) < 0) return 125;
  if (options.is_detached) {
    result = run_detached(oci, &options, &why);
    return result < 0 ? report_failure(&options, &why) : 0;
  }
  if (options.status >= 0) {
    const char *bundle = options.create.bundle ? options.create.bundle : ".";
    struct container_state nobody = {.folder = -1, .bundle = bundle};
    result = run_bundle(&options, &nobody, &why);
  } else {
    cleanup_free char *bundle = bundle_path(options.create.bundle);
    result = bundle ? run_known(oci, &options, bundle, &why) : -1;
  }
  return result < 0 ? report_failure(&options, &why) : result;
}
