// exec: another process in a running container. A helper of ours joins the container's namespaces and
// groups and makes the process there, as our child, so that who waits for it is who asked for it.
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "capabilities.h"
#include "cleanup.h"
#include "console.h"
#include "create.h"
#include "flags.h"
#include "foreground.h"
#include "kernel.h"
#include "memory.h"
#include "oci-log.h"
#include "oci.h"

struct options {
  const char *id, *process, *cwd, *user, *pid_file, *console_socket;
  struct flag_list env, groups, capabilities;
  bool has_terminal, no_new_privileges, is_detached, may_be_paused;
  unsigned preserved;
  char **args;  // NULL-terminated
};

static int parse_options(int argc, char **argv, struct options *options) {
  const char *preserve = NULL;
  const struct flag flags[] = {
      {.name = "--process", .letter = "-p", .value = &options->process},
      {.name = "--cwd", .value = &options->cwd},
      {.name = "--env", .letter = "-e", .values = &options->env},
      {.name = "--tty", .letter = "-t", .is_set = &options->has_terminal},
      {.name = "--user", .letter = "-u", .value = &options->user},
      {.name = "--additional-gids", .letter = "-g", .values = &options->groups},
      {.name = "--cap", .letter = "-c", .values = &options->capabilities},
      {.name = "--no-new-privs", .is_set = &options->no_new_privileges},
      {.name = "--detach", .letter = "-d", .is_set = &options->is_detached},
      {.name = "--pid-file", .value = &options->pid_file},
      {.name = "--console-socket", .value = &options->console_socket},
      {.name = "--preserve-fds", .value = &preserve},
      {.name = "--ignore-paused", .is_set = &options->may_be_paused},
  };
  int at = flags_parse(argc, argv, flags, sizeof flags / sizeof *flags) + 1;
  if (at == 0 || parse_preserved(preserve, &options->preserved) < 0) return -1;
  if (at == argc) return oci_error("exec: give one container ID and a command");
  options->id = argv[at++];
  if (at < argc && strcmp(argv[at], "--") == 0) at++;
  if (!options->process && at == argc) return oci_error("exec: give a command, or --process");
  if (options->process && at < argc) return oci_error("exec: give a command or --process, not both");
  options->args = argv + at;
  return 0;
}

// ---- what to run ----------------------------------------------------------------------------

static int set_user(const char *text, struct process_spec *process) {
  char copy[64];
  long uid, gid = 0;
  if (!text) return 0;
  snprintf(copy, sizeof copy, "%s", text);
  char *colon = strchr(copy, ':');
  if (colon) *colon++ = '\0';
  if (flags_number("--user", copy, 0, 0xfffffffeL, &uid) < 0) return -1;
  if (colon && flags_number("--user", colon, 0, 0xfffffffeL, &gid) < 0) return -1;
  process->uid = (uid_t)uid;
  if (colon) process->gid = (gid_t)gid;
  return 0;
}

static int add_groups(const struct flag_list *list, struct process_spec *process) {
  if (list->count == 0) return 0;
  gid_t *groups = allocate((process->group_count + list->count) * sizeof *groups);
  if (process->group_count > 0)
    memcpy(groups, process->groups, process->group_count * sizeof *groups);
  for (size_t i = 0; i < list->count; i++) {
    long gid;
    if (flags_number("--additional-gids", list->items[i], 0, 0xfffffffeL, &gid) < 0) return -1;
    groups[process->group_count++] = (gid_t)gid;
  }
  process->groups = groups;
  return 0;
}

static int add_capabilities(const struct flag_list *list, struct process_spec *process) {
  for (size_t i = 0; i < list->count; i++) {
    int number = capability_number(list->items[i]);
    if (number < 0) return oci_error("--cap: unknown capability \"%s\"", list->items[i]);
    uint64_t bit = (uint64_t)1 << number;
    process->capabilities.bounding |= bit;
    process->capabilities.permitted |= bit;
    process->capabilities.effective |= bit;
  }
  return 0;
}

