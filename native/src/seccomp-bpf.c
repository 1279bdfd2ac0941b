// Rules to a classic BPF program; see seccomp-rules.h. Per architecture they become ranges of system
// call numbers with the same verdict, and the program a balanced search over the ranges: about eight
// comparisons a call.
#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "seccomp-rules.h"
#include "seccomp.h"

enum {
  NUMBERS = 640,      // system calls are numbered below this everywhere
  KNOWN_NUMBERS = 470,  // the first one that seccomp-names.c does not know, but for those of x32
  X32_OWN = 512, X32_OWN_END = 548,
  INSTRUCTIONS_MAX = 4096,  // BPF_MAXINSNS
  X32_BIT = 0x40000000,
};

struct compiler {
  const struct filter *filter;
  enum architecture architecture;  // what is being emitted
  uint32_t plain[NUMBERS];         // the verdict without conditions
  bool is_conditional[NUMBERS];
  struct sock_filter code[INSTRUCTIONS_MAX];
  size_t length;
};

static size_t emit(struct compiler *c, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf) {
  // One beyond the end is where an overlong program writes; it is refused at the end.
  size_t at = c->length < INSTRUCTIONS_MAX ? c->length++ : INSTRUCTIONS_MAX - 1;
  c->code[at] = (struct sock_filter){code, jt, jf, k};
  return at;
}

static void emit_return(struct compiler *c, uint32_t verdict) {
  emit(c, BPF_RET | BPF_K, verdict, 0, 0);
}

// ---- conditions ----------------------------------------------------------------------------

