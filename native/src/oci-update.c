// update: other limits for a container that is there. Flags are put into the words of the specification's
// resources object, so that one reader judges both.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "flags.h"
#include "json.h"
#include "oci-log.h"
#include "oci.h"
#include "spec-resources.h"
#include "state.h"
#include "status.h"

enum { TEXT_BYTES_MAX = 1 << 20 };

static const struct limit {
  const char *flag, *object, *member;
  bool is_text;
} limits[] = {
    {"--memory", "memory", "limit", false},
    {"--memory-reservation", "memory", "reservation", false},
    {"--memory-swap", "memory", "swap", false},
    {"--cpu-share", "cpu", "shares", false},
    {"--cpu-quota", "cpu", "quota", false},
    {"--cpu-period", "cpu", "period", false},
    {"--cpu-idle", "cpu", "idle", false},
    {"--cpuset-cpus", "cpu", "cpus", true},
    {"--cpuset-mems", "cpu", "mems", true},
    {"--pids-limit", "pids", "limit", false},
    {"--blkio-weight", "blockIO", "weight", false},
};
enum { LIMITS = sizeof limits / sizeof *limits };

// Members of one object stand together in the table.
static void write_limits(const char *const *values, struct bytes *out) {
  const char *open = NULL;
  bytes_append_text(out, "{");
  for (size_t i = 0; i < LIMITS; i++) {
    if (!values[i]) continue;
    bool is_same = open && strcmp(open, limits[i].object) == 0;
    if (open) bytes_append_text(out, is_same ? "," : "},");
    if (!is_same) {
      json_quote(out, limits[i].object);
      bytes_append_text(out, ":{");
    }
    open = limits[i].object;
    json_quote(out, limits[i].member);
    bytes_append_text(out, ":");
    // What is no number is then refused by the JSON reader.
    if (limits[i].is_text) json_quote(out, values[i]);
    else bytes_append_text(out, values[i]);
  }
  bytes_append_text(out, open ? "}}" : "}");
}

static int read_stdin(struct bytes *out) {
  char data[4096];
  ssize_t got;
  while ((got = read(0, data, sizeof data)) > 0 && out->length < TEXT_BYTES_MAX)
    bytes_append(out, data, (size_t)got);
  if (got == 0) return 0;
  return oci_error("--resources -: %s", got < 0 ? strerror(errno) : "longer than 1 MiB");
}

static struct json_document *parse(const struct bytes *text) {
  const char *problem;
  size_t offset;
  struct json_document *document = json_parse(text->data, text->length, &problem, &offset);
  if (!document) oci_error("the limits are not valid: %s at byte %zu", problem, offset);
  return document;
}

// The object of --resources, or of the flags. NULL after saying why.
static struct json_document *read_wanted(const char *file, const char *const *values) {
  cleanup_bytes struct bytes text = {0};
  struct failure why = {0};
  if (file && strcmp(file, "-") != 0) {
    struct json_document *document = json_read(AT_FDCWD, file, &why);
    if (!document) oci_failure(&why);
    return document;
  }
  if (!file) write_limits(values, &text);
  else if (read_stdin(&text) < 0) return NULL;
  return parse(&text);
}

static int update(const struct container_state *state, const struct json *wanted,
                  struct failure *why) {
  struct resources resources = {0};
  struct cgroups cgroups;
  int result = resources_read(wanted, &resources, why);
  if (result == 0) result = state_open_cgroups(state, &cgroups, why);
  if (result == 0) {
    result = cgroups_update(&cgroups, &resources, why);
    cgroups_close(&cgroups);
  }
  resources_free(&resources);
  return result;
}

int oci_update(const struct oci *oci, int argc, char **argv) {
  const char *file = NULL, *values[LIMITS] = {NULL};
  struct flag flags[LIMITS + 1] = {{.name = "--resources", .letter = "-r", .value = &file}};
  for (size_t i = 0; i < LIMITS; i++)
    flags[i + 1] = (struct flag){.name = limits[i].flag, .value = &values[i]};
  int at = flags_parse(argc, argv, flags, LIMITS + 1) + 1;
  if (at == 0) return 1;
  if (argc != at + 1) return oci_error("update: give one container ID"), 1;
  int root = state_root_open(oci->root);
  cleanup_state struct container_state state = {.folder = -1};
  struct failure why = {0};
  if (root < 0 || state_open(root, argv[at], &state) < 0) return 1;
  if (state_status(&state) == CONTAINER_STOPPED)
    return oci_error("container not running: %s", state.id), 1;
  cleanup_json struct json_document *wanted = read_wanted(file, values);
  if (!wanted) return 1;
  return update(&state, json_root(wanted), &why) < 0 ? oci_exit_status(&why) : 0;
}