static void add_env(const struct flag_list *list, struct process_spec *process) {
  size_t count = 0;
  while (process->env[count]) count++;
  const char **env = allocate((count + list->count + 1) * sizeof *env);
  memcpy(env, process->env, count * sizeof *env);
  if (list->count > 0) memcpy(env + count, list->items, list->count * sizeof *env);
  process->env = env;
}

// The container's own process with the flags' changes. Nothing is freed: this process ends soon.
static int process_by_flags(const struct options *options, struct process_spec *process) {
  process->args = (const char **)options->args;
  process->has_terminal = options->has_terminal;
  process->console_rows = process->console_columns = 0;
  if (options->cwd) process->cwd = options->cwd;
  if (options->no_new_privileges) process->no_new_privileges = true;
  if (process->cwd[0] != '/') return oci_error("--cwd: \"%s\" is not absolute", process->cwd);
  add_env(&options->env, process);
  if (set_user(options->user, process) < 0) return -1;
  if (add_groups(&options->groups, process) < 0) return -1;
  return add_capabilities(&options->capabilities, process);
}

// The document stays, as long as the process does.
static int process_by_file(const char *path, struct process_spec *process, struct failure *why) {
  struct json_document *document = json_read(AT_FDCWD, path, why);
  *process = (struct process_spec){0};
  return document ? process_read(json_root(document), process, why) : -1;
}

// ---- the container's side -------------------------------------------------------------------

struct joining {
  struct process_spec *process;
  const struct seccomp_program *filter;
  struct start start;
  int container;                   // pidfd of the container's first process
  const struct cgroups *cgroups;
  int namespaces;                  // CLONE_NEW…, those that are not ours already
};

static const struct {
  const char *name;
  int flag;
} namespaces[] = {
    {"user", CLONE_NEWUSER}, {"mnt", CLONE_NEWNS},  {"uts", CLONE_NEWUTS},
    {"ipc", CLONE_NEWIPC},   {"net", CLONE_NEWNET}, {"pid", CLONE_NEWPID},
    {"cgroup", CLONE_NEWCGROUP},
};

// Joining a namespace that is ours already is refused for some of them.
static int different_namespaces(pid_t pid, struct failure *why) {
  int flags = 0;
  for (size_t i = 0; i < sizeof namespaces / sizeof *namespaces; i++) {
    char ours[48], theirs[48];
    struct stat here, there;
    snprintf(ours, sizeof ours, "/proc/self/ns/%s", namespaces[i].name);
    snprintf(theirs, sizeof theirs, "/proc/%d/ns/%s", (int)pid, namespaces[i].name);
    if (stat(ours, &here) < 0) continue;  // the kernel has no such kind
    if (stat(theirs, &there) < 0) return fail(why, "clone", "stat", theirs, NULL);
    if (here.st_ino != there.st_ino || here.st_dev != there.st_dev) flags |= namespaces[i].flag;
  }
  return flags;
}

static int run_steps(const struct joining *joining, const struct child_pipes *pipes,
                     struct failure *why) {
  const struct process_spec *process = joining->process;
  const struct start *start = &joining->start;
  const int terminal = process->has_terminal ? start->terminal_socket : -1;
  const int kept[] = {pipes->go, pipes->errors, terminal};
  char byte;
  ssize_t got;
  do got = read(pipes->go, &byte, 1);
  while (got < 0 && errno == EINTR);
  if (got != 1) _exit(125);
  if (!start->outlives_us && process_die_with_parent(pipes, why) < 0) return -1;
  if (process_reset_signals(why) < 0) return -1;
  if (setsid() < 0) return fail(why, "process", "setsid", NULL, NULL);
  if (process_place_stdio(start->stdio, why) < 0) return -1;
  // Before the first path of the container, which can make /dev/ptmx lead through /proc/self/fd.
  if (process_keep_only(kept, 3, start->preserved, why) < 0) return -1;
  if (process->has_terminal && console_enter(process, terminal, false, why) < 0) return -1;
  if (terminal >= 0) close(terminal);
  bool is_there = process_enter_cwd(process, why) == 0;
  if (!is_there && why->error != EACCES) return -1;
  process_give_pipes(process);
  if (process_become(process, joining->filter, why) < 0) return -1;
  if (!start->outlives_us && process_die_with_parent(pipes, why) < 0) return -1;
  if (!is_there && process_enter_cwd(process, why) < 0) return -1;
  umask(process->umask);
  return process_exec(process, why);
}

