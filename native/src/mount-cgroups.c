// A mount of type cgroup (config-linux.md §Control groups), the shape that docker gives /sys/fs/cgroup;
// see mounts.h. A host with version 2 alone has one file system there, others a tmpfs with a folder for
// each hierarchy. In a cgroup namespace they are mounted, and show the container's group as their root;
// without one, the group is bound.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cgroup-files.h"
#include "cleanup.h"
#include "kernel.h"
#include "mounts.h"
#include "places.h"

#define ROOT "/sys/fs/cgroup"

enum { LINE_BYTES_MAX = 4096, WORDS_MAX = 32 };

struct hierarchy_mount {
  bool is_v2;
  char point[512];    // where the host has it
  char options[512];  // of the super block: "rw,cpu,cpuacct"
};

// A line of mountinfo. False: it is no cgroup below ROOT.
static bool parse(char *line, struct hierarchy_mount *found) {
  char type[16], root[16];
  const char *end = strstr(line, " - cgroup");
  if (!end || sscanf(line, "%*s %*s %*s %15s %511s", root, found->point) != 2) return false;
  if (sscanf(end, " - %15s %*s %511s", type, found->options) != 2) return false;
  found->is_v2 = strcmp(type, "cgroup2") == 0;
  size_t length = sizeof ROOT - 1;
  return strncmp(found->point, ROOT, length) == 0 &&
         (found->point[length] == '\0' || found->point[length] == '/');
}

// The words that name a version 1 hierarchy: its controllers, and name=…
static size_t naming_words(char *options, char *words[WORDS_MAX]) {
  static const char *const others[] = {"rw", "ro", "xattr", "clone_children", "noprefix",
                                       "cpuset_v2_mode", "favordynmods"};
  size_t count = 0;
  for (char *rest, *word = strtok_r(options, ",", &rest); word && count < WORDS_MAX;
       word = strtok_r(NULL, ",", &rest)) {
    bool is_naming = strncmp(word, "release_agent=", 14) != 0;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
      is_naming = is_naming && strcmp(others[i], word) != 0;
    if (is_naming) words[count++] = word;
  }
  return count;
}

static int name_hierarchy(int context, char *options) {
  char *words[WORDS_MAX];
  size_t count = naming_words(options, words);
  bool has_name = false;
  for (size_t i = 0; i < count; i++) {
    bool is_name = strncmp(words[i], "name=", 5) == 0;
    has_name = has_name || is_name;
    if ((is_name ? sys_fsconfig(context, FSCONFIG_SET_STRING, "name", words[i] + 5, 0)
                 : sys_fsconfig(context, FSCONFIG_SET_FLAG, words[i], NULL, 0)) < 0)
      return -1;
  }
  return has_name && count == 1 ? sys_fsconfig(context, FSCONFIG_SET_FLAG, "none", NULL, 0) : 0;
}

// The hierarchy as the container's cgroup namespace shows it, detached.
static int mount_hierarchy(struct hierarchy_mount *hierarchy, unsigned attributes) {
  cleanup_close int context = sys_fsopen(hierarchy->is_v2 ? "cgroup2" : "cgroup");
  if (context < 0) return -1;
  if (sys_fsconfig(context, FSCONFIG_SET_STRING, "source", "cgroup", 0) < 0) return -1;
  if (!hierarchy->is_v2 && name_hierarchy(context, hierarchy->options) < 0) return -1;
  if (sys_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0) return -1;
  return sys_fsmount(context, attributes);
}

// Of "number:controllers:path" the path, when all controllers are among the options.
static bool is_path_of(const struct hierarchy_mount *hierarchy, char *line, const char **path) {
  char *list = strchr(line, ':');
  char *rest = list ? strchr(list + 1, ':') : NULL;
  if (!rest) return false;
  *rest++ = '\0';
  rest[strcspn(rest, "\n")] = '\0';
  *path = rest;
  if (list[1] == '\0') return hierarchy->is_v2;
  char around[sizeof hierarchy->options + 2], word[256];
  snprintf(around, sizeof around, ",%s,", hierarchy->options);
  for (char *left, *one = strtok_r(list + 1, ",", &left); one; one = strtok_r(NULL, ",", &left)) {
    snprintf(word, sizeof word, ",%.250s,", one);
    if (!strstr(around, word)) return false;
  }
  return !hierarchy->is_v2;
}

// The container's own group of the hierarchy, which the host has at the point.
static int bind_hierarchy(const struct hierarchy_mount *hierarchy, unsigned attributes) {
  char line[LINE_BYTES_MAX], path[LINE_BYTES_MAX + sizeof hierarchy->point];
  const char *own = "/";
  FILE *file = cgroup_facts("cgroup");
  while (file && fgets(line, sizeof line, file) && !is_path_of(hierarchy, line, &own)) own = "/";
  if (file) fclose(file);
  snprintf(path, sizeof path, "%s%s", hierarchy->point, own);
  cleanup_close int tree = sys_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE);
  struct mount_attr wanted = {.attr_set = attributes};
  if (tree < 0 || sys_mount_setattr(tree, 0, &wanted) < 0) return -1;
  return steal_fd(&tree);
}

