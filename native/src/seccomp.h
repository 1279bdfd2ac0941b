// System call filters (config-linux.md §Seccomp): the JSON form compiled to a classic BPF program. On
// x86-64 it covers x86 and x32 when they are listed; a process of another architecture is killed.
#ifndef SLIPWAY_SECCOMP_H
#define SLIPWAY_SECCOMP_H

#include <linux/filter.h>
#include <stddef.h>

#include "failure.h"
#include "json.h"

struct seccomp_program {
  struct sock_filter *instructions;  // NULL: no filter
  size_t count;
  unsigned flags;  // SECCOMP_FILTER_FLAG_…
};

// Compiles /linux/seccomp. Names of system calls that are not known here are left out, as every
// runtime does: profiles are written for all architectures, and for kernels to come.
int seccomp_compile(const struct json *value, struct seccomp_program *program,
                    struct failure *why);

// Installs the filter; without one, does nothing. Needs CAP_SYS_ADMIN or no_new_privs.
int seccomp_install(const struct seccomp_program *program, struct failure *why);

#endif
