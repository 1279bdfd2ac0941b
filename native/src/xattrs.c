// See xattrs.h. There is no llistxattrat before Linux 6.13, so the working directory moves to the
// parent: this process has no other use for it once the walk has begun.
#include "xattrs.h"

#include <linux/limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "cleanup.h"
#include "memory.h"
#include "report.h"

static bool starts_with(const char *text, const char *prefix) {
  return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool xattr_is_overlay(const char *name) {
  return starts_with(name, "trusted.overlay.") || starts_with(name, "user.overlay.");
}

bool xattr_is_kept(const char *name) {
  if (xattr_is_overlay(name)) return false;
  return starts_with(name, "user.") || starts_with(name, "trusted.") ||
         strcmp(name, "security.capability") == 0 ||
         strcmp(name, "system.posix_acl_access") == 0 ||
         strcmp(name, "system.posix_acl_default") == 0;
}

bool xattr_is_of_context(const char *name) {
  return (starts_with(name, "user.") && !xattr_is_overlay(name)) ||
         strcmp(name, "security.capability") == 0;
}

static bool is_opaque_mark(const char *name, const char *value, size_t length) {
  return (strcmp(name, "trusted.overlay.opaque") == 0 ||
          strcmp(name, "user.overlay.opaque") == 0) &&
         length == 1 && value[0] == 'y';
}

static bool is_wanted(const char *name, xattr_filter *is_kept) {
  return is_kept(name) || (xattr_is_overlay(name) && strstr(name, ".overlay.opaque"));
}

void xattrs_add(struct xattrs *xattrs, const char *name, const char *value, size_t length) {
  xattrs->items =
      grow(xattrs->items, &xattrs->capacity, xattrs->count + 1, sizeof(struct xattr));
  xattrs->items[xattrs->count++] =
      (struct xattr){copy_text(name, strlen(name)), copy_text(value, length), length};
}

static int compare_xattrs(const void *a, const void *b) {
  return strcmp(((const struct xattr *)a)->name, ((const struct xattr *)b)->name);
}

void xattrs_sort(struct xattrs *xattrs) {
  if (xattrs->count > 1)
    qsort(xattrs->items, xattrs->count, sizeof(struct xattr), compare_xattrs);
}

void xattrs_free(struct xattrs *xattrs) {
  for (size_t i = 0; i < xattrs->count; i++) {
    free(xattrs->items[i].name);
    free(xattrs->items[i].value);
  }
  free(xattrs->items);
  *xattrs = (struct xattrs){0};
}

// A file to ask: by its name, or where it is open.
struct subject {
  const char *file;  // NULL: fd
  int fd;
  const char *path;
  xattr_filter *is_kept;
};

static ssize_t get_value(const struct subject *subject, const char *name, char *value) {
  return subject->file ? lgetxattr(subject->file, name, value, XATTR_SIZE_MAX)
                       : fgetxattr(subject->fd, name, value, XATTR_SIZE_MAX);
}

static int read_value(const struct subject *subject, const char *name, struct xattrs *xattrs) {
  cleanup_free char *value = allocate(XATTR_SIZE_MAX);
  ssize_t length = get_value(subject, name, value);
  if (length < 0) {
    if (errno == ENODATA) return 0;
    return report_system("getxattr", subject->path);
  }
  if (is_opaque_mark(name, value, (size_t)length)) xattrs->opaque = true;
  if (!subject->is_kept(name)) return 0;
  if (strchr(name, '=')) {
    report_warning("an attribute with '=' in its name does not fit into a tar: left out", subject->path);
    return 0;
  }
  xattrs_add(xattrs, name, value, (size_t)length);
  return 0;
}

static int read_all(const struct subject *subject, struct xattrs *xattrs) {
  static _Thread_local char list[XATTR_LIST_MAX];
  ssize_t length = subject->file ? llistxattr(subject->file, list, sizeof list)
                                 : flistxattr(subject->fd, list, sizeof list);
  if (length < 0) {
    if (errno == EOPNOTSUPP) return 0;
    return report_system("listxattr", subject->path);
  }
  for (const char *each = list; each < list + length; each += strlen(each) + 1)
    if (is_wanted(each, subject->is_kept) && read_value(subject, each, xattrs) < 0) return -1;
  xattrs_sort(xattrs);
  return 0;
}

static int enter(int directory, const char *path) {
  static int entered = -1;
  static struct stat at;
  struct stat st;
  // The number of a descriptor says little: it may be closed and given to another directory.
  if (fstat(directory, &st) < 0) return report_system("fstat", path);
  if (entered >= 0 && st.st_ino == at.st_ino && st.st_dev == at.st_dev) return 0;
  if (fchdir(directory) < 0) return report_system("fchdir", path);
  entered = directory;
  at = st;
  return 0;
}

int xattrs_read(int parent, const char *name, const char *path, xattr_filter *is_kept, struct xattrs *xattrs) {
  if (enter(parent, path) < 0) return -1;
  return read_all(&(struct subject){.file = name, .path = path, .is_kept = is_kept}, xattrs);
}

int xattrs_read_open(int fd, const char *path, xattr_filter *is_kept, struct xattrs *xattrs) {
  return read_all(&(struct subject){.fd = fd, .path = path, .is_kept = is_kept}, xattrs);
}
