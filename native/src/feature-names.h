// The tables of what is implemented, one name after the other, for the command features: the readers'
// own, so that what is printed is what is read.
#ifndef SLIPWAY_FEATURE_NAMES_H
#define SLIPWAY_FEATURE_NAMES_H

#include <stddef.h>

// The name at a place of its table, NULL behind the end.
const char *namespace_name(size_t place);             // spec-namespaces.c
const char *capability_name(size_t place);            // capabilities.c; by number
const char *mount_attribute_name(size_t place);       // spec-mounts.c; each also with an r in front
const char *mount_propagation_name(size_t place);     // spec-mounts.c; the same
const char *seccomp_action_name(size_t place);        // seccomp-read.c
const char *seccomp_comparison_name(size_t place);
const char *seccomp_architecture_name(size_t place);  // those that filters are made for
const char *seccomp_flag_name(size_t place);

#endif
