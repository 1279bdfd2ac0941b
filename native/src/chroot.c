// chroot: the last rung of isolation, for who may make no namespaces: the program runs with a private
// folder as its root and nothing else of its own. Always no_new_privs, the spec's filter, and fewer
// capabilities than docker's (none that leads out of a chroot). Its end, or ours, or our caller's, is the
// end of every process it has started: this process adopts those that lose their parents.
// Where mounts are possible after all (only /proc is not) they are made, in a namespace of their own.
#include <dirent.h>
#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>

#include "cleanup.h"
#include "commands.h"
#include "guard.h"
#include "kernel.h"
#include "launch.h"
#include "mounts.h"
#include "options.h"
#include "places.h"
#include "status.h"

struct work {
  struct spec spec;
  struct rootfs rootfs;
  const char *root;  // the folder that becomes /
  int bundle;
};

// ---- rights --------------------------------------------------------------------------------

// Ways out of a chroot: another one, a node of the disk, a filter-free look at other processes.
static const uint64_t LEADS_OUT = 1ULL << CAP_SYS_CHROOT | 1ULL << CAP_MKNOD |
                                  1ULL << CAP_SYS_PTRACE | 1ULL << CAP_SYS_ADMIN |
                                  1ULL << CAP_DAC_READ_SEARCH | 1ULL << CAP_SYS_MODULE |
                                  1ULL << CAP_SYS_RAWIO;

static int cut_rights(struct process_spec *process, struct failure *why) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[2];
  if (syscall(SYS_capget, &header, data) < 0) return fail(why, "capabilities", "capget", NULL, NULL);
  uint64_t ours = (uint64_t)data[1].permitted << 32 | data[0].permitted;
  struct capability_masks *sets = &process->capabilities;
  sets->effective &= ours & ~LEADS_OUT;
  sets->permitted &= ours & ~LEADS_OUT;
  sets->inheritable &= sets->permitted;
  sets->ambient = 0;
  // Without the right to narrow it the bounding set stays: no_new_privs makes it worthless.
  sets->bounding = ours >> CAP_SETPCAP & 1 ? sets->bounding & ~LEADS_OUT : ~0ULL;
  process->no_new_privileges = true;
  return 0;
}

// A kernel that is none (gVisor) may have no filters; every other failure counts.
static int become(struct work *work, struct failure *why) {
  if (process_become(&work->spec.process, &work->spec.seccomp, why) == 0) return 0;
  if (strcmp(why->stage, "seccomp") != 0 || (why->error != EINVAL && why->error != ENOSYS)) return -1;
  *why = (struct failure){0};
  const struct seccomp_program none = {0};
  return process_become(&work->spec.process, &none, why);
}

// ---- the root: with mounts -----------------------------------------------------------------

// The /proc that is there stands for one that cannot be mounted.
static void bind_proc(struct spec *spec) {
  for (size_t i = 0; i < spec->mount_count; i++) {
    struct mount_spec *mount = &spec->mounts[i];
    if (mount->is_bind || strcmp(mount->type, "proc") != 0) continue;
    mount->is_bind = mount->is_recursive = true;
    mount->source = "/proc";
  }
}

static int mount_all(struct work *work, struct failure *why) {
  bind_proc(&work->spec);
  if (mounts_make(&work->spec, work->bundle, NULL, why) < 0) return -1;
  return devices_make(&work->spec, why) < 0 || masks_make(&work->spec, why) < 0 ? -1 : 0;
}

// ---- the root: without mounts --------------------------------------------------------------

static int copy_bytes(int from, int to) {
  char buffer[65536];
  for (;;) {
    ssize_t got = read(from, buffer, sizeof buffer);
    if (got <= 0) return (int)got;
    for (ssize_t done = 0, put; done < got; done += put)
      if ((put = write(to, buffer + done, (size_t)(got - done))) < 0) return -1;
  }
}

