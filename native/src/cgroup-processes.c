// The processes of a container by its groups: counted, stopped, killed; see cgroups.h.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cgroup-controllers.h"
#include "cgroup-files.h"
#include "cgroup-limits.h"
#include "cgroup-set.h"
#include "cgroups.h"
#include "cleanup.h"
#include "memory.h"

enum {
  DEPTH_MAX = 32,
  FREEZE_ATTEMPTS = 1000,  // a second: a process in an uninterruptible call cannot stop
  KILL_ROUNDS = 100,
  PAUSE_NS = 1000000,
};

static void pause_shortly(void) { nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL); }

// ---- who is there --------------------------------------------------------------------------

struct pids {
  pid_t *items;
  size_t count, capacity;
};

static void add_processes(int folder, struct pids *out) {
  int fd = openat(folder, "cgroup.procs", O_RDONLY | O_CLOEXEC);
  FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
  int pid;
  while (file && fscanf(file, "%d", &pid) == 1) {
    if (pid == 0) continue;  // of a pid namespace that is none of ours
    out->items = grow(out->items, &out->capacity, out->count + 1, sizeof *out->items);
    out->items[out->count++] = pid;
  }
  if (file) fclose(file);
}

static void add_tree(int folder, struct pids *out, int depth) {
  add_processes(folder, out);
  int copy = depth < DEPTH_MAX ? openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
  cleanup_closedir DIR *entries = copy < 0 ? NULL : fdopendir(copy);
  if (!entries) return;
  for (struct dirent *entry; (entry = readdir(entries));) {
    if (entry->d_type != DT_DIR || entry->d_name[0] == '.') continue;
    cleanup_close int below =
        openat(copy, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (below >= 0) add_tree(below, out, depth + 1);
  }
}

static int by_number(const void *a, const void *b) {
  return *(const pid_t *)a - *(const pid_t *)b;
}

// A process is in a group of every hierarchy, and may have moved itself below the container's.
pid_t *cgroups_processes(const struct cgroups *cgroups, size_t *count) {
  struct pids found = {0};
  for (size_t i = 0; i < cgroups->count; i++) add_tree(cgroups->groups[i].folder, &found, 0);
  if (found.count > 0) qsort(found.items, found.count, sizeof *found.items, by_number);
  size_t kept = 0;
  for (size_t i = 0; i < found.count; i++)
    if (kept == 0 || found.items[kept - 1] != found.items[i]) found.items[kept++] = found.items[i];
  *count = kept;
  return found.items;
}

// ---- freezing ------------------------------------------------------------------------------

static bool is_frozen_v2(int folder) {
  char events[256];
  return cgroup_read(folder, "cgroup.events", events, sizeof events) == 0 &&
         strstr(events, "frozen 1");
}

static bool is_frozen_v1(int folder) {
  char state[32];
  return cgroup_read(folder, "freezer.state", state, sizeof state) == 0 &&
         strcmp(state, "FROZEN") == 0;
}

static bool is_frozen(const struct cgroup *group) {
  return group->is_v2 ? is_frozen_v2(group->folder) : is_frozen_v1(group->folder);
}

int cgroups_is_frozen(const struct cgroups *cgroups) {
  const struct cgroup *group = cgroup_with(cgroups, CONTROLLER_FREEZER);
  return group && is_frozen(group);
}

// Version 1 may miss a process that forks while it looks; it looks again at every write.
int cgroups_freeze(const struct cgroups *cgroups, bool should_freeze, struct failure *why) {
  const struct cgroup *group = cgroup_with(cgroups, CONTROLLER_FREEZER);
  errno = EOPNOTSUPP;
  if (!group)
    return fail(why, "cgroup", "find", "freezer",
                "the container has no group that can be frozen: start it where cgroups are writable");
  const char *file = group->is_v2 ? "cgroup.freeze" : "freezer.state";
  const char *text = group->is_v2 ? (should_freeze ? "1" : "0")
                                  : (should_freeze ? "FROZEN" : "THAWED");
  for (int i = 0; i < FREEZE_ATTEMPTS; i++) {
    bool is_again = i == 0 || !group->is_v2;
    if (is_again && cgroup_set(group, file, text, why) < 0) return -1;
    if (is_frozen(group) == should_freeze) return 0;
    pause_shortly();
  }
  errno = ETIMEDOUT;
  cgroup_refuse(group, "freeze", file, "a process waits for a device or a network file system",
                why);
  cgroup_write(group->folder, file, group->is_v2 ? "0" : "THAWED");
  return -1;
}

// ---- killing -------------------------------------------------------------------------------

static size_t signal_all(const struct cgroups *cgroups, int number) {
  size_t count;
  cleanup_free pid_t *pids = cgroups_processes(cgroups, &count);
  for (size_t i = 0; i < count; i++) kill(pids[i], number);
  return count;
}

static bool kill_at_once(const struct cgroups *cgroups) {
  for (size_t i = 0; i < cgroups->count; i++) {
    const struct cgroup *group = &cgroups->groups[i];
    if (group->is_v2 && cgroup_write(group->folder, "cgroup.kill", "1") == 0) return true;
  }
  return false;
}

// Frozen, nobody forks between the look and the signal; without a freezer, round by round. A frozen
// process dies when it is thawed.
static void kill_by_rounds(const struct cgroups *cgroups) {
  struct failure ignored;
  for (int i = 0; i < KILL_ROUNDS; i++) {
    bool is_stopped = cgroup_with(cgroups, CONTROLLER_FREEZER) &&
                      cgroups_freeze(cgroups, true, &ignored) == 0;
    size_t count = signal_all(cgroups, SIGKILL);
    if (is_stopped) cgroups_freeze(cgroups, false, &ignored);
    if (count == 0) return;
    pause_shortly();
  }
}

int cgroups_kill(const struct cgroups *cgroups, int number, struct failure *why) {
  if (number != SIGKILL) {
    signal_all(cgroups, number);
    return 0;
  }
  struct failure ignored;
  if (!kill_at_once(cgroups)) kill_by_rounds(cgroups);
  // On a hybrid host the freezer may be of version 1: it holds those that version 2 has killed.
  else if (cgroups_is_frozen(cgroups)) cgroups_freeze(cgroups, false, &ignored);
  size_t count = 0;
  for (int i = 0; i < KILL_ROUNDS; i++) {
    free(cgroups_processes(cgroups, &count));
    if (count == 0) return 0;
    pause_shortly();
  }
  errno = EBUSY;
  return fail(why, "cgroup", "kill", cgroups->groups[0].path,
              "a process waits for a device or a network file system");
}

// ---- memory --------------------------------------------------------------------------------

static unsigned long long number_after(const char *text, const char *key) {
  const char *found = strstr(text, key);
  return found ? strtoull(found + strlen(key), NULL, 10) : 0;
}

bool cgroups_ran_out_of_memory(const struct cgroups *cgroups) {
  const struct cgroup *group = cgroup_with(cgroups, CONTROLLER_MEMORY);
  char text[512];
  const char *file = group && group->is_v2 ? "memory.events" : "memory.oom_control";
  if (!group || cgroup_read(group->folder, file, text, sizeof text) < 0) return false;
  return number_after(text, "oom_kill ") > 0;
}
