// config.json to struct; see spec.h. The tables at the end of each section are the list of what is
// implemented: what is not in them is refused.
#include "spec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capabilities.h"
#include "fields.h"
#include "kernel.h"
#include "memory.h"

enum {
  ARGS_MAX = 1 << 16,
  GROUPS_MAX = 65536,  // NGROUPS_MAX
  MOUNTS_MAX = 512,
  PATHS_MAX = 512,
};

static int read_path(const struct json *value, const char **out, struct failure *why) {
  if (read_string(value, out, why) < 0) return -1;
  return (*out)[0] == '/' ? 0 : refuse_malformed(value, "an absolute path", why);
}

static int read_bounded_strings(const struct json *value, size_t max, const char ***out,
                                struct failure *why) {
  if (value->count > max) return refuse_malformed(value, "a shorter array", why);
  return read_strings(value, out, why);
}

// ---- process -------------------------------------------------------------------------------

static int read_uid(const struct json *value, void *context, struct failure *why) {
  uint64_t number;
  if (read_unsigned(value, UINT32_MAX - 1, &number, why) < 0) return -1;
  ((struct spec *)context)->uid = (uid_t)number;
  return 0;
}

static int read_gid(const struct json *value, void *context, struct failure *why) {
  uint64_t number;
  if (read_unsigned(value, UINT32_MAX - 1, &number, why) < 0) return -1;
  ((struct spec *)context)->gid = (gid_t)number;
  return 0;
}

static int read_umask(const struct json *value, void *context, struct failure *why) {
  uint64_t number;
  if (read_unsigned(value, 0777, &number, why) < 0) return -1;
  ((struct spec *)context)->umask = (mode_t)number;
  return 0;
}

