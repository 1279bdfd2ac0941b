// tmpcopyup: a tmpfs that starts with what the image has at its place; see mounts.h. Names only, no
// path is followed, so links of the image lead nowhere.
#include <errno.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "kernel.h"
#include "mounts.h"

enum { DEPTH_MAX = 128, LINK_BYTES_MAX = 4096 };

static int copy_folder(int from, int to, int depth);

static int copy_data(int from, int to, const char *name, off_t size) {
  cleanup_close int source = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  cleanup_close int copy =
      openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (source < 0 || copy < 0) return -1;
  while (size > 0) {
    ssize_t sent = sendfile(copy, source, NULL, (size_t)size);
    if (sent < 0) return -1;
    if (sent == 0) break;  // it has become shorter
    size -= sent;
  }
  return 0;
}

static int copy_link(int from, int to, const char *name) {
  char target[LINK_BYTES_MAX];
  ssize_t length = readlinkat(from, name, target, sizeof target - 1);
  if (length < 0) return -1;
  target[length] = '\0';
  return symlinkat(target, to, name);
}

static int copy_below(int from, int to, const char *name, int depth) {
  if (mkdirat(to, name, 0700) < 0) return -1;
  cleanup_close int source = openat(from, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  cleanup_close int copy = openat(to, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  return source < 0 || copy < 0 ? -1 : copy_folder(source, copy, depth + 1);
}

static int copy_one(int from, int to, const char *name, int depth) {
  struct stat facts;
  if (fstatat(from, name, &facts, AT_SYMLINK_NOFOLLOW) < 0) return -1;
  int result;
  switch (facts.st_mode & S_IFMT) {
    case S_IFREG: result = copy_data(from, to, name, facts.st_size); break;
    case S_IFDIR: result = copy_below(from, to, name, depth); break;
    case S_IFLNK: result = copy_link(from, to, name); break;
    case S_IFSOCK: return 0;  // nobody listens
    default: result = mknodat(to, name, facts.st_mode, facts.st_rdev);
  }
  if (result < 0 || fchownat(to, name, facts.st_uid, facts.st_gid, AT_SYMLINK_NOFOLLOW) < 0)
    return -1;
  // After the owner, which clears setuid; links have no mode.
  if (!S_ISLNK(facts.st_mode) && fchmodat(to, name, facts.st_mode & 07777, 0) < 0) return -1;
  const struct timespec times[2] = {facts.st_atim, facts.st_mtim};
  return utimensat(to, name, times, AT_SYMLINK_NOFOLLOW);
}

static int copy_folder(int from, int to, int depth) {
  if (depth > DEPTH_MAX) {
    errno = ELOOP;
    return -1;
  }
  int readable = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  cleanup_closedir DIR *folder = readable < 0 ? NULL : fdopendir(readable);
  if (!folder) return -1;
  const struct dirent *entry;
  while ((errno = 0, entry = readdir(folder))) {
    bool is_dot = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    if (!is_dot && copy_one(from, to, entry->d_name, depth) < 0) return -1;
  }
  return errno ? -1 : 0;
}

int copy_up(int from, int to, const char *path, struct failure *why) {
  return copy_folder(from, to, 0) < 0
             ? fail(why, "mount", "copy", path, "is the tmpfs large enough for what it covers?")
             : 0;
}
