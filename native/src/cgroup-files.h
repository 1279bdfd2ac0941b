// What the kernel is asked about cgroups, and told: the only calls into cgroupfs. The tests link
// another implementation, to see what is written on hosts that they do not have.
#ifndef SLIPWAY_CGROUP_FILES_H
#define SLIPWAY_CGROUP_FILES_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

// "cgroup" or "mountinfo" of this process; NULL with errno.
FILE *cgroup_facts(const char *name);
// A new group below an open one, 0 or -1 with errno; and the removal of an empty one.
int cgroup_make(int parent, const char *name);
int cgroup_unmake(int parent, const char *name);

bool cgroup_has(int folder, const char *file);
// One write of the whole text.
int cgroup_write(int folder, const char *file, const char *text);
// The beginning of the file as text, without the end of line; -1 with errno.
int cgroup_read(int folder, const char *file, char *text, size_t size);
// Loads a device program and attaches it to a version 2 group.
int cgroup_attach(int folder, const struct bpf_insn *instructions, size_t count);
// The machine has swap space in use.
bool cgroup_host_swaps(void);

#endif
