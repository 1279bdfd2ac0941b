// process of config.json; see spec-process.h. The tables are the list of what is implemented.
#include "spec-process.h"

#include <stdlib.h>

#include "capabilities.h"
#include "fields.h"
#include "labels.h"
#include "memory.h"

enum {
  ARGS_MAX = 1 << 16,
  GROUPS_MAX = 65536,  // NGROUPS_MAX
};

static int read_uid(const struct json *value, void *context, struct failure *why) {
  uint64_t number;
  if (read_unsigned(value, UINT32_MAX - 1, &number, why) < 0) return -1;
  ((struct process_spec *)context)->uid = (uid_t)number;
  return 0;
}

static int read_gid(const struct json *value, void *context, struct failure *why) {
  uint64_t number;
  if (read_unsigned(value, UINT32_MAX - 1, &number, why) < 0) return -1;
  ((struct process_spec *)context)->gid = (gid_t)number;
  return 0;
}

static int read_umask(const struct json *value, void *context, struct failure *why) {
  uint64_t number;
  if (read_unsigned(value, 0777, &number, why) < 0) return -1;
  ((struct process_spec *)context)->umask = (mode_t)number;
  return 0;
}

static int read_groups(const struct json *value, void *context, struct failure *why) {
  struct process_spec *process = context;
  if (expect_kind(value, JSON_ARRAY, why) < 0) return -1;
  if (value->count > GROUPS_MAX) return refuse_malformed(value, "a shorter array", why);
  process->groups = allocate(value->count * sizeof *process->groups);
  for (const struct json *child = value->children; child; child = child->next) {
    uint64_t number;
    if (read_unsigned(child, UINT32_MAX - 1, &number, why) < 0) return -1;
    process->groups[process->group_count++] = (gid_t)number;
  }
  return 0;
}

static const struct field user_fields[] = {
    {"uid", read_uid, true},
    {"gid", read_gid, true},
    {"umask", read_umask, false},
    {"additionalGids", read_groups, false},
    {NULL, NULL, false},
};

static int read_capability_set(const struct json *value, uint64_t *mask, struct failure *why) {
  if (expect_kind(value, JSON_ARRAY, why) < 0) return -1;
  for (const struct json *child = value->children; child; child = child->next) {
    const char *name;
    if (read_string(child, &name, why) < 0) return -1;
    int number = capability_number(name);
    if (number < 0) return refuse_unsupported(child, "no capability of this name is known", why);
    *mask |= (uint64_t)1 << number;
  }
  return 0;
}

#define CAPABILITY_SET(set)                                                                      \
  static int read_##set(const struct json *value, void *context, struct failure *why) {          \
    return read_capability_set(value, &((struct process_spec *)context)->capabilities.set, why);         \
  }
CAPABILITY_SET(bounding)
CAPABILITY_SET(effective)
CAPABILITY_SET(permitted)
CAPABILITY_SET(inheritable)
CAPABILITY_SET(ambient)

static const struct field capability_fields[] = {
    {"bounding", read_bounding, false},       {"effective", read_effective, false},
    {"permitted", read_permitted, false},     {"inheritable", read_inheritable, false},
    {"ambient", read_ambient, false},         {NULL, NULL, false},
};

static int read_terminal(const struct json *value, void *context, struct failure *why) {
  return read_boolean(value, &((struct process_spec *)context)->has_terminal, why);
}

static int read_size(const struct json *value, unsigned short *out, struct failure *why) {
  uint64_t number;
  if (read_unsigned(value, UINT16_MAX, &number, why) < 0) return -1;
  *out = (unsigned short)number;
  return 0;
}

static int read_height(const struct json *value, void *context, struct failure *why) {
  return read_size(value, &((struct process_spec *)context)->console_rows, why);
}

static int read_width(const struct json *value, void *context, struct failure *why) {
  return read_size(value, &((struct process_spec *)context)->console_columns, why);
}

