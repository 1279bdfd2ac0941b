// See cgroup-place.h. From the mount point down, a folder at a time: in version 2 every group on the
// way must hand the controllers on, and a version 1 cpuset is useless until it has been given
// processors and memory nodes.
#include "cgroup-place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "cgroup-controllers.h"
#include "cgroup-files.h"
#include "cgroup-set.h"
#include "cleanup.h"
#include "memory.h"

enum { LOCK_ATTEMPTS = 10, LOCK_PAUSE_NS = 1000000 };

#define WITH_PROCESSES                                                                           \
  "a version 2 group with processes of its own cannot hand controllers on: start slipway in a "  \
  "group below (systemd-run --scope slipway …), or name another place with --cgroup-parent"

int cgroup_check_path(const char *path, struct failure *why) {
  errno = EOPNOTSUPP;
  const char *colon = strchr(path, ':');
  if (!strchr(path, '/') && colon && strchr(colon + 1, ':'))
    return fail(why, "spec", "check", "/linux/cgroupsPath",
                "slice:prefix:name would be made by systemd; give a path such as /slice/name");
  errno = EINVAL;
  size_t length = strlen(path);
  bool climbs = strstr(path, "/../") || strncmp(path, "../", 3) == 0 || strcmp(path, "..") == 0 ||
                (length > 2 && strcmp(path + length - 3, "/..") == 0);
  if (climbs || strspn(path, "/.") == length || length > 2000)
    return fail(why, "spec", "check", "/linux/cgroupsPath", "it must be a path without ..");
  return 0;
}

// A group at the real root may hold processes and hand on; only there cgroup.type is missing.
static bool may_hand_on(const char *path) {
  cleanup_close int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return folder >= 0 && !cgroup_has(folder, "cgroup.type");
}

// Below our own group; in version 2 beside it where controllers are needed, as ours has a process: us.
static char *default_parent(const struct hierarchy *h, bool is_handed) {
  size_t length = strlen(h->own);
  bool is_beside = h->is_v2 && is_handed && strcmp(h->own, h->point) != 0 &&
                   !may_hand_on(h->own);
  while (is_beside && h->own[length - 1] != '/') length--;
  return copy_text(h->own, is_beside ? length - 1 : length);
}

// What has to be handed on from group to group: not what every version 2 group can.
static unsigned handed(const struct hierarchy *h, unsigned needed) {
  const unsigned inherent =
      CONTROLLER_BIT(CONTROLLER_DEVICES) | CONTROLLER_BIT(CONTROLLER_FREEZER);
  return needed & h->controllers & ~inherent;
}

static char *full_path(const struct hierarchy *h, const struct cgroups_place *place,
                       const char *name, unsigned needed) {
  struct bytes path = {0};
  bool is_absolute = place->path && place->path[0] == '/';
  bool is_handed = needed != 0 || place->reach == CGROUPS_ALL;
  char *parent = is_absolute ? copy_text(h->point, strlen(h->point))
                             : default_parent(h, is_handed);
  bytes_append_text(&path, parent);
  bytes_append_text(&path, "/");
  bytes_append_text(&path, place->path ? place->path : name);
  bytes_terminate(&path);
  free(parent);
  return path.data;
}

char *cgroup_path(const struct hierarchy *h, const struct cgroups_place *place) {
  return full_path(h, place, place->name, 0);
}

char *cgroup_parent(const struct hierarchy *h, const struct cgroups_place *place,
                    unsigned needed) {
  char *path = full_path(h, place, "x", handed(h, needed));
  *strrchr(path, '/') = '\0';
  return path;
}

// ---- version 2: handing controllers on -------------------------------------------------------

// "+memory +pids" of the bits.
static void append_wanted(struct bytes *list, unsigned controllers) {
  for (int i = 0; i < CONTROLLER_COUNT; i++) {
    if (!(controllers & CONTROLLER_BIT(i))) continue;
    bytes_append_text(list, list->length ? " +" : "+");
    bytes_append_text(list, controller_name(i, 2));
  }
  bytes_terminate(list);
}

static int hand_on(const struct cgroup *parent, unsigned needed, struct failure *why) {
  char now[512] = "";
  if (needed == 0) return 0;
  if (cgroup_read(parent->folder, "cgroup.subtree_control", now, sizeof now) < 0)
    return cgroup_refuse(parent, "read", "cgroup.subtree_control", cgroup_hint(errno), why);
  unsigned missing = needed & ~controllers_in(now, 2);
  if (missing == 0) return 0;
  cleanup_bytes struct bytes wanted = {0};
  append_wanted(&wanted, missing);
  if (cgroup_write(parent->folder, "cgroup.subtree_control", wanted.data) == 0) return 0;
  return cgroup_refuse(parent, "write", "cgroup.subtree_control",
                       errno == EBUSY ? WITH_PROCESSES : cgroup_hint(errno), why);
}

