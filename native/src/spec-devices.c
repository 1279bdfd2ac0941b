// See spec-devices.h.
#include "spec-devices.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fields.h"
#include "memory.h"

enum { DEVICES_MAX = 1024, NUMBER_MAX = 0xfffff };

struct device_reader {
  struct device_spec *device;
  bool has_major, has_minor;
  mode_t kind, permissions;
};

static int read_path(const struct json *value, void *context, struct failure *why) {
  return read_absolute_path(value, &((struct device_reader *)context)->device->path, why);
}

static int read_type(const struct json *value, void *context, struct failure *why) {
  const char *type;
  mode_t *kind = &((struct device_reader *)context)->kind;
  if (read_string(value, &type, why) < 0) return -1;
  if (strcmp(type, "c") == 0 || strcmp(type, "u") == 0) *kind = S_IFCHR;
  else if (strcmp(type, "b") == 0) *kind = S_IFBLK;
  else if (strcmp(type, "p") == 0) *kind = S_IFIFO;
  else return refuse_malformed(value, "c, u, b or p", why);
  return 0;
}

static int read_number(const struct json *value, unsigned *out, struct failure *why) {
  uint64_t number;
  if (read_unsigned(value, NUMBER_MAX, &number, why) < 0) return -1;
  *out = (unsigned)number;
  return 0;
}

static int read_major(const struct json *value, void *context, struct failure *why) {
  struct device_reader *reader = context;
  reader->has_major = true;
  return read_number(value, &reader->device->major, why);
}

static int read_minor(const struct json *value, void *context, struct failure *why) {
  struct device_reader *reader = context;
  reader->has_minor = true;
  return read_number(value, &reader->device->minor, why);
}

// Some engines give the kind in it, too.
static int read_mode(const struct json *value, void *context, struct failure *why) {
  uint64_t number;
  if (read_unsigned(value, S_IFMT | 07777, &number, why) < 0) return -1;
  ((struct device_reader *)context)->permissions = (mode_t)number & 07777;
  return 0;
}

static int read_uid(const struct json *value, void *context, struct failure *why) {
  uint64_t number;
  if (read_unsigned(value, UINT32_MAX - 1, &number, why) < 0) return -1;
  ((struct device_reader *)context)->device->uid = (uid_t)number;
  return 0;
}

static int read_gid(const struct json *value, void *context, struct failure *why) {
  uint64_t number;
  if (read_unsigned(value, UINT32_MAX - 1, &number, why) < 0) return -1;
  ((struct device_reader *)context)->device->gid = (gid_t)number;
  return 0;
}

static const struct field fields[] = {
    {"path", read_path, true},       {"type", read_type, true},   {"major", read_major, false},
    {"minor", read_minor, false},    {"fileMode", read_mode, false}, {"uid", read_uid, false},
    {"gid", read_gid, false},        {NULL, NULL, false},
};

static int read_one(const struct json *value, struct device_spec *device, struct failure *why) {
  struct device_reader reader = {.device = device, .permissions = 0666};
  if (read_object(value, fields, &reader, why) < 0) return -1;
  device->mode = reader.kind | reader.permissions;
  bool has_numbers = reader.has_major && reader.has_minor;
  return has_numbers || reader.kind == S_IFIFO
             ? 0
             : refuse_malformed(value, "a device with major and minor", why);
}

int device_specs_read(const struct json *value, struct device_specs *out, struct failure *why) {
  if (expect_kind(value, JSON_ARRAY, why) < 0) return -1;
  if (value->count > DEVICES_MAX) return refuse_malformed(value, "a shorter array", why);
  out->items = allocate((value->count + 1) * sizeof *out->items);
  for (const struct json *child = value->children; child; child = child->next)
    if (read_one(child, &out->items[out->count++], why) < 0) return -1;
  return 0;
}

void device_specs_free(struct device_specs *devices) { free(devices->items); }
