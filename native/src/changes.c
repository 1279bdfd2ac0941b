// changes: a folder that a step has worked in becomes what the step changed, in overlay's form: what is
// as it was recorded goes, what is missing becomes a whiteout, a directory in the place of something
// else is opaque. In place: nothing is copied, so owners, attributes and links stay what they are.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "cleanup.h"
#include "commands.h"
#include "memory.h"
#include "options.h"
#include "records.h"
#include "remove-tree.h"
#include "report.h"
#include "walk.h"

enum { DEPTH_MAX = WALK_DEPTH_MAX };

struct changes {
  struct records before;
  struct bytes excluded;  // paths, each ended by a NUL
  struct bytes path;      // of what is looked at, NUL-terminated
};

// Sets the path to `name` in the directory of `length` bytes.
static void enter_name(struct changes *changes, size_t length, const char *name) {
  changes->path.length = length;
  if (length > 0) bytes_append_text(&changes->path, "/");
  bytes_append_text(&changes->path, name);
  bytes_terminate(&changes->path);
}

static bool is_excluded(const struct changes *changes) {
  const char *end = changes->excluded.data + changes->excluded.length;
  for (const char *path = changes->excluded.data; path < end; path += strlen(path) + 1)
    if (strcmp(path, changes->path.data) == 0) return true;
  return false;
}

struct names {
  char **items;
  size_t count, capacity;
};

static void names_free(struct names *names) {
  for (size_t i = 0; i < names->count; i++) free(names->items[i]);
  free(names->items);
}

static int names_read(int folder, struct names *names, const char *path) {
  // A second descriptor: the first one is for the calls on what is in it.
  int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  cleanup_closedir DIR *dir = copy < 0 ? NULL : fdopendir(copy);
  if (!dir) return report_system("opendir", path);
  const struct dirent *entry;
  while (errno = 0, (entry = readdir(dir))) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    names->items = grow(names->items, &names->capacity, names->count + 1, sizeof *names->items);
    names->items[names->count++] = copy_text(entry->d_name, strlen(entry->d_name));
  }
  return errno ? report_system("readdir", path) : 0;
}

static int whiteout(const struct changes *changes, int folder, const char *name) {
  if (mknodat(folder, name, S_IFCHR, 0) == 0) return 0;
  return report_system("mknodat", changes->path.data);
}

// Names that the folder `index` had and has no more. 1: there were some.
static int mark_gone(struct changes *changes, int folder, size_t index, const struct names *names) {
  const struct recorded *item = &changes->before.items[index];
  bool is_root = index == SIZE_MAX;
  size_t at = is_root ? 0 : index + 1, end = is_root ? changes->before.count : item->end;
  size_t skip = is_root ? 0 : item->length + 1, length = is_root ? 0 : item->length;
  bool found_any = false;
  for (; at < end; at = changes->before.items[at].end) {
    const struct recorded *child = &changes->before.items[at];
    char *name = copy_text(child->path + skip, child->length - skip);
    bool is_there = false;
    for (size_t i = 0; i < names->count && !is_there; i++)
      is_there = strcmp(names->items[i], name) == 0;
    enter_name(changes, length, name);
    int result = is_there || is_excluded(changes) ? 0 : whiteout(changes, folder, name);
    found_any = found_any || (!is_there && !is_excluded(changes));
    free(name);
    if (result < 0) return -1;
  }
  return found_any;
}

// A directory that has taken the place of something else hides what was there.
static int make_opaque(int parent, const char *name, const char *path) {
  static const char *const marks[] = {"trusted.overlay.opaque", "user.overlay.opaque"};
  if (fchdir(parent) < 0) return report_system("fchdir", path);
  for (int i = 0; i < 2; i++)
    if (lsetxattr(name, marks[i], "y", 1, 0) == 0) return 0;
  return report_system("lsetxattr", path);
}

static int reduce(struct changes *changes, int folder, size_t index, size_t length, int depth);

