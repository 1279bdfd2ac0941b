// See rlimits.h.
#include "rlimits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fields.h"
#include "memory.h"

static const struct {
  const char *type;
  int resource;
} resources[] = {
    {"RLIMIT_AS", RLIMIT_AS},           {"RLIMIT_CORE", RLIMIT_CORE},
    {"RLIMIT_CPU", RLIMIT_CPU},         {"RLIMIT_DATA", RLIMIT_DATA},
    {"RLIMIT_FSIZE", RLIMIT_FSIZE},     {"RLIMIT_LOCKS", RLIMIT_LOCKS},
    {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK}, {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
    {"RLIMIT_NICE", RLIMIT_NICE},       {"RLIMIT_NOFILE", RLIMIT_NOFILE},
    {"RLIMIT_NPROC", RLIMIT_NPROC},     {"RLIMIT_RSS", RLIMIT_RSS},
    {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},   {"RLIMIT_RTTIME", RLIMIT_RTTIME},
    {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING}, {"RLIMIT_STACK", RLIMIT_STACK},
};

enum { RESOURCES = sizeof resources / sizeof resources[0] };

static int read_type(const struct json *value, void *context, struct failure *why) {
  struct rlimit_spec *out = context;
  if (read_string(value, &out->type, why) < 0) return -1;
  for (size_t i = 0; i < RESOURCES; i++) {
    if (strcmp(resources[i].type, out->type) != 0) continue;
    out->resource = resources[i].resource;
    return 0;
  }
  return refuse_unsupported(value, "no limit of this name is known", why);
}

// No limit is the largest number: RLIM_INFINITY.
static int read_limit(const struct json *value, rlim_t *out, struct failure *why) {
  uint64_t number;
  if (read_unsigned(value, UINT64_MAX, &number, why) < 0) return -1;
  *out = (rlim_t)number;
  return 0;
}

static int read_soft(const struct json *value, void *context, struct failure *why) {
  return read_limit(value, &((struct rlimit_spec *)context)->limit.rlim_cur, why);
}

static int read_hard(const struct json *value, void *context, struct failure *why) {
  return read_limit(value, &((struct rlimit_spec *)context)->limit.rlim_max, why);
}

static const struct field fields[] = {
    {"type", read_type, true},
    {"soft", read_soft, true},
    {"hard", read_hard, true},
    {NULL, NULL, false},
};

static int check(const struct json *value, const struct rlimits *rlimits, struct failure *why) {
  const struct rlimit_spec *last = &rlimits->items[rlimits->count - 1];
  for (size_t i = 0; i + 1 < rlimits->count; i++)
    if (rlimits->items[i].resource == last->resource)
      return refuse_malformed(value, "of a type that is not listed already", why);
  if (last->limit.rlim_cur > last->limit.rlim_max)
    return refuse_malformed(value, "soft at most hard", why);
  return 0;
}

int rlimits_read(const struct json *value, struct rlimits *rlimits, struct failure *why) {
  if (expect_kind(value, JSON_ARRAY, why) < 0) return -1;
  if (value->count > RESOURCES) return refuse_malformed(value, "a shorter array", why);
  rlimits->items = allocate(value->count * sizeof *rlimits->items);
  for (const struct json *child = value->children; child; child = child->next) {
    if (read_object(child, fields, &rlimits->items[rlimits->count++], why) < 0) return -1;
    if (check(child, rlimits, why) < 0) return -1;
  }
  return 0;
}

void rlimits_free(struct rlimits *rlimits) {
  free(rlimits->items);
  *rlimits = (struct rlimits){0};
}

int rlimits_set(const struct rlimits *rlimits, pid_t pid, struct failure *why) {
  for (size_t i = 0; i < rlimits->count; i++) {
    const struct rlimit_spec *item = &rlimits->items[i];
    if (prlimit(pid, item->resource, &item->limit, NULL) == 0) continue;
    return fail(why, "process", "prlimit", item->type,
                errno == EPERM ? "raising a hard limit needs CAP_SYS_RESOURCE; ask for at most ours "
                                 "(ulimit -H)" : NULL);
  }
  return 0;
}
