// See remove-tree.h. The depth is bounded by what unpack creates (BENEATH_DEPTH_MAX).
#include "remove-tree.h"

#include <fcntl.h>
#include <string.h>

#include "cleanup.h"
#include "report.h"

static int remove_contents(int fd, const char *path) {
  cleanup_closedir DIR *dir = fdopendir(fd);
  if (!dir) {
    close(fd);
    return report_system("fdopendir", path);
  }
  for (;;) {
    errno = 0;
    const struct dirent *found = readdir(dir);
    if (!found) return errno == 0 ? 0 : report_system("readdir", path);
    if (strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0) continue;
    if (remove_tree(fd, found->d_name, path) < 0) return -1;
  }
}

int remove_tree(int parent, const char *name, const char *path) {
  if (unlinkat(parent, name, 0) == 0 || errno == ENOENT) return 0;
  if (errno != EISDIR && errno != EPERM) return report_system("unlinkat", path);
  if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT) return 0;
  int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return report_system("openat", path);
  if (remove_contents(fd, path) < 0) return -1;
  return unlinkat(parent, name, AT_REMOVEDIR) == 0 ? 0 : report_system("unlinkat", path);
}
