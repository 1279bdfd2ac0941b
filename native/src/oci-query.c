// state, list, ps: what is known of containers.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "fields.h"
#include "flags.h"
#include "hooks.h"
#include "json.h"
#include "oci-log.h"
#include "oci.h"
#include "state.h"
#include "status.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static int print(const struct bytes *text) {
  bool is_written = fwrite(text->data, 1, text->length, stdout) == text->length;
  return is_written && fflush(stdout) == 0 ? 0 : (oci_error("stdout: %s", strerror(errno)), 1);
}

// The specification's members, and those that users of runc know.
static void describe(const struct container_state *state, struct bytes *out) {
  struct failure ignored = {0};
  // One whose creator died at once has no config.json.
  cleanup_json struct json_document *config =
      faccessat(state->folder, "config.json", F_OK, 0) == 0
          ? json_read(state->folder, "config.json", &ignored) : NULL;
  enum container_status status = state_status(state);
  const struct json *annotations = config ? json_find(json_root(config), "annotations") : NULL;
  const struct hook_state facts = {
      .id = state->id,
      .status = state_status_name(status),
      .bundle = state->bundle ? state->bundle : "",
      .pid = status == CONTAINER_STOPPED ? 0 : state->pid,
      .annotations = annotations && annotations->kind == JSON_OBJECT ? annotations : NULL};
  bytes_append_text(out, "{");
  hook_state_members(&facts, out);
  bytes_append_text(out, ",\"created\":");
  json_quote(out, state->created ? state->created : "");
  struct stat folder = {0};
  char owner[24];
  // A number: a static program does not read a host's user database reliably.
  fstat(state->folder, &folder);
  snprintf(owner, sizeof owner, "%u", (unsigned)folder.st_uid);
  bytes_append_text(out, ",\"owner\":");
  json_quote(out, folder.st_uid == 0 ? "root" : owner);
  bytes_append_text(out, "}");
}

int oci_state(const struct oci *oci, int argc, char **argv) {
  int at = flags_parse(argc, argv, NULL, 0) + 1;
  if (at == 0) return 1;
  if (argc != at + 1) return oci_error("state: give one container ID"), 1;
  int root = state_root_open(oci->root);
  cleanup_state struct container_state state = {.folder = -1};
  if (root < 0 || state_open(root, argv[at], &state) < 0) return 1;
  cleanup_bytes struct bytes out = {0};
  describe(&state, &out);
  bytes_append_text(&out, "\n");
  return print(&out);
}

// ---- list -----------------------------------------------------------------------------------

static int list_json(const struct container_state *state, void *context) {
  struct bytes *out = context;
  bytes_append_text(out, out->length > 1 ? "," : "");
  describe(state, out);
  return 0;
}

static int list_id(const struct container_state *state, void *context) {
  bytes_append_text(context, state->id);
  bytes_append_text(context, "\n");
  return 0;
}

static int list_row(const struct container_state *state, void *context) {
  enum container_status status = state_status(state);
  char row[CONTAINER_ID_MAX + 64], pid[16];
  snprintf(pid, sizeof pid, "%d", status == CONTAINER_STOPPED ? 0 : (int)state->pid);
  snprintf(row, sizeof row, "%-20s  %-7s  %-8s  %-20s  ", state->id, pid,
           state_status_name(status), state->created ? state->created : "");
  bytes_append_text(context, row);
  bytes_append_text(context, state->bundle ? state->bundle : "");
  bytes_append_text(context, "\n");
  return 0;
}

