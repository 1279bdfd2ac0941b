// Becoming the program of a container, inside its root; see launch.h. The order is the point of this
// file: each step needs rights that a later one takes away.
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "capabilities.h"
#include "cleanup.h"
#include "id-map.h"
#include "kernel.h"
#include "labels.h"
#include "launch.h"

// Dying with the parent. The parent may be gone before the signal is set, and in a new pid namespace
// getppid() is always 0: only the pipe tells.
int process_die_with_parent(const struct child_pipes *pipes, struct failure *why) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
    return fail(why, "parent", "prctl PR_SET_PDEATHSIG", NULL, NULL);
  struct pollfd go = {.fd = pipes->go, .events = POLLIN};
  if (poll(&go, 1, 0) > 0 && (go.revents & POLLHUP) && !(go.revents & POLLIN)) _exit(125);
  return 0;
}

// The program starts with every signal at its default and none blocked.
int process_reset_signals(struct failure *why) {
  sigset_t none;
  sigemptyset(&none);
  for (int number = 1; number <= 31; number++)
    if (number != SIGKILL && number != SIGSTOP) signal(number, SIG_DFL);
  if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
    return fail(why, "signals", "sigprocmask", NULL, NULL);
  return 0;
}

int process_set_oom_score(const struct process_spec *process, pid_t host_pid,
                          struct failure *why) {
  char path[48] = "/proc/self/oom_score_adj";
  if (!process->has_oom_score) return 0;
  if (host_pid > 0) snprintf(path, sizeof path, "/proc/%d/oom_score_adj", (int)host_pid);
  cleanup_close int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0 || dprintf(file, "%d", process->oom_score) < 0)
    return fail(why, "process", "write", path,
                errno == EACCES ? "only privileged users may set it lower than it is" : NULL);
  return 0;
}

// Moves the three descriptors to 0, 1 and 2, whatever numbers they have now.
int process_place_stdio(const int stdio[3], struct failure *why) {
  int copies[3];
  for (int i = 0; i < 3; i++) {
    copies[i] = fcntl(stdio[i], F_DUPFD_CLOEXEC, 3);
    if (copies[i] < 0) return fail(why, "stdio", "fcntl", NULL, NULL);
  }
  for (int i = 0; i < 3; i++)
    if (dup2(copies[i], i) < 0) return fail(why, "stdio", "dup2", NULL, NULL);
  return 0;
}

// A pipe belongs to who made it: without this another user could not reopen /dev/stderr.
void process_give_pipes(const struct process_spec *process) {
  struct stat facts;
  for (int i = 0; process->uid != 0 && i < 3; i++)
    if (fstat(i, &facts) == 0 && S_ISFIFO(facts.st_mode) && fchown(i, process->uid, (gid_t)-1) < 0)
      continue;  // somebody else's pipe stays somebody else's
}

int process_keep_only(const int *kept, size_t count, unsigned preserved, struct failure *why) {
  unsigned low = 3 + preserved;
  for (;;) {
    unsigned next = ~0U;
    for (size_t i = 0; i < count; i++)
      if (kept[i] >= (int)low && (unsigned)kept[i] < next) next = (unsigned)kept[i];
    unsigned high = next == ~0U ? ~0U : next - 1;
    if (low <= high && sys_close_range(low, high, 0) < 0)
      return fail(why, "process", "close_range", NULL, "Linux 5.11 or newer is needed");
    if (next == ~0U) return 0;
    low = next + 1;
  }
}

#define UNMAPPED                                                                                 \
  "the user namespace has no such id: give your user ids with lines in /etc/subuid and /etc/subgid"

static int become_user(const struct process_spec *process, struct failure *why) {
  // In a namespace that forbids it the groups stay what they are, and nobody can gain any.
  if (setgroups(process->group_count, process->groups) < 0 &&
      !(errno == EPERM && setgroups_is_denied()))
    return fail(why, "user", "setgroups", NULL, NULL);
  if (setresgid(process->gid, process->gid, process->gid) < 0)
    return fail(why, "user", "setresgid", NULL, errno == EINVAL ? UNMAPPED : NULL);
  if (setresuid(process->uid, process->uid, process->uid) < 0)
    return fail(why, "user", "setresuid", NULL, errno == EINVAL ? UNMAPPED : NULL);
  return 0;
}

// The kernel gives a folder that the root does not contain a path without a slash in front.
static bool is_beneath_root(void) {
  char path[PATH_MAX];
  return syscall(SYS_getcwd, path, sizeof path) > 0 && path[0] == '/';
}

int process_enter_cwd(const struct process_spec *process, struct failure *why) {
  if (chdir(process->cwd) < 0)
    return fail(why, "cwd", "chdir", process->cwd,
                errno == ENOENT ? "create it first, for instance with WORKDIR" : NULL);
  if (is_beneath_root()) return 0;
  errno = EXDEV;
  return fail(why, "cwd", "chdir", process->cwd, "the working folder is outside the root");
}

// Two orders. With no_new_privs anybody may install a filter, so it comes last and need not allow what
// happens before. Without it only CAP_SYS_ADMIN may: it is kept through the change of user, and nothing
// but the sets of capabilities is left to do under the filter.
int process_become(const struct process_spec *process, const struct seccomp_program *filter,
                   struct failure *why) {
  if (labels_set(process, why) < 0) return -1;
  if (scheduling_set(&process->scheduling, why) < 0) return -1;
  if (rlimits_set(&process->rlimits, 0, why) < 0) return -1;
  if (process->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
    return fail(why, "process", "prctl PR_SET_NO_NEW_PRIVS", NULL, NULL);
  bool is_early = filter->instructions && !process->no_new_privileges;
  if (capabilities_limit(process, why) < 0) return -1;
  if (become_user(process, why) < 0) return -1;
  if (is_early && capabilities_keep(process, why) < 0) return -1;
  if (is_early && seccomp_install(filter, why) < 0) return -1;
  if (capabilities_apply(process, why) < 0) return -1;
  return is_early ? 0 : seccomp_install(filter, why);
}
