// mounts of config.json (config.md §Mounts); see spec-read.h.
#include <stdlib.h>
#include <string.h>

#include "feature-names.h"
#include "kernel.h"
#include "memory.h"
#include "spec-read.h"

enum { MOUNTS_MAX = 512 };

#define ATIME MOUNT_ATTR__ATIME

// Each also exists with an r in front, for the whole tree.
static const struct {
  const char *name;
  uint64_t set, clear;
} attributes[] = {
    {"ro", MOUNT_ATTR_RDONLY, 0},
    {"rw", 0, MOUNT_ATTR_RDONLY},
    {"nosuid", MOUNT_ATTR_NOSUID, 0},
    {"suid", 0, MOUNT_ATTR_NOSUID},
    {"nodev", MOUNT_ATTR_NODEV, 0},
    {"dev", 0, MOUNT_ATTR_NODEV},
    {"noexec", MOUNT_ATTR_NOEXEC, 0},
    {"exec", 0, MOUNT_ATTR_NOEXEC},
    {"nosymfollow", MOUNT_ATTR_NOSYMFOLLOW, 0},
    {"symfollow", 0, MOUNT_ATTR_NOSYMFOLLOW},
    {"nodiratime", MOUNT_ATTR_NODIRATIME, 0},
    {"diratime", 0, MOUNT_ATTR_NODIRATIME},
    {"noatime", MOUNT_ATTR_NOATIME, ATIME},
    {"strictatime", MOUNT_ATTR_STRICTATIME, ATIME},
    {"relatime", MOUNT_ATTR_RELATIME, ATIME},
    // The kernel's default is relatime: what ends the others leads back there.
    {"atime", MOUNT_ATTR_RELATIME, ATIME},
    {"norelatime", MOUNT_ATTR_RELATIME, ATIME},
    {"nostrictatime", MOUNT_ATTR_RELATIME, ATIME},
};

static const struct {
  const char *name;
  uint64_t kind;
} propagations[] = {
    {"private", MS_PRIVATE},
    {"slave", MS_SLAVE},
    {"shared", MS_SHARED},
    {"unbindable", MS_UNBINDABLE},
};

const char *mount_attribute_name(size_t place) {
  return place < sizeof attributes / sizeof attributes[0] ? attributes[place].name : NULL;
}

const char *mount_propagation_name(size_t place) {
  return place < sizeof propagations / sizeof propagations[0] ? propagations[place].name : NULL;
}

static bool apply_attribute(struct mount_flags *flags, const char *option) {
  for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++) {
    if (strcmp(attributes[i].name, option) != 0) continue;
    flags->set = (flags->set & ~attributes[i].clear) | attributes[i].set;
    flags->clear |= attributes[i].clear;
    return true;
  }
  return false;
}

bool propagation_named(const char *name, uint64_t *kind, bool *is_recursive) {
  for (size_t i = 0; i < sizeof propagations / sizeof propagations[0]; i++) {
    *is_recursive = name[0] == 'r';
    if (strcmp(propagations[i].name, name + *is_recursive) != 0) continue;
    *kind = propagations[i].kind;
    return true;
  }
  return false;
}

static bool apply_option(struct mount_spec *mount, const char *option) {
  static const char *const nothing[] = {"defaults", "loud", "silent"};
  for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; i++)
    if (strcmp(nothing[i], option) == 0) return true;
  if (strcmp(option, "bind") == 0 || strcmp(option, "rbind") == 0) {
    mount->is_bind = true;
    mount->is_recursive = option[0] == 'r';
    return true;
  }
  if (strcmp(option, "idmap") == 0 || strcmp(option, "ridmap") == 0) {
    mount->maps_ids = true;
    mount->maps_ids_below = option[0] == 'r';
    return true;
  }
  if (strcmp(option, "tmpcopyup") == 0) return mount->copies_up = true;
  if (apply_attribute(&mount->top, option)) return true;
  if (option[0] == 'r' && apply_attribute(&mount->whole, option + 1)) return true;
  return propagation_named(option, &mount->propagation, &mount->propagates_below);
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
    if (strcmp(option, "remount") == 0)
      return refuse_unsupported(child, "the option is not implemented; leave it out", why);
    if (!apply_option(mount, option)) mount->data[left++] = option;
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

