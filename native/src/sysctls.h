// linux.sysctl (config-linux.md §Sysctl): kernel parameters of the container's own namespaces.
#ifndef SLIPWAY_SYSCTLS_H
#define SLIPWAY_SYSCTLS_H

#include <stddef.h>

#include "failure.h"
#include "json.h"
#include "spec-namespaces.h"

// Each parameter must belong to a namespace that is not the host's: others are the machine's. `value`
// is linux.sysctl, or NULL.
int sysctls_check(const struct json *value, const struct namespaces_spec *namespaces,
                  struct failure *why);
// In the container's namespaces.
int sysctls_set(const struct json *value, struct failure *why);

#endif
