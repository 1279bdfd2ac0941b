// The readers of config.json's larger members, for spec.c. The context is the struct spec.
#ifndef SLIPWAY_SPEC_READ_H
#define SLIPWAY_SPEC_READ_H

#include "fields.h"
#include "spec.h"

int read_mounts(const struct json *value, void *context, struct failure *why);  // spec-mounts.c
int read_linux(const struct json *value, void *context, struct failure *why);   // spec-linux.c

// Devices can be opened only where a mount's options say `dev`.
void spec_close_devices(struct spec *spec);

// What mounts and linux must have in common; `value` is the array.
int check_mount_ids(const struct json *value, const struct spec *spec, struct failure *why);
// A propagation by its name in options and rootfsPropagation: MS_SHARED …
bool propagation_named(const char *name, uint64_t *kind, bool *is_recursive);

#endif
