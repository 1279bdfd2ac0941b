// mounts of config.json (config.md §Mounts); see spec-read.h.
#include <stdlib.h>
#include <string.h>

#include "kernel.h"
#include "memory.h"
#include "spec-read.h"

enum { MOUNTS_MAX = 512 };

static const struct {
  const char *name;
  uint64_t set, clear;
} mount_options[] = {
    {"ro", MOUNT_ATTR_RDONLY, 0},
    {"rw", 0, MOUNT_ATTR_RDONLY},
    {"nosuid", MOUNT_ATTR_NOSUID, 0},
    {"suid", 0, MOUNT_ATTR_NOSUID},
    {"nodev", MOUNT_ATTR_NODEV, 0},
    {"dev", 0, MOUNT_ATTR_NODEV},
    {"noexec", MOUNT_ATTR_NOEXEC, 0},
    {"exec", 0, MOUNT_ATTR_NOEXEC},
    {"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0},
    {"noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
    {"relatime", MOUNT_ATTR_RELATIME, MOUNT_ATTR__ATIME},
    {"strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
    {"nodiratime", MOUNT_ATTR_NODIRATIME, 0},
    // The default of every mount here: nothing is shared with the host.
    {"private", 0, 0},
    {"rprivate", 0, 0},
};

static bool apply_mount_option(struct mount_spec *mount, const char *option) {
  if (strcmp(option, "bind") == 0 || strcmp(option, "rbind") == 0) {
    mount->is_bind = true;
    mount->is_recursive = option[0] == 'r';
    return true;
  }
  for (size_t i = 0; i < sizeof mount_options / sizeof mount_options[0]; i++) {
    if (strcmp(mount_options[i].name, option) != 0) continue;
    mount->set = (mount->set & ~mount_options[i].clear) | mount_options[i].set;
    mount->clear |= mount_options[i].clear;
    return true;
  }
  return false;
}

static int read_options(const struct json *value, void *context, struct failure *why) {
  struct mount_spec *mount = context;
  if (expect_kind(value, JSON_ARRAY, why) < 0) return -1;
  free(mount->data);
  mount->data = allocate((value->count + 1) * sizeof *mount->data);
  size_t left = 0;
  for (const struct json *child = value->children; child; child = child->next) {
    const char *option;
    if (read_string(child, &option, why) < 0) return -1;
    if (!apply_mount_option(mount, option)) mount->data[left++] = option;
  }
  return 0;
}

static int read_destination(const struct json *value, void *context, struct failure *why) {
  return read_absolute_path(value, &((struct mount_spec *)context)->destination, why);
}

static int read_type(const struct json *value, void *context, struct failure *why) {
  return read_string(value, &((struct mount_spec *)context)->type, why);
}

static int read_source(const struct json *value, void *context, struct failure *why) {
  return read_string(value, &((struct mount_spec *)context)->source, why);
}

static const struct field mount_fields[] = {
    {"destination", read_destination, true}, {"type", read_type, false},
    {"source", read_source, false},          {"options", read_options, false},
    {NULL, NULL, false},
};

// A container with CAP_MKNOD makes what nodes it likes: unless the spec says `dev`, none of them can
// be opened. devpts lets nobody make any, and its own are the container's terminals.
void spec_close_devices(struct spec *spec) {
  for (size_t i = 0; i < spec->mount_count; i++) {
    struct mount_spec *mount = &spec->mounts[i];
    bool is_devpts = !mount->is_bind && mount->type && strcmp(mount->type, "devpts") == 0;
    if (!is_devpts && !(mount->clear & MOUNT_ATTR_NODEV)) mount->set |= MOUNT_ATTR_NODEV;
  }
}

static int check_mount(const struct json *value, struct mount_spec *mount, struct failure *why) {
  static const char *const types[] = {"proc", "sysfs", "tmpfs", "devpts", "mqueue"};
  if (strcmp(mount->destination, "/") == 0)
    return refuse_unsupported(json_member(value, "destination"), "the root cannot be mounted over", why);
  if (mount->type && strcmp(mount->type, "bind") == 0) mount->is_bind = true;
  if (mount->is_bind) {
    if (!mount->source || !mount->source[0])
      return refuse_malformed(value, "a bind mount with a source", why);
    if (mount->data && mount->data[0])
      return refuse_unsupported(json_member(value, "options"), "an option is not known for bind mounts",
                                why);
    return 0;
  }
  for (size_t i = 0; mount->type && i < sizeof types / sizeof types[0]; i++)
    if (strcmp(types[i], mount->type) == 0) return 0;
  return refuse_unsupported(json_member(value, "type"),
                            "mounts can be bind, proc, sysfs, tmpfs, devpts and mqueue", why);
}

int read_mounts(const struct json *value, void *context, struct failure *why) {
  struct spec *spec = context;
  if (expect_kind(value, JSON_ARRAY, why) < 0) return -1;
  if (value->count > MOUNTS_MAX) return refuse_malformed(value, "a shorter array", why);
  spec->mounts = allocate(value->count * sizeof *spec->mounts);
  for (const struct json *child = value->children; child; child = child->next) {
    struct mount_spec *mount = &spec->mounts[spec->mount_count++];
    if (read_object(child, mount_fields, mount, why) < 0) return -1;
    if (check_mount(child, mount, why) < 0) return -1;
  }
  return 0;
}
