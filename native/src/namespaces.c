// See namespaces.h.
#include "namespaces.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "cleanup.h"
#include "kernel.h"

#define NOT_PRIVILEGED "run as root: new namespaces need CAP_SYS_ADMIN"

// ---- joining -------------------------------------------------------------------------------

static int open_joined(const struct joined_namespace *joined, struct failure *why) {
  int file = open(joined->path, O_RDONLY | O_CLOEXEC);
  return file < 0 ? fail(why, "namespace", "open", joined->path, NULL) : file;
}

static const char *reason_not_joined(const struct joined_namespace *joined, int error) {
  if (error == EINVAL && joined->flag == CLONE_NEWPID)
    return "is it of another kind, or not below the launcher's own? run and serve have a pid "
           "namespace of their own, create has not";
  if (error == EINVAL) return "is the file of a namespace of this kind?";
  return error == EPERM ? NOT_PRIVILEGED : NULL;
}

// The user namespace last: what it owns can be joined after it only, and what it does not own, before.
static int join_all(const struct namespaces_spec *namespaces, struct failure *why) {
  int files[NAMESPACE_KINDS];
  for (size_t i = 0; i < namespaces->joined_count; i++) {
    files[i] = open_joined(&namespaces->joined[i], why);
    if (files[i] < 0) return -1;
  }
  for (int round = 0; round < 3; round++)
    for (size_t i = 0; i < namespaces->joined_count; i++) {
      const struct joined_namespace *joined = &namespaces->joined[i];
      bool is_user = joined->flag == CLONE_NEWUSER;
      if (files[i] < 0 || is_user != (round == 1)) continue;
      if (sys_setns(files[i], (int)joined->flag) == 0) close(steal_fd(&files[i]));
      else if (round > 0 || errno != EPERM)
        return fail(why, "namespace", "setns", joined->path, reason_not_joined(joined, errno));
    }
  return 0;
}

static bool joins_user(const struct namespaces_spec *namespaces) {
  return has_namespace(namespaces, CLONE_NEWUSER) && !(namespaces->created & CLONE_NEWUSER);
}

// ---- time ----------------------------------------------------------------------------------

// A time namespace is for children only, and its offsets are fixed once one is in it.
static int make_time(const struct namespaces_spec *namespaces, struct failure *why) {
  if (!(namespaces->created & CLONE_NEWTIME)) return 0;
  if (sys_unshare(CLONE_NEWTIME) < 0)
    return fail(why, "namespace", "unshare CLONE_NEWTIME", NULL,
                errno == EPERM ? NOT_PRIVILEGED : NULL);
  const struct time_offset *a = &namespaces->monotonic, *b = &namespaces->boottime;
  cleanup_close int file = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
  if (file < 0 || dprintf(file, "monotonic %lld %u\nboottime %lld %u\n", (long long)a->seconds,
                          a->nanoseconds, (long long)b->seconds, b->nanoseconds) < 0)
    return fail(why, "namespace", "write", "/proc/self/timens_offsets",
                "clocks can be set back to the start of the machine at most");
  return 0;
}

// ---- cloning -------------------------------------------------------------------------------

static pid_t clone_into(uint64_t flags, int group, int *pidfd, int exit_signal) {
  struct clone_args args = {
      .flags = flags | CLONE_PIDFD | (group >= 0 ? CLONE_INTO_CGROUP : 0),
      .pidfd = (uint64_t)(uintptr_t)pidfd,
      .exit_signal = (uint64_t)exit_signal,
      .cgroup = group >= 0 ? (uint64_t)group : 0,
  };
  return sys_clone3(&args);
}

static uint64_t cloned(const struct namespaces_spec *namespaces) {
  return namespaces->created & ~(uint64_t)(CLONE_NEWCGROUP | CLONE_NEWTIME);
}

// What the process in between has to say: the child's pid, which is our child as well, or why not.
struct in_between {
  pid_t pid;
  struct failure why;
};

