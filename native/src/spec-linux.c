// linux of config.json (config-linux.md); see spec-read.h. The tables are the list of what is
// implemented.
#include <string.h>

#include "kernel.h"
#include "labels.h"
#include "spec-read.h"
#include "sysctls.h"

enum { PATHS_MAX = 512 };

static struct namespaces_spec *namespaces_of(void *context) {
  return &((struct spec *)context)->namespaces;
}

static int read_namespaces(const struct json *value, void *context, struct failure *why) {
  return namespaces_read(value, namespaces_of(context), why);
}

static int read_uids(const struct json *value, void *context, struct failure *why) {
  return id_ranges_read(value, &namespaces_of(context)->uids, why);
}

static int read_gids(const struct json *value, void *context, struct failure *why) {
  return id_ranges_read(value, &namespaces_of(context)->gids, why);
}

static int read_time_offsets(const struct json *value, void *context, struct failure *why) {
  return time_offsets_read(value, namespaces_of(context), why);
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

static int read_sysctls(const struct json *value, void *context, struct failure *why) {
  ((struct spec *)context)->sysctls = value;
  return expect_kind(value, JSON_OBJECT, why);
}

static int read_devices(const struct json *value, void *context, struct failure *why) {
  return device_specs_read(value, &((struct spec *)context)->devices, why);
}

static int read_mount_label(const struct json *value, void *context, struct failure *why) {
  struct spec *spec = context;
  if (read_string(value, &spec->mount_label, why) < 0) return -1;
  return label_check_selinux(value, spec->mount_label, why);
}

static int read_domain(const struct json *value, void *context, struct failure *why) {
  const char *domain;
  if (read_string(value, &domain, why) < 0) return -1;
  ((struct spec *)context)->is_32_bit = strcmp(domain, "LINUX32") == 0;
  bool is_known = strcmp(domain, "LINUX32") == 0 || strcmp(domain, "LINUX") == 0;
  return is_known ? 0 : refuse_malformed(value, "LINUX or LINUX32", why);
}

// The specification has the member, and no value for it.
static int read_personality_flags(const struct json *value, void *context, struct failure *why) {
  (void)context;
  if (expect_kind(value, JSON_ARRAY, why) < 0) return -1;
  return value->children ? refuse_unsupported(value->children, "no flag is known", why) : 0;
}

static const struct field personality_fields[] = {
    {"domain", read_domain, true},
    {"flags", read_personality_flags, false},
    {NULL, NULL, false},
};

static int read_personality(const struct json *value, void *context, struct failure *why) {
  return read_object(value, personality_fields, context, why);
}

static const struct field linux_fields[] = {
    {"namespaces", read_namespaces, true},
    {"uidMappings", read_uids, false},
    {"gidMappings", read_gids, false},
    {"timeOffsets", read_time_offsets, false},
    {"maskedPaths", read_masked, false},
    {"readonlyPaths", read_readonly_paths, false},
    {"seccomp", read_seccomp, false},
    {"rootfsPropagation", read_root_propagation, false},
    {"sysctl", read_sysctls, false},
    {"devices", read_devices, false},
    {"mountLabel", read_mount_label, false},
    {"personality", read_personality, false},
    {"resources", read_resources, false},
    {"cgroupsPath", read_cgroups_path, false},
    {NULL, NULL, false},
};

int read_linux(const struct json *value, void *context, struct failure *why) {
  if (read_object(value, linux_fields, context, why) < 0) return -1;
  if (namespaces_check(value, namespaces_of(context), why) < 0) return -1;
  return sysctls_check(((struct spec *)context)->sysctls, namespaces_of(context), why);
}