int oci_list(const struct oci *oci, int argc, char **argv) {
  const char *format = "table";
  bool quiet = false;
  const struct flag flags[] = {{.name = "--format", .letter = "-f", .value = &format},
                               {.name = "--quiet", .letter = "-q", .is_set = &quiet}};
  int used = flags_parse(argc, argv, flags, COUNT(flags));
  if (used < 0) return 1;
  if (argc != used + 1) return oci_error("list takes no words"), 1;
  bool is_json = strcmp(format, "json") == 0;
  if (!is_json && strcmp(format, "table") != 0)
    return oci_error("--format: \"%s\" is neither json nor table", format), 1;
  int root = state_root_open(oci->root);
  if (root < 0) return 1;
  cleanup_bytes struct bytes out = {0};
  if (quiet) {
    if (state_each(root, list_id, &out) < 0) return 1;
  } else if (is_json) {
    bytes_append_text(&out, "[");
    if (state_each(root, list_json, &out) < 0) return 1;
    bytes_append_text(&out, "]\n");
  } else {
    bytes_append_text(&out, "ID                    PID      STATUS    CREATED               BUNDLE\n");
    if (state_each(root, list_row, &out) < 0) return 1;
  }
  return print(&out);
}

// ---- ps -------------------------------------------------------------------------------------

// Without a group: who is in the pid namespace of the first process. Processes that end meanwhile
// are left out.
static pid_t *pids_in_namespace(pid_t first, size_t *count) {
  char path[64];
  struct stat wanted, found;
  size_t capacity = 0;
  pid_t *pids = NULL;
  *count = 0;
  snprintf(path, sizeof path, "/proc/%d/ns/pid", (int)first);
  cleanup_closedir DIR *proc = opendir("/proc");
  if (stat(path, &wanted) < 0 || !proc) return NULL;
  for (const struct dirent *entry; (entry = readdir(proc));) {
    pid_t pid = (pid_t)atoi(entry->d_name);
    snprintf(path, sizeof path, "/proc/%d/ns/pid", (int)pid);
    if (pid <= 0 || stat(path, &found) < 0 || found.st_ino != wanted.st_ino) continue;
    pids = grow(pids, &capacity, *count + 1, sizeof *pids);
    pids[(*count)++] = pid;
  }
  return pids;
}

static void append_command(struct bytes *out, pid_t pid) {
  char path[32], text[256];
  snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
  cleanup_close int file = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t length = file < 0 ? 0 : read(file, text, sizeof text - 1);
  for (ssize_t i = 0; i < length; i++)
    if ((unsigned char)text[i] < 0x20) text[i] = ' ';
  text[length > 0 ? length : 0] = '\0';
  bytes_append_text(out, text);
}

static void print_pids(const pid_t *pids, size_t count, bool is_json, struct bytes *out) {
  char text[24];
  bytes_append_text(out, is_json ? "[" : "PID      CMD\n");
  for (size_t i = 0; i < count; i++) {
    snprintf(text, sizeof text, is_json ? "%s%d" : "%s%-7d  ", is_json && i > 0 ? "," : "",
             (int)pids[i]);
    bytes_append_text(out, text);
    if (is_json) continue;
    append_command(out, pids[i]);
    bytes_append_text(out, "\n");
  }
  if (is_json) bytes_append_text(out, "]\n");
}

int oci_ps(const struct oci *oci, int argc, char **argv) {
  const char *format = "table";
  const struct flag flags[] = {{.name = "--format", .letter = "-f", .value = &format}};
  int at = flags_parse(argc, argv, flags, COUNT(flags)) + 1;
  if (at == 0) return 1;
  if (argc != at + 1) return oci_error("ps: give one container ID, without options for ps"), 1;
  bool is_json = strcmp(format, "json") == 0;
  if (!is_json && strcmp(format, "table") != 0)
    return oci_error("--format: \"%s\" is neither json nor table", format), 1;
  int root = state_root_open(oci->root);
  cleanup_state struct container_state state = {.folder = -1};
  if (root < 0 || state_open(root, argv[at], &state) < 0) return 1;
  if (state_status(&state) == CONTAINER_STOPPED)
    return oci_error("container not running: %s", state.id), 1;
  struct cgroups cgroups;
  struct failure why = {0};
  if (state_open_cgroups(&state, &cgroups, &why) < 0) return oci_failure(&why), 1;
  size_t count;
  cleanup_free pid_t *pids = cgroups.count > 0 ? cgroups_processes(&cgroups, &count)
                                               : pids_in_namespace(state.pid, &count);
  cgroups_close(&cgroups);
  cleanup_bytes struct bytes out = {0};
  print_pids(pids, count, is_json, &out);
  return print(&out);
}
