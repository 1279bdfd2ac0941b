// System call filters; see seccomp.h.
#include "seccomp.h"

#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

int seccomp_install(const struct seccomp_program *program, struct failure *why) {
  if (!program->instructions) return 0;
  struct sock_fprog filter = {(unsigned short)program->count, program->instructions};
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) < 0)
    return fail(why, "seccomp", "seccomp", "/linux/seccomp", NULL);
  return 0;
}