static int make_hierarchy(const struct spec *spec, struct hierarchy_mount *hierarchy,
                          unsigned attributes) {
  return has_namespace(&spec->namespaces, CLONE_NEWCGROUP) ? mount_hierarchy(hierarchy, attributes)
                                            : bind_hierarchy(hierarchy, attributes);
}

// `cpu` for the folder `cpu,cpuacct`, and so on.
static int link_controllers(int folder, const char *name) {
  char words[256];
  if (!strchr(name, ',')) return 0;
  snprintf(words, sizeof words, "%s", name);
  for (char *left, *one = strtok_r(words, ",", &left); one; one = strtok_r(NULL, ",", &left))
    if (symlinkat(name, folder, one) < 0 && errno != EEXIST) return -1;
  return 0;
}

static int add_hierarchy(const struct spec *spec, struct hierarchy_mount *hierarchy, int folder,
                         unsigned attributes, struct failure *why) {
  const char *name = strrchr(hierarchy->point, '/') + 1;
  cleanup_close int made = make_hierarchy(spec, hierarchy, attributes);
  if (made < 0) return fail(why, "mount", "mount cgroup", hierarchy->point, NULL);
  if (mkdirat(folder, name, 0755) < 0 && errno != EEXIST)
    return fail(why, "mount", "mkdirat", hierarchy->point, NULL);
  cleanup_close int place = openat(folder, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (place < 0 || sys_move_mount(made, place) < 0)
    return fail(why, "mount", "move_mount", hierarchy->point, NULL);
  return link_controllers(folder, name) < 0
             ? fail(why, "mount", "symlinkat", hierarchy->point, NULL)
             : 0;
}

static int open_tmpfs(unsigned attributes) {
  cleanup_close int context = sys_fsopen("tmpfs");
  if (context < 0) return -1;
  if (sys_fsconfig(context, FSCONFIG_SET_STRING, "source", "tmpfs", 0) < 0) return -1;
  if (sys_fsconfig(context, FSCONFIG_SET_STRING, "mode", "755", 0) < 0) return -1;
  if (sys_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0) return -1;
  return sys_fsmount(context, attributes);
}

// The folder is attached before it is filled: mounts go onto what is attached only.
static int fill(const struct spec *spec, FILE *mounts, int folder, unsigned attributes,
                struct failure *why) {
  char line[LINE_BYTES_MAX];
  struct hierarchy_mount hierarchy;
  while (fgets(line, sizeof line, mounts)) {
    if (!parse(line, &hierarchy) || strcmp(hierarchy.point, ROOT) == 0) continue;
    if (add_hierarchy(spec, &hierarchy, folder, attributes, why) < 0) return -1;
  }
  struct mount_attr wanted = {.attr_set = attributes & MOUNT_ATTR_RDONLY};
  if (wanted.attr_set && sys_mount_setattr(folder, 0, &wanted) < 0)
    return fail(why, "mount", "mount_setattr", ROOT, NULL);
  return 0;
}

// Version 2 alone: the host has it at ROOT itself.
static bool find_single(FILE *mounts, struct hierarchy_mount *hierarchy) {
  char line[LINE_BYTES_MAX];
  bool is_found = false;
  while (!is_found && fgets(line, sizeof line, mounts))
    is_found = parse(line, hierarchy) && hierarchy->is_v2 && strcmp(hierarchy->point, ROOT) == 0;
  rewind(mounts);
  return is_found;
}

int mount_cgroups(const struct spec *spec, const struct mount_spec *mount, struct failure *why) {
  unsigned attributes = (unsigned)(mount->top.set | mount->whole.set);
  cleanup_close int place = place_make(mount->destination, true, why);
  if (place < 0) return -1;
  FILE *mounts = cgroup_facts("mountinfo");
  if (!mounts) return fail(why, "mount", "open", "/proc/self/mountinfo", NULL);
  struct hierarchy_mount single;
  bool is_single = find_single(mounts, &single);
  cleanup_close int made = is_single ? make_hierarchy(spec, &single, attributes)
                                     : open_tmpfs(attributes & ~(unsigned)MOUNT_ATTR_RDONLY);
  int result = made < 0 ? fail(why, "mount", is_single ? "mount cgroup2" : "mount tmpfs",
                               mount->destination, NULL)
               : sys_move_mount(made, place) < 0
                   ? fail(why, "mount", "move_mount", mount->destination, NULL)
                   : 0;
  if (result == 0 && !is_single) result = fill(spec, mounts, made, attributes, why);
  fclose(mounts);
  return result;
}
