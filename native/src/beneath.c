// See beneath.h.
#include "beneath.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "report.h"

static void cut(struct beneath *beneath, size_t depth) {
  while (beneath->depth > depth) close(beneath->descriptors[--beneath->depth]);
  beneath->path.length = depth > 0 ? beneath->ends[depth - 1] : 0;
}

// How many of the open directories lie on the way to `path`.
static size_t common_depth(const struct beneath *beneath, const char *path, size_t length) {
  size_t depth = 0;
  while (depth < beneath->depth) {
    size_t end = beneath->ends[depth];
    if (end > length || memcmp(beneath->path.data, path, end) != 0) break;
    if (end < length && path[end] != '/') break;
    depth++;
  }
  return depth;
}

static int current(const struct beneath *beneath) {
  return beneath->depth > 0 ? beneath->descriptors[beneath->depth - 1] : beneath->root;
}

static void push(struct beneath *beneath, int fd, const char *name, size_t length) {
  size_t depth = beneath->depth++;
  beneath->descriptors =
      grow(beneath->descriptors, &beneath->capacity, depth + 1, sizeof(int));
  beneath->ends = grow(beneath->ends, &beneath->ends_capacity, depth + 1, sizeof(size_t));
  beneath->descriptors[depth] = fd;
  if (depth > 0) bytes_append(&beneath->path, "/", 1);
  bytes_append(&beneath->path, name, length);
  beneath->ends[depth] = beneath->path.length;
}

static int open_directory(int parent, const char *name) {
  return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

// Opens one more part; `path` is that of the part.
static int descend(struct beneath *beneath, const char *path, size_t length, size_t start) {
  cleanup_free char *here = copy_text(path, length);
  const char *name = here + start;
  if (beneath->depth == BENEATH_DEPTH_MAX)
    return report_error(REPORT_REFUSED, "folders nest too deep", here);
  int fd = open_directory(current(beneath), name);
  bool is_absent = fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP);
  if (is_absent && !beneath->create) return -2;
  if (is_absent) {
    int created = beneath->create(beneath->context, current(beneath), name, here);
    if (created < 0) return created;
    fd = open_directory(current(beneath), name);
  }
  if (fd < 0) return report_system("openat", here);
  push(beneath, fd, name, length - start);
  return 0;
}

int beneath_open(struct beneath *beneath, const char *path, size_t length) {
  cut(beneath, common_depth(beneath, path, length));
  while (beneath->path.length < length) {
    size_t start = beneath->depth > 0 ? beneath->path.length + 1 : 0;
    const char *slash = memchr(path + start, '/', length - start);
    int result = descend(beneath, path, slash ? (size_t)(slash - path) : length, start);
    if (result < 0) return result;
  }
  return current(beneath);
}

int beneath_open_parent(struct beneath *beneath, const char *path, const char **name) {
  const char *slash = strrchr(path, '/');
  *name = slash ? slash + 1 : path;
  return beneath_open(beneath, path, slash ? (size_t)(slash - path) : 0);
}

void beneath_forget(struct beneath *beneath, const char *path) {
  size_t length = strlen(path);
  for (size_t depth = 0; depth < beneath->depth; depth++) {
    if (beneath->ends[depth] != length || memcmp(beneath->path.data, path, length) != 0) continue;
    cut(beneath, depth);
    return;
  }
}

void beneath_free(struct beneath *beneath) {
  cut(beneath, 0);
  bytes_free(&beneath->path);
  free(beneath->descriptors);
  free(beneath->ends);
}
