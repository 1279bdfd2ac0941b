// See walk.h.
#include "walk.h"

#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>

#include "cleanup.h"
#include "memory.h"
#include "report.h"

struct walk {
  const struct walk_options *options;
  struct bytes path;  // of the directory being read, then of the entry visited
  int depth;
};

// The names of one directory: NUL-terminated, one after the other, and where each begins.
struct names {
  struct bytes text;
  size_t *starts;
  size_t count, capacity;
  const char **sorted;
};

static void names_free(struct names *names) {
  bytes_free(&names->text);
  free(names->starts);
  free(names->sorted);
}

static int compare_names(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int read_names(DIR *dir, struct names *names, const char *path) {
  for (;;) {
    errno = 0;
    const struct dirent *found = readdir(dir);
    if (!found) break;
    if (strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0) continue;
    names->starts = grow(names->starts, &names->capacity, names->count + 1, sizeof(size_t));
    names->starts[names->count++] = names->text.length;
    bytes_append(&names->text, found->d_name, strlen(found->d_name) + 1);
  }
  if (errno != 0) return report_system("readdir", path);
  names->sorted = allocate(names->count * sizeof(char *));
  for (size_t i = 0; i < names->count; i++) names->sorted[i] = names->text.data + names->starts[i];
  qsort(names->sorted, names->count, sizeof(char *), compare_names);
  return 0;
}

static int walk_directory(struct walk *walk, int fd);

static int walk_into(struct walk *walk, int parent, const char *name) {
  if (walk->depth == WALK_DEPTH_MAX)
    return report_error(REPORT_REFUSED, "folders nest too deep", walk->path.data);
  int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return report_system("openat", walk->path.data);
  walk->depth++;
  int result = walk_directory(walk, fd);
  walk->depth--;
  return result;
}

static int walk_name(struct walk *walk, int parent, const char *name) {
  const struct walk_options *options = walk->options;
  if (options->skip && options->skip(options->context, walk->path.data, walk->path.length))
    return 0;
  struct stat st;
  if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
    // Removed since the names were read: as if it had never been there.
    if (errno == ENOENT) return 0;
    return report_system("fstatat", walk->path.data);
  }
  const struct walk_entry entry = {parent, name, walk->path.data, walk->path.length, &st};
  if (options->visit(options->context, &entry) < 0) return -1;
  return S_ISDIR(st.st_mode) ? walk_into(walk, parent, name) : 0;
}

// Takes the descriptor.
static int walk_directory(struct walk *walk, int fd) {
  cleanup_closedir DIR *dir = fdopendir(fd);
  if (!dir) {
    report_system("fdopendir", walk->path.data);
    close(fd);
    return -1;
  }
  __attribute__((cleanup(names_free))) struct names names = {0};
  if (read_names(dir, &names, walk->path.data) < 0) return -1;
  size_t directory_length = walk->path.length;
  for (size_t i = 0; i < names.count; i++) {
    walk->path.length = directory_length;
    if (directory_length > 0) bytes_append_text(&walk->path, "/");
    bytes_append_text(&walk->path, names.sorted[i]);
    bytes_terminate(&walk->path);
    if (walk_name(walk, fd, names.sorted[i]) < 0) return -1;
  }
  walk->path.length = directory_length;
  bytes_terminate(&walk->path);
  return 0;
}

// A deep tree needs a descriptor a level; the soft limit is often 1,024.
static void raise_descriptor_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int walk_tree(const char *root, const struct walk_options *options) {
  raise_descriptor_limit();
  int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return report_system("open", root);
  struct walk walk = {.options = options};
  bytes_terminate(&walk.path);
  int result = walk_directory(&walk, fd);
  bytes_free(&walk.path);
  return result;
}

int walk_compare_paths(const char *a, size_t a_length, const char *b, size_t b_length) {
  size_t common = a_length < b_length ? a_length : b_length;
  for (size_t i = 0; i < common; i++) {
    if (a[i] == b[i]) continue;
    if (a[i] == '/') return -1;
    if (b[i] == '/') return 1;
    return (unsigned char)a[i] < (unsigned char)b[i] ? -1 : 1;
  }
  return a_length < b_length ? -1 : a_length > b_length;
}
