// See cgroups.h: making, entering, changing and removing the groups of a container.
#include "cgroups.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cgroup-controllers.h"
#include "cgroup-files.h"
#include "cgroup-hierarchies.h"
#include "cgroup-limits.h"
#include "cgroup-place.h"
#include "cgroup-set.h"
#include "cleanup.h"
#include "memory.h"

enum {
  REMOVE_ATTEMPTS = 60,  // about 200 ms: a killed process leaves its group a moment after its end
  REMOVE_PAUSE_NS = 100000,
  PAUSE_MAX_NS = 5000000,
};

// Once for each place and process is enough, and nearly always it is the same place.
static void sweep(const struct hierarchy *hierarchy, const struct cgroups_place *place,
                  unsigned needed) {
  static unsigned done;
  if (!place->path && (done & hierarchy->controllers) == hierarchy->controllers) return;
  cleanup_free char *parent = cgroup_parent(hierarchy, place, needed);
  cgroup_sweep(parent);
  if (!place->path) done |= hierarchy->controllers;
}

// Groups in the hierarchies that are needed, and with `all` in those where it is possible.
static int place_all(const struct hierarchies *found, const struct cgroups_place *place,
                     unsigned needed, struct cgroups *out, struct failure *why) {
  char name[32];
  cgroup_random_name(name);
  for (size_t i = 0; i < found->count; i++) {
    const struct hierarchy *h = &found->items[i];
    bool is_needed = (h->controllers & needed) != 0;
    if (!is_needed && place->reach != CGROUPS_ALL) continue;
    struct cgroup *group = &out->groups[out->count];
    sweep(h, place, needed);
    if (cgroup_place(h, place, place->name ? place->name : name, needed, group, why) == 0)
      out->count++;
    else if (is_needed)
      return -1;
  }
  return 0;
}

static int create(const struct cgroups_place *place, const struct resources *resources,
                  struct cgroups *out, struct failure *why) {
  unsigned needed = resources ? limits_needed(resources) : 0;
  struct cgroups_place wanted = *place;
  if (place->path) wanted.reach = CGROUPS_ALL;
  if (needed == 0 && wanted.reach != CGROUPS_ALL) return 0;
  if (place->path && cgroup_check_path(place->path, why) < 0) return -1;
  cleanup_hierarchies struct hierarchies found;
  hierarchies_read(&found);
  if (place_all(&found, &wanted, needed, out, why) < 0) return -1;
  // cgroupsPath was asked for, so it is not enough that no limit was.
  if (place->path && out->count == 0 && found.count > 0) return -1;
  return resources ? limits_apply(out, resources, why) : 0;
}

int cgroups_create(const struct cgroups_place *place, const struct resources *resources,
                   struct cgroups *out, struct failure *why) {
  *out = (struct cgroups){0};
  *why = (struct failure){0};
  if (create(place, resources, out, why) == 0) {
    *why = (struct failure){0};  // what was tried without need may have failed
    return 0;
  }
  struct failure ignored;
  cgroups_remove(out, &ignored);
  return -1;
}

int cgroups_clone_into(const struct cgroups *cgroups) {
  for (size_t i = 0; i < cgroups->count; i++)
    if (cgroups->groups[i].is_v2) return cgroups->groups[i].folder;
  return -1;
}

