// See cgroup-hierarchies.h. cgroups(7) has the form of /proc/self/cgroup, proc(5) that of mountinfo.
#include "cgroup-hierarchies.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup-controllers.h"
#include "cgroup-files.h"
#include "cleanup.h"
#include "memory.h"

static char *joined(const char *folder, const char *rest) {
  struct bytes path = {0};
  bytes_append_text(&path, folder);
  bytes_append_text(&path, rest);
  while (path.length > 1 && path.data[path.length - 1] == '/') path.length--;
  bytes_terminate(&path);
  return path.data;
}

// Spaces, tabs, ends of line and backslashes are octal there: \040.
static void unescape(char *text) {
  char *to = text;
  for (const char *from = text; *from; to++) {
    unsigned code;
    if (from[0] == '\\' && sscanf(from + 1, "%3o", &code) == 1) {
      *to = (char)code;
      from += 4;
    } else {
      *to = *from++;
    }
  }
  *to = '\0';
}

// The path of this process in the hierarchy with these controllers; "number:controllers:path".
static bool find_path(bool is_v2, unsigned controllers, char *path, size_t size) {
  FILE *file = cgroup_facts("cgroup");
  char line[4096];
  bool is_found = false;
  while (file && !is_found && fgets(line, sizeof line, file)) {
    char *list = strchr(line, ':');
    char *rest = list ? strchr(list + 1, ':') : NULL;
    if (!rest) continue;
    *rest++ = '\0';
    rest[strcspn(rest, "\n")] = '\0';
    is_found = is_v2 ? strcmp(line, "0:") == 0
                     : (controllers_in(list + 1, 1) & controllers) != 0;
    if (is_found) snprintf(path, size, "%s", rest);
  }
  if (file) fclose(file);
  return is_found;
}

// What of the path lies below the mount: in a container the mount may show only a part (`root`), and
// with a cgroup namespace a path may even lead out of it.
static const char *below_mount(const char *path, const char *root) {
  size_t length = strcmp(root, "/") == 0 ? 0 : strlen(root);
  bool is_below = strncmp(path, root, length) == 0 && (path[length] == '/' || !path[length]);
  return is_below && !strstr(path, "/..") ? path + length : "";
}

static unsigned read_controllers(const char *point) {
  char list[512];
  cleanup_close int folder = open(point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0 || cgroup_read(folder, "cgroup.controllers", list, sizeof list) < 0) return 0;
  return controllers_in(list, 2);
}

static unsigned all_of(const struct hierarchies *found) {
  unsigned all = 0;
  for (size_t i = 0; i < found->count; i++) all |= found->items[i].controllers;
  return all;
}

// A hierarchy may be mounted twice; the first place counts.
static void add(struct hierarchies *out, bool is_v2, unsigned controllers, const char *root,
                const char *point) {
  char path[4096];
  for (size_t i = 0; i < out->count; i++)
    if (is_v2 ? out->items[i].is_v2 : (out->items[i].controllers & controllers) != 0) return;
  if (out->count == CGROUPS_MAX || !find_path(is_v2, controllers, path, sizeof path)) return;
  out->items[out->count++] = (struct hierarchy){
      .is_v2 = is_v2,
      .controllers = controllers,
      .point = joined(point, ""),
      .own = joined(point, below_mount(path, root)),
  };
}

// "id parent device ROOT POINT options … - TYPE source OPTIONS"
static void add_mount(struct hierarchies *out, char *line) {
  char root[2048], point[2048], type[32], options[1024];
  const char *end = strstr(line, " - cgroup");
  if (!end || sscanf(line, "%*s %*s %*s %2047s %2047s", root, point) != 2) return;
  if (sscanf(end, " - %31s %*s %1023s", type, options) != 2) return;
  unescape(root);
  unescape(point);
  if (strcmp(type, "cgroup2") == 0) {
    add(out, true, read_controllers(point), root, point);
  } else if (strcmp(type, "cgroup") == 0) {
    unsigned controllers = controllers_in(options, 1);
    if (controllers != 0) add(out, false, controllers, root, point);
  }
}

void hierarchies_read(struct hierarchies *out) {
  *out = (struct hierarchies){0};
  FILE *file = cgroup_facts("mountinfo");
  char line[8192];
  while (file && fgets(line, sizeof line, file)) add_mount(out, line);
  if (file) fclose(file);
  const unsigned inherent =
      CONTROLLER_BIT(CONTROLLER_DEVICES) | CONTROLLER_BIT(CONTROLLER_FREEZER);
  unsigned missing = inherent & ~all_of(out);
  for (size_t i = 0; i < out->count; i++)
    if (out->items[i].is_v2) out->items[i].controllers |= missing;
}

void hierarchies_free(struct hierarchies *hierarchies) {
  for (size_t i = 0; i < hierarchies->count; i++) {
    free(hierarchies->items[i].point);
    free(hierarchies->items[i].own);
  }
  hierarchies->count = 0;
}