static _Noreturn void say_failure(int errors, const struct failure *why) {
  const struct child_message last = {.step = CHILD_FAILED, .why = *why};
  if (write(errors, &last, sizeof last) < 0) _exit(125);
  _exit(failure_status(why));
}

// In a user namespace we come in as somebody it does not know.
static void become_its_root(int flags) {
  if (!(flags & CLONE_NEWUSER)) return;
  if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0) return;  // it has no root: stay nobody
}

static int join(const struct joining *joining, struct failure *why) {
  if (process_set_oom_score(joining->process, 0, why) < 0) return -1;
  if (affinity_set(joining->process->scheduling.initial_cpus, why) < 0) return -1;
  if (cgroups_enter(joining->cgroups, 0, false, why) < 0) return -1;
  if (affinity_set(joining->process->scheduling.final_cpus, why) < 0) return -1;
  // From the moment that we are in its pid namespace, the container could look into this process.
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
    return fail(why, "process", "prctl PR_SET_DUMPABLE", NULL, NULL);
  if (setns(joining->container, joining->namespaces) < 0)
    return fail(why, "clone", "setns", NULL, errno == EPERM ? "run as root" : NULL);
  become_its_root(joining->namespaces);
  return 0;
}

// The helper: its child is in the pid namespace, and ours.
static _Noreturn void join_and_clone(const struct joining *joining, const struct child_pipes *pipes,
                                     int born) {
  struct failure why = {0};
  if (joining->namespaces != 0 && join(joining, &why) < 0) say_failure(pipes->errors, &why);
  struct clone_args args = {.flags = CLONE_PARENT};
  pid_t pid = sys_clone3(&args);
  if (pid == 0) {
    close(born);
    run_steps(joining, pipes, &why);
    say_failure(pipes->errors, &why);
  }
  if (pid < 0) {
    fail(&why, "clone", "clone3", NULL, NULL);
    say_failure(pipes->errors, &why);
  }
  _exit(write(born, &pid, sizeof pid) == sizeof pid ? 0 : 125);
}

// ---- our side -------------------------------------------------------------------------------

static int make_pipe(int *read_end, int *write_end, struct failure *why) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return fail(why, "clone", "pipe2", NULL, NULL);
  *read_end = ends[0], *write_end = ends[1];
  return 0;
}

static int launch_joined(const struct joining *joining, struct launched *launched,
                         struct failure *why) {
  cleanup_close int go_read = -1, go_write = -1, errors_read = -1, errors_write = -1;
  cleanup_close int born_read = -1, born_write = -1;
  if (make_pipe(&go_read, &go_write, why) < 0 || make_pipe(&errors_read, &errors_write, why) < 0 ||
      make_pipe(&born_read, &born_write, why) < 0)
    return -1;
  struct clone_args args = {.exit_signal = SIGCHLD};
  pid_t helper = sys_clone3(&args);
  if (helper < 0) return fail(why, "clone", "clone3", NULL, NULL);
  if (helper == 0) {
    close(go_write);
    close(errors_read);
    join_and_clone(joining, &(struct child_pipes){.go = go_read, .errors = errors_write},
                   born_write);
  }
  close(steal_fd(&born_write));
  close(steal_fd(&errors_write));
  ssize_t got = read(born_read, &launched->pid, sizeof launched->pid);
  while (waitpid(helper, NULL, 0) < 0 && errno == EINTR) continue;
  launched->errors = steal_fd(&errors_read);
  launched->go = -1;
  if (got != sizeof launched->pid)
    return launch_outcome(launched, why) < 0 ? -1 : fail(why, "clone", "read", NULL, NULL);
  launched->go = steal_fd(&go_write);
  // Our child, not reaped: the number is still its own.
  launched->pidfd = (int)syscall(SYS_pidfd_open, launched->pid, 0);
  if (launched->pidfd < 0) return fail(why, "clone", "pidfd_open", NULL, NULL);
  return 0;
}