static int read_uids(const struct json *value, void *context, struct failure *why) {
  return id_ranges_read(value, &((struct mount_spec *)context)->uids, why);
}

static int read_gids(const struct json *value, void *context, struct failure *why) {
  return id_ranges_read(value, &((struct mount_spec *)context)->gids, why);
}

static const struct field mount_fields[] = {
    {"destination", read_destination, true}, {"type", read_type, false},
    {"source", read_source, false},          {"options", read_options, false},
    {"uidMappings", read_uids, false},       {"gidMappings", read_gids, false},
    {NULL, NULL, false},
};

// A container with CAP_MKNOD makes what nodes it likes: unless the spec says `dev`, none of them can
// be opened. devpts lets nobody make any, and its own are the container's terminals.
void spec_close_devices(struct spec *spec) {
  for (size_t i = 0; i < spec->mount_count; i++) {
    struct mount_spec *mount = &spec->mounts[i];
    bool is_devpts = !mount->is_bind && mount->type && strcmp(mount->type, "devpts") == 0;
    bool says_dev = (mount->top.clear | mount->whole.clear) & MOUNT_ATTR_NODEV;
    if (!is_devpts && !says_dev) mount->whole.set |= MOUNT_ATTR_NODEV;
  }
}

static int check_ids(const struct json *value, struct mount_spec *mount, struct failure *why) {
  bool has_uids = mount->uids.count > 0, has_gids = mount->gids.count > 0;
  if (has_uids != has_gids)
    return refuse_malformed(value, "with both uidMappings and gidMappings, or neither", why);
  mount->maps_ids = mount->maps_ids || has_uids;
  if (!mount->maps_ids || mount->is_bind) return 0;
  return refuse_unsupported(json_member(value, has_uids ? "uidMappings" : "options"),
                            "only bind mounts can have other ids", why);
}

// Mappings of a mount that has none of its own are those of the container, known only at the end.
int check_mount_ids(const struct json *value, const struct spec *spec, struct failure *why) {
  const struct json *child = value->children;
  for (size_t i = 0; child && i < spec->mount_count; i++, child = child->next) {
    const struct mount_spec *mount = &spec->mounts[i];
    if (mount->maps_ids && mount->uids.count == 0 && spec->namespaces.uids.count == 0)
      return refuse_malformed(json_member(child, "options"),
                              "without idmap: neither the mount nor the container has mappings",
                              why);
  }
  return 0;
}

static int check_mount(const struct json *value, struct mount_spec *mount, struct failure *why) {
  if (strcmp(mount->destination, "/") == 0)
    return refuse_unsupported(json_member(value, "destination"), "the root cannot be mounted over",
                              why);
  if (mount->type && strcmp(mount->type, "bind") == 0) mount->is_bind = true;
  if (check_ids(value, mount, why) < 0) return -1;
  if (mount->copies_up && (mount->is_bind || !mount->type || strcmp(mount->type, "tmpfs") != 0))
    return refuse_malformed(json_member(value, "options"), "without tmpcopyup: that is for a tmpfs",
                            why);
  if (!mount->is_bind)
    return mount->type && mount->type[0]
               ? 0
               : refuse_malformed(value, "a mount with a type, or with the option bind", why);
  if (!mount->source || !mount->source[0])
    return refuse_malformed(value, "a bind mount with a source", why);
  if (mount->data && mount->data[0])
    return refuse_unsupported(json_member(value, "options"),
                              "an option is not known for bind mounts", why);
  return 0;
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
