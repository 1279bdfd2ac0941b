// config.json (OCI runtime specification: config.md, config-linux.md) as a struct. Every member that
// this launcher does not implement is refused by its JSON pointer; nothing is ignored.
#ifndef SLIPWAY_SPEC_H
#define SLIPWAY_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "failure.h"
#include "hooks.h"
#include "json.h"
#include "seccomp.h"
#include "spec-devices.h"
#include "spec-namespaces.h"
#include "spec-process.h"
#include "spec-resources.h"

// Attributes of mount_setattr: what is set, and what is cleared before.
struct mount_flags {
  uint64_t set, clear;  // MOUNT_ATTR_…
};

struct mount_spec {
  const char *destination;
  const char *type;    // NULL for a bind mount without a type
  const char *source;  // NULL when absent
  bool is_bind;
  bool is_recursive;         // rbind
  bool copies_up;            // a tmpfs that starts with what the root has at the place
  struct mount_flags top;    // of the mount itself
  struct mount_flags whole;  // of it and everything mounted below: applied first
  uint64_t propagation;      // MS_SHARED …; 0: private
  bool propagates_below;     // rshared …
  bool maps_ids;             // idmap, or mappings of its own
  bool maps_ids_below;       // ridmap
  struct id_ranges uids, gids;  // its own; empty: those of the container
  const char **data;         // what is left of `options`: for the file system itself, NULL-terminated
};

struct spec {
  struct process_spec process;
  const char *root_path;
  bool root_readonly;
  const char *hostname, *domainname;  // NULL: inherited
  struct mount_spec *mounts;
  size_t mount_count;
  struct namespaces_spec namespaces;
  const struct json *sysctls;  // an object of strings, or NULL
  struct device_specs devices;
  bool is_32_bit;           // linux.personality is LINUX32
  const char *mount_label;  // of SELinux, for new file systems; NULL or empty: none
  const char **masked, **readonly;  // NULL-terminated
  uint64_t root_propagation;        // MS_SHARED …; 0: private
  struct seccomp_program seccomp;   // empty when the spec has none
  struct resources resources;
  const char *cgroups_path;  // NULL: absent
  // A device cgroup says what can be opened. Otherwise mounts do: nothing, unless they have `dev`.
  bool opens_devices;
  struct hooks hooks;
  const struct json *annotations;  // an object of strings, or NULL

  struct json_document *document;  // owns the strings
};

// Reads config.json of the bundle. On failure `why` has stage "spec", the JSON pointer as path, and
// errno EOPNOTSUPP (not implemented) or EINVAL (malformed).
int spec_read(int bundle, struct spec *spec, struct failure *why);
void spec_free(struct spec *spec);
#define cleanup_spec __attribute__((cleanup(spec_free)))

#endif
