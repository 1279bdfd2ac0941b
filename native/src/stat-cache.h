// What the last scan of a root knew about its files: stat → sha256 and attributes. Losing it costs time only, so a
// cache that is missing, damaged, of another root or from the future is the empty cache, never an
// error. src/layer/stat-cache.ts reads and writes the same files; the format is in native/README.md.
#ifndef SLIPWAY_STAT_CACHE_H
#define SLIPWAY_STAT_CACHE_H

#include <stdbool.h>
#include <sys/stat.h>

#include "memory.h"
#include "sha256.h"

struct stat_cache {
  const char *file;           // NULL: nothing is read or written
  struct stat root;
  struct timespec started;    // of this scan
  char *old;                  // the file as read
  size_t next, end;           // old records not yet passed
  struct bytes fresh;         // the file as it will be
  uint64_t fresh_count;
  bool dirty;                 // fresh differs from old
};

void stat_cache_open(struct stat_cache *cache, const char *file, const struct stat *root);

// What is known of one file; attributes in the form of scan-record.h.
struct known_file {
  const uint8_t *digest;
  const char *xattrs;
  size_t xattrs_length;
};

// Whether there is a file with exactly this stat. Paths must come in the order of the walk.
bool stat_cache_find(struct stat_cache *cache, const char *path, size_t length,
                     const struct stat *st, struct known_file *known);

// A later change could leave the stat of such a file as it is.
bool stat_cache_is_young(const struct stat_cache *cache, const struct stat *st);

// Remembers a file for the next scan, unless it is young. `is_known`: stat_cache_find just found it.
void stat_cache_keep(struct stat_cache *cache, const char *path, size_t length,
                     const struct stat *st, struct known_file file, bool is_known);

// Replaces the file if anything changed. Reports and returns -1 when it cannot be written.
int stat_cache_save(struct stat_cache *cache);
void stat_cache_free(struct stat_cache *cache);

#endif
