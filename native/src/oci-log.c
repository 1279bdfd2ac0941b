// Errors of commands in runc's shape; see oci-log.h.
#include "oci-log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "status.h"

static int log_file = -1;
static bool is_json;

int oci_log_open(const char *path, const char *format) {
  if (format && strcmp(format, "json") != 0 && strcmp(format, "text") != 0)
    return oci_error("--log-format: \"%s\" is neither json nor text", format);
  is_json = format && strcmp(format, "json") == 0;
  if (!path || !*path) return 0;
  // At least 10: the descriptors of --preserve-fds come from 3 on.
  int file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) return oci_error("open log file %s: %s", path, strerror(errno));
  log_file = fcntl(file, F_DUPFD_CLOEXEC, 10);
  close(file);
  return log_file < 0 ? oci_error("open log file %s: %s", path, strerror(errno)) : 0;
}

static void write_log(const char *text) {
  char now[32];
  time_t seconds = time(NULL);
  struct tm utc;
  strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &utc));
  cleanup_bytes struct bytes line = {0};
  bytes_append_text(&line, is_json ? "{\"msg\":" : "time=\"");
  if (is_json) {
    json_quote(&line, text);
    bytes_append_text(&line, ",\"level\":\"error\",\"time\":\"");
    bytes_append_text(&line, now);
    bytes_append_text(&line, "\"}\n");
  } else {
    bytes_append_text(&line, now);
    bytes_append_text(&line, "\" level=error msg=");
    json_quote(&line, text);
    bytes_append_text(&line, "\n");
  }
  // A log that cannot be written does not change what happened; stderr has it too.
  if (write(log_file, line.data, line.length) < 0) return;
}

static int say(const char *text) {
  if (log_file >= 0) write_log(text);
  fprintf(stderr, "slipway-native: %s\n", text);
  return -1;
}

int oci_error(const char *format, ...) {
  char text[1536];
  va_list list;
  va_start(list, format);
  vsnprintf(text, sizeof text, format, list);
  va_end(list);
  return say(text);
}

// docker's words for a program that is not there or cannot run, as src/runtime/launch-error.ts has
// them: scripts look for these.
static void program_text(const struct failure *why, char *text, size_t size) {
  const char *path = why->path;
  if (why->error == EISDIR) snprintf(text, size, "exec: \"%s\": is a directory", path);
  else if (why->error == ENOEXEC) snprintf(text, size, "exec %s: exec format error", path);
  else if (why->kind == FAILURE_NOT_EXECUTABLE)
    snprintf(text, size, "exec: \"%s\": permission denied", path);
  else if (!strchr(path, '/'))
    snprintf(text, size, "exec: \"%s\": executable file not found in $PATH", path);
  else if (why->hint[0]) snprintf(text, size, "exec %s: no such file or directory", path);
  else snprintf(text, size, "exec: \"%s\": stat %s: no such file or directory", path, path);
}

void failure_text(const struct failure *why, char *text, size_t size) {
  const char *reason = why->error ? strerror(why->error) : "";
  if (why->kind == FAILURE_NOT_FOUND || why->kind == FAILURE_NOT_EXECUTABLE)
    program_text(why, text, size);
  else if (strcmp(why->stage, "spec") == 0 && why->error == EOPNOTSUPP)
    snprintf(text, size, "config.json: %s is not supported", why->path);
  else
    snprintf(text, size, "%s: %s%s%s%s%s", why->stage, why->call, why->path[0] ? " " : "", why->path,
             reason[0] ? ": " : "", reason);
  size_t length = strlen(text);
  if (why->hint[0]) snprintf(text + length, size - length, "; %s", why->hint);
}

int oci_failure(const struct failure *why) {
  char text[1200];
  failure_text(why, text, sizeof text);
  return say(text);
}

int oci_exit_status(const struct failure *why) {
  if (why->kind != FAILURE_NONE) oci_failure(why);
  return why->kind == FAILURE_NONE || why->kind == FAILURE_SETUP ? 1 : failure_status(why);
}