static int read_groups(const struct json *value, void *context, struct failure *why) {
  struct spec *spec = context;
  if (expect_kind(value, JSON_ARRAY, why) < 0) return -1;
  if (value->count > GROUPS_MAX) return refuse_malformed(value, "a shorter array", why);
  spec->groups = allocate(value->count * sizeof *spec->groups);
  for (const struct json *child = value->children; child; child = child->next) {
    uint64_t number;
    if (read_unsigned(child, UINT32_MAX - 1, &number, why) < 0) return -1;
    spec->groups[spec->group_count++] = (gid_t)number;
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
    return read_capability_set(value, &((struct spec *)context)->capabilities.set, why);         \
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
  return read_boolean(value, &((struct spec *)context)->has_terminal, why);
}

static int read_size(const struct json *value, unsigned short *out, struct failure *why) {
  uint64_t number;
  if (read_unsigned(value, UINT16_MAX, &number, why) < 0) return -1;
  *out = (unsigned short)number;
  return 0;
}

static int read_height(const struct json *value, void *context, struct failure *why) {
  return read_size(value, &((struct spec *)context)->console_rows, why);
}

static int read_width(const struct json *value, void *context, struct failure *why) {
  return read_size(value, &((struct spec *)context)->console_columns, why);
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
  struct spec *spec = context;
  if (read_bounded_strings(value, ARGS_MAX, &spec->args, why) < 0) return -1;
  return spec->args[0] ? 0 : refuse_malformed(value, "an array with the program first", why);
}

static int read_env(const struct json *value, void *context, struct failure *why) {
  return read_bounded_strings(value, ARGS_MAX, &((struct spec *)context)->env, why);
}

static int read_cwd(const struct json *value, void *context, struct failure *why) {
  return read_path(value, &((struct spec *)context)->cwd, why);
}

static int read_capabilities(const struct json *value, void *context, struct failure *why) {
  return read_object(value, capability_fields, context, why);
}

static int read_no_new_privileges(const struct json *value, void *context, struct failure *why) {
  return read_boolean(value, &((struct spec *)context)->no_new_privileges, why);
}

static int read_oom_score(const struct json *value, void *context, struct failure *why) {
  struct spec *spec = context;
  int64_t score;
  if (read_integer(value, -1000, 1000, &score, why) < 0) return -1;
  spec->oom_score = (int)score;
  spec->has_oom_score = true;
  return 0;
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
    {NULL, NULL, false},
};

// ---- mounts --------------------------------------------------------------------------------

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
  return read_path(value, &((struct mount_spec *)context)->destination, why);
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

static const struct json *member(const struct json *object, const char *name) {
  for (const struct json *child = object->children; child; child = child->next)
    if (strcmp(child->name, name) == 0) return child;
  return object;
}

// A container with CAP_MKNOD makes what nodes it likes: unless the spec says `dev`, none of them can
// be opened. devpts lets nobody make any, and its own are the container's terminals.
static void refuse_devices(struct mount_spec *mount) {
  bool is_devpts = !mount->is_bind && mount->type && strcmp(mount->type, "devpts") == 0;
  if (!is_devpts && !(mount->clear & MOUNT_ATTR_NODEV)) mount->set |= MOUNT_ATTR_NODEV;
}

static int check_mount(const struct json *value, struct mount_spec *mount, struct failure *why) {
  static const char *const types[] = {"proc", "sysfs", "tmpfs", "devpts", "mqueue"};
  if (strcmp(mount->destination, "/") == 0)
    return refuse_unsupported(member(value, "destination"), "the root cannot be mounted over", why);
  if (mount->type && strcmp(mount->type, "bind") == 0) mount->is_bind = true;
  if (mount->is_bind) {
    if (!mount->source || !mount->source[0])
      return refuse_malformed(value, "a bind mount with a source", why);
    if (mount->data && mount->data[0])
      return refuse_unsupported(member(value, "options"), "an option is not known for bind mounts",
                                why);
    return 0;
  }
  for (size_t i = 0; mount->type && i < sizeof types / sizeof types[0]; i++)
    if (strcmp(types[i], mount->type) == 0) return 0;
  return refuse_unsupported(member(value, "type"),
                            "mounts can be bind, proc, sysfs, tmpfs, devpts and mqueue", why);
}

static int read_mounts(const struct json *value, void *context, struct failure *why) {
  struct spec *spec = context;
  if (expect_kind(value, JSON_ARRAY, why) < 0) return -1;
  if (value->count > MOUNTS_MAX) return refuse_malformed(value, "a shorter array", why);
  spec->mounts = allocate(value->count * sizeof *spec->mounts);
  for (const struct json *child = value->children; child; child = child->next) {
    struct mount_spec *mount = &spec->mounts[spec->mount_count++];
    if (read_object(child, mount_fields, mount, why) < 0) return -1;
    if (check_mount(child, mount, why) < 0) return -1;
    refuse_devices(mount);
  }
  return 0;
}

// ---- linux ---------------------------------------------------------------------------------

static const struct {
  const char *type;
  uint64_t flag;
} namespace_types[] = {
    {"pid", CLONE_NEWPID}, {"network", CLONE_NEWNET}, {"mount", CLONE_NEWNS},
    {"ipc", CLONE_NEWIPC}, {"uts", CLONE_NEWUTS},     {"cgroup", CLONE_NEWCGROUP},
};

static int read_namespace_type(const struct json *value, void *context, struct failure *why) {
  struct spec *spec = context;
  const char *type;
  if (read_string(value, &type, why) < 0) return -1;
  for (size_t i = 0; i < sizeof namespace_types / sizeof namespace_types[0]; i++) {
    if (strcmp(namespace_types[i].type, type) != 0) continue;
    if (spec->namespaces & namespace_types[i].flag)
      return refuse_malformed(value, "a namespace that is not listed already", why);
    spec->namespaces |= namespace_types[i].flag;
    return 0;
  }
  return refuse_unsupported(value, "namespaces can be pid, network, mount, ipc, uts and cgroup",
                            why);
}

static const struct field namespace_fields[] = {
    {"type", read_namespace_type, true},  // "path" (joining an existing one) is refused
    {NULL, NULL, false},
};

static int read_namespaces(const struct json *value, void *context, struct failure *why) {
  struct spec *spec = context;
  if (expect_kind(value, JSON_ARRAY, why) < 0) return -1;
  for (const struct json *child = value->children; child; child = child->next)
    if (read_object(child, namespace_fields, spec, why) < 0) return -1;
  const uint64_t needed = CLONE_NEWNS | CLONE_NEWPID;
  if ((spec->namespaces & needed) != needed)
    return refuse_unsupported(value, "a container needs its own mount and pid namespaces", why);
  return 0;
}

static int read_masked(const struct json *value, void *context, struct failure *why) {
  return read_bounded_strings(value, PATHS_MAX, &((struct spec *)context)->masked, why);
}

static int read_readonly_paths(const struct json *value, void *context, struct failure *why) {
  return read_bounded_strings(value, PATHS_MAX, &((struct spec *)context)->readonly, why);
}

static int read_seccomp(const struct json *value, void *context, struct failure *why) {
  return seccomp_compile(value, &((struct spec *)context)->seccomp, why);
}

static const struct field linux_fields[] = {
    {"namespaces", read_namespaces, true},
    {"maskedPaths", read_masked, false},
    {"readonlyPaths", read_readonly_paths, false},
    {"seccomp", read_seccomp, false},
    {NULL, NULL, false},
};

// ---- the whole -----------------------------------------------------------------------------

static int read_version(const struct json *value, void *context, struct failure *why) {
  (void)context;
  const char *version;
  if (read_string(value, &version, why) < 0) return -1;
  return strncmp(version, "1.", 2) == 0
             ? 0
             : refuse_unsupported(value, "version 1.x of the specification is implemented", why);
}

static int read_process(const struct json *value, void *context, struct failure *why) {
  return read_object(value, process_fields, context, why);
}

static int read_root_path(const struct json *value, void *context, struct failure *why) {
  return read_string(value, &((struct spec *)context)->root_path, why);
}

static int read_root_readonly(const struct json *value, void *context, struct failure *why) {
  return read_boolean(value, &((struct spec *)context)->root_readonly, why);
}

static const struct field root_fields[] = {
    {"path", read_root_path, true},
    {"readonly", read_root_readonly, false},
    {NULL, NULL, false},
};

static int read_root(const struct json *value, void *context, struct failure *why) {
  return read_object(value, root_fields, context, why);
}

static int read_hostname(const struct json *value, void *context, struct failure *why) {
  return read_string(value, &((struct spec *)context)->hostname, why);
}

static int read_linux(const struct json *value, void *context, struct failure *why) {
  return read_object(value, linux_fields, context, why);
}

static int read_hooks(const struct json *value, void *context, struct failure *why) {
  return hooks_read(value, &((struct spec *)context)->hooks, why);
}

static int read_annotations(const struct json *value, void *context, struct failure *why) {
  if (expect_kind(value, JSON_OBJECT, why) < 0) return -1;
  for (const struct json *child = value->children; child; child = child->next)
    if (expect_kind(child, JSON_STRING, why) < 0) return -1;
  ((struct spec *)context)->annotations = value;
  return 0;
}

static const struct field spec_fields[] = {
    {"ociVersion", read_version, true}, {"process", read_process, true},
    {"root", read_root, true},          {"hostname", read_hostname, false},
    {"mounts", read_mounts, false},     {"linux", read_linux, true},
    {"hooks", read_hooks, false},       {"annotations", read_annotations, false},
    {NULL, NULL, false},
};

// Absent lists are empty lists, so that nobody has to ask.
static void fill_absent(struct spec *spec) {
  if (!spec->env) spec->env = allocate(sizeof *spec->env);
  if (!spec->masked) spec->masked = allocate(sizeof *spec->masked);
  if (!spec->readonly) spec->readonly = allocate(sizeof *spec->readonly);
}

int spec_read(int bundle, struct spec *spec, struct failure *why) {
  *spec = (struct spec){.umask = 022};
  spec->document = json_read(bundle, "config.json", why);
  if (!spec->document) return -1;
  const struct json *root = json_root(spec->document);
  if (read_object(root, spec_fields, spec, why) < 0) return -1;
  if (spec->hostname && !(spec->namespaces & CLONE_NEWUTS))
    return refuse_malformed(member(root, "hostname"), "absent without a uts namespace", why);
  fill_absent(spec);
  return 0;
}

void spec_free(struct spec *spec) {
  for (size_t i = 0; i < spec->mount_count; i++) free(spec->mounts[i].data);
  free(spec->mounts);
  free(spec->args);
  free(spec->env);
  free(spec->groups);
  free(spec->masked);
  free(spec->readonly);
  free(spec->seccomp.instructions);
  hooks_free(&spec->hooks);
  json_free(spec->document);
  *spec = (struct spec){0};
}
