// Reading them; see spec-namespaces.h.
#include "spec-namespaces.h"

#include <stdlib.h>
#include <string.h>

#include "feature-names.h"
#include "fields.h"
#include "kernel.h"
#include "memory.h"

static const struct {
  const char *type;
  const char *file;  // below /proc/self/ns
  uint64_t flag;
} kinds[NAMESPACE_KINDS] = {
    {"pid", "pid", CLONE_NEWPID},    {"network", "net", CLONE_NEWNET},
    {"mount", "mnt", CLONE_NEWNS},   {"ipc", "ipc", CLONE_NEWIPC},
    {"uts", "uts", CLONE_NEWUTS},    {"cgroup", "cgroup", CLONE_NEWCGROUP},
    {"user", "user", CLONE_NEWUSER}, {"time", "time", CLONE_NEWTIME},
};

const char *namespace_name(size_t place) {
  return place < NAMESPACE_KINDS ? kinds[place].type : NULL;
}

bool has_namespace(const struct namespaces_spec *namespaces, uint64_t flag) {
  for (size_t i = 0; i < namespaces->joined_count; i++)
    if (namespaces->joined[i].flag == flag) return true;
  return namespaces->created & flag;
}

struct namespace_reader {
  const char *type, *path;
};

static int read_type(const struct json *value, void *context, struct failure *why) {
  return read_string(value, &((struct namespace_reader *)context)->type, why);
}

static int read_path(const struct json *value, void *context, struct failure *why) {
  const char **path = &((struct namespace_reader *)context)->path;
  if (read_string(value, path, why) < 0) return -1;
  if ((*path)[0] == '\0') *path = NULL;  // engines write it for "a new one"
  return *path && (*path)[0] != '/' ? refuse_malformed(value, "an absolute path", why) : 0;
}

static const struct field namespace_fields[] = {
    {"type", read_type, true},
    {"path", read_path, false},
    {NULL, NULL, false},
};

static int check_kernel(const struct json *value, const char *file, struct failure *why) {
  char path[32] = "/proc/self/ns/";
  strcat(path, file);
  return access(path, F_OK) == 0
             ? 0
             : refuse_unsupported(value, "this kernel has no namespaces of the type", why);
}

static int read_one(const struct json *value, struct namespaces_spec *out, struct failure *why) {
  struct namespace_reader reader = {0};
  if (read_object(value, namespace_fields, &reader, why) < 0) return -1;
  const struct json *type = json_member(value, "type");
  for (size_t i = 0; i < NAMESPACE_KINDS; i++) {
    if (strcmp(kinds[i].type, reader.type) != 0) continue;
    if (has_namespace(out, kinds[i].flag))
      return refuse_malformed(type, "a namespace that is not listed already", why);
    bool is_rare = kinds[i].flag & (CLONE_NEWTIME | CLONE_NEWUSER);
    if (is_rare && check_kernel(type, kinds[i].file, why) < 0) return -1;
    if (!reader.path) out->created |= kinds[i].flag;
    else out->joined[out->joined_count++] = (struct joined_namespace){kinds[i].flag, reader.path};
    return 0;
  }
  return refuse_unsupported(
      type, "namespaces are pid, network, mount, ipc, uts, cgroup, user and time", why);
}

int namespaces_read(const struct json *value, struct namespaces_spec *out, struct failure *why) {
  if (expect_kind(value, JSON_ARRAY, why) < 0) return -1;
  for (const struct json *child = value->children; child; child = child->next)
    if (read_one(child, out, why) < 0) return -1;
  return out->created & CLONE_NEWNS
             ? 0
             : refuse_unsupported(value, "a container needs a mount namespace of its own", why);
}

// ---- ids -----------------------------------------------------------------------------------

static int read_id(const struct json *value, uint32_t *out, struct failure *why) {
  uint64_t number;
  if (read_unsigned(value, UINT32_MAX - 1, &number, why) < 0) return -1;
  *out = (uint32_t)number;
  return 0;
}

