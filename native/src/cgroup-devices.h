// The list of devices that a container may open or make: one meaning, two ways to tell the kernel.
// For each right that is asked for (read, write, mknod) the last rule that matches decides; without
// any, it is refused. Pure functions.
#ifndef SLIPWAY_CGROUP_DEVICES_H
#define SLIPWAY_CGROUP_DEVICES_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>

#include "failure.h"
#include "memory.h"
#include "spec-resources.h"

// The rules of the resources, and behind them what every container may do (config-linux.md §Default
// Devices): make nodes, and use those of /dev. The array is the caller's.
struct device_rule *device_rules(const struct resources *resources, size_t *count);

// Version 2: the rules as a BPF program. The array is the caller's.
struct bpf_insn *device_program(const struct device_rule *rules, size_t count,
                                size_t *instruction_count);

// Version 1: the lines to write, one after the other, each "allow TEXT" or "deny TEXT". The kernel
// there knows only a default and exceptions from it, so not every list can be said: -1.
int device_lines(const struct device_rule *rules, size_t count, struct bytes *lines,
                 struct failure *why);

// Devices cannot be limited in a user namespace, nor need they be: nodes cannot be made there, and
// no mount of it opens any.
bool devices_are_limitable(void);

#endif
