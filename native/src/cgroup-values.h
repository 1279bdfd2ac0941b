// The specification's numbers are those of version 1; these are what version 2 means by them, by the
// rules that runc has. Pure.
#ifndef SLIPWAY_CGROUP_VALUES_H
#define SLIPWAY_CGROUP_VALUES_H

#include <stdint.h>

// cpu.shares 2 … 262144, usually 1024, to cpu.weight 1 … 10000, usually 100. 0 stays 0.
uint64_t weight_of_shares(uint64_t shares);
// blkio.weight 10 … 1000 to io.weight 1 … 10000.
uint64_t weight_of_block_weight(uint64_t weight);
// Memory and swap together, to swap alone. -1: no limit. -2: it cannot be said, for want of a
// memory limit, or it is smaller than that.
int64_t swap_alone(int64_t memory, int64_t memory_and_swap);

#endif
