// See report.h.
#include "report.h"

#include <stdio.h>
#include <string.h>

static const char *const kind_names[] = {"system", "refused", "archive", "changed", "usage",
                                         "unmapped"};

static void print_json_bytes(const char *bytes) {
  putc('"', stderr);
  for (const unsigned char *p = (const unsigned char *)bytes; *p; p++) {
    if (*p == '"' || *p == '\\') fprintf(stderr, "\\%c", *p);
    else if (*p < 0x20 || *p >= 0x7f) fprintf(stderr, "\\u%04x", *p);
    else putc(*p, stderr);
  }
  putc('"', stderr);
}

static void print_line(const char *kind, const char *call, int error, const char *message,
                       const char *path) {
  flockfile(stderr);
  fprintf(stderr, "{\"kind\":\"%s\",\"call\":\"%s\",\"errno\":%d,\"message\":", kind, call, error);
  print_json_bytes(message);
  fputs(",\"path\":", stderr);
  print_json_bytes(path);
  fputs("}\n", stderr);
  funlockfile(stderr);
}

int report_system(const char *call, const char *path) {
  int error = errno;
  print_line(kind_names[REPORT_SYSTEM], call, error, strerror(error), path);
  errno = error;
  return -1;
}

int report_error(enum report_kind kind, const char *message, const char *path) {
  print_line(kind_names[kind], "", 0, message, path);
  return -1;
}

void report_warning(const char *message, const char *path) {
  print_line("warning", "", 0, message, path);
}
