// features: what is implemented, as JSON (runtime-spec features.md), from the tables that decide it.
#include "feature-names.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "flags.h"
#include "hooks.h"
#include "memory.h"
#include "oci-log.h"
#include "oci.h"
#include "status.h"

typedef const char *name_at(size_t place);

static void append_name(struct bytes *out, const char *prefix, const char *name) {
  char full[64];
  snprintf(full, sizeof full, "%s%s", prefix, name);
  if (out->data[out->length - 1] != '[') bytes_append_text(out, ",");
  json_quote(out, full);
}

static void append_names(struct bytes *out, const char *prefix, name_at *name) {
  for (size_t i = 0; name(i); i++) append_name(out, prefix, name(i));
}

static const char *hook_name(size_t place) {
  return place < HOOK_POINTS ? hook_point_name((enum hook_point)place) : NULL;
}

static void open_list(struct bytes *out, const char *member) {
  if (out->data[out->length - 1] != '{') bytes_append_text(out, ",");
  json_quote(out, member);
  bytes_append_text(out, ":[");
}

static void append_list(struct bytes *out, const char *member, name_at *name) {
  open_list(out, member);
  append_names(out, "", name);
  bytes_append_text(out, "]");
}

static void append_mount_options(struct bytes *out) {
  open_list(out, "mountOptions");
  append_name(out, "", "bind");
  append_name(out, "", "rbind");
  append_names(out, "", mount_attribute_name);
  append_names(out, "r", mount_attribute_name);
  append_names(out, "", mount_propagation_name);
  append_names(out, "r", mount_propagation_name);
  append_name(out, "", "idmap");
  append_name(out, "", "ridmap");
  append_name(out, "", "tmpcopyup");
  bytes_append_text(out, "]");
}

static void append_seccomp(struct bytes *out) {
  bytes_append_text(out, ",\"seccomp\":{\"enabled\":true");
  append_list(out, "actions", seccomp_action_name);
  append_list(out, "operators", seccomp_comparison_name);
  append_list(out, "archs", seccomp_architecture_name);
  append_list(out, "knownFlags", seccomp_flag_name);
  append_list(out, "supportedFlags", seccomp_flag_name);
  bytes_append_text(out, "}");
}

int oci_features(const struct oci *oci, int argc, char **argv) {
  (void)oci;
  if (flags_parse(argc, argv, NULL, 0) != 0 || argc != 1)
    return oci_error("features takes no words"), 1;
  cleanup_bytes struct bytes out = {0};
  bytes_append_text(&out, "{\"ociVersionMin\":\"1.0.0\",\"ociVersionMax\":\"1.3.0\"");
  append_list(&out, "hooks", hook_name);
  append_mount_options(&out);
  bytes_append_text(&out, ",\"linux\":{");
  append_list(&out, "namespaces", namespace_name);
  append_list(&out, "capabilities", capability_name);
  // Any version, each controller where it is; systemd is never asked to make a group.
  bytes_append_text(&out, ",\"cgroup\":{\"v1\":true,\"v2\":true,\"systemd\":false,"
                          "\"systemdUser\":false,\"rdma\":true}");
  append_seccomp(&out);
  bytes_append_text(&out, ",\"apparmor\":{\"enabled\":true},\"selinux\":{\"enabled\":true},"
                          "\"intelRdt\":{\"enabled\":false},"
                          "\"mountExtensions\":{\"idmap\":{\"enabled\":true}}}}\n");
  if (fwrite(out.data, 1, out.length, stdout) == out.length && fflush(stdout) == 0) return 0;
  return oci_error("stdout: %s", strerror(errno)), 1;
}
