// System call filters (config-linux.md §Seccomp): the JSON form compiled to a classic BPF program.
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

// Installs the filter; without one, does nothing.
int seccomp_install(const struct seccomp_program *program, struct failure *why);

#endif
