// What goes wrong in a command of runc's shape: one line on stderr, and one in the file of --log, as
// text or JSON, where conmon and container engines look for it.
#ifndef SLIPWAY_OCI_LOG_H
#define SLIPWAY_OCI_LOG_H

#include <stddef.h>

#include "failure.h"

// Opens the file of --log (NULL: none). `format` is "json", "text" or NULL. -1 after saying why not.
int oci_log_open(const char *path, const char *format);

// Both return -1. The second says a failure of the launcher in docker's words.
int oci_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
int oci_failure(const struct failure *why);

// The exit status for it: 126 or 127 when the program is to blame, else 1. Says it first, unless its kind
// is FAILURE_NONE: then somebody has said so already.
int oci_exit_status(const struct failure *why);

// A failure as one sentence: what happened, then the hint.
void failure_text(const struct failure *why, char *text, size_t size);

#endif
