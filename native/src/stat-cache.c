// See stat-cache.h.
#include "stat-cache.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "crc32.h"
#include "little-endian.h"
#include "report.h"
#include "walk.h"

#define MAGIC "SLIPSCAN"
#define VERSION 2
#define HEADER_SIZE 64
#define RECORD_SIZE 96  // before the path
#define FILE_SIZE_MAX (1l << 30)
#define RACY_SECONDS 2  // clocks of file systems are coarse, some count in two seconds

static size_t aligned(size_t length) { return (length + 7) & ~(size_t)7; }

// Of a record: both lengths are 32 bits, so that their sum fits.
static size_t size_of(const char *record) {
  return aligned(RECORD_SIZE + (size_t)get_u32(record + 52) + get_u32(record + 88));
}

static bool is_before(int64_t a, int64_t a_nanos, int64_t b, int64_t b_nanos) {
  return a < b || (a == b && a_nanos < b_nanos);
}

static char *read_whole(const char *file, size_t *length) {
  cleanup_close int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  struct stat st;
  if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_SIZE_MAX)
    return NULL;
  char *data = allocate((size_t)st.st_size);
  for (*length = 0; *length < (size_t)st.st_size;) {
    ssize_t got = read(fd, data + *length, (size_t)st.st_size - *length);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    *length += (size_t)got;
  }
  return data;
}

static bool records_fit(const char *data, size_t end, uint64_t count) {
  size_t at = HEADER_SIZE;
  for (; count > 0; count--) {
    if (end - at < RECORD_SIZE) return false;
    size_t size = size_of(data + at);
    if (size > end - at) return false;
    at += size;
  }
  return at == end;
}

static bool is_usable(const struct stat_cache *cache, const char *data, size_t length) {
  if (length < HEADER_SIZE + 8 || memcmp(data, MAGIC, 8) != 0) return false;
  if (get_u32(data + 8) != VERSION || get_u64(data + length - 8) != crc32_of(data, length - 8))
    return false;
  if (get_u64(data + 16) != cache->root.st_dev || get_u64(data + 24) != cache->root.st_ino)
    return false;
  if (is_before(cache->started.tv_sec, cache->started.tv_nsec, (int64_t)get_u64(data + 32),
                get_u32(data + 12)))
    return false;
  return records_fit(data, length - 8, get_u64(data + 40));
}

void stat_cache_open(struct stat_cache *cache, const char *file, const struct stat *root) {
  *cache = (struct stat_cache){.file = file, .root = *root};
  clock_gettime(CLOCK_REALTIME, &cache->started);
  if (!file) return;
  bytes_reserve(&cache->fresh, HEADER_SIZE);
  memset(cache->fresh.data, 0, HEADER_SIZE);
  cache->fresh.length = HEADER_SIZE;
  size_t length = 0;
  cache->old = read_whole(file, &length);
  if (cache->old && is_usable(cache, cache->old, length)) {
    cache->next = HEADER_SIZE;
    cache->end = length - 8;
  } else {
    cache->dirty = true;
  }
}

static bool is_same(const char *record, const struct stat *st) {
  return get_u64(record) == (uint64_t)st->st_size &&
         get_u64(record + 8) == (uint64_t)st->st_mtim.tv_sec &&
         get_u64(record + 16) == (uint64_t)st->st_ctim.tv_sec &&
         get_u32(record + 24) == (uint32_t)st->st_mtim.tv_nsec &&
         get_u32(record + 28) == (uint32_t)st->st_ctim.tv_nsec &&
         get_u64(record + 32) == st->st_ino && get_u64(record + 40) == st->st_dev &&
         get_u32(record + 48) == st->st_mode;
}

bool stat_cache_find(struct stat_cache *cache, const char *path, size_t length,
                     const struct stat *st, struct known_file *known) {
  while (cache->next < cache->end) {
    const char *record = cache->old + cache->next;
    size_t old_length = get_u32(record + 52);
    int order = walk_compare_paths(record + RECORD_SIZE, old_length, path, length);
    if (order > 0) return false;
    cache->next += size_of(record);
    if (order == 0 && is_same(record, st)) {
      *known = (struct known_file){(const uint8_t *)record + 56, record + RECORD_SIZE + old_length,
                                   get_u32(record + 88)};
      return true;
    }
    cache->dirty = true;  // gone, or changed
  }
  return false;
}