static const struct field console_fields[] = {
    {"height", read_height, true},
    {"width", read_width, true},
    {NULL, NULL, false},
};

static int read_console_size(const struct json *value, void *context, struct failure *why) {
  return read_object(value, console_fields, context, why);
}

static int read_user(const struct json *value, void *context, struct failure *why) {
  return read_object(value, user_fields, context, why);
}

static int read_args(const struct json *value, void *context, struct failure *why) {
  struct process_spec *process = context;
  if (read_bounded_strings(value, ARGS_MAX, &process->args, why) < 0) return -1;
  return process->args[0] ? 0 : refuse_malformed(value, "an array with the program first", why);
}

static int read_env(const struct json *value, void *context, struct failure *why) {
  return read_bounded_strings(value, ARGS_MAX, &((struct process_spec *)context)->env, why);
}

static int read_cwd(const struct json *value, void *context, struct failure *why) {
  return read_absolute_path(value, &((struct process_spec *)context)->cwd, why);
}

static int read_capabilities(const struct json *value, void *context, struct failure *why) {
  return read_object(value, capability_fields, context, why);
}

static int read_no_new_privileges(const struct json *value, void *context, struct failure *why) {
  return read_boolean(value, &((struct process_spec *)context)->no_new_privileges, why);
}

static int read_oom_score(const struct json *value, void *context, struct failure *why) {
  struct process_spec *process = context;
  int64_t score;
  if (read_integer(value, -1000, 1000, &score, why) < 0) return -1;
  process->oom_score = (int)score;
  process->has_oom_score = true;
  return 0;
}

static int read_rlimits(const struct json *value, void *context, struct failure *why) {
  return rlimits_read(value, &((struct process_spec *)context)->rlimits, why);
}

static struct scheduling *scheduling_of(void *context) {
  return &((struct process_spec *)context)->scheduling;
}

static int read_scheduler(const struct json *value, void *context, struct failure *why) {
  return scheduler_read(value, scheduling_of(context), why);
}

static int read_io_priority(const struct json *value, void *context, struct failure *why) {
  return io_priority_read(value, scheduling_of(context), why);
}

static int read_affinity(const struct json *value, void *context, struct failure *why) {
  return affinity_read(value, scheduling_of(context), why);
}

static int read_apparmor(const struct json *value, void *context, struct failure *why) {
  struct process_spec *process = context;
  if (read_string(value, &process->apparmor_profile, why) < 0) return -1;
  return label_check_apparmor(value, process->apparmor_profile, why);
}

static int read_selinux(const struct json *value, void *context, struct failure *why) {
  struct process_spec *process = context;
  if (read_string(value, &process->selinux_label, why) < 0) return -1;
  return label_check_selinux(value, process->selinux_label, why);
}

static const struct field process_fields[] = {
    {"terminal", read_terminal, false},
    {"consoleSize", read_console_size, false},
    {"user", read_user, true},
    {"args", read_args, true},
    {"env", read_env, false},
    {"cwd", read_cwd, true},
    {"capabilities", read_capabilities, false},
    {"noNewPrivileges", read_no_new_privileges, false},
    {"oomScoreAdj", read_oom_score, false},
    {"rlimits", read_rlimits, false},
    {"scheduler", read_scheduler, false},
    {"ioPriority", read_io_priority, false},
    {"execCPUAffinity", read_affinity, false},
    {"apparmorProfile", read_apparmor, false},
    {"selinuxLabel", read_selinux, false},
    {NULL, NULL, false},
};

// Absent lists are empty lists, so that nobody has to ask.
int process_read(const struct json *value, struct process_spec *process, struct failure *why) {
  process->umask = 022;
  if (read_object(value, process_fields, process, why) < 0) return -1;
  if (!process->env) process->env = allocate(sizeof *process->env);
  return 0;
}

void process_free(struct process_spec *process) {
  free(process->args);
  free(process->env);
  free(process->groups);
  rlimits_free(&process->rlimits);
  *process = (struct process_spec){0};
}
