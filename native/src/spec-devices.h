// linux.devices (config-linux.md §Devices): nodes that a container has besides the default ones.
#ifndef SLIPWAY_SPEC_DEVICES_H
#define SLIPWAY_SPEC_DEVICES_H

#include <stddef.h>
#include <sys/types.h>

#include "failure.h"
#include "json.h"

struct device_spec {
  const char *path;
  mode_t mode;  // with its kind, S_IF…
  unsigned major, minor;
  uid_t uid;
  gid_t gid;
};

struct device_specs {
  struct device_spec *items;
  size_t count;
};

int device_specs_read(const struct json *value, struct device_specs *out, struct failure *why);
void device_specs_free(struct device_specs *devices);

#endif
