// Status lines; see status.h.
#include "status.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

static void append_format(struct bytes *out, const char *format, ...) {
  char text[256];
  va_list list;
  va_start(list, format);
  vsnprintf(text, sizeof text, format, list);
  va_end(list);
  bytes_append_text(out, text);
}

static size_t utf8_length(const unsigned char *s) {
  size_t length = s[0] < 0x80 ? 1 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
                : s[0] >= 0xf0 && s[0] < 0xf5 ? 4 : 0;
  for (size_t i = 1; i < length; i++)
    if ((s[i] & 0xc0) != 0x80) return 0;  // also the terminating NUL
  return length;
}

void json_quote(struct bytes *out, const char *text) {
  bytes_append(out, "\"", 1);
  for (const unsigned char *s = (const unsigned char *)text; *s;) {
    size_t length = utf8_length(s);
    if (*s == '"' || *s == '\\') append_format(out, "\\%c", *s);
    else if (*s < 0x20) append_format(out, "\\u%04x", *s);
    else if (length == 0) bytes_append_text(out, "\xef\xbf\xbd");
    else bytes_append(out, s, length);
    s += length ? length : 1;
  }
  bytes_append(out, "\"", 1);
}

void status_created(struct bytes *out, pid_t pid) {
  append_format(out, "{\"status\":\"created\",\"pid\":%d}\n", (int)pid);
}

void status_started(struct bytes *out, pid_t pid) {
  append_format(out, "{\"status\":\"started\",\"pid\":%d}\n", (int)pid);
}

void status_exited(struct bytes *out, int exit_code, bool is_out_of_memory) {
  append_format(out, "{\"status\":\"exited\",\"exitCode\":%d%s}\n", exit_code,
                is_out_of_memory ? ",\"oomKilled\":true" : "");
}

void status_error(struct bytes *out, const struct failure *why) {
  append_format(out, "{\"status\":\"error\",\"exitCode\":%d,\"errno\":%d,\"stage\":",
                failure_status(why), why->error);
  json_quote(out, why->stage);
  bytes_append_text(out, ",\"reason\":");
  json_quote(out, why->error ? strerror(why->error) : "");
  bytes_append_text(out, ",\"call\":");
  json_quote(out, why->call);
  bytes_append_text(out, ",\"path\":");
  json_quote(out, why->path);
  bytes_append_text(out, ",\"hint\":");
  json_quote(out, why->hint);
  bytes_append_text(out, "}\n");
}

pid_t host_pid(int pidfd) {
  char path[48], text[512];
  snprintf(path, sizeof path, "/proc/self/fdinfo/%d", pidfd);
  FILE *file = fopen(path, "re");
  int pid = -1;
  while (file && pid < 0 && fgets(text, sizeof text, file))
    if (strncmp(text, "Pid:", 4) == 0) pid = atoi(text + 4);
  if (file) fclose(file);
  return pid;
}
