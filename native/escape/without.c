// A kernel that lacks system calls: a filter that answers for them.
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int command_without(char **args);

#define CALL(name) {#name, SYS_##name}
static const struct {
  const char *name;
  long number;
} calls[] = {
    CALL(clone3),      CALL(close_range), CALL(fsopen),        CALL(fsconfig),
    CALL(fsmount),     CALL(openat2),     CALL(open_tree),     CALL(move_mount),
    CALL(mount_setattr), CALL(mount),     CALL(pivot_root),    CALL(umount2),
    CALL(memfd_create), CALL(execveat),   CALL(seccomp),       CALL(sethostname),
    CALL(setgroups),   CALL(capset),      CALL(unshare),       CALL(pidfd_send_signal),
    CALL(mknodat),     CALL(setresuid),   CALL(setsid),        CALL(symlinkat),
};

// A number for `name` or `name=errno`; the answer in *error, ENOSYS by default.
static long find(const char *word, int *error) {
  size_t length = strcspn(word, "=");
  *error = word[length] ? atoi(word + length + 1) : ENOSYS;
  for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
    if (strlen(calls[i].name) == length && strncmp(calls[i].name, word, length) == 0)
      return calls[i].number;
  return -1;
}

// without CALL[=ERRNO]… -- PROGRAM ARG…
int command_without(char **args) {
  struct sock_filter code[64] = {
      {BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr)}};
  unsigned short length = 1;
  for (; *args && strcmp(*args, "--") != 0; args++) {
    int error;
    long number = find(*args, &error);
    if (number < 0 || length > 60) return 2;
    code[length++] = (struct sock_filter){BPF_JMP | BPF_JEQ | BPF_K, 0, 1, (unsigned)number};
    code[length++] =
        (struct sock_filter){BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | (unsigned)error};
  }
  code[length++] = (struct sock_filter){BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
  struct sock_fprog filter = {length, code};
  if (!args[0] || !args[1]) return 2;
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) < 0) return 2;
  execv(args[1], args + 1);
  fprintf(stderr, "slipway-escape: %s: %s\n", args[1], strerror(errno));
  return 127;
}
