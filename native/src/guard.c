// The guard; see guard.h.
#include "guard.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "cleanup.h"
#include "kernel.h"
#include "launch.h"

// EINVAL on the root has one reason.
#define IN_CHROOT                                                                                \
  "/ is a plain folder (chroot), not a mount point; enter it with: unshare --mount sh -c "       \
  "'mount --rbind DIR DIR && exec chroot DIR'"

static int alive = -1;

int guard_alive_fd(void) { return alive; }

void guard_signals(sigset_t *signals) {
  static const int numbers[] = {SIGCHLD, SIGINT,  SIGTERM,  SIGHUP,    SIGQUIT,
                                SIGUSR1, SIGUSR2, SIGWINCH, GUARD_KILL};
  sigemptyset(signals);
  for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) sigaddset(signals, numbers[i]);
}

// The outer process: nothing but waiting. It dies with its own parent, and the inner one with it.
static _Noreturn void stand_guard(pid_t inner, const sigset_t *signals) {
  for (;;) {
    siginfo_t info;
    int number = sigwaitinfo(signals, &info);
    if (number < 0) continue;
    if (number != SIGCHLD) {
      kill(inner, number);
      continue;
    }
    int status;
    if (waitpid(inner, &status, WNOHANG) == inner) _exit(launch_exit_code(status));
  }
}

// The outer process may have died before the signal was set: then its end of the pipe is closed.
static void die_with_outer(void) {
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  struct pollfd outer = {.fd = alive, .events = POLLIN};
  if (poll(&outer, 1, 0) > 0) _exit(125);
}

int guard_enter(struct failure *why) {
  pid_t parent = getppid();
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != parent)
    return fail(why, "parent", "prctl PR_SET_PDEATHSIG", NULL, "the caller has ended");
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return fail(why, "clone", "pipe2", NULL, NULL);
  cleanup_close int watched = ends[0];
  cleanup_close int held = ends[1];

  // Blocked before the clone in both: the outer one takes them with sigwaitinfo, and to a pid 1
  // without handlers only a blocked signal arrives at all.
  sigset_t signals;
  guard_signals(&signals);
  sigprocmask(SIG_BLOCK, &signals, NULL);
  signal(SIGPIPE, SIG_IGN);

  struct clone_args args = {.flags = CLONE_NEWPID | CLONE_NEWNS, .exit_signal = SIGCHLD};
  pid_t inner = (pid_t)sys_clone3(&args);
  if (inner < 0)
    return fail(why, "clone", "clone3", NULL, "run as root: new namespaces need CAP_SYS_ADMIN");
  if (inner > 0) {
    close(steal_fd(&watched));
    (void)steal_fd(&held);  // open until this process ends
    stand_guard(inner, &signals);
  }
  alive = steal_fd(&watched);
  close(steal_fd(&held));
  die_with_outer();
  // Slaves: what the host mounts later can reach a container that asks for it; nothing leads back.
  if (sys_mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
    return fail(why, "mount", "mount MS_SLAVE", "/", errno == EINVAL ? IN_CHROOT : NULL);
  return 0;
}
