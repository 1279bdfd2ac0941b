// System call filters (config-linux.md §Seccomp): the JSON form compiled to a classic BPF program.
// Only the architecture this is built for: a process of another one is killed, x32 gets ENOSYS.
#ifndef SLIPWAY_SECCOMP_H
#define SLIPWAY_SECCOMP_H

#include <linux/filter.h>
#include <stddef.h>

#include "failure.h"
#include "json.h"

struct seccomp_program {
  struct sock_filter *instructions;  // NULL: no filter
  size_t count;
};

// Compiles /linux/seccomp. A rule for a name that is unknown here is left out when it allows, and
// refused when it denies: leaving that out would open what somebody wanted closed.
int seccomp_compile(const struct json *value, struct seccomp_program *program,
                    struct failure *why);

// Installs the filter; without one, does nothing. Needs CAP_SYS_ADMIN or no_new_privs.
int seccomp_install(const struct seccomp_program *program, struct failure *why);

// The number of a system call by name, or -1.
int seccomp_syscall_number(const char *name);

#endif