// Joins, clones the child as a child of its own parent, says so, and ends. 0 in the child.
static pid_t go_between(const struct namespaces_spec *namespaces, int group, int answer) {
  struct in_between said = {.pid = -1};
  int pidfd = -1;
  // Nobody in a pid namespace that others share may look into what is being set up here.
  if (has_namespace(namespaces, CLONE_NEWPID)) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  int result = join_all(namespaces, &said.why);
  if (result == 0 && joins_user(namespaces)) result = namespaces_become_root(namespaces, &said.why);
  if (result == 0) result = make_time(namespaces, &said.why);
  if (result == 0) {
    said.pid = clone_into(cloned(namespaces) | CLONE_PARENT, group, &pidfd, 0);
    if (said.pid == 0) return 0;
    if (said.pid < 0)
      fail(&said.why, "clone", "clone3", NULL, errno == EPERM ? NOT_PRIVILEGED : NULL);
  }
  _exit(write(answer, &said, sizeof said) == sizeof said ? 0 : 125);
}

static pid_t clone_joined(const struct namespaces_spec *namespaces, int group, int *pidfd,
                          struct failure *why) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return fail(why, "clone", "pipe2", NULL, NULL);
  cleanup_close int heard = ends[0];
  cleanup_close int answer = ends[1];
  struct in_between said = {.pid = -1};
  pid_t between = fork();
  if (between < 0) return fail(why, "clone", "fork", NULL, NULL);
  if (between == 0) return go_between(namespaces, group, answer);
  close(steal_fd(&answer));
  bool is_told = read(heard, &said, sizeof said) == sizeof said;
  while (waitpid(between, NULL, 0) < 0 && errno == EINTR) continue;
  if (!is_told) return fail(why, "clone", "read", NULL, "a process was killed while it joined");
  if (said.pid < 0) {
    *why = said.why;
    return -1;
  }
  // Nobody but us can wait for it, so the number is still its own.
  *pidfd = (int)syscall(SYS_pidfd_open, said.pid, 0);
  return *pidfd < 0 ? fail(why, "clone", "pidfd_open", NULL, NULL) : said.pid;
}

pid_t namespaces_clone(const struct namespaces_spec *namespaces, int group, int *pidfd,
                       struct failure *why) {
  if (namespaces->joined_count > 0 || namespaces->created & CLONE_NEWTIME)
    return clone_joined(namespaces, group, pidfd, why);
  pid_t pid = clone_into(cloned(namespaces), group, pidfd, SIGCHLD);
  if (pid < 0) return fail(why, "clone", "clone3", NULL, errno == EPERM ? NOT_PRIVILEGED : NULL);
  return pid;
}

// ---- ids -----------------------------------------------------------------------------------

static int write_text(pid_t pid, const char *name, const char *text, struct failure *why) {
  char path[48];
  snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
  cleanup_close int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0 || write(file, text, strlen(text)) < 0)
    return fail(why, "user", "write", path, NULL);
  return 0;
}

static int write_map(pid_t pid, const char *name, const struct id_ranges *ranges,
                     struct failure *why) {
  char text[ID_RANGES_MAX * 33 + 1];
  size_t length = 0;
  for (size_t i = 0; i < ranges->count; i++) {
    const struct id_range *range = &ranges->items[i];
    length += (size_t)snprintf(text + length, sizeof text - length, "%u %u %u\n", range->inside,
                               range->outside, range->count);
  }
  return write_text(pid, name, text, why);
}

// newuidmap PID INSIDE OUTSIDE COUNT…; it says itself what is wrong, on stderr.
static int run_mapper(const char *program, pid_t pid, const struct id_ranges *ranges,
                      struct failure *why) {
  char numbers[1 + 3 * ID_RANGES_MAX][12];
  char *args[3 + 3 * ID_RANGES_MAX] = {(char *)program, numbers[0]};
  size_t count = 1;
  snprintf(numbers[0], sizeof numbers[0], "%d", (int)pid);
  for (size_t i = 0; i < ranges->count; i++) {
    const uint32_t range[3] = {ranges->items[i].inside, ranges->items[i].outside,
                               ranges->items[i].count};
    for (int k = 0; k < 3; k++, count++) {
      snprintf(numbers[count], sizeof numbers[count], "%u", range[k]);
      args[count + 1] = numbers[count];
    }
  }
  pid_t child = fork();
  if (child == 0) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execvp(program, args);
    _exit(errno == ENOENT ? 127 : 126);
  }
  int status = -1;
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (status == 0) return 0;
  errno = EPERM;
  bool is_missing = child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 127;
  return fail(why, "user", program, ranges->count ? "/linux/uidMappings" : NULL,
              is_missing ? "it is not installed (package uidmap); without it a user maps one id only"
                         : "do /etc/subuid and /etc/subgid give the user these ids?");
}

