// run: one container from an OCI bundle, in the foreground, with this process's own stdio. What it
// has to say goes to the status descriptor as JSON lines; without one, errors go to stderr.
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "cleanup.h"
#include "commands.h"
#include "guard.h"
#include "kernel.h"
#include "launch.h"
#include "status.h"

struct options {
  const char *bundle, *id;
  int status;  // -1: none
};

static int parse_options(int argc, char **argv, struct options *options) {
  *options = (struct options){.status = -1};
  for (int i = 1; i < argc; i++) {
    bool has_value = i + 1 < argc;
    if (strcmp(argv[i], "--bundle") == 0 && has_value) {
      options->bundle = argv[++i];
    } else if (strcmp(argv[i], "--status-fd") == 0 && has_value) {
      char *end;
      long number = strtol(argv[++i], &end, 10);
      if (*end || end == argv[i] || number < 3 || fcntl((int)number, F_GETFD) < 0) return -1;
      options->status = (int)number;
    } else if (argv[i][0] != '-' && !options->id) {
      options->id = argv[i];
    } else {
      return -1;
    }
  }
  return options->bundle && options->id ? 0 : -1;
}

static void report(const struct options *options, struct bytes *line) {
  // A reader that has gone does not stop the container.
  if (options->status >= 0 && write(options->status, line->data, line->length) < 0) return;
}

static int report_failure(const struct options *options, const struct failure *why) {
  cleanup_bytes struct bytes line = {0};
  status_error(&line, why);
  report(options, &line);
  if (options->status < 0)
    fprintf(stderr, "slipway-native: %s: %s %s: %s%s%s\n", why->stage, why->call, why->path,
            strerror(why->error), why->hint[0] ? "; " : "", why->hint);
  return failure_status(why);
}

// Passes signals on to the container and waits for its end; the wait status is the result.
static int wait_for_end(const struct launched *launched) {
  sigset_t signals;
  sigprocmask(SIG_SETMASK, NULL, &signals);  // what the guard blocked
  cleanup_close int signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
  struct pollfd watched[2] = {{.fd = launched->pidfd, .events = POLLIN},
                              {.fd = signal_fd, .events = POLLIN}};
  while (!(watched[0].revents & POLLIN)) {
    if (poll(watched, 2, -1) < 0 && errno != EINTR) break;
    struct signalfd_siginfo info;
    if (!(watched[1].revents & POLLIN) || read(signal_fd, &info, sizeof info) != sizeof info)
      continue;
    int number = (int)info.ssi_signo == GUARD_KILL ? SIGKILL : (int)info.ssi_signo;
    if (number != SIGCHLD) sys_pidfd_send_signal(launched->pidfd, number);
  }
  int status = 0;
  while (waitpid(launched->pid, &status, 0) < 0 && errno == EINTR) continue;
  return status;
}

static int run_container(const struct options *options, const struct bundle *bundle,
                         struct failure *why) {
  cleanup_bytes struct bytes line = {0};
  struct launched launched;
  struct start start = start_with((const int[]){0, 1, 2});
  if (launch_start(bundle, &start, &launched, why) < 0) return -1;
  pid_t pid = host_pid(launched.pidfd);
  status_created(&line, pid);
  int outcome = launch_with_hooks(bundle, &start, &launched, why);
  if (outcome == 0) status_started(&line, pid);
  report(options, &line);
  int status = wait_for_end(&launched);
  close(launched.pidfd);
  bool is_out_of_memory = launch_clean_up(&launched);
  if (outcome < 0) return -1;
  line.length = 0;
  status_exited(&line, launch_exit_code(status), is_out_of_memory);
  report(options, &line);
  return launch_exit_code(status);
}

int command_run(int argc, char **argv) {
  struct options options;
  if (parse_options(argc, argv, &options) < 0) {
    fprintf(stderr, "usage: slipway-native run --bundle DIR [--status-fd N] ID\n");
    return 125;
  }
  if (options.status >= 0) fcntl(options.status, F_SETFD, FD_CLOEXEC);
  struct failure why = {0};
  struct bundle bundle;
  if (guard_enter(&why) < 0 || bundle_open(options.bundle, &bundle, &why) < 0)
    return report_failure(&options, &why);
  int result = run_container(&options, &bundle, &why);
  bundle_close(&bundle);
  return result < 0 ? report_failure(&options, &why) : result;
}
