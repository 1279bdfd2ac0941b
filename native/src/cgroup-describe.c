// What cgroups this process sees, for probe; see cgroups.h.
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "cgroup-controllers.h"
#include "cgroup-files.h"
#include "cgroup-hierarchies.h"
#include "cgroups.h"
#include "cleanup.h"
#include "status.h"

static void append_names(struct bytes *list, char *words) {
  static const char separators[] = ", \n";
  for (char *rest = NULL, *word = strtok_r(words, separators, &rest); word;
       word = strtok_r(NULL, separators, &rest)) {
    if (list->length > 0) bytes_append_text(list, ",");
    json_quote(list, word);
  }
}

// Of /proc/self/cgroup, "number:controllers:path", mounted or not. Version 2 has no controllers there,
// named hierarchies (name=systemd) control nothing.
static void append_v1(struct bytes *list) {
  FILE *file = cgroup_facts("cgroup");
  char line[4096];
  while (file && fgets(line, sizeof line, file)) {
    char *start = strchr(line, ':');
    char *end = start ? strchr(start + 1, ':') : NULL;
    if (!end || end == start + 1 || strncmp(start + 1, "name=", 5) == 0) continue;
    *end = '\0';
    append_names(list, start + 1);
  }
  if (file) fclose(file);
}

static bool append_v2(struct bytes *list) {
  cleanup_hierarchies struct hierarchies found;
  hierarchies_read(&found);
  for (size_t i = 0; i < found.count; i++) {
    if (!found.items[i].is_v2) continue;
    char words[512];
    cleanup_close int folder = open(found.items[i].point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0 && cgroup_read(folder, "cgroup.controllers", words, sizeof words) == 0)
      append_names(list, words);
    return true;
  }
  return false;
}

void cgroups_describe(struct bytes *out) {
  cleanup_bytes struct bytes v1 = {0};
  cleanup_bytes struct bytes v2 = {0};
  append_v1(&v1);
  bool has_v2 = append_v2(&v2);
  bytes_append_text(out, "{\"version\":");
  json_quote(out, has_v2 ? (v1.length > 0 ? "hybrid" : "v2") : v1.length > 0 ? "v1" : "none");
  bytes_append_text(out, ",\"v1\":[");
  bytes_append(out, v1.data, v1.length);
  bytes_append_text(out, "],\"v2\":[");
  bytes_append(out, v2.data, v2.length);
  bytes_append_text(out, "]}");
}
