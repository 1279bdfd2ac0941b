// What a folder was before a step: a record for every name below it, so that afterwards it can be told
// what the step did. Times of change decide, as nothing but the kernel sets them.
#ifndef SLIPWAY_RECORDS_H
#define SLIPWAY_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct record {
  uint64_t inode, size;
  struct timespec born, changed, modified;  // `born` is zero where the file system does not tell
  uint32_t mode, links, uid, gid;
};

struct recorded {
  const struct record *record;
  const char *path;
  size_t length;
  size_t end;  // the first one that is not below it
};

struct records {
  char *data;
  struct recorded *items;  // in the order of walk.h
  size_t count;
};

// Takes the facts of `name` beneath `parent`, not following a symlink; `path` is for reports.
int record_take(int parent, const char *name, const char *path, struct record *record);

// The same file, whatever happened to it.
bool record_is_same_file(const struct record *before, const struct record *now);
// Nothing happened to it; another name of it may have gone.
bool record_is_unchanged(const struct record *before, const struct record *now);

int records_read(const char *file, struct records *records);
void records_free(struct records *records);
#define cleanup_records __attribute__((cleanup(records_free)))

// The index of a path, or SIZE_MAX.
size_t records_find(const struct records *records, const char *path, size_t length);

#endif