// A directory that was there before. 1: it stays, with its own times.
static int reduce_folder(struct changes *changes, int parent, const char *name, size_t index,
                         int depth) {
  const struct recorded *item = &changes->before.items[index];
  struct record now;
  size_t length = changes->path.length;
  if (record_take(parent, name, changes->path.data, &now) < 0) return -1;
  cleanup_close int folder =
      openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder < 0) return report_system("openat", changes->path.data);
  int kept = reduce(changes, folder, index, length, depth + 1);
  if (kept < 0) return -1;
  changes->path.length = length;
  bytes_terminate(&changes->path);
  if (kept == 0 && record_is_unchanged(item->record, &now)) {
    if (unlinkat(parent, name, AT_REMOVEDIR) == 0) return 0;
    return report_system("unlinkat", changes->path.data);
  }
  const struct timespec times[2] = {now.modified, now.modified};
  return futimens(folder, times) < 0 ? report_system("futimens", changes->path.data) : 1;
}

// 1: it stays.
static int reduce_name(struct changes *changes, int parent, const char *name, int depth) {
  const char *path = changes->path.data;
  struct record now;
  if (is_excluded(changes)) return remove_tree(parent, name, path);
  if (record_take(parent, name, path, &now) < 0) return -1;
  size_t index = records_find(&changes->before, path, changes->path.length);
  if (index == SIZE_MAX) return 1;
  const struct record *before = changes->before.items[index].record;
  bool is_folder = S_ISDIR(now.mode);
  if (!record_is_same_file(before, &now))
    return is_folder && make_opaque(parent, name, path) < 0 ? -1 : 1;
  if (is_folder) return reduce_folder(changes, parent, name, index, depth);
  if (!record_is_unchanged(before, &now)) return 1;
  return unlinkat(parent, name, 0) < 0 ? report_system("unlinkat", path) : 0;
}

// Everything in a directory; index SIZE_MAX is the root. 1: something stays.
static int reduce(struct changes *changes, int folder, size_t index, size_t length, int depth) {
  if (depth > DEPTH_MAX)
    return report_error(REPORT_REFUSED, "folders nest too deep", changes->path.data);
  struct names names = {0};
  int result = names_read(folder, &names, changes->path.data ? changes->path.data : "");
  int kept = result;
  for (size_t i = 0; i < names.count && result >= 0; i++) {
    enter_name(changes, length, names.items[i]);
    result = reduce_name(changes, folder, names.items[i], depth);
    kept = kept || result > 0;
  }
  if (result >= 0) result = mark_gone(changes, folder, index, &names);
  names_free(&names);
  return result < 0 ? -1 : kept || result > 0;
}

static int read_excluded(struct bytes *excluded) {
  char buffer[4096];
  ssize_t got;
  while ((got = read(0, buffer, sizeof buffer)) > 0) bytes_append(excluded, buffer, (size_t)got);
  if (got < 0) return report_system("read", "stdin");
  if (excluded->length > 0 && excluded->data[excluded->length - 1] != '\0')
    return report_error(REPORT_USAGE, "paths end with a NUL", "stdin");
  return 0;
}

int command_changes(int argc, char **argv) {
  const char *folder = NULL, *record = NULL;
  const struct option_slot slots[] = {{"--folder", &folder, NULL, true},
                                      {"--record", &record, NULL, true}};
  if (options_parse(argc, argv, slots, 2) < 0) return 2;
  struct changes changes = {0};
  cleanup_close int root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int result = root < 0 ? report_system("open", folder) : 0;
  if (result == 0) result = records_read(record, &changes.before);
  if (result == 0) result = read_excluded(&changes.excluded);
  if (result == 0) result = reduce(&changes, root, SIZE_MAX, 0, 0);
  if (result >= 0) printf("{}\n");
  records_free(&changes.before);
  bytes_free(&changes.excluded);
  bytes_free(&changes.path);
  return result < 0 ? 1 : 0;
}
