// See foreground.h.
#include "foreground.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "cleanup.h"
#include "console.h"
#include "guard.h"
#include "kernel.h"

void foreground_block_signals(void) {
  sigset_t signals;
  guard_signals(&signals);
  sigprocmask(SIG_BLOCK, &signals, NULL);
  signal(SIGPIPE, SIG_IGN);
}

// Before the process is there: it may ask at once.
static void take_size(struct process_spec *process) {
  struct winsize size;
  if (process->console_rows || process->console_columns || terminal_size(&size) < 0) return;
  process->console_rows = size.ws_row;
  process->console_columns = size.ws_col;
}

int foreground_open_terminal(struct process_spec *process, const char *socket, int ends[2],
                             struct failure *why) {
  ends[0] = ends[1] = -1;
  if (socket && !process->has_terminal) {
    errno = EINVAL;
    return fail(why, "terminal", "check", "--console-socket", "process.terminal is not set");
  }
  if (socket) return (ends[1] = console_connect(socket, why)) < 0 ? -1 : 0;
  if (process->has_terminal) take_size(process);
  if (process->has_terminal && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
    return fail(why, "terminal", "socketpair", NULL, NULL);
  return 0;
}

static void pass_on(int signal_fd, const struct launched *launched,
                    const struct terminal *terminal) {
  struct signalfd_siginfo info;
  if (read(signal_fd, &info, sizeof info) != sizeof info) return;
  int number = (int)info.ssi_signo == GUARD_KILL ? SIGKILL : (int)info.ssi_signo;
  if (number == SIGWINCH && terminal->master >= 0) terminal_resize(terminal);
  else if (number != SIGCHLD) sys_pidfd_send_signal(launched->pidfd, number);
}

int foreground_wait(const struct launched *launched, int ours) {
  sigset_t signals;
  sigprocmask(SIG_SETMASK, NULL, &signals);  // what is blocked
  cleanup_close int signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
  struct terminal terminal = {.master = -1};
  int master = ours >= 0 ? console_receive(ours) : -1;
  if (master >= 0) terminal_begin(&terminal, master);
  struct pollfd watched[2 + TERMINAL_POLLED] = {{.fd = launched->pidfd, .events = POLLIN},
                                                {.fd = signal_fd, .events = POLLIN}};
  while (!(watched[0].revents & POLLIN)) {
    terminal_watch(&terminal, watched + 2);
    if (poll(watched, sizeof watched / sizeof *watched, -1) < 0) {
      if (errno != EINTR) break;
      continue;
    }
    if (watched[1].revents & POLLIN) pass_on(signal_fd, launched, &terminal);
    terminal_advance(&terminal, watched + 2);
  }
  terminal_end(&terminal);
  int status = 0;
  while (waitpid(launched->pid, &status, 0) < 0 && errno == EINTR) continue;
  return launch_exit_code(status);
}
