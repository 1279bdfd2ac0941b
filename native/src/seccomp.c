// System call filters; see seccomp.h. Rules become ranges of system call numbers with the same
// verdict, and the program a balanced search over the ranges: about eight comparisons a call.
#include "seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fields.h"
#include "memory.h"

#if defined(__x86_64__)
#define NATIVE_AUDIT AUDIT_ARCH_X86_64
#define NATIVE_NAME "SCMP_ARCH_X86_64"
#elif defined(__aarch64__)
#define NATIVE_AUDIT AUDIT_ARCH_AARCH64
#define NATIVE_NAME "SCMP_ARCH_AARCH64"
#else
#error "seccomp.c knows x86-64 and arm64"
#endif

enum {
  NUMBERS = 1024,  // system calls are numbered below this on both architectures
  RULES_MAX = 4096,
  INSTRUCTIONS_MAX = 4096,  // BPF_MAXINSNS
  X32_BIT = 0x40000000,
};

struct condition {
  unsigned index;
  uint64_t value, value_two;
  unsigned op;  // place in condition_ops
};

struct rule {
  int number;
  uint32_t verdict;
  struct condition conditions[6];
  size_t condition_count;
};

struct compiler {
  uint32_t default_verdict;
  struct rule *rules;  // only those with conditions, in order
  size_t rule_count, rule_capacity;
  uint32_t plain[NUMBERS];  // the verdict without conditions
  bool is_conditional[NUMBERS];
  struct sock_filter code[INSTRUCTIONS_MAX];
  size_t length;
};

// ---- reading -------------------------------------------------------------------------------

static const char *const condition_ops[] = {
    "SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE",        "SCMP_CMP_EQ",
    "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ",
};
enum { OP_NE, OP_LT, OP_LE, OP_EQ, OP_GE, OP_GT, OP_MASKED_EQ, OPS };

// An action with its errno, as read from either level.
struct action {
  const char *name;
  uint64_t errno_value;
};

static int read_verdict(const struct json *value, const struct action *action, uint32_t *verdict,
                        struct failure *why) {
  if (strcmp(action->name, "SCMP_ACT_ALLOW") == 0) *verdict = SECCOMP_RET_ALLOW;
  else if (strcmp(action->name, "SCMP_ACT_KILL_PROCESS") == 0) *verdict = SECCOMP_RET_KILL_PROCESS;
  else if (strcmp(action->name, "SCMP_ACT_ERRNO") == 0)
    *verdict = SECCOMP_RET_ERRNO | (uint32_t)action->errno_value;
  else
    return refuse_unsupported(value, "actions are SCMP_ACT_ALLOW, _ERRNO and _KILL_PROCESS", why);
  return 0;
}

static int read_index(const struct json *value, void *context, struct failure *why) {
  uint64_t index;
  if (read_unsigned(value, 5, &index, why) < 0) return -1;
  ((struct condition *)context)->index = (unsigned)index;
  return 0;
}

static int read_value(const struct json *value, void *context, struct failure *why) {
  return read_unsigned(value, UINT64_MAX, &((struct condition *)context)->value, why);
}

static int read_value_two(const struct json *value, void *context, struct failure *why) {
  return read_unsigned(value, UINT64_MAX, &((struct condition *)context)->value_two, why);
}

static int read_op(const struct json *value, void *context, struct failure *why) {
  const char *name;
  if (read_string(value, &name, why) < 0) return -1;
  for (unsigned op = 0; op < OPS; op++)
    if (strcmp(condition_ops[op], name) == 0) {
      ((struct condition *)context)->op = op;
      return 0;
    }
  return refuse_unsupported(value, "no comparison of this name is known", why);
}

static const struct field condition_fields[] = {
    {"index", read_index, true},
    {"value", read_value, true},
    {"valueTwo", read_value_two, false},
    {"op", read_op, true},
    {NULL, NULL, false},
};

struct rule_reader {
  struct action action;
  const struct json *names;
  struct rule rule;
};

static int read_names(const struct json *value, void *context, struct failure *why) {
  ((struct rule_reader *)context)->names = value;
  return expect_kind(value, JSON_ARRAY, why);
}

static int read_action(const struct json *value, void *context, struct failure *why) {
  return read_string(value, &((struct action *)context)->name, why);
}

static int read_errno(const struct json *value, void *context, struct failure *why) {
  return read_unsigned(value, 4095, &((struct action *)context)->errno_value, why);
}

static int read_rule_action(const struct json *value, void *context, struct failure *why) {
  return read_action(value, &((struct rule_reader *)context)->action, why);
}

static int read_rule_errno(const struct json *value, void *context, struct failure *why) {
  return read_errno(value, &((struct rule_reader *)context)->action, why);
}

static int read_args(const struct json *value, void *context, struct failure *why) {
  struct rule *rule = &((struct rule_reader *)context)->rule;
  if (expect_kind(value, JSON_ARRAY, why) < 0) return -1;
  if (value->count > 6) return refuse_malformed(value, "at most six conditions", why);
  for (const struct json *child = value->children; child; child = child->next) {
    struct condition *condition = &rule->conditions[rule->condition_count++];
    if (read_object(child, condition_fields, condition, why) < 0) return -1;
  }
  return 0;
}

