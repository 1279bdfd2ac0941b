// linux of config.json (config-linux.md); see spec-read.h. The tables are the list of what is
// implemented.
#include <string.h>

#include "kernel.h"
#include "spec-read.h"

enum { PATHS_MAX = 512 };

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

static int read_resources(const struct json *value, void *context, struct failure *why) {
  return resources_read(value, &((struct spec *)context)->resources, why);
}

static int read_cgroups_path(const struct json *value, void *context, struct failure *why) {
  struct spec *spec = context;
  if (read_string(value, &spec->cgroups_path, why) < 0) return -1;
  if (spec->cgroups_path[0] == '\0') spec->cgroups_path = NULL;
  return 0;
}

static int read_root_propagation(const struct json *value, void *context, struct failure *why) {
  struct spec *spec = context;
  const char *name;
  bool is_recursive;  // the same: every mount below has its own option
  if (read_string(value, &name, why) < 0) return -1;
  if (name[0] == '\0' || propagation_named(name, &spec->root_propagation, &is_recursive)) return 0;
  return refuse_malformed(value, "shared, slave, private or unbindable, or one with an r in front",
                          why);
}

static const struct field linux_fields[] = {
    {"namespaces", read_namespaces, true},
    {"maskedPaths", read_masked, false},
    {"readonlyPaths", read_readonly_paths, false},
    {"seccomp", read_seccomp, false},
    {"rootfsPropagation", read_root_propagation, false},
    {"resources", read_resources, false},
    {"cgroupsPath", read_cgroups_path, false},
    {NULL, NULL, false},
};

int read_linux(const struct json *value, void *context, struct failure *why) {
  return read_object(value, linux_fields, context, why);
}
