// cgroupfs as plain folders (cgroup-files.h): what a test has laid out below one folder stands for the
// hierarchies of a machine, with the rules of the kernel that the launcher has to live with. Every
// write is noted in `log`. It is linked in the place of cgroup-files.c.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup-files.h"
#include "cleanup.h"
#include "imitation.h"

static const char *machine;  // cgroup, mountinfo, swaps, log, and the hierarchies

void imitation_begin(const char *folder) { machine = folder; }

static FILE *open_fact(const char *name, const char *mode) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", machine, name);
  return fopen(path, mode);
}

FILE *cgroup_facts(const char *name) { return open_fact(name, "re"); }

bool cgroup_host_swaps(void) {
  FILE *file = open_fact("swaps", "re");
  if (file) fclose(file);
  return file != NULL;
}

// "PATH/FILE TEXT", the path from the machine's folder.
static void note(int folder, const char *file, const char *text) {
  char link[40], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
  ssize_t length = readlink(link, path, sizeof path - 1);
  FILE *log = open_fact("log", "ae");
  if (!log) abort();
  path[length < 0 ? 0 : length] = '\0';
  fprintf(log, "%s/%s %s\n", path + strlen(machine) + 1, file, text);
  fclose(log);
}

static int store(int folder, const char *file, int flags, const char *text) {
  cleanup_close int fd = openat(folder, file, O_WRONLY | O_TRUNC | O_CLOEXEC | flags, 0644);
  return fd < 0 || write(fd, text, strlen(text)) < 0 ? -1 : 0;
}

bool cgroup_has(int folder, const char *file) { return faccessat(folder, file, F_OK, 0) == 0; }

int cgroup_read(int folder, const char *file, char *text, size_t size) {
  cleanup_close int fd = openat(folder, file, O_RDONLY | O_CLOEXEC);
  ssize_t got = fd < 0 ? -1 : read(fd, text, size - 1);
  if (got < 0) return -1;
  while (got > 0 && text[got - 1] == '\n') got--;
  text[got] = '\0';
  return 0;
}

// ---- making and removing ---------------------------------------------------------------------

// A version 2 file belongs to the controller before its dot.
static bool is_enabled(const char *name, const char *controllers) {
  char word[64];
  snprintf(word, sizeof word, "%.*s", (int)strcspn(name, "."), name);
  return strcmp(word, "cgroup") == 0 || strstr(controllers, word) != NULL;
}

// The files of a new group are those of the one above, empty.
int cgroup_make(int parent, const char *name) {
  char controllers[256] = "";
  bool is_v2 = cgroup_has(parent, "cgroup.subtree_control");
  if (is_v2) cgroup_read(parent, "cgroup.subtree_control", controllers, sizeof controllers);
  if (mkdirat(parent, name, 0755) < 0) return -1;
  cleanup_close int folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int copy = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  cleanup_closedir DIR *entries = fdopendir(copy);
  for (struct dirent *entry; entries && (entry = readdir(entries));) {
    if (entry->d_type != DT_REG) continue;
    if (is_v2 && !is_enabled(entry->d_name, controllers)) continue;
    store(folder, entry->d_name, O_CREAT, "");
  }
  if (!is_v2) return 0;
  store(folder, "cgroup.type", O_CREAT, "domain");
  return store(folder, "cgroup.controllers", O_CREAT, controllers);
}

int cgroup_unmake(int parent, const char *name) {
  int folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  cleanup_closedir DIR *entries = folder < 0 ? NULL : fdopendir(folder);
  if (!entries) return -1;
  for (struct dirent *entry; (entry = readdir(entries));)
    if (entry->d_type == DT_REG) unlinkat(folder, entry->d_name, 0);
  return unlinkat(parent, name, AT_REMOVEDIR);
}

// ---- writing -----------------------------------------------------------------------------------

// cgroups(7) §Cgroups v2 "no internal processes" rule, and what a group has been handed itself.
static int hand_on(int folder, const char *text) {
  char has[256] = "", now[256] = "", pids[64] = "", all[600];
  cgroup_read(folder, "cgroup.controllers", has, sizeof has);
  cgroup_read(folder, "cgroup.subtree_control", now, sizeof now);
  cgroup_read(folder, "cgroup.procs", pids, sizeof pids);
  cleanup_free char *words = strdup(text);
  size_t end = (size_t)snprintf(all, sizeof all, "%s", now);
  for (char *rest = NULL, *word = strtok_r(words, " ", &rest); word;
       word = strtok_r(NULL, " ", &rest)) {
    if (word[0] != '+' || !strstr(has, word + 1)) {
      errno = ENOENT;
      return -1;
    }
    if (!strstr(now, word + 1))
      end += (size_t)snprintf(all + end, sizeof all - end, "%s%s", end ? " " : "", word + 1);
  }
  if (pids[0] && cgroup_has(folder, "cgroup.type")) {
    errno = EBUSY;
    return -1;
  }
  return store(folder, "cgroup.subtree_control", 0, all);
}

static bool hands_on(int folder) {
  char controllers[256] = "";
  return cgroup_has(folder, "cgroup.type") &&
         cgroup_read(folder, "cgroup.subtree_control", controllers, sizeof controllers) == 0 &&
         controllers[0];
}

int cgroup_write(int folder, const char *file, const char *text) {
  struct stat facts;
  if (fstatat(folder, file, &facts, 0) < 0) return -1;
  if (!(facts.st_mode & 0200)) {  // also for root
    errno = EACCES;
    return -1;
  }
  bool is_handing = strcmp(file, "cgroup.subtree_control") == 0;
  if (strcmp(file, "cgroup.procs") == 0 && hands_on(folder)) {
    errno = EBUSY;
    return -1;
  }
  int result = is_handing ? hand_on(folder, text) : store(folder, file, 0, text);
  if (result == 0) note(folder, file, text);
  return result;
}

int cgroup_attach(int folder, const struct bpf_insn *instructions, size_t count) {
  (void)instructions;
  note(folder, "(program)", count > 0 ? "attached" : "empty");
  return 0;
}
