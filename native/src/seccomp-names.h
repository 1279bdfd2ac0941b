// The architectures whose system calls a filter can name, and the numbers of the calls on each.
#ifndef SLIPWAY_SECCOMP_NAMES_H
#define SLIPWAY_SECCOMP_NAMES_H

enum architecture { ARCH_X86_64, ARCH_X86, ARCH_X32, ARCH_AARCH64, ARCHITECTURES };

// The numbers of a call by name, -1 where an architecture has none. NULL: the name is not known.
const short *syscall_numbers(const char *name);

#endif