static const struct field rule_fields[] = {
    {"names", read_names, true},
    {"action", read_rule_action, true},
    {"errnoRet", read_rule_errno, false},
    {"args", read_args, false},
    {NULL, NULL, false},
};

// A rule without conditions wins over those with; of two without, the first.
static void add_rule(struct compiler *c, const struct rule *rule) {
  if (rule->condition_count == 0) {
    if (c->plain[rule->number] == c->default_verdict) c->plain[rule->number] = rule->verdict;
    return;
  }
  c->rules = grow(c->rules, &c->rule_capacity, c->rule_count + 1, sizeof *c->rules);
  c->rules[c->rule_count++] = *rule;
  c->is_conditional[rule->number] = true;
}

static int read_rule(const struct json *value, struct compiler *c, struct failure *why) {
  struct rule_reader reader = {.action = {.errno_value = EPERM}};
  if (read_object(value, rule_fields, &reader, why) < 0) return -1;
  if (read_verdict(value, &reader.action, &reader.rule.verdict, why) < 0) return -1;
  for (const struct json *child = reader.names->children; child; child = child->next) {
    const char *name;
    if (read_string(child, &name, why) < 0) return -1;
    reader.rule.number = seccomp_syscall_number(name);
    bool is_known = reader.rule.number >= 0 && reader.rule.number < NUMBERS;
    // clone3 and the like may be newer than this program: denied anyway unless the default allows.
    if (!is_known && reader.rule.verdict != SECCOMP_RET_ALLOW &&
        c->default_verdict == SECCOMP_RET_ALLOW)
      return refuse_unsupported(child, "no system call of this name is known here", why);
    if (is_known && c->rule_count < RULES_MAX) add_rule(c, &reader.rule);
    else if (is_known) return refuse_malformed(value, "one of at most 4096 rules", why);
  }
  return 0;
}

struct filter_reader {
  struct action action;
  const struct json *syscalls;
  bool has_native;
};

static int read_default_action(const struct json *value, void *context, struct failure *why) {
  return read_action(value, &((struct filter_reader *)context)->action, why);
}

static int read_default_errno(const struct json *value, void *context, struct failure *why) {
  return read_errno(value, &((struct filter_reader *)context)->action, why);
}

static int read_architectures(const struct json *value, void *context, struct failure *why) {
  if (expect_kind(value, JSON_ARRAY, why) < 0) return -1;
  for (const struct json *child = value->children; child; child = child->next) {
    const char *name;
    if (read_string(child, &name, why) < 0) return -1;
    if (strcmp(name, NATIVE_NAME) == 0) ((struct filter_reader *)context)->has_native = true;
  }
  return 0;
}

static int read_syscalls(const struct json *value, void *context, struct failure *why) {
  ((struct filter_reader *)context)->syscalls = value;
  return expect_kind(value, JSON_ARRAY, why);
}

static const struct field filter_fields[] = {
    {"defaultAction", read_default_action, true},
    {"defaultErrnoRet", read_default_errno, false},
    {"architectures", read_architectures, false},
    {"syscalls", read_syscalls, false},
    {NULL, NULL, false},
};

// ---- compiling -----------------------------------------------------------------------------

static size_t emit(struct compiler *c, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf) {
  // One beyond the end is where an overlong program writes; it is refused at the end.
  size_t at = c->length < INSTRUCTIONS_MAX ? c->length++ : INSTRUCTIONS_MAX - 1;
  c->code[at] = (struct sock_filter){code, jt, jf, k};
  return at;
}

static void emit_return(struct compiler *c, uint32_t verdict) {
  emit(c, BPF_RET | BPF_K, verdict, 0, 0);
}

// Loads half of an argument; both architectures are little-endian.
static void emit_load(struct compiler *c, unsigned index, bool is_high) {
  size_t offset = offsetof(struct seccomp_data, args) + 8 * index + (is_high ? 4 : 0);
  emit(c, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0);
}

enum { TO_FAIL = 255 };  // patched: a jump to what follows the rule

