// A system call filter between its JSON form (seccomp-read.c) and its program (seccomp-bpf.c).
#ifndef SLIPWAY_SECCOMP_RULES_H
#define SLIPWAY_SECCOMP_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "failure.h"
#include "json.h"
#include "seccomp-names.h"

enum {
  CONDITIONS_MAX = 6,
  RULES_MAX = 4096,
};

enum comparison { OP_NE, OP_LT, OP_LE, OP_EQ, OP_GE, OP_GT, OP_MASKED_EQ, COMPARISONS };

struct condition {
  unsigned index;  // of the argument
  uint64_t value, value_two;  // with OP_MASKED_EQ: the mask, and what is left under it
  enum comparison op;
};

// One system call on every architecture: the verdict when all conditions hold.
struct rule {
  const short *numbers;  // by enum architecture
  uint32_t verdict;      // SECCOMP_RET_…, with its data
  size_t first_condition, condition_count;  // in the filter's
};

struct filter {
  uint32_t default_verdict;
  unsigned flags;                  // SECCOMP_FILTER_FLAG_…
  bool is_listed[ARCHITECTURES];   // the native one always is
  struct rule *rules;              // in order; of several that match, the first decides
  size_t rule_count, rule_capacity;
  struct condition *conditions;    // of all rules; those for several names share them
  size_t condition_count, condition_capacity;
};

// Reads the object; free it also after a failure.
void filter_free(struct filter *filter);
int seccomp_read(const struct json *value, struct filter *filter, struct failure *why);

struct seccomp_program;
// -1: it would be longer than the kernel takes.
int seccomp_emit(const struct filter *filter, struct seccomp_program *program);

#endif
