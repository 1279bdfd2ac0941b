// cgroup facts (cgroups(7)); see cgroups.h. Only looks; limits are not set by this launcher.
#include "cgroups.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "status.h"

static void append_name(struct bytes *list, const char *name) {
  if (list->length > 0) bytes_append_text(list, ",");
  json_quote(list, name);
}

static void append_words(struct bytes *list, char *words, const char *separators) {
  for (char *rest = NULL, *word = strtok_r(words, separators, &rest); word;
       word = strtok_r(NULL, separators, &rest))
    append_name(list, word);
}

// /proc/self/cgroup: number:controllers:path. v2 has no controllers here, named v1 hierarchies
// (name=systemd) control nothing.
static void read_v1(struct bytes *list) {
  FILE *file = fopen("/proc/self/cgroup", "re");
  char line[4096];
  while (file && fgets(line, sizeof line, file)) {
    char *start = strchr(line, ':');
    char *end = start ? strchr(start + 1, ':') : NULL;
    if (!end || end == start + 1 || strncmp(start + 1, "name=", 5) == 0) continue;
    *end = '\0';
    append_words(list, start + 1, ",");
  }
  if (file) fclose(file);
}

// The mount point of cgroup2, from /proc/self/mountinfo: "id parent dev root POINT … - cgroup2 …".
static bool find_v2(char *point, size_t size) {
  FILE *file = fopen("/proc/self/mountinfo", "re");
  char line[8192];
  bool is_found = false;
  while (file && !is_found && fgets(line, sizeof line, file)) {
    if (!strstr(line, " - cgroup2 ")) continue;
    char format[32];
    snprintf(format, sizeof format, "%%*s %%*s %%*s %%*s %%%zus", size - 1);
    is_found = sscanf(line, format, point) == 1;
  }
  if (file) fclose(file);
  return is_found;
}

static bool read_v2(struct bytes *list) {
  char point[4096], path[4200], line[4096];
  if (!find_v2(point, sizeof point)) return false;
  snprintf(path, sizeof path, "%s/cgroup.controllers", point);
  FILE *file = fopen(path, "re");
  if (file && fgets(line, sizeof line, file)) append_words(list, line, " \n");
  if (file) fclose(file);
  return true;
}

void cgroups_describe(struct bytes *out) {
  struct bytes v1 = {0}, v2 = {0};
  read_v1(&v1);
  bool has_v2 = read_v2(&v2);
  bytes_append_text(out, "{\"version\":");
  json_quote(out, has_v2 ? (v1.length > 0 ? "hybrid" : "v2") : v1.length > 0 ? "v1" : "none");
  bytes_append_text(out, ",\"v1\":[");
  bytes_append(out, v1.data, v1.length);
  bytes_append_text(out, "],\"v2\":[");
  bytes_append(out, v2.data, v2.length);
  bytes_append_text(out, "]}");
  bytes_free(&v1);
  bytes_free(&v2);
}
