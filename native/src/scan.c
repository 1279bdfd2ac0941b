// scan: walks a build context and says what is in it, hashing only what changed since the last scan.
// It decides nothing about .dockerignore: the caller names the paths to leave out on stdin, each ended
// by a NUL; they and what is beneath them are neither walked nor reported. The records on stdout are
// described in native/README.md.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "cleanup.h"
#include "commands.h"
#include "little-endian.h"
#include "memory.h"
#include "options.h"
#include "report.h"
#include "stat-cache.h"
#include "walk.h"

#define RECORD_SIZE 104
#define SKIP_BYTES_MAX (64u << 20)
#define READ_SIZE (256u << 10)

enum record_kind { KIND_FILE = 1, KIND_DIRECTORY, KIND_SYMLINK, KIND_CHAR, KIND_BLOCK, KIND_FIFO };

struct scan {
  struct stat_cache cache;
  struct bytes skip_text;
  const char **skips;  // sorted by bytes
  size_t skip_count, skip_capacity;
  char *buffer;  // READ_SIZE bytes
  uint64_t entries, hashed;
};

static int read_skips(struct scan *scan) {
  struct bytes *text = &scan->skip_text;
  for (;;) {
    bytes_reserve(text, text->length + READ_SIZE);
    ssize_t got = read(STDIN_FILENO, text->data + text->length, READ_SIZE);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return report_system("read", "stdin");
    if (got == 0) break;
    text->length += (size_t)got;
    if (text->length > SKIP_BYTES_MAX)
      return report_error(REPORT_USAGE, "the list of paths to skip is too long", "stdin");
  }
  if (text->length > 0 && text->data[text->length - 1] != '\0')
    return report_error(REPORT_USAGE, "the list of paths to skip does not end in a NUL", "stdin");
  for (size_t at = 0; at < text->length; at += strlen(text->data + at) + 1) {
    scan->skips = grow(scan->skips, &scan->skip_capacity, scan->skip_count + 1, sizeof(char *));
    scan->skips[scan->skip_count++] = text->data + at;
  }
  return 0;
}

static int compare_texts(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool scan_skips(void *context, const char *path, size_t length) {
  const struct scan *scan = context;
  (void)length;
  return scan->skip_count > 0 &&
         bsearch(&path, scan->skips, scan->skip_count, sizeof(char *), compare_texts) != NULL;
}

// Hashes the first st_size bytes; `after` is the stat when they had been read.
static int hash_file(struct scan *scan, const struct walk_entry *entry,
                     uint8_t digest[SHA256_SIZE], struct stat *after) {
  cleanup_close int fd = openat(entry->parent, entry->name,
                                O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0) return report_system("openat", entry->path);
  struct sha256 hash;
  sha256_init(&hash);
  for (uint64_t left = (uint64_t)entry->st->st_size; left > 0;) {
    ssize_t got = read(fd, scan->buffer, left < READ_SIZE ? (size_t)left : READ_SIZE);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return report_system("read", entry->path);
    if (got == 0)
      return report_error(REPORT_CHANGED, "the file changed while it was read", entry->path);
    sha256_update(&hash, scan->buffer, (size_t)got);
    left -= (uint64_t)got;
  }
  sha256_final(&hash, digest);
  if (fstat(fd, after) < 0) return report_system("fstat", entry->path);
  return 0;
}

static bool is_unchanged(const struct stat *before, const struct stat *after) {
  return before->st_ino == after->st_ino && before->st_dev == after->st_dev &&
         before->st_size == after->st_size && before->st_mode == after->st_mode &&
         memcmp(&before->st_mtim, &after->st_mtim, sizeof before->st_mtim) == 0 &&
         memcmp(&before->st_ctim, &after->st_ctim, sizeof before->st_ctim) == 0;
}

static int digest_file(struct scan *scan, const struct walk_entry *entry,
                       uint8_t digest[SHA256_SIZE]) {
  const uint8_t *known =
      stat_cache_find(&scan->cache, entry->path, entry->path_length, entry->st);
  if (known) {
    memcpy(digest, known, SHA256_SIZE);
    stat_cache_keep(&scan->cache, entry->path, entry->path_length, entry->st, digest, true);
    return 0;
  }
  struct stat after;
  if (hash_file(scan, entry, digest, &after) < 0) return -1;
  scan->hashed++;
  if (is_unchanged(entry->st, &after))
    stat_cache_keep(&scan->cache, entry->path, entry->path_length, entry->st, digest, false);
  return 0;
}

static enum record_kind kind_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG: return KIND_FILE;
    case S_IFDIR: return KIND_DIRECTORY;
    case S_IFLNK: return KIND_SYMLINK;
    case S_IFCHR: return KIND_CHAR;
    case S_IFBLK: return KIND_BLOCK;
    default: return KIND_FIFO;
  }
}