static int read_inside(const struct json *value, void *context, struct failure *why) {
  return read_id(value, &((struct id_range *)context)->inside, why);
}

static int read_outside(const struct json *value, void *context, struct failure *why) {
  return read_id(value, &((struct id_range *)context)->outside, why);
}

static int read_size(const struct json *value, void *context, struct failure *why) {
  return read_id(value, &((struct id_range *)context)->count, why);
}

static const struct field range_fields[] = {
    {"containerID", read_inside, true},
    {"hostID", read_outside, true},
    {"size", read_size, true},
    {NULL, NULL, false},
};

int id_ranges_read(const struct json *value, struct id_ranges *out, struct failure *why) {
  if (expect_kind(value, JSON_ARRAY, why) < 0) return -1;
  if (value->count > ID_RANGES_MAX) return refuse_malformed(value, "at most 340 ranges", why);
  out->items = allocate((value->count + 1) * sizeof *out->items);
  for (const struct json *child = value->children; child; child = child->next) {
    struct id_range *range = &out->items[out->count++];
    if (read_object(child, range_fields, range, why) < 0) return -1;
    if (range->count == 0)
      return refuse_malformed(json_member(child, "size"), "one or more", why);
  }
  return 0;
}

// ---- time ----------------------------------------------------------------------------------

static int read_seconds(const struct json *value, void *context, struct failure *why) {
  return read_integer(value, INT32_MIN, INT32_MAX, &((struct time_offset *)context)->seconds, why);
}

static int read_nanoseconds(const struct json *value, void *context, struct failure *why) {
  uint64_t number;
  if (read_unsigned(value, 999999999, &number, why) < 0) return -1;
  ((struct time_offset *)context)->nanoseconds = (uint32_t)number;
  return 0;
}

static const struct field offset_fields[] = {
    {"secs", read_seconds, false},
    {"nanosecs", read_nanoseconds, false},
    {NULL, NULL, false},
};

static int read_monotonic(const struct json *value, void *context, struct failure *why) {
  return read_object(value, offset_fields, &((struct namespaces_spec *)context)->monotonic, why);
}

static int read_boottime(const struct json *value, void *context, struct failure *why) {
  return read_object(value, offset_fields, &((struct namespaces_spec *)context)->boottime, why);
}

static const struct field clock_fields[] = {
    {"monotonic", read_monotonic, false},
    {"boottime", read_boottime, false},
    {NULL, NULL, false},
};

int time_offsets_read(const struct json *value, struct namespaces_spec *out, struct failure *why) {
  return read_object(value, clock_fields, out, why);
}

// ---- together ------------------------------------------------------------------------------

static bool has_offsets(const struct namespaces_spec *namespaces) {
  const struct time_offset *a = &namespaces->monotonic, *b = &namespaces->boottime;
  return a->seconds || a->nanoseconds || b->seconds || b->nanoseconds;
}

int namespaces_check(const struct json *object, const struct namespaces_spec *namespaces,
                     struct failure *why) {
  bool is_new_user = namespaces->created & CLONE_NEWUSER;
  bool has_maps = namespaces->uids.count > 0 && namespaces->gids.count > 0;
  if (is_new_user && !has_maps)
    return refuse_malformed(object, "with uidMappings and gidMappings for its user namespace", why);
  if (!is_new_user && namespaces->uids.count > 0)
    return refuse_malformed(json_member(object, "uidMappings"),
                            "absent without a new user namespace", why);
  if (!is_new_user && namespaces->gids.count > 0)
    return refuse_malformed(json_member(object, "gidMappings"),
                            "absent without a new user namespace", why);
  if (!(namespaces->created & CLONE_NEWTIME) && has_offsets(namespaces))
    return refuse_malformed(json_member(object, "timeOffsets"),
                            "absent without a new time namespace", why);
  return 0;
}

void namespaces_free(struct namespaces_spec *namespaces) {
  free(namespaces->uids.items);
  free(namespaces->gids.items);
}
