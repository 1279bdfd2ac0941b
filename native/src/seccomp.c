// From JSON to a filter in force; see seccomp.h.
#include "seccomp.h"

#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fields.h"
#include "seccomp-rules.h"

int seccomp_compile(const struct json *value, struct seccomp_program *program,
                    struct failure *why) {
  struct filter filter = {0};
  int result = seccomp_read(value, &filter, why);
  if (result == 0 && seccomp_emit(&filter, program) < 0)
    result = refuse_malformed(value, "a filter of at most 4096 instructions", why);
  program->flags = filter.flags;
  filter_free(&filter);
  return result;
}

int seccomp_install(const struct seccomp_program *program, struct failure *why) {
  if (!program->instructions) return 0;
  struct sock_fprog filter = {(unsigned short)program->count, program->instructions};
  // With TSYNC a positive number would be a thread that refused; there is only this one.
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, program->flags, &filter) < 0)
    return fail(why, "seccomp", "seccomp", "/linux/seccomp", NULL);
  return 0;
}