// Falls through when the condition holds, jumps to TO_FAIL when it does not. Two halves, high first.
static void emit_condition(struct compiler *c, const struct condition *condition) {
  bool is_masked = condition->op == OP_MASKED_EQ;
  uint64_t wanted = is_masked ? condition->value_two : condition->value;
  uint32_t high = (uint32_t)(wanted >> 32), low = (uint32_t)wanted;
  emit_load(c, condition->index, true);
  if (is_masked) emit(c, BPF_ALU | BPF_AND | BPF_K, (uint32_t)(condition->value >> 32), 0, 0);
  const uint16_t jeq = BPF_JMP | BPF_JEQ | BPF_K, jgt = BPF_JMP | BPF_JGT | BPF_K,
                 jge = BPF_JMP | BPF_JGE | BPF_K;
  switch (condition->op) {
    case OP_EQ:
    case OP_MASKED_EQ:
      emit(c, jeq, high, 0, TO_FAIL);
      emit_load(c, condition->index, false);
      if (is_masked) emit(c, BPF_ALU | BPF_AND | BPF_K, (uint32_t)condition->value, 0, 0);
      emit(c, jeq, low, 0, TO_FAIL);
      break;
    case OP_NE:
      emit(c, jeq, high, 0, 2);  // high differs: it holds
      emit_load(c, condition->index, false);
      emit(c, jeq, low, TO_FAIL, 0);
      break;
    case OP_GT:
    case OP_GE:
      emit(c, jgt, high, 3, 0);  // holds
      emit(c, jeq, high, 0, TO_FAIL);
      emit_load(c, condition->index, false);
      emit(c, condition->op == OP_GT ? jgt : jge, low, 0, TO_FAIL);
      break;
    default:  // OP_LT, OP_LE
      emit(c, jgt, high, TO_FAIL, 0);
      emit(c, jeq, high, 0, 2);  // smaller: holds
      emit_load(c, condition->index, false);
      emit(c, condition->op == OP_LT ? jge : jgt, low, TO_FAIL, 0);
  }
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

// What happens to one number, or to a range of them without conditions.
static void emit_leaf(struct compiler *c, int number) {
  uint32_t plain = c->plain[number];
  bool is_decided = plain != c->default_verdict;  // a rule without conditions wins
  for (size_t i = 0; !is_decided && c->is_conditional[number] && i < c->rule_count; i++) {
    const struct rule *rule = &c->rules[i];
    if (rule->number != number) continue;
    size_t start = c->length;
    for (size_t k = 0; k < rule->condition_count; k++) emit_condition(c, &rule->conditions[k]);
    emit_return(c, rule->verdict);
    patch_failures(c, start);
  }
  emit_return(c, plain);
}

// starts[0…count-1]: first numbers of ranges, ascending. The accumulator holds the number.
static void emit_search(struct compiler *c, const int *starts, size_t count) {
  if (count == 1) {
    emit_leaf(c, starts[0]);
    return;
  }
  size_t middle = count / 2;
  emit(c, BPF_JMP | BPF_JGE | BPF_K, (uint32_t)starts[middle], 0, 1);
  size_t jump = emit(c, BPF_JMP | BPF_JA, 0, 0, 0);
  emit_search(c, starts, middle);
  c->code[jump].k = (uint32_t)(c->length - jump - 1);
  emit_search(c, starts + middle, count - middle);
}

static void emit_program(struct compiler *c) {
  emit(c, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
  emit(c, BPF_JMP | BPF_JEQ | BPF_K, NATIVE_AUDIT, 1, 0);
  emit_return(c, SECCOMP_RET_KILL_PROCESS);
  emit(c, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
  emit(c, BPF_JMP | BPF_JGE | BPF_K, NUMBERS, 0, 3);
  emit(c, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
  emit_return(c, SECCOMP_RET_ERRNO | ENOSYS);
  emit_return(c, c->default_verdict);
  int starts[NUMBERS];
  size_t count = 0;
  for (int number = 0; number < NUMBERS; number++) {
    bool is_same = number > 0 && !c->is_conditional[number] && !c->is_conditional[number - 1] &&
                   c->plain[number] == c->plain[number - 1];
    if (!is_same) starts[count++] = number;
  }
  emit_search(c, starts, count);
}

static int compile(const struct json *value, struct compiler *c, struct failure *why) {
  struct filter_reader reader = {.action = {.errno_value = EPERM}};
  if (read_object(value, filter_fields, &reader, why) < 0) return -1;
  if (!reader.has_native)
    return refuse_unsupported(value, "the architectures must include " NATIVE_NAME, why);
  if (read_verdict(value, &reader.action, &c->default_verdict, why) < 0) return -1;
  for (int number = 0; number < NUMBERS; number++) c->plain[number] = c->default_verdict;
  const struct json *rule = reader.syscalls ? reader.syscalls->children : NULL;
  for (; rule; rule = rule->next)
    if (read_rule(rule, c, why) < 0) return -1;
  emit_program(c);
  if (c->length >= INSTRUCTIONS_MAX)
    return refuse_malformed(value, "a filter of at most 4096 instructions", why);
  return 0;
}

int seccomp_compile(const struct json *value, struct seccomp_program *program,
                    struct failure *why) {
  struct compiler *c = allocate(sizeof *c);
  int result = compile(value, c, why);
  if (result == 0) {
    program->count = c->length;
    program->instructions = allocate(c->length * sizeof *c->code);
    memcpy(program->instructions, c->code, c->length * sizeof *c->code);
  }
  free(c->rules);
  free(c);
  return result;
}

int seccomp_install(const struct seccomp_program *program, struct failure *why) {
  if (!program->instructions) return 0;
  struct sock_fprog filter = {(unsigned short)program->count, program->instructions};
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) < 0)
    return fail(why, "seccomp", "seccomp", "/linux/seccomp", NULL);
  return 0;
}