// Loads half of an argument; every architecture here is little-endian.
static void emit_load(struct compiler *c, unsigned index, bool is_high) {
  size_t offset = offsetof(struct seccomp_data, args) + 8 * index + (is_high ? 4 : 0);
  emit(c, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

enum { TO_FAIL = 255 };  // patched: a jump to what follows the rule

static const uint16_t jeq = BPF_JMP | BPF_JEQ | BPF_K, jgt = BPF_JMP | BPF_JGT | BPF_K,
                      jge = BPF_JMP | BPF_JGE | BPF_K;

static void emit_mask(struct compiler *c, uint32_t mask) {
  emit(c, BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
}

// The low half against `wanted`; the only one that counts for 32-bit programs.
static void emit_low(struct compiler *c, const struct condition *condition, uint64_t wanted) {
  uint32_t low = (uint32_t)wanted;
  emit_load(c, condition->index, false);
  switch (condition->op) {
    case OP_MASKED_EQ: emit_mask(c, (uint32_t)condition->value); __attribute__((fallthrough));
    case OP_EQ: emit(c, jeq, low, 0, TO_FAIL); break;
    case OP_NE: emit(c, jeq, low, TO_FAIL, 0); break;
    case OP_GT: emit(c, jgt, low, 0, TO_FAIL); break;
    case OP_GE: emit(c, jge, low, 0, TO_FAIL); break;
    case OP_LT: emit(c, jge, low, TO_FAIL, 0); break;
    default: emit(c, jgt, low, TO_FAIL, 0);  // OP_LE
  }
}

// Falls through when the condition holds, jumps to TO_FAIL when it does not. High half first: often it
// decides.
static void emit_condition(struct compiler *c, const struct condition *condition) {
  bool is_masked = condition->op == OP_MASKED_EQ;
  uint64_t wanted = is_masked ? condition->value_two & condition->value : condition->value;
  uint32_t high = (uint32_t)(wanted >> 32);
  if (c->architecture == ARCH_X86) {
    emit_low(c, condition, wanted);
    return;
  }
  emit_load(c, condition->index, true);
  if (is_masked) emit_mask(c, (uint32_t)(condition->value >> 32));
  switch (condition->op) {
    case OP_EQ:
    case OP_MASKED_EQ: emit(c, jeq, high, 0, TO_FAIL); break;
    case OP_NE: emit(c, jeq, high, 0, 2); break;  // it differs: holds
    case OP_GT:
    case OP_GE:
      emit(c, jgt, high, 3, 0);  // holds
      emit(c, jeq, high, 0, TO_FAIL);
      break;
    default:  // OP_LT, OP_LE
      emit(c, jgt, high, TO_FAIL, 0);
      emit(c, jeq, high, 0, 2);  // smaller: holds
  }
  emit_low(c, condition, wanted);
}

// At most six conditions of seven instructions: every jump fits a byte and none is 255 itself.
static void patch_failures(struct compiler *c, size_t from) {
  for (size_t at = from; at < c->length; at++) {
    struct sock_filter *one = &c->code[at];
    if (BPF_CLASS(one->code) != BPF_JMP) continue;
    if (one->jt == TO_FAIL) one->jt = (uint8_t)(c->length - at - 1);
    if (one->jf == TO_FAIL) one->jf = (uint8_t)(c->length - at - 1);
  }
}

// ---- numbers -------------------------------------------------------------------------------

// What happens to one number, or to a range of them without conditions.
static void emit_leaf(struct compiler *c, int number) {
  const struct filter *filter = c->filter;
  for (size_t i = 0; c->is_conditional[number] && i < filter->rule_count; i++) {
    const struct rule *rule = &filter->rules[i];
    if (rule->numbers[c->architecture] != number || rule->condition_count == 0) continue;
    size_t start = c->length;
    const struct condition *conditions = filter->conditions + rule->first_condition;
    for (size_t k = 0; k < rule->condition_count; k++) emit_condition(c, &conditions[k]);
    emit_return(c, rule->verdict);
    patch_failures(c, start);
  }
  emit_return(c, c->plain[number]);
}

// starts[0…count-1]: first numbers of ranges, ascending. The accumulator holds the number.
static void emit_search(struct compiler *c, const int *starts, size_t count) {
  if (count == 1) {
    emit_leaf(c, starts[0]);
    return;
  }
  size_t middle = count / 2;
  emit(c, jge, (uint32_t)starts[middle], 0, 1);
  size_t jump = emit(c, BPF_JMP | BPF_JA, 0, 0, 0);
  emit_search(c, starts, middle);
  c->code[jump].k = (uint32_t)(c->length - jump - 1);
  emit_search(c, starts + middle, count - middle);
}

// A call that is newer than this program does not exist when the others merely fail: libraries try new
// calls, and go on with older ones only after ENOSYS.
static uint32_t unlisted(const struct compiler *c, int number) {
  bool is_new = number >= KNOWN_NUMBERS && !(c->architecture == ARCH_X32 && number >= X32_OWN &&
                                             number < X32_OWN_END);
  bool says_errno = (c->filter->default_verdict & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO;
  return is_new && says_errno ? SECCOMP_RET_ERRNO | ENOSYS : c->filter->default_verdict;
}

// A rule without conditions wins over those with; of two without, the first.
static void collect(struct compiler *c) {
  bool is_decided[NUMBERS] = {false};
  for (int number = 0; number < NUMBERS; number++) {
    c->plain[number] = unlisted(c, number);
    c->is_conditional[number] = false;
  }
  for (size_t i = 0; i < c->filter->rule_count; i++) {
    const struct rule *rule = &c->filter->rules[i];
    int number = rule->numbers[c->architecture];
    if (number < 0 || is_decided[number]) continue;
    c->is_conditional[number] = rule->condition_count > 0;
    is_decided[number] = rule->condition_count == 0;
    if (is_decided[number]) c->plain[number] = rule->verdict;
  }
}

static void emit_calls(struct compiler *c, enum architecture architecture) {
  c->architecture = architecture;
  collect(c);
  emit(c, jge, NUMBERS, 0, 1);
  emit_return(c, unlisted(c, NUMBERS));
  int starts[NUMBERS];
  size_t count = 0;
  for (int number = 0; number < NUMBERS; number++) {
    bool is_same = number > 0 && !c->is_conditional[number] && !c->is_conditional[number - 1] &&
                   c->plain[number] == c->plain[number - 1];
    if (!is_same) starts[count++] = number;
  }
  emit_search(c, starts, count);
}

// ---- architectures -------------------------------------------------------------------------

static void load_field(struct compiler *c, size_t offset) {
  emit(c, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

// Skips what `emit_inside` emits unless the accumulator is `value`.
static size_t begin_case(struct compiler *c, uint16_t comparison, uint32_t value) {
  emit(c, comparison, value, 1, 0);
  return emit(c, BPF_JMP | BPF_JA, 0, 0, 0);
}

static void end_case(struct compiler *c, size_t jump) {
  c->code[jump].k = (uint32_t)(c->length - jump - 1);
}

// x32 is x86-64 with a bit in the number: by themselves its calls would pass as unknown ones.
static void emit_x32(struct compiler *c) {
  size_t jump = begin_case(c, jge, X32_BIT);
  if (c->filter->is_listed[ARCH_X32]) {
    emit_mask(c, ~(uint32_t)X32_BIT);
    emit_calls(c, ARCH_X32);
  } else {
    emit_return(c, SECCOMP_RET_ERRNO | ENOSYS);
  }
  end_case(c, jump);
}

static void emit_program(struct compiler *c) {
  static const struct {
    enum architecture architecture;
    uint32_t audit;
  } kinds[] = {
#if defined(__x86_64__)
      {ARCH_X86_64, AUDIT_ARCH_X86_64},
      {ARCH_X86, AUDIT_ARCH_I386},
#else
      {ARCH_AARCH64, AUDIT_ARCH_AARCH64},
#endif
  };
  load_field(c, offsetof(struct seccomp_data, arch));
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    if (!c->filter->is_listed[kinds[i].architecture]) continue;
    size_t jump = begin_case(c, jeq, kinds[i].audit);
    load_field(c, offsetof(struct seccomp_data, nr));
    if (kinds[i].architecture == ARCH_X86_64) emit_x32(c);
    emit_calls(c, kinds[i].architecture);
    end_case(c, jump);
  }
  emit_return(c, SECCOMP_RET_KILL_PROCESS);
}

int seccomp_emit(const struct filter *filter, struct seccomp_program *program) {
  struct compiler *c = allocate(sizeof *c);
  c->filter = filter;
  emit_program(c);
  bool fits = c->length < INSTRUCTIONS_MAX;
  if (fits) {
    program->count = c->length;
    program->instructions = allocate(c->length * sizeof *c->code);
    memcpy(program->instructions, c->code, c->length * sizeof *c->code);
  }
  free(c);
  return fits ? 0 : -1;
}
