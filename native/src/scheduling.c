// See scheduling.h.
#include "scheduling.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fields.h"

struct named {
  const char *name;
  uint64_t number;
};

static int read_named(const struct json *value, const struct named *names, uint64_t *out,
                      struct failure *why) {
  const char *text;
  if (read_string(value, &text, why) < 0) return -1;
  for (; names->name; names++)
    if (strcmp(names->name, text) == 0) {
      *out = names->number;
      return 0;
    }
  return refuse_unsupported(value, "no such name is known", why);
}

// ---- the scheduler -------------------------------------------------------------------------

static const struct named policies[] = {
    {"SCHED_OTHER", 0}, {"SCHED_FIFO", 1}, {"SCHED_RR", 2},       {"SCHED_BATCH", 3},
    {"SCHED_ISO", 4},   {"SCHED_IDLE", 5}, {"SCHED_DEADLINE", 6}, {NULL, 0},
};

static const struct named scheduler_flags[] = {
    {"SCHED_FLAG_RESET_ON_FORK", 0x01},  {"SCHED_FLAG_RECLAIM", 0x02},
    {"SCHED_FLAG_DL_OVERRUN", 0x04},     {"SCHED_FLAG_KEEP_POLICY", 0x08},
    {"SCHED_FLAG_KEEP_PARAMS", 0x10},    {"SCHED_FLAG_UTIL_CLAMP_MIN", 0x20},
    {"SCHED_FLAG_UTIL_CLAMP_MAX", 0x40}, {NULL, 0},
};

static int read_policy(const struct json *value, void *context, struct failure *why) {
  uint64_t number;
  if (read_named(value, policies, &number, why) < 0) return -1;
  ((struct scheduler *)context)->policy = (uint32_t)number;
  return 0;
}

static int read_nice(const struct json *value, void *context, struct failure *why) {
  int64_t number;
  if (read_integer(value, -20, 19, &number, why) < 0) return -1;
  ((struct scheduler *)context)->nice = (int32_t)number;
  return 0;
}

static int read_priority(const struct json *value, void *context, struct failure *why) {
  uint64_t number;
  if (read_unsigned(value, 99, &number, why) < 0) return -1;
  ((struct scheduler *)context)->priority = (uint32_t)number;
  return 0;
}

static int read_flags(const struct json *value, void *context, struct failure *why) {
  if (expect_kind(value, JSON_ARRAY, why) < 0) return -1;
  for (const struct json *child = value->children; child; child = child->next) {
    uint64_t flag;
    if (read_named(child, scheduler_flags, &flag, why) < 0) return -1;
    ((struct scheduler *)context)->flags |= flag;
  }
  return 0;
}

static int read_runtime(const struct json *value, void *context, struct failure *why) {
  return read_unsigned(value, UINT64_MAX, &((struct scheduler *)context)->runtime, why);
}

static int read_deadline(const struct json *value, void *context, struct failure *why) {
  return read_unsigned(value, UINT64_MAX, &((struct scheduler *)context)->deadline, why);
}

static int read_period(const struct json *value, void *context, struct failure *why) {
  return read_unsigned(value, UINT64_MAX, &((struct scheduler *)context)->period, why);
}

static const struct field scheduler_fields[] = {
    {"policy", read_policy, true},     {"nice", read_nice, false},
    {"priority", read_priority, false}, {"flags", read_flags, false},
    {"runtime", read_runtime, false},  {"deadline", read_deadline, false},
    {"period", read_period, false},    {NULL, NULL, false},
};

int scheduler_read(const struct json *value, struct scheduling *out, struct failure *why) {
  out->has_scheduler = true;
  out->scheduler = (struct scheduler){.size = sizeof out->scheduler};
  return read_object(value, scheduler_fields, &out->scheduler, why);
}

// ---- disks ---------------------------------------------------------------------------------

enum { IO_CLASS_SHIFT = 13, IO_PROCESS = 1 };

static const struct named io_classes[] = {
    {"IOPRIO_CLASS_RT", 1}, {"IOPRIO_CLASS_BE", 2}, {"IOPRIO_CLASS_IDLE", 3}, {NULL, 0},
};

static int read_io_class(const struct json *value, void *context, struct failure *why) {
  uint64_t number;
  if (read_named(value, io_classes, &number, why) < 0) return -1;
  *(int *)context |= (int)number << IO_CLASS_SHIFT;
  return 0;
}

static int read_io_level(const struct json *value, void *context, struct failure *why) {
  uint64_t number;
  if (read_unsigned(value, 7, &number, why) < 0) return -1;
  *(int *)context |= (int)number;
  return 0;
}

static const struct field io_fields[] = {
    {"class", read_io_class, true},
    {"priority", read_io_level, false},
    {NULL, NULL, false},
};

int io_priority_read(const struct json *value, struct scheduling *out, struct failure *why) {
  return read_object(value, io_fields, &out->io_priority, why);
}

int scheduling_set(const struct scheduling *scheduling, struct failure *why) {
  if (scheduling->has_scheduler && syscall(SYS_sched_setattr, 0, &scheduling->scheduler, 0) < 0)
    return fail(why, "process", "sched_setattr", "/process/scheduler",
                errno == EPERM ? "the launcher needs CAP_SYS_NICE for it" : NULL);
  if (scheduling->io_priority &&
      syscall(SYS_ioprio_set, IO_PROCESS, 0, scheduling->io_priority) < 0)
    return fail(why, "process", "ioprio_set", "/process/ioPriority", NULL);
  return 0;
}

// ---- processors ----------------------------------------------------------------------------

// "0-3,7" into a set; false where it is no such list.
static bool parse_cpus(const char *text, cpu_set_t *set) {
  CPU_ZERO(set);
  for (const char *at = text;;) {
    char *end;
    if (*at < '0' || *at > '9') return false;
    unsigned long first = strtoul(at, &end, 10), last = first;
    if (*end == '-') {
      at = end + 1;
      if (*at < '0' || *at > '9') return false;
      last = strtoul(at, &end, 10);
    }
    if (last < first || last >= CPU_SETSIZE) return false;
    for (; first <= last; first++) CPU_SET(first, set);
    if (*end == '\0') return true;
    if (*end != ',') return false;
    at = end + 1;
  }
}

static int read_cpus(const struct json *value, const char **out, struct failure *why) {
  cpu_set_t set;
  if (read_string(value, out, why) < 0) return -1;
  return parse_cpus(*out, &set) ? 0 : refuse_malformed(value, "a list such as 0-3,7", why);
}

static int read_initial(const struct json *value, void *context, struct failure *why) {
  return read_cpus(value, &((struct scheduling *)context)->initial_cpus, why);
}

static int read_final(const struct json *value, void *context, struct failure *why) {
  return read_cpus(value, &((struct scheduling *)context)->final_cpus, why);
}

static const struct field affinity_fields[] = {
    {"initial", read_initial, false},
    {"final", read_final, false},
    {NULL, NULL, false},
};

int affinity_read(const struct json *value, struct scheduling *out, struct failure *why) {
  return read_object(value, affinity_fields, out, why);
}

int affinity_set(const char *cpus, struct failure *why) {
  cpu_set_t set;
  if (!cpus || !parse_cpus(cpus, &set)) return 0;
  return sched_setaffinity(0, sizeof set, &set) < 0
             ? fail(why, "process", "sched_setaffinity", "/process/execCPUAffinity",
                    "does the machine have the processors, and the cgroup too?")
             : 0;
}
