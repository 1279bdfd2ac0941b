// See cgroup-devices.h: the default rules, the lines of version 1, and writing either.
#include "cgroup-devices.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup-files.h"
#include "cgroup-limits.h"
#include "cgroup-set.h"
#include "memory.h"

static const struct device_rule default_rules[] = {
    {true, 'c', -1, -1, DEVICE_MKNOD}, {true, 'b', -1, -1, DEVICE_MKNOD},
    {true, 'c', 1, 3, DEVICE_ALL},      // null
    {true, 'c', 1, 5, DEVICE_ALL},      // zero
    {true, 'c', 1, 7, DEVICE_ALL},      // full
    {true, 'c', 1, 8, DEVICE_ALL},      // random
    {true, 'c', 1, 9, DEVICE_ALL},      // urandom
    {true, 'c', 5, 0, DEVICE_ALL},      // tty
    {true, 'c', 5, 1, DEVICE_ALL},      // console
    {true, 'c', 5, 2, DEVICE_ALL},      // ptmx
    {true, 'c', 136, -1, DEVICE_ALL},   // pts
};

enum { DEFAULT_COUNT = sizeof default_rules / sizeof default_rules[0] };

struct device_rule *device_rules(const struct resources *resources, size_t *count) {
  size_t own = resources->device_count;
  struct device_rule *rules = allocate((own + DEFAULT_COUNT) * sizeof *rules);
  if (own > 0) memcpy(rules, resources->devices, own * sizeof *rules);
  memcpy(rules + own, default_rules, sizeof default_rules);
  *count = own + DEFAULT_COUNT;
  return rules;
}

// ---- version 1 -----------------------------------------------------------------------------

// The kernel's state: a default for every device, and exceptions from it.
struct list {
  bool is_allowing;
  struct device_rule *exceptions;
  size_t count;
  struct bytes *lines;
};

static bool covers(int64_t wide, int64_t narrow) { return wide == -1 || wide == narrow; }
static bool meets(int64_t a, int64_t b) { return covers(a, b) || covers(b, a); }

static void append_number(char *end, size_t size, int64_t number) {
  if (number < 0) snprintf(end, size, "*");
  else snprintf(end, size, "%" PRId64, number);
}

static void append_line(struct list *list, bool is_allowed, const struct device_rule *device,
                        unsigned access) {
  char line[96], major[24], minor[24];
  append_number(major, sizeof major, device->major);
  append_number(minor, sizeof minor, device->minor);
  snprintf(line, sizeof line, "%s %c %s:%s %s%s%s\n", is_allowed ? "allow" : "deny", device->type,
           major, minor, access & DEVICE_READ ? "r" : "", access & DEVICE_WRITE ? "w" : "",
           access & DEVICE_MKNOD ? "m" : "");
  bytes_append_text(list->lines, line);
}

static void set_default(struct list *list, bool is_allowed) {
  bytes_append_text(list->lines, is_allowed ? "allow a\n" : "deny a\n");
  list->is_allowing = is_allowed;
  list->count = 0;
}

static void add_exception(struct list *list, const struct device_rule *rule) {
  list->exceptions[list->count++] = *rule;
  append_line(list, rule->is_allowed, rule, rule->access);
}

// A rule that says the same as the default takes back exceptions, and the kernel takes back only
// whole ones.
static int take_back(struct list *list, const struct device_rule *rule, struct failure *why) {
  for (size_t i = 0; i < list->count; i++) {
    struct device_rule *exception = &list->exceptions[i];
    bool is_met = exception->type == rule->type && meets(exception->major, rule->major) &&
                  meets(exception->minor, rule->minor) && (exception->access & rule->access);
    if (!is_met) continue;
    if (!covers(rule->major, exception->major) || !covers(rule->minor, exception->minor)) {
      errno = EOPNOTSUPP;
      return fail(why, "cgroup", "check", "devices",
                  "version 1 of cgroups cannot take one device back out of a range; list the "
                  "allowed ones instead");
    }
    append_line(list, rule->is_allowed, exception, exception->access & rule->access);
    exception->access &= ~rule->access;
  }
  return 0;
}

static int apply_rule(struct list *list, const struct device_rule *rule, struct failure *why) {
  if (rule->is_allowed == list->is_allowing) return take_back(list, rule, why);
  add_exception(list, rule);
  return 0;
}

static int apply_any(struct list *list, const struct device_rule *rule, struct failure *why) {
  if (rule->type != 'a') return apply_rule(list, rule, why);
  if (rule->major == -1 && rule->minor == -1 && rule->access == DEVICE_ALL) {
    set_default(list, rule->is_allowed);
    return 0;
  }
  // In a line of type a the kernel reads nothing else.
  struct device_rule one = *rule;
  for (const char *type = "bc"; *type; type++) {
    one.type = *type;
    if (apply_rule(list, &one, why) < 0) return -1;
  }
  return 0;
}

int device_lines(const struct device_rule *rules, size_t count, struct bytes *lines,
                 struct failure *why) {
  struct list list = {.lines = lines, .exceptions = allocate(2 * count * sizeof *rules)};
  set_default(&list, false);  // a new group has what the group above has
  int result = 0;
  for (size_t i = 0; i < count && result == 0; i++) result = apply_any(&list, &rules[i], why);
  free(list.exceptions);
  return result;
}

static int write_lines(const struct cgroup *group, char *lines, struct failure *why) {
  for (char *rest = NULL, *line = strtok_r(lines, "\n", &rest); line;
       line = strtok_r(NULL, "\n", &rest)) {
    bool is_allowed = line[0] == 'a';
    const char *file = is_allowed ? "devices.allow" : "devices.deny";
    if (cgroup_set(group, file, strchr(line, ' ') + 1, why) < 0) return -1;
  }
  return 0;
}

// ---- either version ------------------------------------------------------------------------

static int limit_v1(const struct cgroup *group, const struct device_rule *rules, size_t count,
                    struct failure *why) {
  cleanup_bytes struct bytes lines = {0};
  if (device_lines(rules, count, &lines, why) < 0) return -1;
  bytes_terminate(&lines);
  return write_lines(group, lines.data, why);
}

static int limit_v2(const struct cgroup *group, const struct device_rule *rules, size_t count,
                    struct failure *why) {
  size_t instruction_count;
  struct bpf_insn *program = device_program(rules, count, &instruction_count);
  int result = cgroup_attach(group->folder, program, instruction_count);
  free(program);
  if (result == 0) return 0;
  return cgroup_refuse(group, "bpf", NULL,
                       "limiting devices needs root and a kernel with CONFIG_CGROUP_BPF; run "
                       "without device rules",
                       why);
}

int limit_devices(const struct cgroup *group, const struct resources *resources,
                  struct failure *why) {
  size_t count;
  struct device_rule *rules = device_rules(resources, &count);
  int result = group->is_v2 ? limit_v2(group, rules, count, why)
                            : limit_v1(group, rules, count, why);
  free(rules);
  return result;
}

bool devices_are_limitable(void) {
  FILE *file = fopen("/proc/self/uid_map", "re");
  unsigned long inside = 0, outside = 0, count = 0;
  bool is_read = file && fscanf(file, "%lu %lu %lu", &inside, &outside, &count) == 3;
  if (file) fclose(file);
  return !is_read || (inside == 0 && outside == 0 && count == 4294967295);
}
