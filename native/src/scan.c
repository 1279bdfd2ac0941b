// scan: walks a build context and says what is in it, hashing only what changed since the last scan.
// It decides nothing about .dockerignore: the caller names the paths to leave out on stdin, each ended
// by a NUL; they and what is beneath them are neither walked nor reported. With --only they are the files
// to look at, and nothing is walked. The records on stdout are
// described in native/README.md.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "beneath.h"
#include "cleanup.h"
#include "commands.h"
#include "little-endian.h"
#include "memory.h"
#include "options.h"
#include "report.h"
#include "scan-record.h"
#include "stat-cache.h"
#include "tree-digest.h"
#include "walk.h"

#define SKIP_BYTES_MAX (64u << 20)
#define READ_SIZE (256u << 10)

struct scan {
  struct stat_cache cache;
  struct bytes skip_text;
  const char **skips;  // sorted by bytes
  size_t skip_count, skip_capacity;
  char *buffer;  // READ_SIZE bytes
  struct tree_digest digest;
  struct bytes xattrs;  // scratch
  uint64_t entries, hashed;
  int64_t newest;  // mtime in seconds, not before 1970
};

// What a record says besides the stat.
struct found {
  uint8_t digest[SHA256_SIZE];
  bool young;
  const char *target;
  size_t target_length;
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
      return report_error(REPORT_USAGE, "the list of paths is too long", "stdin");
  }
  if (text->length > 0 && text->data[text->length - 1] != '\0')
    return report_error(REPORT_USAGE, "the list of paths does not end in a NUL", "stdin");
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

static void keep_xattrs(struct scan *scan, const struct xattrs *xattrs) {
  scan->xattrs.length = 0;
  xattrs_encode(&scan->xattrs, xattrs);
}

// Hashes the first st_size bytes and reads the attributes; `after` is the stat when that was done.
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
  cleanup_xattrs struct xattrs xattrs = {0};
  if (xattrs_read_open(fd, entry->path, xattr_is_of_context, &xattrs) < 0) return -1;
  keep_xattrs(scan, &xattrs);
  if (fstat(fd, after) < 0) return report_system("fstat", entry->path);
  return 0;
}

static bool is_unchanged(const struct stat *before, const struct stat *after) {
  return before->st_ino == after->st_ino && before->st_dev == after->st_dev &&
         before->st_size == after->st_size && before->st_mode == after->st_mode &&
         memcmp(&before->st_mtim, &after->st_mtim, sizeof before->st_mtim) == 0 &&
         memcmp(&before->st_ctim, &after->st_ctim, sizeof before->st_ctim) == 0;
}

static struct known_file as_known(const struct scan *scan, const uint8_t digest[SHA256_SIZE]) {
  return (struct known_file){digest, scan->xattrs.data, scan->xattrs.length};
}

static int digest_file(struct scan *scan, const struct walk_entry *entry, struct found *found) {
  found->young = stat_cache_is_young(&scan->cache, entry->st);
  struct known_file known;
  bool is_known = stat_cache_find(&scan->cache, entry->path, entry->path_length, entry->st, &known);
  if (is_known) {
    memcpy(found->digest, known.digest, SHA256_SIZE);
    bytes_append(&scan->xattrs, known.xattrs, known.xattrs_length);
  } else {
    struct stat after;
    if (hash_file(scan, entry, found->digest, &after) < 0) return -1;
    scan->hashed++;
    // One that changed meanwhile is hashed again next time.
    if (!is_unchanged(entry->st, &after)) return found->young = true, 0;
  }
  stat_cache_keep(&scan->cache, entry->path, entry->path_length, entry->st,
                  as_known(scan, found->digest), is_known);
  return 0;
}

static int put_record(const struct scan *scan, const struct walk_entry *entry,
                      const struct found *found) {
  const struct stat *st = entry->st;
  bool is_device = S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode);
  char record[SCAN_RECORD_SIZE] = {0};
  size_t length = SCAN_RECORD_SIZE + entry->path_length + found->target_length + scan->xattrs.length;
  put_u32(record, (uint32_t)length);
  put_u32(record + 4, scan_kind_of(st->st_mode));
  put_u64(record + 8, S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0);
  put_u64(record + 16, (uint64_t)st->st_mtim.tv_sec);
  put_u32(record + 24, (uint32_t)st->st_mtim.tv_nsec);
  put_u32(record + 28, st->st_mode & 07777);
  put_u32(record + 32, st->st_uid);
  put_u32(record + 36, st->st_gid);
  put_u32(record + 40, is_device ? major(st->st_rdev) : 0);
  put_u32(record + 44, is_device ? minor(st->st_rdev) : 0);
  put_u32(record + 48, (uint32_t)entry->path_length);
  put_u32(record + 52, (uint32_t)found->target_length);
  memcpy(record + 56, found->digest, SHA256_SIZE);
  // Names of one file: the caller keeps them one.
  if (S_ISREG(st->st_mode) && st->st_nlink > 1) {
    put_u64(record + 88, st->st_ino);
    put_u64(record + 96, st->st_dev);
  }
  put_u64(record + 104, (uint64_t)st->st_ctim.tv_sec);
  put_u32(record + 112, (uint32_t)st->st_ctim.tv_nsec);
  put_u32(record + 116, found->young ? SCAN_YOUNG : 0);
  put_u32(record + 120, (uint32_t)scan->xattrs.length);
  fwrite(record, 1, sizeof record, stdout);
  fwrite(entry->path, 1, entry->path_length, stdout);
  fwrite(found->target, 1, found->target_length, stdout);
  fwrite(scan->xattrs.data, 1, scan->xattrs.length, stdout);
  return ferror(stdout) ? report_system("write", "stdout") : 0;
}

