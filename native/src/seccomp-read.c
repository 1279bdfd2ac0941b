// linux.seccomp as rules; see seccomp-rules.h.
#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "feature-names.h"
#include "fields.h"
#include "memory.h"
#include "seccomp-rules.h"

#if defined(__x86_64__)
#define NATIVE ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE ARCH_AARCH64
#else
#error "filters are known for x86-64 and arm64"
#endif

// An action with its errno, as read from either level.
struct action {
  const char *name;
  bool has_errno;
  uint64_t errno_value;
};

static const struct {
  const char *name;
  uint32_t verdict;
  bool takes_errno;
} actions[] = {
    {"SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW, false},
    {"SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO, true},
    {"SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD, false},
    {"SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD, false},
    {"SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS, false},
    {"SCMP_ACT_TRAP", SECCOMP_RET_TRAP, false},
    {"SCMP_ACT_TRACE", SECCOMP_RET_TRACE, true},
    {"SCMP_ACT_LOG", SECCOMP_RET_LOG, false},
};

static int verdict_of(const struct json *value, const char *member, const char *errno_member,
                      const struct action *action, uint32_t *verdict, struct failure *why) {
  for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
    if (strcmp(actions[i].name, action->name) != 0) continue;
    if (action->has_errno && !actions[i].takes_errno)
      return refuse_malformed(json_member(value, errno_member),
                              "absent: only SCMP_ACT_ERRNO and SCMP_ACT_TRACE take a number", why);
    *verdict = actions[i].verdict;
    if (actions[i].takes_errno)
      *verdict |= action->has_errno ? (uint32_t)action->errno_value : EPERM;
    return 0;
  }
  return refuse_unsupported(json_member(value, member),
                            "actions are SCMP_ACT_ALLOW, _ERRNO, _KILL, _KILL_THREAD, "
                            "_KILL_PROCESS, _TRAP, _TRACE and _LOG",
                            why);
}

static int read_action(const struct json *value, struct action *action, struct failure *why) {
  return read_string(value, &action->name, why);
}

static int read_errno(const struct json *value, struct action *action, struct failure *why) {
  action->has_errno = true;
  return read_unsigned(value, 4095, &action->errno_value, why);
}

// ---- rules ---------------------------------------------------------------------------------

static const char *const comparisons[COMPARISONS] = {
    [OP_NE] = "SCMP_CMP_NE", [OP_LT] = "SCMP_CMP_LT", [OP_LE] = "SCMP_CMP_LE",
    [OP_EQ] = "SCMP_CMP_EQ", [OP_GE] = "SCMP_CMP_GE", [OP_GT] = "SCMP_CMP_GT",
    [OP_MASKED_EQ] = "SCMP_CMP_MASKED_EQ",
};

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
  for (unsigned op = 0; op < COMPARISONS; op++)
    if (strcmp(comparisons[op], name) == 0) {
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
  struct condition conditions[CONDITIONS_MAX];
  size_t condition_count;
};

static int read_names(const struct json *value, void *context, struct failure *why) {
  ((struct rule_reader *)context)->names = value;
  return expect_kind(value, JSON_ARRAY, why);
}

static int read_rule_action(const struct json *value, void *context, struct failure *why) {
  return read_action(value, &((struct rule_reader *)context)->action, why);
}

static int read_rule_errno(const struct json *value, void *context, struct failure *why) {
  return read_errno(value, &((struct rule_reader *)context)->action, why);
}

static int read_args(const struct json *value, void *context, struct failure *why) {
  struct rule_reader *reader = context;
  if (expect_kind(value, JSON_ARRAY, why) < 0) return -1;
  if (value->count > CONDITIONS_MAX) return refuse_malformed(value, "at most six conditions", why);
  for (const struct json *child = value->children; child; child = child->next) {
    struct condition *condition = &reader->conditions[reader->condition_count++];
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

static void add_rule(struct filter *filter, const struct rule *rule) {
  filter->rules =
      grow(filter->rules, &filter->rule_capacity, filter->rule_count + 1, sizeof *filter->rules);
  filter->rules[filter->rule_count++] = *rule;
}

// Two conditions on one argument are alternatives, each with a rule of its own: that is how other
// runtimes read such profiles.
static bool has_alternatives(const struct rule_reader *reader) {
  unsigned seen = 0;
  for (size_t i = 0; i < reader->condition_count; i++) {
    unsigned bit = 1U << reader->conditions[i].index;
    if (seen & bit) return true;
    seen |= bit;
  }
  return false;
}

static size_t keep_conditions(struct filter *filter, const struct rule_reader *reader) {
  size_t first = filter->condition_count, count = reader->condition_count;
  if (count == 0) return first;
  filter->conditions = grow(filter->conditions, &filter->condition_capacity, first + count,
                            sizeof *filter->conditions);
  memcpy(filter->conditions + first, reader->conditions, count * sizeof *filter->conditions);
  filter->condition_count += count;
  return first;
}

static void add_rules(struct filter *filter, const struct rule *rule, bool are_alternatives) {
  if (!are_alternatives) add_rule(filter, rule);
  for (size_t i = 0; are_alternatives && i < rule->condition_count; i++) {
    struct rule one = *rule;
    one.first_condition += i;
    one.condition_count = 1;
    add_rule(filter, &one);
  }
}

static int read_rule(const struct json *value, struct filter *filter, struct failure *why) {
  struct rule_reader reader = {0};
  struct rule rule;
  if (read_object(value, rule_fields, &reader, why) < 0) return -1;
  if (verdict_of(value, "action", "errnoRet", &reader.action, &rule.verdict, why) < 0) return -1;
  rule.first_condition = keep_conditions(filter, &reader);
  rule.condition_count = reader.condition_count;
  bool are_alternatives = has_alternatives(&reader);
  for (const struct json *child = reader.names->children; child; child = child->next) {
    const char *name;
    if (read_string(child, &name, why) < 0) return -1;
    rule.numbers = syscall_numbers(name);
    if (!rule.numbers || rule.verdict == filter->default_verdict) continue;
    if (filter->rule_count >= RULES_MAX)
      return refuse_malformed(value, "one of at most 4096 rules", why);
    add_rules(filter, &rule, are_alternatives);
  }
  return 0;
}

// ---- the whole -----------------------------------------------------------------------------

// Those that no process here can have are taken note of by doing nothing.
static const struct {
  const char *name;
  enum architecture number;
} architectures[] = {
    {"SCMP_ARCH_X86_64", ARCH_X86_64},      {"SCMP_ARCH_X86", ARCH_X86},
    {"SCMP_ARCH_X32", ARCH_X32},            {"SCMP_ARCH_AARCH64", ARCH_AARCH64},
    {"SCMP_ARCH_ARM", ARCHITECTURES},       {"SCMP_ARCH_MIPS", ARCHITECTURES},
    {"SCMP_ARCH_MIPS64", ARCHITECTURES},    {"SCMP_ARCH_MIPS64N32", ARCHITECTURES},
    {"SCMP_ARCH_MIPSEL", ARCHITECTURES},    {"SCMP_ARCH_MIPSEL64", ARCHITECTURES},
    {"SCMP_ARCH_MIPSEL64N32", ARCHITECTURES}, {"SCMP_ARCH_PPC", ARCHITECTURES},
    {"SCMP_ARCH_PPC64", ARCHITECTURES},     {"SCMP_ARCH_PPC64LE", ARCHITECTURES},
    {"SCMP_ARCH_S390", ARCHITECTURES},      {"SCMP_ARCH_S390X", ARCHITECTURES},
    {"SCMP_ARCH_PARISC", ARCHITECTURES},    {"SCMP_ARCH_PARISC64", ARCHITECTURES},
    {"SCMP_ARCH_RISCV64", ARCHITECTURES},   {"SCMP_ARCH_LOONGARCH64", ARCHITECTURES},
    {"SCMP_ARCH_M68K", ARCHITECTURES},      {"SCMP_ARCH_SH", ARCHITECTURES},
    {"SCMP_ARCH_SHEB", ARCHITECTURES},
};

static const struct {
  const char *name;
  unsigned flag;
} flags[] = {
    {"SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC},
    {"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
    {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
};

const char *seccomp_action_name(size_t place) {
  return place < sizeof actions / sizeof actions[0] ? actions[place].name : NULL;
}

const char *seccomp_comparison_name(size_t place) {
  return place < COMPARISONS ? comparisons[place] : NULL;
}

// Others are read and mean nothing: no process here can be of them.
const char *seccomp_architecture_name(size_t place) {
  if (place >= sizeof architectures / sizeof architectures[0]) return NULL;
  return architectures[place].number == ARCHITECTURES ? NULL : architectures[place].name;
}

const char *seccomp_flag_name(size_t place) {
  return place < sizeof flags / sizeof flags[0] ? flags[place].name : NULL;
}

struct filter_reader {
  struct action action;
  struct filter *filter;
  const struct json *syscalls;
};

static int read_default_action(const struct json *value, void *context, struct failure *why) {
  return read_action(value, &((struct filter_reader *)context)->action, why);
}

static int read_default_errno(const struct json *value, void *context, struct failure *why) {
  return read_errno(value, &((struct filter_reader *)context)->action, why);
}

static int read_architecture(const struct json *value, struct filter *filter,
                             struct failure *why) {
  const char *name;
  if (read_string(value, &name, why) < 0) return -1;
  for (size_t i = 0; i < sizeof architectures / sizeof architectures[0]; i++) {
    if (strcmp(architectures[i].name, name) != 0) continue;
    if (architectures[i].number < ARCHITECTURES) filter->is_listed[architectures[i].number] = true;
    return 0;
  }
  return refuse_unsupported(value, "no architecture of this name is known", why);
}

static int read_architectures(const struct json *value, void *context, struct failure *why) {
  if (expect_kind(value, JSON_ARRAY, why) < 0) return -1;
  for (const struct json *child = value->children; child; child = child->next)
    if (read_architecture(child, ((struct filter_reader *)context)->filter, why) < 0) return -1;
  return 0;
}

static int read_flag(const struct json *value, struct filter *filter, struct failure *why) {
  const char *name;
  if (read_string(value, &name, why) < 0) return -1;
  for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
    if (strcmp(flags[i].name, name) == 0) {
      filter->flags |= flags[i].flag;
      return 0;
    }
  return refuse_unsupported(value, "flags are SECCOMP_FILTER_FLAG_TSYNC, _LOG and _SPEC_ALLOW",
                            why);
}

static int read_flags(const struct json *value, void *context, struct failure *why) {
  if (expect_kind(value, JSON_ARRAY, why) < 0) return -1;
  for (const struct json *child = value->children; child; child = child->next)
    if (read_flag(child, ((struct filter_reader *)context)->filter, why) < 0) return -1;
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
    {"flags", read_flags, false},
    {"syscalls", read_syscalls, false},
    {NULL, NULL, false},
};

int seccomp_read(const struct json *value, struct filter *filter, struct failure *why) {
  struct filter_reader reader = {.filter = filter};
  if (read_object(value, filter_fields, &reader, why) < 0) return -1;
  filter->is_listed[NATIVE] = true;
  if (verdict_of(value, "defaultAction", "defaultErrnoRet", &reader.action,
                 &filter->default_verdict, why) < 0)
    return -1;
  const struct json *rule = reader.syscalls ? reader.syscalls->children : NULL;
  for (; rule; rule = rule->next)
    if (read_rule(rule, filter, why) < 0) return -1;
  return 0;
}

void filter_free(struct filter *filter) {
  free(filter->rules);
  free(filter->conditions);
}