static bool is_only_ourselves(const struct id_ranges *ranges, uint32_t own) {
  return ranges->count == 1 && ranges->items[0].count == 1 && ranges->items[0].outside == own;
}

static int map_kind(pid_t pid, const char *file, const char *mapper,
                    const struct id_ranges *ranges, struct failure *why) {
  if (write_map(pid, file, ranges, why) == 0) return 0;
  if (why->error != EPERM || geteuid() == 0) return -1;
  *why = (struct failure){0};
  return run_mapper(mapper, pid, ranges, why);
}

int namespaces_map_ids(const struct namespaces_spec *namespaces, pid_t host_pid,
                       struct failure *why) {
  const struct id_ranges *uids = &namespaces->uids, *gids = &namespaces->gids;
  // Nobody may give up groups that keep them out of something: the price of doing it oneself.
  bool is_single = geteuid() != 0 && is_only_ourselves(uids, geteuid()) &&
                   is_only_ourselves(gids, getegid());
  if (is_single && write_text(host_pid, "setgroups", "deny", why) < 0) return -1;
  if (map_kind(host_pid, "gid_map", "newgidmap", gids, why) < 0) return -1;
  return map_kind(host_pid, "uid_map", "newuidmap", uids, why);
}

static bool is_inside(const struct id_ranges *ranges, uint32_t id) {
  for (size_t i = 0; i < ranges->count; i++)
    if (id - ranges->items[i].inside < ranges->items[i].count) return true;
  return ranges->count == 0;
}

int namespaces_become_root(const struct namespaces_spec *namespaces, struct failure *why) {
  if (!has_namespace(namespaces, CLONE_NEWUSER)) return 0;
  // A map without 0 is allowed; the process has all capabilities there nonetheless.
  if (is_inside(&namespaces->gids, 0) && setresgid(0, 0, 0) < 0 && errno != EINVAL)
    return fail(why, "user", "setresgid", NULL, NULL);
  if (setgroups(0, NULL) < 0 && !(errno == EPERM && setgroups_is_denied()))
    return fail(why, "user", "setgroups", NULL, NULL);
  if (is_inside(&namespaces->uids, 0) && setresuid(0, 0, 0) < 0 && errno != EINVAL)
    return fail(why, "user", "setresuid", NULL, NULL);
  return 0;
}

// ---- without privilege ---------------------------------------------------------------------

static bool is_entered;

bool namespaces_user_entered(void) { return is_entered; }

// Only a process outside can write the maps: this one stays there until it has.
static _Noreturn void map_for(const struct namespaces_spec *namespaces, pid_t pid, int go,
                              int answer) {
  struct failure why = {0};
  char byte;
  if (read(go, &byte, 1) != 1) _exit(125);
  namespaces_map_ids(namespaces, pid, &why);
  _exit(write(answer, &why, sizeof why) == sizeof why ? 0 : 125);
}

int namespaces_enter_user(const struct namespaces_spec *namespaces, struct failure *why) {
  int go[2], answers[2];
  if (pipe2(go, O_CLOEXEC) < 0 || pipe2(answers, O_CLOEXEC) < 0)
    return fail(why, "user", "pipe2", NULL, NULL);
  pid_t self = getpid(), mapper = fork();
  if (mapper == 0) {
    close(go[1]);  // or its end of file would never come
    map_for(namespaces, self, go[0], answers[1]);
  }
  close(go[0]), close(answers[1]);
  struct failure answer = {0};
  int result = mapper < 0 ? fail(why, "user", "fork", NULL, NULL) : 0;
  if (result == 0 && sys_unshare(CLONE_NEWUSER) < 0)
    result = fail(why, "user", "unshare CLONE_NEWUSER", NULL,
                  "user namespaces are forbidden here; run as root");
  if (result == 0 && (write(go[1], "g", 1) != 1 ||
                      read(answers[0], &answer, sizeof answer) != sizeof answer))
    result = fail(why, "user", "read", NULL, "the process that writes the maps was killed");
  close(go[1]), close(answers[0]);
  while (mapper > 0 && waitpid(mapper, NULL, 0) < 0 && errno == EINTR) continue;
  if (result == 0 && answer.kind != FAILURE_NONE) {
    *why = answer;
    result = -1;
  }
  is_entered = result == 0;
  return result < 0 ? -1 : namespaces_become_root(namespaces, why);
}
