// Calls that change the machine for everybody: modules, kernels, clocks, keys, programs in the kernel,
// ports. Arguments are such that nothing happens where one is allowed.
#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <sched.h>
#include <string.h>
#include <sys/quota.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "escape.h"

static const char NOWHERE[] = "/nonexistent";

#define CALL(name, ...)                                        \
  static const char *try_##name(void) {                        \
    return outcome(syscall(__VA_ARGS__));                      \
  }

CALL(kexec_load, SYS_kexec_load, 0, 0, NULL, 0)
CALL(kexec_file_load, SYS_kexec_file_load, -1, -1, 0, NULL, 0)
CALL(init_module, SYS_init_module, "", 0, "")
CALL(finit_module, SYS_finit_module, -1, "", 0)
CALL(delete_module, SYS_delete_module, "no_such_module", O_NONBLOCK)
CALL(reboot, SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_CAD_OFF, NULL)
CALL(swapon, SYS_swapon, NOWHERE, 0)
CALL(swapoff, SYS_swapoff, NOWHERE)
CALL(acct, SYS_acct, NOWHERE)
CALL(quotactl, SYS_quotactl, QCMD(Q_QUOTAON, USRQUOTA), NOWHERE, 0, NOWHERE)
CALL(syslog, SYS_syslog, 3, "", 0)
CALL(add_key, SYS_add_key, "user", "slipway", "x", 1, -4)
CALL(request_key, SYS_request_key, "user", "slipway", NULL, -4)
CALL(keyctl, SYS_keyctl, 0, -4, 1)
CALL(bpf, SYS_bpf, 0, "", 0)
CALL(userfaultfd, SYS_userfaultfd, 0)
CALL(io_uring_setup, SYS_io_uring_setup, 1, NULL)
CALL(fanotify_init, SYS_fanotify_init, 0, 0)
CALL(sethostname, SYS_sethostname, "escaped", 7)
CALL(setdomainname, SYS_setdomainname, "escaped", 7)
CALL(vhangup, SYS_vhangup)
CALL(lookup_dcookie, SYS_lookup_dcookie, 0, NULL, 0)
CALL(move_pages, SYS_move_pages, 0, 0, NULL, NULL, NULL, 0)
CALL(set_mempolicy, SYS_set_mempolicy, 0, NULL, 0)
CALL(nfsservctl, SYS_nfsservctl, 0, NULL, NULL)

static const char *try_perf_event_open(void) {
  struct {
    unsigned type, size;
    unsigned long long rest[14];
  } software_clock = {1, 120, {0}};
  return outcome(syscall(SYS_perf_event_open, &software_clock, -1, 0, -1, 0));
}

static const char *try_settimeofday(void) {
  struct timeval now;
  gettimeofday(&now, NULL);
  return outcome(syscall(SYS_settimeofday, &now, NULL));
}

static const char *try_clock_settime(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return outcome(syscall(SYS_clock_settime, CLOCK_REALTIME, &now));
}

// Allowed to ask, not to change: docker's filter lets it through to the kernel's own check.
static const char *try_adjtimex(void) {
  struct timex clock = {0};
  if (syscall(SYS_adjtimex, &clock) < 0) return NULL;
  clock.modes = ADJ_TICK;
  return outcome(syscall(SYS_adjtimex, &clock));
}

// More than the hard limit that this process began with.
static const char *try_raise_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NPROC, &limit) < 0) return NULL;
  limit.rlim_max = limit.rlim_cur = 1;
  if (setrlimit(RLIMIT_NPROC, &limit) < 0) return NULL;
  limit.rlim_max = limit.rlim_cur = 2;
  return outcome(setrlimit(RLIMIT_NPROC, &limit));
}

static const char *try_realtime(void) {
  struct sched_param priority = {.sched_priority = 1};
  return outcome(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &priority));
}

static const char *try_lower_oom_score(void) {
  int file = open("/proc/self/oom_score_adj", O_WRONLY);
  return file < 0 ? NULL : outcome(write(file, "-1000", 5));
}

#if defined(__x86_64__)
CALL(iopl, SYS_iopl, 3)
CALL(ioperm, SYS_ioperm, 0x80, 1, 1)
// A number of the x32 table: a filter that looks at numbers only would take it for another call.
CALL(x32, 0x40000000L | SYS_mount, "none", "/tmp", "tmpfs", 0, NULL)

// The 32-bit entry: mount is number 21 there, access in the 64-bit table.
static const char *try_int80(void) {
  long result;
  __asm__ volatile("int $0x80" : "=a"(result) : "a"(21L), "b"(0L), "c"(0L), "d"(0L) : "memory");
  if (result >= 0) return "succeeded";
  errno = (int)-result;
  return NULL;
}
#endif

const struct attempt kernel_attempts[] = {
    {"kexec_load", try_kexec_load},
    {"kexec_file_load", try_kexec_file_load},
    {"init_module", try_init_module},
    {"finit_module", try_finit_module},
    {"delete_module", try_delete_module},
    {"reboot", try_reboot},
    {"swapon", try_swapon},
    {"swapoff", try_swapoff},
    {"acct", try_acct},
    {"quotactl", try_quotactl},
    {"syslog", try_syslog},
    {"add_key", try_add_key},
    {"request_key", try_request_key},
    {"keyctl", try_keyctl},
    {"bpf", try_bpf},
    {"userfaultfd", try_userfaultfd},
    {"io_uring_setup", try_io_uring_setup},
    {"fanotify_init", try_fanotify_init},
    {"perf_event_open", try_perf_event_open},
    {"sethostname", try_sethostname},
    {"setdomainname", try_setdomainname},
    {"settimeofday", try_settimeofday},
    {"clock_settime", try_clock_settime},
    {"adjtimex", try_adjtimex},
    {"vhangup", try_vhangup},
    {"lookup_dcookie", try_lookup_dcookie},
    {"move_pages", try_move_pages},
    {"set_mempolicy", try_set_mempolicy},
    {"nfsservctl", try_nfsservctl},
    {"raise-limit", try_raise_limit},
    {"realtime", try_realtime},
    {"lower-oom-score", try_lower_oom_score},
#if defined(__x86_64__)
    {"iopl", try_iopl},
    {"ioperm", try_ioperm},
    {"x32", try_x32},
    {"int80", try_int80},
#endif
    {NULL, NULL},
};
