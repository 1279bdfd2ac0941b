// See cgroup-values.h.
#include "cgroup-values.h"

#include <math.h>

// A parabola between the logarithms through both ends and both usual values, so that a container with
// 1024 shares weighs as much as a neighbour that nobody gave a weight. A straight line would give it
// 39 of 100.
uint64_t weight_of_shares(uint64_t shares) {
  if (shares == 0) return 0;
  if (shares <= 2) return 1;
  if (shares >= 262144) return 10000;
  double l = log2((double)shares);
  double exponent = (l * l + 125 * l) / 612.0 - 7.0 / 34.0;
  return (uint64_t)ceil(pow(10, exponent));
}

uint64_t weight_of_block_weight(uint64_t weight) {
  return weight == 0 ? 0 : 1 + (weight - 10) * 9999 / 990;
}

int64_t swap_alone(int64_t memory, int64_t memory_and_swap) {
  if (memory_and_swap < 0) return -1;
  if (memory <= 0 || memory_and_swap < memory) return -2;
  return memory_and_swap - memory;
}
