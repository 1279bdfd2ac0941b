// Removing groups, also those that a helper left which was killed: see cgroup-place.h. Whoever owns a
// group holds a lock on its folder, and the kernel drops that with its last descriptor; so nothing is
// guessed from numbers of processes, in whatever pid namespace they are.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>

#include "cgroup-files.h"
#include "cgroup-place.h"
#include "cleanup.h"

enum { DEPTH_MAX = 32 };  // deeper than any container manager nests

void cgroup_random_name(char name[32]) {
  unsigned char bytes[8];
  char *end = name + sprintf(name, CGROUP_PREFIX);
  if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes) memset(bytes, 0, sizeof bytes);
  for (size_t i = 0; i < sizeof bytes; i++) end += sprintf(end, "%02x", bytes[i]);
}

static bool is_random_name(const char *name) {
  size_t prefix = strlen(CGROUP_PREFIX);
  return strncmp(name, CGROUP_PREFIX, prefix) == 0 && strlen(name) == prefix + 16 &&
         strspn(name + prefix, "0123456789abcdef") == 16;
}

static int remove_below(int parent, const char *name, int depth) {
  if (cgroup_unmake(parent, name) == 0 || errno == ENOENT) return 0;
  if (errno != EBUSY || depth == DEPTH_MAX) return -1;
  int folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  cleanup_closedir DIR *entries = folder < 0 ? NULL : fdopendir(folder);
  if (!entries) return -1;
  for (struct dirent *entry; (entry = readdir(entries));)
    if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
      remove_below(folder, entry->d_name, depth + 1);
  return cgroup_unmake(parent, name);
}

int cgroup_remove_tree(int parent, const char *name) { return remove_below(parent, name, 0); }

static void sweep_one(int parent, const char *name) {
  cleanup_close int folder =
      openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder < 0 || flock(folder, LOCK_EX | LOCK_NB) < 0) return;
  cgroup_remove_tree(parent, name);
}

void cgroup_sweep(const char *path) {
  int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  cleanup_closedir DIR *entries = folder < 0 ? NULL : fdopendir(folder);
  if (!entries) return;
  for (struct dirent *entry; (entry = readdir(entries));)
    if (entry->d_type == DT_DIR && is_random_name(entry->d_name))
      sweep_one(folder, entry->d_name);
}
