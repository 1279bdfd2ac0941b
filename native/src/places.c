// Places inside a container's root; see places.h.
#include "places.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "kernel.h"

enum { PATH_BYTES_MAX = 4096 };

static int open_in_root(const char *path, uint64_t flags) {
  return sys_openat2(AT_FDCWD, path, flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

int place_open(const char *path) { return open_in_root(path, O_PATH); }

// The folder that holds the last name of `path`; `*name` points at that name.
static int open_parent(char *path, const char **name) {
  char *slash = strrchr(path, '/');
  *name = slash ? slash + 1 : path;
  if (!slash || slash == path) return open_in_root("/", O_PATH | O_DIRECTORY);
  *slash = '\0';
  int parent = open_in_root(path, O_PATH | O_DIRECTORY);
  *slash = '/';
  return parent;
}

static int make_one(char *path, bool is_folder) {
  const char *name;
  cleanup_close int parent = open_parent(path, &name);
  if (parent < 0) return -1;
  if (is_folder) return mkdirat(parent, name, 0755) < 0 && errno != EEXIST ? -1 : 0;
  cleanup_close int file =
      openat(parent, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0644);
  return file < 0 && errno != EEXIST ? -1 : 0;
}

// Every parent from the top, then the place itself.
static int make_all(char *path, bool is_folder) {
  for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    cleanup_close int known = place_open(path);
    int made = known >= 0 ? 0 : make_one(path, true);
    *slash = '/';
    if (made < 0) return -1;
  }
  return make_one(path, is_folder);
}

// Removes repeated and trailing slashes, so that every piece between slashes is a name.
static int tidy_path(const char *path, char *tidy) {
  size_t length = 0;
  for (; *path; path++) {
    if (*path == '/' && length > 0 && tidy[length - 1] == '/') continue;
    if (length + 1 >= PATH_BYTES_MAX) {
      errno = ENAMETOOLONG;
      return -1;
    }
    tidy[length++] = *path;
  }
  if (length > 1 && tidy[length - 1] == '/') length--;
  tidy[length] = '\0';
  return 0;
}

int place_make(const char *path, bool is_folder, struct failure *why) {
  int place = place_open(path);
  if (place >= 0) return place;
  char tidy[PATH_BYTES_MAX];
  if (errno != ENOENT) return fail(why, "mount", "openat2", path, NULL);
  mode_t before = umask(0);
  int made = tidy_path(path, tidy) < 0 ? -1 : make_all(tidy, is_folder);
  int error = errno;
  umask(before);
  errno = error;
  if (made < 0) return fail(why, "mount", "create mount point", path, NULL);
  place = place_open(tidy);
  return place < 0 ? fail(why, "mount", "openat2", path, "does a dangling link stand there?")
                   : place;
}