// What is no file: looked at each time, there are few.
static int read_xattrs(struct scan *scan, const struct walk_entry *entry) {
  cleanup_xattrs struct xattrs xattrs = {0};
  if (xattrs_read(entry->parent, entry->name, entry->path, xattr_is_of_context, &xattrs) < 0)
    return -1;
  keep_xattrs(scan, &xattrs);
  return 0;
}

static void count(struct scan *scan, const struct walk_entry *entry, const struct found *found) {
  scan->entries++;
  if (entry->st->st_mtim.tv_sec > scan->newest) scan->newest = entry->st->st_mtim.tv_sec;
  tree_digest_add(&scan->digest, &(struct tree_digest_entry){
                                     .st = entry->st,
                                     .path = entry->path,
                                     .path_length = entry->path_length,
                                     .sha256 = found->digest,
                                     .target = found->target,
                                     .target_length = found->target_length,
                                     .xattrs = &scan->xattrs,
                                 });
}

static int scan_visit(void *context, const struct walk_entry *entry) {
  struct scan *scan = context;
  char target[4097];
  struct found found = {.target = target};
  if (S_ISSOCK(entry->st->st_mode)) {
    report_warning("a socket cannot be copied: left out", entry->path);
    return 0;
  }
  scan->xattrs.length = 0;
  if (S_ISREG(entry->st->st_mode) ? digest_file(scan, entry, &found) < 0
                                  : read_xattrs(scan, entry) < 0)
    return -1;
  if (S_ISLNK(entry->st->st_mode)) {
    ssize_t length = readlinkat(entry->parent, entry->name, target, sizeof target);
    if (length < 0) return report_system("readlinkat", entry->path);
    found.target_length = (size_t)length;
  }
  count(scan, entry, &found);
  return put_record(scan, entry, &found);
}

// The record that says that nothing was cut off, and what all the others come to.
static int put_end(struct scan *scan) {
  char end[SCAN_END_SIZE] = {0};
  put_u64(end + 8, scan->entries);
  put_u64(end + 16, scan->hashed);
  put_u64(end + 24, (uint64_t)scan->newest);
  tree_digest_final(&scan->digest, (uint8_t *)end + 32, (uint8_t *)end + 64);
  if (fwrite(end, 1, sizeof end, stdout) != sizeof end || fflush(stdout) != 0)
    return report_system("write", "stdout");
  return 0;
}

// The paths come in the order of a walk. One that is gone is left out, as in a walk.
static int visit_only(struct scan *scan, const char *root) {
  cleanup_close int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return report_system("open", root);
  struct beneath beneath = {.root = fd};
  int result = 0;
  for (size_t i = 0; i < scan->skip_count && result == 0; i++) {
    struct stat st;
    struct walk_entry entry = {.path = scan->skips[i], .path_length = strlen(scan->skips[i]), .st = &st};
    entry.parent = beneath_open_parent(&beneath, entry.path, &entry.name);
    if (entry.parent == -1) result = -1;
    if (entry.parent < 0) continue;
    if (fstatat(entry.parent, entry.name, &st, AT_SYMLINK_NOFOLLOW) == 0) result = scan_visit(scan, &entry);
    else if (errno != ENOENT) result = report_system("fstatat", entry.path);
  }
  beneath_free(&beneath);
  return result;
}

static int visit_all(struct scan *scan, const char *root) {
  if (scan->skip_count > 1)
    qsort(scan->skips, scan->skip_count, sizeof(char *), compare_texts);
  const struct walk_options options = {
      .skip = scan_skips, .visit = scan_visit, .context = scan};
  return walk_tree(root, &options);
}

static int scan_root(struct scan *scan, const char *root, const char *cache, bool only) {
  struct stat st;
  if (stat(root, &st) < 0) return report_system("stat", root);
  if (read_skips(scan) < 0) return -1;
  stat_cache_open(&scan->cache, cache, &st);
  tree_digest_init(&scan->digest);
  if ((only ? visit_only(scan, root) : visit_all(scan, root)) < 0) return -1;
  if (stat_cache_save(&scan->cache) < 0) return -1;
  return put_end(scan);
}

int command_scan(int argc, char **argv) {
  const char *root = NULL, *cache = NULL;
  bool only = false;
  const struct option_slot slots[] = {
      {"--root", &root, NULL, true},
      {"--cache", &cache, NULL, false},
      {"--only", NULL, &only, false},
  };
  if (options_parse(argc, argv, slots, sizeof slots / sizeof slots[0]) < 0) return 2;
  struct scan scan = {.buffer = allocate(READ_SIZE)};
  bytes_reserve(&scan.xattrs, 64);
  setvbuf(stdout, NULL, _IOFBF, READ_SIZE);
  int result = scan_root(&scan, root, cache, only);
  stat_cache_free(&scan.cache);
  bytes_free(&scan.skip_text);
  bytes_free(&scan.xattrs);
  free(scan.skips);
  free(scan.buffer);
  return result < 0 ? 1 : 0;
}