static int put_record(const struct walk_entry *entry, const uint8_t digest[SHA256_SIZE],
                      const char *target, size_t target_length) {
  const struct stat *st = entry->st;
  bool is_device = S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode);
  char record[RECORD_SIZE] = {0};
  put_u32(record, (uint32_t)(RECORD_SIZE + entry->path_length + target_length));
  put_u32(record + 4, kind_of(st->st_mode));
  put_u64(record + 8, S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0);
  put_u64(record + 16, (uint64_t)st->st_mtim.tv_sec);
  put_u32(record + 24, (uint32_t)st->st_mtim.tv_nsec);
  put_u32(record + 28, st->st_mode & 07777);
  put_u32(record + 32, st->st_uid);
  put_u32(record + 36, st->st_gid);
  put_u32(record + 40, is_device ? major(st->st_rdev) : 0);
  put_u32(record + 44, is_device ? minor(st->st_rdev) : 0);
  put_u32(record + 48, (uint32_t)entry->path_length);
  put_u32(record + 52, (uint32_t)target_length);
  memcpy(record + 56, digest, SHA256_SIZE);
  // Names of one file: the caller keeps them one.
  if (S_ISREG(st->st_mode) && st->st_nlink > 1) {
    put_u64(record + 88, st->st_ino);
    put_u64(record + 96, st->st_dev);
  }
  fwrite(record, 1, sizeof record, stdout);
  fwrite(entry->path, 1, entry->path_length, stdout);
  fwrite(target, 1, target_length, stdout);
  return ferror(stdout) ? report_system("write", "stdout") : 0;
}

static int scan_visit(void *context, const struct walk_entry *entry) {
  struct scan *scan = context;
  uint8_t digest[SHA256_SIZE] = {0};
  char target[4097];
  ssize_t target_length = 0;
  if (S_ISSOCK(entry->st->st_mode)) {
    report_warning("a socket cannot be copied: left out", entry->path);
    return 0;
  }
  if (S_ISREG(entry->st->st_mode) && digest_file(scan, entry, digest) < 0) return -1;
  if (S_ISLNK(entry->st->st_mode)) {
    target_length = readlinkat(entry->parent, entry->name, target, sizeof target);
    if (target_length < 0) return report_system("readlinkat", entry->path);
  }
  scan->entries++;
  return put_record(entry, digest, target, (size_t)target_length);
}

// The record that says that nothing was cut off.
static int put_end(const struct scan *scan) {
  char end[24] = {0};
  put_u32(end, 0);
  put_u64(end + 8, scan->entries);
  put_u64(end + 16, scan->hashed);
  if (fwrite(end, 1, sizeof end, stdout) != sizeof end || fflush(stdout) != 0)
    return report_system("write", "stdout");
  return 0;
}

static int scan_root(struct scan *scan, const char *root, const char *cache) {
  struct stat st;
  if (stat(root, &st) < 0) return report_system("stat", root);
  if (read_skips(scan) < 0) return -1;
  if (scan->skip_count > 1)
    qsort(scan->skips, scan->skip_count, sizeof(char *), compare_texts);
  stat_cache_open(&scan->cache, cache, &st);
  const struct walk_options options = {
      .skip = scan_skips, .visit = scan_visit, .context = scan};
  if (walk_tree(root, &options) < 0) return -1;
  if (stat_cache_save(&scan->cache) < 0) return -1;
  return put_end(scan);
}

int command_scan(int argc, char **argv) {
  const char *root = NULL, *cache = NULL;
  const struct option_slot slots[] = {
      {"--root", &root, NULL, true},
      {"--cache", &cache, NULL, false},
  };
  if (options_parse(argc, argv, slots, sizeof slots / sizeof slots[0]) < 0) return 2;
  struct scan scan = {.buffer = allocate(READ_SIZE)};
  setvbuf(stdout, NULL, _IOFBF, READ_SIZE);
  int result = scan_root(&scan, root, cache);
  stat_cache_free(&scan.cache);
  bytes_free(&scan.skip_text);
  free(scan.skips);
  free(scan.buffer);
  return result < 0 ? 1 : 0;
}
