// What scan, pack and unpack say about trouble: one JSON object a line on stderr, errors and warnings
// alike. Bytes from 0x80 of paths are written as \u00XX, so a line is always ASCII and a reader gets
// names back byte for byte (one character a byte).
#ifndef SLIPWAY_REPORT_H
#define SLIPWAY_REPORT_H

#include <errno.h>

// What the caller can tell its user; native/README.md lists them.
enum report_kind {
  REPORT_SYSTEM,   // a system call failed: call, errno, path
  REPORT_REFUSED,  // an entry cannot be represented safely
  REPORT_ARCHIVE,  // the tar is damaged
  REPORT_CHANGED,  // a file changed while it was read
  REPORT_USAGE,    // the arguments make no sense
  REPORT_UNMAPPED, // an owner does not exist in this user namespace
};

// Each returns -1, so that a failing function can end with `return report_…(…)`.
int report_system(const char *call, const char *path);  // errno is read
int report_error(enum report_kind kind, const char *message, const char *path);
void report_warning(const char *message, const char *path);

#endif