static int run_joined(const struct options *options, struct joining *joining, struct failure *why) {
  int terminal[2];
  struct process_spec *process = joining->process;
  if (options->is_detached && process->has_terminal && !options->console_socket) {
    errno = EINVAL;
    return fail(why, "terminal", "check", "--console-socket",
                "a process that is left alone needs it for its terminal");
  }
  if (foreground_open_terminal(process, options->console_socket, terminal, why) < 0) return -1;
  cleanup_close int ours = terminal[0];
  joining->start.terminal_socket = terminal[1];
  struct launched launched;
  foreground_block_signals();
  if (launch_joined(joining, &launched, why) < 0) return -1;
  if (terminal[1] >= 0) close(terminal[1]);
  int written = write_pid_file(options->pid_file, launched.pid, why);
  if (written == 0 && write(launched.go, "g", 1) != 1)
    written = fail(why, "clone", "write", NULL, NULL);
  if (written < 0) close(launched.go);  // it ends without the byte
  if (written < 0 || launch_outcome(&launched, why) < 0) {
    // One that nobody reaps keeps the container's pid namespace from ending.
    while (waitpid(launched.pid, NULL, 0) < 0 && errno == EINTR) continue;
    return -1;
  }
  if (options->is_detached) return 0;
  return foreground_wait(&launched, ours);
}

static int check_status(const struct options *options, const struct container_state *state) {
  enum container_status status = state_status(state);
  if (status == CONTAINER_RUNNING || status == CONTAINER_CREATED) return 0;
  if (status == CONTAINER_PAUSED && options->may_be_paused) return 0;
  return oci_error("cannot exec in a container that is %s: %s", state_status_name(status),
                   state->id);
}

static int exec_in(const struct options *options, const struct container_state *state,
                   struct failure *why) {
  cleanup_close int container = state_open_process(state);
  if (container < 0 || check_status(options, state) < 0) {
    if (container < 0) oci_error("cannot exec in a container that is stopped: %s", state->id);
    return -1;
  }
  struct spec spec;  // not freed, see process_by_flags
  if (spec_read(state->folder, &spec, why) < 0) return -1;
  struct process_spec process = spec.process;
  int result = options->process ? process_by_file(options->process, &process, why)
                                : process_by_flags(options, &process);
  struct cgroups cgroups;
  if (result < 0 || state_open_cgroups(state, &cgroups, why) < 0) return -1;
  struct joining joining = {.process = &process,
                            .filter = &spec.seccomp,
                            .start = start_with((const int[]){0, 1, 2}),
                            .container = container,
                            .cgroups = &cgroups,
                            .namespaces = different_namespaces(state->pid, why)};
  joining.start.preserved = options->preserved;
  joining.start.outlives_us = options->is_detached;
  if (joining.namespaces < 0) return -1;
  return run_joined(options, &joining, why);
}

int oci_exec(const struct oci *oci, int argc, char **argv) {
  struct options options = {0};
  if (parse_options(argc, argv, &options) < 0) return 1;
  int root = state_root_open(oci->root);
  cleanup_state struct container_state state = {.folder = -1};
  struct failure why = {0};
  if (root < 0 || state_open(root, options.id, &state) < 0) return 1;
  int result = exec_in(&options, &state, &why);
  return result < 0 ? oci_exit_status(&why) : result;
}