// An init such as systemd has moved its processes below the container's group and handed controllers
// on: then no process may be in the group itself, and one that joins goes where others are.
static int enter_below(const struct cgroup *group, const char *pid) {
  int folder = openat(group->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  cleanup_closedir DIR *entries = folder < 0 ? NULL : fdopendir(folder);
  for (struct dirent *entry; entries && (entry = readdir(entries));) {
    char processes[64] = "";
    if (entry->d_type != DT_DIR || entry->d_name[0] == '.') continue;
    cleanup_close int below =
        openat(folder, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (below < 0 || cgroup_read(below, "cgroup.procs", processes, sizeof processes) < 0) continue;
    if (processes[0] && cgroup_write(below, "cgroup.procs", pid) == 0) return 0;
  }
  errno = EBUSY;
  return -1;
}

int cgroups_enter(const struct cgroups *cgroups, pid_t pid, bool is_cloned_into,
                  struct failure *why) {
  char text[16];
  snprintf(text, sizeof text, "%d", (int)pid);
  for (size_t i = 0; i < cgroups->count; i++) {
    const struct cgroup *group = &cgroups->groups[i];
    if (group->is_v2 && is_cloned_into) continue;
    if (cgroup_write(group->folder, "cgroup.procs", text) == 0) continue;
    if (group->is_v2 && errno == EBUSY && enter_below(group, text) == 0) continue;
    return cgroup_refuse(group, "write", "cgroup.procs", cgroup_hint(errno), why);
  }
  return 0;
}

int cgroups_update(const struct cgroups *cgroups, const struct resources *resources,
                   struct failure *why) {
  errno = EOPNOTSUPP;
  if (resources->device_count > 0)
    return fail(why, "cgroup", "check", "devices",
                "the devices of a running container cannot be changed");
  return limits_apply(cgroups, resources, why);
}

static int remove_group(const struct cgroup *group) {
  char *slash = strrchr(group->path, '/');
  cleanup_free char *above = copy_text(group->path, (size_t)(slash - group->path));
  cleanup_close int parent = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (parent < 0) return errno == ENOENT ? 0 : -1;
  struct timespec pause = {.tv_nsec = REMOVE_PAUSE_NS};
  for (int i = 0; i < REMOVE_ATTEMPTS; i++) {
    if (cgroup_remove_tree(parent, slash + 1) == 0) return 0;
    if (errno != EBUSY) return -1;
    nanosleep(&pause, NULL);
    if (pause.tv_nsec < PAUSE_MAX_NS) pause.tv_nsec *= 2;
    errno = EBUSY;
  }
  return -1;
}

int cgroups_remove(struct cgroups *cgroups, struct failure *why) {
  int result = 0;
  for (size_t i = 0; i < cgroups->count; i++) {
    const struct cgroup *group = &cgroups->groups[i];
    if (remove_group(group) < 0)
      result = cgroup_refuse(group, "rmdir", NULL,
                             errno == EBUSY ? "processes are still in the group" : NULL, why);
  }
  cgroups_close(cgroups);
  return result;
}

void cgroups_close(struct cgroups *cgroups) {
  for (size_t i = 0; i < cgroups->count; i++) {
    close(cgroups->groups[i].folder);
    free(cgroups->groups[i].path);
  }
  cgroups->count = 0;
}

// The hierarchy that a path lies in: the longest mount point.
static const struct hierarchy *hierarchy_of(const struct hierarchies *found, const char *path) {
  const struct hierarchy *best = NULL;
  for (size_t i = 0; i < found->count; i++) {
    const struct hierarchy *h = &found->items[i];
    size_t length = strlen(h->point);
    bool is_below = strncmp(path, h->point, length) == 0 && path[length] == '/';
    if (is_below && (!best || length > strlen(best->point))) best = h;
  }
  return best;
}

int cgroups_open(const char *const *paths, size_t count, struct cgroups *out,
                 struct failure *why) {
  *out = (struct cgroups){0};
  cleanup_hierarchies struct hierarchies found;
  hierarchies_read(&found);
  for (size_t i = 0; i < count && out->count < CGROUPS_MAX; i++) {
    const struct hierarchy *h = hierarchy_of(&found, paths[i]);
    int folder = h ? open(paths[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
    if (folder >= 0)
      out->groups[out->count++] = (struct cgroup){copy_text(paths[i], strlen(paths[i])), folder,
                                                  h->controllers, h->is_v2};
    else if (h && errno != ENOENT) {
      cgroups_close(out);
      return fail(why, "cgroup", "open", paths[i], cgroup_hint(errno));
    }
  }
  return 0;
}

int cgroups_find(const struct cgroups_place *place, struct cgroups *out, struct failure *why) {
  cleanup_hierarchies struct hierarchies found;
  const char *paths[CGROUPS_MAX];
  hierarchies_read(&found);
  for (size_t i = 0; i < found.count; i++) paths[i] = cgroup_path(&found.items[i], place);
  int result = cgroups_open(paths, found.count, out, why);
  for (size_t i = 0; i < found.count; i++) free((char *)paths[i]);
  return result;
}
