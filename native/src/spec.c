// config.json to struct; see spec.h. The table at the end is the list of what is implemented: what is
// not in it is refused. spec-process.c, spec-mounts.c and spec-linux.c read the larger members.
#include "spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup-devices.h"
#include "kernel.h"
#include "memory.h"
#include "spec-read.h"

static int read_version(const struct json *value, void *context, struct failure *why) {
  (void)context;
  const char *version;
  if (read_string(value, &version, why) < 0) return -1;
  unsigned minor, patch;
  int length = 0;
  // "1.0.2-dev" and "1.2.0+build" are of the same version as without what follows.
  bool is_known = sscanf(version, "1.%3u.%3u%n", &minor, &patch, &length) == 2 &&
                  strchr("-+", version[length]);
  return is_known
             ? 0
             : refuse_unsupported(value, "version 1.x of the specification is implemented", why);
}

static int read_process(const struct json *value, void *context, struct failure *why) {
  return process_read(value, &((struct spec *)context)->process, why);
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

static int read_domainname(const struct json *value, void *context, struct failure *why) {
  return read_string(value, &((struct spec *)context)->domainname, why);
}

static int read_hostname(const struct json *value, void *context, struct failure *why) {
  return read_string(value, &((struct spec *)context)->hostname, why);
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
    {"root", read_root, true},          {"hostname", read_hostname, false}, {"domainname", read_domainname, false},
    {"mounts", read_mounts, false},     {"linux", read_linux, true},
    {"hooks", read_hooks, false},       {"annotations", read_annotations, false},
    {NULL, NULL, false},
};

// Absent lists are empty lists, so that nobody has to ask.
static void fill_absent(struct spec *spec) {
  if (!spec->masked) spec->masked = allocate(sizeof *spec->masked);
  if (!spec->readonly) spec->readonly = allocate(sizeof *spec->readonly);
}

int spec_read(int bundle, struct spec *spec, struct failure *why) {
  *spec = (struct spec){0};
  spec->document = json_read(bundle, "config.json", why);
  if (!spec->document) return -1;
  const struct json *root = json_root(spec->document);
  if (read_object(root, spec_fields, spec, why) < 0) return -1;
  if (spec->hostname && !has_namespace(&spec->namespaces, CLONE_NEWUTS))
    return refuse_malformed(json_member(root, "hostname"), "absent without a uts namespace", why);
  if (spec->domainname && !has_namespace(&spec->namespaces, CLONE_NEWUTS))
    return refuse_malformed(json_member(root, "domainname"), "absent without a uts namespace", why);
  const struct json *mounts = json_member(root, "mounts");
  if (mounts != root && check_mount_ids(mounts, spec, why) < 0) return -1;
  fill_absent(spec);
  spec->opens_devices = spec->resources.device_count > 0 && devices_are_limitable();
  if (!spec->opens_devices) spec_close_devices(spec);
  return 0;
}

void spec_free(struct spec *spec) {
  for (size_t i = 0; i < spec->mount_count; i++) {
    free(spec->mounts[i].data);
    free(spec->mounts[i].uids.items);
    free(spec->mounts[i].gids.items);
  }
  free(spec->mounts);
  process_free(&spec->process);
  namespaces_free(&spec->namespaces);
  device_specs_free(&spec->devices);
  free(spec->masked);
  free(spec->readonly);
  free(spec->seccomp.instructions);
  resources_free(&spec->resources);
  hooks_free(&spec->hooks);
  json_free(spec->document);
  *spec = (struct spec){0};
}