// A file in the place of its mount; whoever packs the root leaves the path out.
static int copy_file(const struct mount_spec *mount, int from, mode_t mode, struct failure *why) {
  cleanup_close int place = place_make(mount->destination, false, why);
  if (place < 0) return -1;
  cleanup_close int to = sys_openat2(AT_FDCWD, mount->destination, O_WRONLY | O_TRUNC,
                                     RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
  if (to < 0) return fail(why, "mount", "openat2", mount->destination, NULL);
  if (fchmod(to, mode & 0777) < 0 || copy_bytes(from, to) < 0)
    return fail(why, "mount", "write", mount->destination, NULL);
  return 0;
}

static bool is_below(const char *path, const char *folder) {
  size_t length = strlen(folder);
  return strncmp(path, folder, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

static int stand_in(const struct mount_spec *mount, int bundle, struct failure *why) {
  const char *at = mount->destination;
  if (!mount->is_bind && (is_below(at, "/proc") || is_below(at, "/sys") || is_below(at, "/dev")))
    return 0;
  cleanup_close int source =
      mount->is_bind ? openat(bundle, mount->source, O_RDONLY | O_CLOEXEC) : -1;
  struct stat facts;
  if (source >= 0 && fstat(source, &facts) == 0 && S_ISREG(facts.st_mode))
    return copy_file(mount, source, facts.st_mode, why);
  errno = EOPNOTSUPP;
  return fail(why, "mount", mount->is_bind ? "bind" : mount->type, at,
              "a chroot has no mounts of folders: allow user namespaces (slipway doctor says how)");
}

// What can be had of /dev: nodes where the container around us lets us make them, and they open.
static int make_devices(struct failure *why) {
  static const struct {
    const char *name;
    unsigned minor;
  } nodes[] = {{"null", 3}, {"zero", 5}, {"full", 7}, {"random", 8}, {"urandom", 9}};
  cleanup_close int dev = place_open("/dev");
  if (dev < 0) return fail(why, "devices", "openat2", "/dev", NULL);
  for (size_t i = 0; i < sizeof nodes / sizeof nodes[0]; i++) {
    const char *name = nodes[i].name;
    if (mknodat(dev, name, S_IFCHR | 0666, makedev(1, nodes[i].minor)) < 0 && errno != EPERM &&
        errno != EEXIST)
      return fail(why, "devices", "mknodat", name, NULL);
    cleanup_close int opened = openat(dev, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (opened >= 0) continue;
    unlinkat(dev, name, 0);
    // Scripts write to it in every second line: as a file it takes what they throw away.
    if (i > 0) continue;
    cleanup_close int file = openat(dev, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file < 0) return fail(why, "devices", "openat", name, NULL);
  }
  if (mkdirat(dev, "shm", 0777) < 0 && errno != EEXIST)
    return fail(why, "devices", "mkdirat", "shm", NULL);
  return fchmodat(dev, "shm", 01777, 0) < 0 ? fail(why, "devices", "fchmodat", "shm", NULL) : 0;
}

static int stand_in_all(const struct work *work, struct failure *why) {
  mode_t before = umask(0);
  int result = make_devices(why);
  for (size_t i = 0; i < work->spec.mount_count && result == 0; i++)
    result = stand_in(&work->spec.mounts[i], work->bundle, why);
  umask(before);
  return result;
}

// ---- the child -----------------------------------------------------------------------------

// True: mounts can be made, and nobody else sees them.
static bool has_mounts(void) {
  return unshare(CLONE_NEWNS) == 0 &&
         sys_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
}

static int enter_root(struct work *work, struct failure *why) {
  bool can_mount = has_mounts();
  if (chdir(work->root) < 0) return fail(why, "rootfs", "chdir", work->root, NULL);
  if ((can_mount ? mount_all(work, why) : stand_in_all(work, why)) < 0) return -1;
  if (chroot(".") < 0)
    return fail(why, "rootfs", "chroot", work->root, "chroot needs CAP_SYS_CHROOT");
  return chdir("/") < 0 ? fail(why, "rootfs", "chdir", "/", NULL) : 0;
}

static int child_steps(struct work *work, const struct child_pipes *pipes, struct failure *why) {
  struct process_spec *process = &work->spec.process;
  if (process_die_with_parent(pipes, why) < 0 || process_reset_signals(why) < 0) return -1;
  if (setsid() < 0) return fail(why, "process", "setsid", NULL, NULL);
  // Optional here: a lower score needs a right that may be missing.
  if (process_set_oom_score(process, 0, why) < 0) *why = (struct failure){0};
  if (enter_root(work, why) < 0) return -1;
  bool is_there = process_enter_cwd(process, why) == 0;
  if (!is_there && why->error != EACCES) return -1;
  process_give_pipes(process);
  if (sys_close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
    return fail(why, "process", "close_range", NULL, "Linux 5.11 or newer is needed");
  if (cut_rights(process, why) < 0 || become(work, why) < 0) return -1;
  if (process_die_with_parent(pipes, why) < 0) return -1;  // the change of user cleared it
  if (!is_there && process_enter_cwd(process, why) < 0) return -1;
  umask(process->umask);
  return process_exec(process, why);
}

// ---- the parent ----------------------------------------------------------------------------

static pid_t start(struct work *work, int *errors, int *go, struct failure *why) {
  int said[2], alive[2];
  if (pipe2(said, O_CLOEXEC) < 0 || pipe2(alive, O_CLOEXEC) < 0)
    return fail(why, "clone", "pipe2", NULL, NULL);
  pid_t child = fork();
  if (child < 0) return fail(why, "clone", "fork", NULL, NULL);
  if (child == 0) {
    close(alive[1]);
    child_steps(work, &(struct child_pipes){.go = alive[0], .errors = said[1]}, why);
    if (write(said[1], why, sizeof *why) < 0) _exit(125);
    _exit(failure_status(why));
  }
  close(said[1]);
  close(alive[0]);
  *errors = said[0];
  *go = alive[1];
  return child;
}

// Kills the processes whose parent is this one.
static void kill_children(void) {
  cleanup_closedir DIR *proc = opendir("/proc");
  const struct dirent *entry;
  while (proc && (entry = readdir(proc))) {
    char path[300], text[512];
    pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10), parent = 0;
    if (pid <= 0) continue;
    snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
    cleanup_close int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (got <= 0) continue;
    text[got] = '\0';
    // The name before may hold anything, parentheses too.
    const char *behind = strrchr(text, ')');
    if (behind && sscanf(behind, ") %*c %d", &parent) == 1 && parent == getpid())
      kill(pid, SIGKILL);
  }
}

// Whoever is left: killing parents makes their children ours, until there are none.
static void end_all(void) {
  for (;;) {
    kill_children();
    while (waitpid(-1, NULL, WNOHANG) > 0) continue;
    if (waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD) return;
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  }
}

static int wait_for_end(pid_t child, const sigset_t *signals) {
  for (;;) {
    siginfo_t info;
    int number = sigwaitinfo(signals, &info), status;
    if (number < 0) continue;
    if (number != SIGCHLD) {
      kill(child, number == GUARD_KILL ? SIGKILL : number);
      continue;
    }
    for (pid_t ended; (ended = waitpid(-1, &status, WNOHANG)) > 0;)
      if (ended == child) return launch_exit_code(status);
  }
}

static void block_signals(sigset_t *signals) {
  static const int numbers[] = {SIGCHLD, SIGINT,  SIGTERM, SIGHUP,    SIGQUIT,
                                SIGUSR1, SIGUSR2, SIGWINCH, GUARD_KILL};
  sigemptyset(signals);
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) sigaddset(signals, numbers[i]);
  sigprocmask(SIG_BLOCK, signals, NULL);
  signal(SIGPIPE, SIG_IGN);
}

static int open_work(const char *path, struct work *work, struct failure *why) {
  work->bundle = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (work->bundle < 0) return fail(why, "spec", "open", path, "the bundle must be a folder");
  if (spec_read(work->bundle, &work->spec, why) < 0) return -1;
  if (has_namespace(&work->spec.namespaces, CLONE_NEWNET)) {
    errno = EOPNOTSUPP;
    return fail(why, "network", "chroot", "", "a chroot has no network of its own: use --network host");
  }
  if (rootfs_read(work->bundle, &work->rootfs, why) < 0) return -1;
  if (work->rootfs.lower_count == 0 && work->rootfs.upper) {
    work->root = work->rootfs.upper;
    return 0;
  }
  errno = EOPNOTSUPP;
  return fail(why, "rootfs", "check rootfs.json", "", "a chroot needs a root that is one folder");
}

static int run(const char *bundle, int status, struct failure *why) {
  static struct work work;
  sigset_t signals;
  pid_t parent = getppid();
  // The end of the caller comes as a signal, so that there is time to end all others.
  if (prctl(PR_SET_PDEATHSIG, GUARD_KILL, 0, 0, 0) < 0 || getppid() != parent)
    return fail(why, "parent", "prctl PR_SET_PDEATHSIG", NULL, "the caller has ended");
  if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
    return fail(why, "parent", "prctl PR_SET_CHILD_SUBREAPER", NULL, NULL);
  block_signals(&signals);
  if (open_work(bundle, &work, why) < 0) return -1;
  int errors = -1, go = -1;
  pid_t child = start(&work, &errors, &go, why);
  if (child < 0) return -1;
  struct failure verdict;
  bool is_running = read(errors, &verdict, sizeof verdict) != sizeof verdict;
  cleanup_bytes struct bytes line = {0};
  if (is_running) status_started(&line, child);
  int result = wait_for_end(child, &signals);
  end_all();
  if (!is_running) {
    *why = verdict;
    return -1;
  }
  status_exited(&line, result, false);
  if (status >= 0 && write(status, line.data, line.length) < 0) return result;
  return result;
}

int command_chroot(int argc, char **argv) {
  const char *bundle = NULL, *number = NULL;
  int64_t status = -1;
  const struct option_slot slots[] = {{"--bundle", &bundle, NULL, true},
                                      {"--status-fd", &number, NULL, false}};
  if (options_parse(argc, argv, slots, 2) < 0) return 125;
  if (number && options_integer("--status-fd", number, &status) < 0) return 125;
  if (status >= 0) fcntl((int)status, F_SETFD, FD_CLOEXEC);
  struct failure why = {0};
  int result = run(bundle, (int)status, &why);
  if (result >= 0) return result;
  cleanup_bytes struct bytes line = {0};
  status_error(&line, &why);
  if (write(status < 0 ? 2 : (int)status, line.data, line.length) < 0) return 125;
  return failure_status(&why);
}
