// See signals.h.
#include "signals.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
  KERNEL_SIGRTMIN = 34,  // as docker counts: the two below are the C library's
  SIGNAL_MAX = 64,
};

static const struct {
  const char *name;
  int number;
} names[] = {
    {"HUP", SIGHUP},       {"INT", SIGINT},       {"QUIT", SIGQUIT},     {"ILL", SIGILL},
    {"TRAP", SIGTRAP},     {"ABRT", SIGABRT},     {"IOT", SIGABRT},      {"BUS", SIGBUS},
    {"FPE", SIGFPE},       {"KILL", SIGKILL},     {"USR1", SIGUSR1},     {"SEGV", SIGSEGV},
    {"USR2", SIGUSR2},     {"PIPE", SIGPIPE},     {"ALRM", SIGALRM},     {"TERM", SIGTERM},
    {"STKFLT", SIGSTKFLT}, {"CHLD", SIGCHLD},     {"CLD", SIGCHLD},      {"CONT", SIGCONT},
    {"STOP", SIGSTOP},     {"TSTP", SIGTSTP},     {"TTIN", SIGTTIN},     {"TTOU", SIGTTOU},
    {"URG", SIGURG},       {"XCPU", SIGXCPU},     {"XFSZ", SIGXFSZ},     {"VTALRM", SIGVTALRM},
    {"PROF", SIGPROF},     {"WINCH", SIGWINCH},   {"IO", SIGIO},         {"POLL", SIGIO},
    {"PWR", SIGPWR},       {"SYS", SIGSYS},       {"RTMIN", KERNEL_SIGRTMIN}, {"RTMAX", SIGNAL_MAX},
};

static int whole_number(const char *text) {
  char *end;
  long number = strtol(text, &end, 10);
  return *text && !*end && number >= 0 && number <= SIGNAL_MAX ? (int)number : -1;
}

int signal_number(const char *text) {
  int number = whole_number(text);
  if (number >= 0) return number == 0 ? -1 : number;
  if (strncasecmp(text, "SIG", 3) == 0) text += 3;
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (strcasecmp(names[i].name, text) == 0) return names[i].number;
  if (strncasecmp(text, "RTMIN+", 6) != 0) return -1;
  int offset = whole_number(text + 6);
  return offset < 0 || offset > SIGNAL_MAX - KERNEL_SIGRTMIN ? -1 : KERNEL_SIGRTMIN + offset;
}
