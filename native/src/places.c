// Places inside a container's root; see places.h.
#include "places.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "kernel.h"

enum {
  PATH_BYTES_MAX = 4096,
  TRIES_MAX = 1000,
  LINKS_MAX = 8,  // dangling ones behind each other
};

// With `..` on the way the kernel gives up whenever anything was renamed or mounted meanwhile, be it
// by others elsewhere; then it is asked again.
static int open_in_root(const char *path, uint64_t flags) {
  for (int tries = 1;; tries++) {
    int fd = sys_openat2(AT_FDCWD, path, flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
    if (fd >= 0 || errno != EAGAIN || tries == TRIES_MAX) return fd;
  }
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

// Where the link at `path` leads, as a path of the root. ENOENT: there is no link.
static int read_link(char *path, char *target) {
  const char *name;
  cleanup_close int parent = open_parent(path, &name);
  char link[PATH_BYTES_MAX];
  ssize_t length = parent < 0 ? -1 : readlinkat(parent, name, link, sizeof link - 1);
  if (length < 0) {
    if (errno == EINVAL) errno = ENOENT;
    return -1;
  }
  link[length] = '\0';
  int folder = link[0] == '/' ? 0 : (int)(name - path);
  char whole[2 * PATH_BYTES_MAX];
  snprintf(whole, sizeof whole, "%.*s%s", folder, path, link);
  return tidy_path(whole, target);
}

static int make_one(char *path, bool is_folder) {
  const char *name;
  cleanup_close int parent = open_parent(path, &name);
  if (parent < 0) return -1;
  if (is_folder) return mkdirat(parent, name, 0755);
  cleanup_close int file =
      openat(parent, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0644);
  return file < 0 ? -1 : 0;
}

static int make_all(char *path, bool is_folder, int links);

// A name that exists and leads nowhere is a dangling link, as /etc/resolv.conf often is in the images of
// distributions: what it means inside the root is made, as the kernel would find it.
static int make_missing(char *path, bool is_folder, int links) {
  cleanup_close int known = place_open(path);
  if (known >= 0) return 0;
  if (errno != ENOENT) return -1;
  if (make_one(path, is_folder) == 0) return 0;
  if (errno != EEXIST) return -1;
  char target[PATH_BYTES_MAX];
  if (links == LINKS_MAX) {
    errno = ELOOP;
    return -1;
  }
  return read_link(path, target) < 0 ? -1 : make_all(target, is_folder, links + 1);
}

// Every parent from the top, then the place itself.
static int make_all(char *path, bool is_folder, int links) {
  for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    int made = make_missing(path, true, links);
    *slash = '/';
    if (made < 0) return -1;
  }
  return make_missing(path, is_folder, links);
}

int place_make(const char *path, bool is_folder, struct failure *why) {
  int place = place_open(path);
  if (place >= 0) return place;
  char tidy[PATH_BYTES_MAX];
  if (errno != ENOENT) return fail(why, "mount", "openat2", path, NULL);
  mode_t before = umask(0);
  int made = tidy_path(path, tidy) < 0 ? -1 : make_all(tidy, is_folder, 0);
  int error = errno;
  umask(before);
  errno = error;
  if (made < 0) return fail(why, "mount", "create mount point", path, NULL);
  place = place_open(tidy);
  return place < 0 ? fail(why, "mount", "openat2", path, NULL) : place;
}