// What nobody asked for: whatever can be had.
static void hand_on_more(const struct cgroup *parent, unsigned controllers) {
  for (int i = 0; i < CONTROLLER_COUNT; i++) {
    struct failure ignored;
    if (controllers & CONTROLLER_BIT(i)) hand_on(parent, CONTROLLER_BIT(i), &ignored);
  }
}

// ---- version 1: cpusets ----------------------------------------------------------------------

static int inherit_cpuset(int parent, const struct cgroup *group, struct failure *why) {
  static const char *const files[] = {"cpuset.cpus", "cpuset.mems"};
  for (size_t i = 0; i < 2; i++) {
    char own[4096], above[4096];
    if (cgroup_read(group->folder, files[i], own, sizeof own) < 0 || own[0]) continue;
    if (cgroup_read(parent, files[i], above, sizeof above) < 0)
      return cgroup_refuse(group, "read", files[i], NULL, why);
    if (cgroup_set(group, files[i], above, why) < 0) return -1;
  }
  return 0;
}

// ---- making --------------------------------------------------------------------------------

static bool has_processes(int folder) {
  char pids[64];
  return cgroup_read(folder, "cgroup.procs", pids, sizeof pids) == 0 && pids[0];
}

// Held as long as the group is in use: a sweep takes only what it can lock. One that came between
// the making and the lock has removed the group, or is about to: EWOULDBLOCK, to be tried again.
static int lock(const struct cgroup *group, struct failure *why) {
  bool is_ours = flock(group->folder, LOCK_EX | LOCK_NB) == 0;
  if (is_ours && cgroup_has(group->folder, "cgroup.procs")) return 0;
  errno = EWOULDBLOCK;
  return cgroup_refuse(group, "flock", NULL, "another container has this group", why);
}

// Moves `at` into a folder below, which is made when it is missing.
static int descend(const struct hierarchy *h, struct cgroup *at, const char *name, bool is_leaf,
                   struct failure *why) {
  size_t length = strlen(at->path);
  at->path = reallocate(at->path, length + strlen(name) + 2);
  sprintf(at->path + length, "/%s", name);
  bool is_new = cgroup_make(at->folder, name) == 0;
  if (!is_new && errno != EEXIST)
    return cgroup_refuse(at, "mkdir", NULL, cgroup_hint(errno), why);
  cleanup_close int parent = at->folder;
  at->folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (at->folder < 0) {
    if (errno == ENOENT) errno = EWOULDBLOCK;  // swept, as in lock
    return cgroup_refuse(at, "open", NULL, NULL, why);
  }
  if (is_leaf && !is_new && has_processes(at->folder)) {
    errno = EBUSY;
    return cgroup_refuse(at, "mkdir", NULL,
                         "processes are in the group already; end them, or choose another "
                         "cgroupsPath",
                         why);
  }
  if (is_leaf && lock(at, why) < 0) return -1;
  bool is_cpuset = !h->is_v2 && (h->controllers & CONTROLLER_BIT(CONTROLLER_CPUSET));
  if (!is_cpuset || !is_new) return 0;
  if (inherit_cpuset(parent, at, why) == 0) return 0;
  if (is_leaf) cgroup_unmake(parent, name);
  return -1;
}

static int walk_down(const struct hierarchy *h, char *below, unsigned needed, bool is_all,
                     struct cgroup *at, struct failure *why) {
  for (char *rest = NULL, *name = strtok_r(below, "/", &rest); name;) {
    char *next = strtok_r(NULL, "/", &rest);
    if (h->is_v2 && hand_on(at, needed, why) < 0) return -1;
    if (h->is_v2 && is_all) hand_on_more(at, h->controllers & ~needed);
    if (strcmp(name, ".") != 0 && descend(h, at, name, !next, why) < 0) return -1;
    name = next;
  }
  return 0;
}

static int place_once(const struct hierarchy *h, const char *below, unsigned needed, bool is_all,
                      struct cgroup *out, struct failure *why) {
  cleanup_free char *steps = copy_text(below, strlen(below));
  *out = (struct cgroup){
      .path = copy_text(h->point, strlen(h->point)),
      .folder = open(h->point, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
      .controllers = h->controllers,
      .is_v2 = h->is_v2,
  };
  int result = out->folder < 0 ? cgroup_refuse(out, "open", NULL, NULL, why)
                               : walk_down(h, steps, needed, is_all, out, why);
  if (result == 0) return 0;
  if (out->folder >= 0) close(out->folder);
  free(out->path);
  return -1;
}

int cgroup_place(const struct hierarchy *h, const struct cgroups_place *place, const char *name,
                 unsigned needed, struct cgroup *out, struct failure *why) {
  needed = handed(h, needed);
  cleanup_free char *full = full_path(h, place, name, needed);
  bool is_all = place->reach == CGROUPS_ALL;
  for (int i = 0; i < LOCK_ATTEMPTS; i++) {
    if (place_once(h, full + strlen(h->point), needed, is_all, out, why) == 0) return 0;
    if (why->error != EWOULDBLOCK) return -1;
    nanosleep(&(struct timespec){.tv_nsec = LOCK_PAUSE_NS}, NULL);
  }
  return -1;
}
