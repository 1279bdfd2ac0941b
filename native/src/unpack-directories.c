// See unpack-directories.h.
#include "unpack-directories.h"

#include <stdlib.h>
#include <string.h>

#include "walk.h"

static void directory_free(struct directory *directory) {
  free(directory->path);
  xattrs_free(&directory->xattrs);
}

static struct directory *append(struct directories *directories, const char *path) {
  directories->items = grow(directories->items, &directories->capacity, directories->count + 1,
                            sizeof(struct directory));
  struct directory *directory = &directories->items[directories->count++];
  *directory = (struct directory){.path = copy_text(path, strlen(path)),
                                  .number = directories->added++};
  return directory;
}

void directories_add(struct directories *directories, struct tar_member *member) {
  struct directory *directory = append(directories, member->path.data);
  directory->mode = member->mode;
  directory->uid = member->uid;
  directory->gid = member->gid;
  directory->mtime = member->mtime;
  directory->mtime_nanos = member->mtime_nanos;
  directory->xattrs = member->xattrs;
  member->xattrs = (struct xattrs){0};
}

void directories_add_implied(struct directories *directories, const char *path) {
  append(directories, path)->mode = 0755;
}

static bool is_at_or_beneath(const char *path, const char *directory, size_t length) {
  return strncmp(path, directory, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

void directories_remove(struct directories *directories, const char *path) {
  size_t kept = 0, length = strlen(path);
  for (size_t i = 0; i < directories->count; i++) {
    if (is_at_or_beneath(directories->items[i].path, path, length))
      directory_free(&directories->items[i]);
    else
      directories->items[kept++] = directories->items[i];
  }
  directories->count = kept;
}

// Of equal paths the last added comes first: that one counts.
static int compare_backwards(const void *a, const void *b) {
  const struct directory *left = a, *right = b;
  int order = walk_compare_paths(right->path, strlen(right->path), left->path, strlen(left->path));
  if (order != 0) return order;
  return left->number > right->number ? -1 : 1;
}

void directories_order(struct directories *directories) {
  struct directory *items = directories->items;
  if (directories->count > 1)
    qsort(items, directories->count, sizeof(struct directory), compare_backwards);
  size_t kept = 0;
  for (size_t i = 0; i < directories->count; i++) {
    if (kept > 0 && strcmp(items[kept - 1].path, items[i].path) == 0) directory_free(&items[i]);
    else items[kept++] = items[i];
  }
  directories->count = kept;
}

void directories_free(struct directories *directories) {
  for (size_t i = 0; i < directories->count; i++) directory_free(&directories->items[i]);
  free(directories->items);
}
