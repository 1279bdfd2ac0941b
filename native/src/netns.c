// netns: a network namespace with a way out, for containers that have one of their own without root. A
// process in it keeps it; this one says its pid on stdout and becomes the program that carries its
// packets (pasta or slirp4netns). The end of the caller is the end of both.
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "commands.h"
#include "kernel.h"
#include "launch.h"

static void die_with(pid_t parent) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != parent) _exit(125);
}

static _Noreturn void keep_namespace(pid_t parent, int ready) {
  struct failure why = {0};
  die_with(parent);
  int result = unshare(CLONE_NEWNET) < 0 ? fail(&why, "network", "unshare", "CLONE_NEWNET", NULL)
                                         : loopback_up(&why);
  if (write(ready, &why, sizeof why) != sizeof why || result < 0) _exit(125);
  close(ready);
  for (;;) pause();
}

static int start_keeper(pid_t *keeper, struct failure *why) {
  int ends[2];
  if (pipe(ends) < 0) return fail(why, "network", "pipe", NULL, NULL);
  pid_t self = getpid();
  *keeper = fork();
  if (*keeper == 0) keep_namespace(self, ends[1]);
  close(ends[1]);
  if (*keeper < 0) return fail(why, "network", "fork", NULL, NULL);
  ssize_t got = read(ends[0], why, sizeof *why);
  close(ends[0]);
  return got == sizeof *why && why->kind == FAILURE_NONE ? 0 : -1;
}

// pasta gives its rights up before it looks at the namespace, and then may not look at the keeper's: it
// gets a file that is the namespace, which nobody else sees.
static int show_as_file(pid_t keeper, const char *file, struct failure *why) {
  char path[40];
  snprintf(path, sizeof path, "/proc/%d/ns/net", (int)keeper);
  if (unshare(CLONE_NEWNS) < 0 || sys_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
    return fail(why, "network", "unshare", "CLONE_NEWNS", NULL);
  if (sys_mount(path, file, NULL, MS_BIND, NULL) < 0) return fail(why, "network", "mount", file, NULL);
  return 0;
}

static int become(const char *program, pid_t keeper, char *path) {
  char pid[16];
  snprintf(pid, sizeof pid, "%d", (int)keeper);
  char *pasta[] = {"pasta", "--config-net", "--netns-only", "--netns", path, "--foreground", "--quiet",
                   "--dns-forward", "169.254.1.1", "-t", "none", "-u", "none", "-T", "none",
                   "-U", "none", "--runas", "0:0", NULL};
  char *slirp[] = {"slirp4netns", "--configure", "--mtu=65520", pid, "tap0", NULL};
  char **list = strcmp(program, "pasta") == 0 ? pasta : slirp;
  // What it says of its state is for nobody; its errors are.
  if (!freopen("/dev/null", "w", stdout)) return 125;
  execvp(list[0], list);
  fprintf(stderr, "%s: %s", list[0], strerror(errno));
  return errno == ENOENT ? 127 : 126;
}

int command_netns(int argc, char **argv) {
  if (argc != 4 || (strcmp(argv[1], "pasta") != 0 && strcmp(argv[1], "slirp4netns") != 0)) {
    fprintf(stderr, "usage: slipway-native netns pasta|slirp4netns PARENT FILE\n");
    return 125;
  }
  die_with((pid_t)atoi(argv[2]));
  struct failure why = {0};
  pid_t keeper = -1;
  if (start_keeper(&keeper, &why) < 0 || show_as_file(keeper, argv[3], &why) < 0) {
    fprintf(stderr, "%s %s: %s", why.call, why.path, strerror(why.error));
    return 125;
  }
  printf("%d\n", (int)keeper);
  if (fflush(stdout) != 0) return 125;
  return become(argv[1], keeper, argv[3]);
}
