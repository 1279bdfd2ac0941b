// The commands in the shape of runc's (native/README.md §OCI commands). Each says what goes wrong
// through oci-log.h; the result is its exit status.
#ifndef SLIPWAY_OCI_H
#define SLIPWAY_OCI_H

#include <stdbool.h>

// The flags before the command's name.
struct oci {
  const char *root;  // --root, or NULL
};

int oci_create(const struct oci *oci, int argc, char **argv);
int oci_start(const struct oci *oci, int argc, char **argv);
int oci_run(const struct oci *oci, int argc, char **argv);
int oci_exec(const struct oci *oci, int argc, char **argv);
int oci_state(const struct oci *oci, int argc, char **argv);
int oci_list(const struct oci *oci, int argc, char **argv);
int oci_ps(const struct oci *oci, int argc, char **argv);
int oci_kill(const struct oci *oci, int argc, char **argv);
int oci_delete(const struct oci *oci, int argc, char **argv);
int oci_pause(const struct oci *oci, int argc, char **argv);
int oci_resume(const struct oci *oci, int argc, char **argv);
int oci_update(const struct oci *oci, int argc, char **argv);
int oci_features(const struct oci *oci, int argc, char **argv);

#endif
