// userns: becomes root of a new user namespace and then the given program, as the same process: pid,
// terminal and exit status stay what they were. The ids come from the caller's privilege, else from
// /etc/subuid and /etc/subgid through newuidmap and newgidmap, else there is one id. The program always
// starts: an environment variable tells it what it got, and why not more.
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "commands.h"
#include "id-map.h"
#include "kernel.h"
#include "subids.h"

enum { REASON_MAX = 400 };

// What came of it: `ranges`, `single` or `none`, and why not the one before.
struct outcome {
  char kind[8];
  int error;  // errno of the call that decided, 0 when none did
  char reason[REASON_MAX];
};

static struct outcome outcome_of(const char *kind, int error, const char *reason) {
  struct outcome outcome = {.error = error};
  snprintf(outcome.kind, sizeof outcome.kind, "%s", kind);
  snprintf(outcome.reason, sizeof outcome.reason, "%s", reason);
  return outcome;
}

// ---- from outside: a process that stays in the old namespace writes the maps ------------------

static int write_file(pid_t pid, const char *name, const char *text) {
  char path[48];
  snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
  cleanup_close int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return -1;
  return write(file, text, strlen(text)) < 0 ? -1 : 0;
}

// Every id that exists out here, under its own number. Needs CAP_SETUID and CAP_SETGID.
static int map_identity(pid_t pid) {
  static const char *const names[] = {"gid_map", "uid_map"};
  static struct id_range ranges[ID_RANGES_MAX];
  for (int i = 0; i < 2; i++) {
    char text[4096], path[32];
    size_t length = 0;
    snprintf(path, sizeof path, "/proc/self/%s", names[i]);
    int count = id_map_read(path, ranges);
    for (int k = 0; k < count && length < sizeof text - 64; k++)
      length += (size_t)snprintf(text + length, sizeof text - length, "%u %u %u\n",
                                 ranges[k].inside, ranges[k].inside, ranges[k].count);
    if (count <= 0 || write_file(pid, names[i], text) < 0) return -1;
  }
  return 0;
}

static int map_single(pid_t pid, uid_t uid, gid_t gid) {
  char text[32];
  if (write_file(pid, "setgroups", "deny") < 0 && errno != ENOENT) return -1;
  snprintf(text, sizeof text, "0 %u 1", uid);
  if (write_file(pid, "uid_map", text) < 0) return -1;
  snprintf(text, sizeof text, "0 %u 1", gid);
  return write_file(pid, "gid_map", text);
}

static struct outcome write_maps(pid_t pid) {
  char why[REASON_MAX] = "";
  if (geteuid() == 0 && map_identity(pid) == 0) return outcome_of("ranges", 0, "");
  if (subids_map(pid, why, sizeof why) == 0) return outcome_of("ranges", 0, "");
  if (map_single(pid, geteuid(), getegid()) == 0) return outcome_of("single", 0, why);
  return outcome_of("none", errno, "write uid_map");
}

// ---- from inside ------------------------------------------------------------------------------

// A namespace that can be made may still be worth nothing (AppArmor takes its capabilities away), and
// there is no way back from one: a child goes first. 0, or errno of the call in `*call`.
static int try_namespace(const char **call) {
  static const char *const calls[] = {"unshare CLONE_NEWUSER", "unshare CLONE_NEWNS", "mount"};
  pid_t child = fork();
  if (child < 0) return errno;
  if (child == 0) {
    int failed = unshare(CLONE_NEWUSER) < 0 ? 0 : unshare(CLONE_NEWNS) < 0 ? 1
                 : sys_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 && errno != EINVAL
                     ? 2 : 3;
    // Two bits for the call, and errno where it fits (those that can come do).
    _exit(failed == 3 ? 0 : failed << 6 | (errno & 63));
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (status == 0) return 0;
  *call = WIFEXITED(status) ? calls[WEXITSTATUS(status) >> 6] : "unshare CLONE_NEWUSER, killed";
  return WIFEXITED(status) ? WEXITSTATUS(status) & 63 : EPERM;
}

static struct outcome enter_namespace(void) {
  const char *call = "fork";
  int error = try_namespace(&call);
  if (error) return outcome_of("none", error, call);
  int go[2], done[2];
  if (pipe2(go, O_CLOEXEC) < 0) return outcome_of("none", errno, "pipe2");
  if (pipe2(done, O_CLOEXEC) < 0) return outcome_of("none", errno, "pipe2");
  pid_t self = getpid(), mapper = fork();
  if (mapper < 0) return outcome_of("none", errno, "fork");
  if (mapper == 0) {
    char byte;
    close(go[1]);  // or its end of file would never come
    if (read(go[0], &byte, 1) != 1) _exit(1);
    struct outcome outcome = write_maps(self);
    _exit(write(done[1], &outcome, sizeof outcome) == sizeof outcome ? 0 : 1);
  }
  struct outcome outcome;
  close(done[1]);
  if (unshare(CLONE_NEWUSER) < 0) outcome = outcome_of("none", errno, "unshare CLONE_NEWUSER");
  else if (write(go[1], "g", 1) != 1 || read(done[0], &outcome, sizeof outcome) != sizeof outcome)
    outcome = outcome_of("none", errno, "write uid_map");
  close(go[0]), close(go[1]), close(done[0]);
  while (waitpid(mapper, NULL, 0) < 0 && errno == EINTR) continue;
  return outcome;
}

int command_userns(int argc, char **argv) {
  if (argc < 4 || strcmp(argv[2], "--") != 0) {
    fprintf(stderr, "usage: slipway-native userns VARIABLE -- PROGRAM [ARGUMENT…]\n");
    return 125;
  }
  struct outcome outcome = enter_namespace();
  char mark[REASON_MAX + 32];
  snprintf(mark, sizeof mark, "%s %d %s", outcome.kind, outcome.error, outcome.reason);
  if (setenv(argv[1], mark, 1) < 0) return 125;
  execv(argv[3], argv + 3);
  fprintf(stderr, "slipway-native: exec: %s: %s\n", argv[3], strerror(errno));
  return errno == ENOENT ? 127 : 126;
}