// Less than two seconds before the start of the scan, or in the future.
static bool is_recent(const struct stat_cache *cache, struct timespec time) {
  return !is_before(time.tv_sec, time.tv_nsec, cache->started.tv_sec - RACY_SECONDS,
                    cache->started.tv_nsec);
}

bool stat_cache_is_young(const struct stat_cache *cache, const struct stat *st) {
  return is_recent(cache, st->st_mtim) || is_recent(cache, st->st_ctim);
}

void stat_cache_keep(struct stat_cache *cache, const char *path, size_t length,
                     const struct stat *st, struct known_file file, bool is_known) {
  if (!cache->file || stat_cache_is_young(cache, st)) {
    cache->dirty |= is_known;
    return;
  }
  static const char zeros[8];
  char record[RECORD_SIZE] = {0};
  put_u64(record, (uint64_t)st->st_size);
  put_u64(record + 8, (uint64_t)st->st_mtim.tv_sec);
  put_u64(record + 16, (uint64_t)st->st_ctim.tv_sec);
  put_u32(record + 24, (uint32_t)st->st_mtim.tv_nsec);
  put_u32(record + 28, (uint32_t)st->st_ctim.tv_nsec);
  put_u64(record + 32, st->st_ino);
  put_u64(record + 40, st->st_dev);
  put_u32(record + 48, st->st_mode);
  put_u32(record + 52, (uint32_t)length);
  memcpy(record + 56, file.digest, SHA256_SIZE);
  put_u32(record + 88, (uint32_t)file.xattrs_length);
  size_t size = RECORD_SIZE + length + file.xattrs_length;
  bytes_append(&cache->fresh, record, RECORD_SIZE);
  bytes_append(&cache->fresh, path, length);
  bytes_append(&cache->fresh, file.xattrs, file.xattrs_length);
  bytes_append(&cache->fresh, zeros, aligned(size) - size);
  cache->fresh_count++;
  cache->dirty |= !is_known;
}

static void finish_file(struct stat_cache *cache) {
  char *header = cache->fresh.data;
  memcpy(header, MAGIC, 8);
  put_u32(header + 8, VERSION);
  put_u32(header + 12, (uint32_t)cache->started.tv_nsec);
  put_u64(header + 16, cache->root.st_dev);
  put_u64(header + 24, cache->root.st_ino);
  put_u64(header + 32, (uint64_t)cache->started.tv_sec);
  put_u64(header + 40, cache->fresh_count);
  char trailer[8];
  put_u64(trailer, crc32_of(cache->fresh.data, cache->fresh.length));
  bytes_append(&cache->fresh, trailer, sizeof trailer);
}

static int write_file(const char *file, const struct bytes *data) {
  cleanup_close int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return report_system("open", file);
  for (size_t done = 0; done < data->length;) {
    ssize_t wrote = write(fd, data->data + done, data->length - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return report_system("write", file);
    done += (size_t)wrote;
  }
  return 0;
}

int stat_cache_save(struct stat_cache *cache) {
  if (!cache->file) return 0;
  if (cache->next < cache->end) cache->dirty = true;  // files at the end are gone
  if (!cache->dirty) return 0;
  finish_file(cache);
  cleanup_free char *temporary = allocate(strlen(cache->file) + 32);
  sprintf(temporary, "%s.%ld", cache->file, (long)getpid());
  if (write_file(temporary, &cache->fresh) == 0) {
    if (rename(temporary, cache->file) == 0) return 0;
    report_system("rename", cache->file);
  }
  unlink(temporary);
  return -1;
}

void stat_cache_free(struct stat_cache *cache) {
  free(cache->old);
  bytes_free(&cache->fresh);
}
