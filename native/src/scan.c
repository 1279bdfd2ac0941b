// scan: walks a build context and says what is in it, hashing only what changed since the last scan.
// It decides nothing about .dockerignore: the caller names the paths to leave out on stdin, each ended
// by a NUL; they and what is beneath them are neither walked nor reported. With --only they are the files
// to look at, and nothing is walked. The records on stdout are
// described in native/README.md.
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/sysmacros.h>

#include "beneath.h"
#include "cleanup.h"
#include "commands.h"
#include "little-endian.h"
#include "memory.h"
#include "options.h"
#include "report.h"
#include "scan-jobs.h"
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
  struct scan_jobs jobs;
  struct tree_digest digest;
  uint64_t entries, hashed;
  int64_t newest;  // mtime in seconds, not before 1970
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

static int put_record(const struct scan *scan, const struct scan_job *job) {
  const struct stat *st = &job->st;
  bool is_device = S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode);
  char record[SCAN_RECORD_SIZE] = {0};
  put_u32(record, (uint32_t)(SCAN_RECORD_SIZE + job->path.length + job->target.length + job->xattrs.length));
  put_u32(record + 4, scan_kind_of(st->st_mode));
  put_u64(record + 8, S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0);
  put_u64(record + 16, (uint64_t)st->st_mtim.tv_sec);
  put_u32(record + 24, (uint32_t)st->st_mtim.tv_nsec);
  put_u32(record + 28, st->st_mode & 07777);
  put_u32(record + 32, st->st_uid);
  put_u32(record + 36, st->st_gid);
  put_u32(record + 40, is_device ? major(st->st_rdev) : 0);
  put_u32(record + 44, is_device ? minor(st->st_rdev) : 0);
  put_u32(record + 48, (uint32_t)job->path.length);
  put_u32(record + 52, (uint32_t)job->target.length);
  if (S_ISREG(st->st_mode)) memcpy(record + 56, job->digest, SHA256_SIZE);
  // Names of one file: the caller keeps them one.
  if (S_ISREG(st->st_mode) && st->st_nlink > 1) {
    put_u64(record + 88, st->st_ino);
    put_u64(record + 96, st->st_dev);
  }
  put_u64(record + 104, (uint64_t)st->st_ctim.tv_sec);
  put_u32(record + 112, (uint32_t)st->st_ctim.tv_nsec);
  put_u32(record + 116, job->changed || stat_cache_is_young(&scan->cache, st) ? SCAN_YOUNG : 0);
  put_u32(record + 120, (uint32_t)job->xattrs.length);
  fwrite(record, 1, sizeof record, stdout);
  fwrite(job->path.data, 1, job->path.length, stdout);
  if (job->target.length > 0) fwrite(job->target.data, 1, job->target.length, stdout);
  if (job->xattrs.length > 0) fwrite(job->xattrs.data, 1, job->xattrs.length, stdout);
  return ferror(stdout) ? report_system("write", "stdout") : 0;
}

static void count(struct scan *scan, const struct scan_job *job) {
  scan->entries++;
  if (job->st.st_mtim.tv_sec > scan->newest) scan->newest = job->st.st_mtim.tv_sec;
  tree_digest_add(&scan->digest, &(struct tree_digest_entry){
                                     .st = &job->st,
                                     .path = job->path.data,
                                     .path_length = job->path.length,
                                     .sha256 = job->digest,
                                     .target = job->target.data,
                                     .target_length = job->target.length,
                                     .xattrs = &job->xattrs,
                                 });
  if (!S_ISREG(job->st.st_mode)) return;
  scan->hashed += !job->known;
  // One that changed meanwhile is hashed again next time.
  const struct known_file file = {job->digest, job->xattrs.data, job->xattrs.length};
  if (!job->changed)
    stat_cache_keep(&scan->cache, job->path.data, job->path.length, &job->st, file, job->known);
}

// Reports what is done, in order: all of it, or until there is room for another.
static int report_jobs(struct scan *scan, bool all) {
  while (all || !scan_jobs_free(&scan->jobs)) {
    const struct scan_job *job = scan_jobs_first(&scan->jobs);
    if (!job) return 0;
    if (job->failed) return -1;
    count(scan, job);
    int result = put_record(scan, job);
    scan_jobs_drop(&scan->jobs);
    if (result < 0) return -1;
  }
  return 0;
}

// A file is remembered, or has to be read.
static int fill_file(struct scan *scan, const struct walk_entry *entry, struct scan_job *job) {
  struct known_file known;
  job->known =
      stat_cache_find(&scan->cache, entry->path, entry->path_length, entry->st, &known);
  if (job->known) {
    memcpy(job->digest, known.digest, SHA256_SIZE);
    bytes_append(&job->xattrs, known.xattrs, known.xattrs_length);
    return 0;
  }
  job->state = JOB_READ;
  job->fd = openat(entry->parent, entry->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  return job->fd < 0 ? report_system("openat", entry->path) : 0;
}

// What is no file is looked at each time: there are few.
static int fill_other(const struct walk_entry *entry, struct scan_job *job) {
  cleanup_xattrs struct xattrs xattrs = {0};
  if (xattrs_read(entry->parent, entry->name, entry->path, xattr_is_of_context, &xattrs) < 0)
    return -1;
  xattrs_encode(&job->xattrs, &xattrs);
  if (!S_ISLNK(entry->st->st_mode)) return 0;
  bytes_reserve(&job->target, 4097);
  ssize_t length = readlinkat(entry->parent, entry->name, job->target.data, 4097);
  if (length < 0) return report_system("readlinkat", entry->path);
  job->target.length = (size_t)length;
  return 0;
}

static int scan_visit(void *context, const struct walk_entry *entry) {
  struct scan *scan = context;
  if (S_ISSOCK(entry->st->st_mode)) {
    report_warning("a socket cannot be copied: left out", entry->path);
    return 0;
  }
  if (report_jobs(scan, false) < 0) return -1;
  struct scan_job *job = scan_jobs_free(&scan->jobs);
  job->st = *entry->st;
  bytes_append(&job->path, entry->path, entry->path_length);
  bytes_terminate(&job->path);
  if (S_ISREG(entry->st->st_mode) ? fill_file(scan, entry, job) < 0 : fill_other(entry, job) < 0)
    return -1;
  scan_jobs_add(&scan->jobs, job);
  return 0;
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
  if (report_jobs(scan, true) < 0) return -1;
  if (stat_cache_save(&scan->cache) < 0) return -1;
  return put_end(scan);
}

int command_scan(int argc, char **argv) {
  // Whoever asked is gone: nobody will have the result.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const char *root = NULL, *cache = NULL;
  bool only = false;
  const struct option_slot slots[] = {
      {"--root", &root, NULL, true},
      {"--cache", &cache, NULL, false},
      {"--only", NULL, &only, false},
  };
  if (options_parse(argc, argv, slots, sizeof slots / sizeof slots[0]) < 0) return 2;
  struct scan *scan = allocate(sizeof *scan);
  scan_jobs_open(&scan->jobs);
  // Ours: without one the C library takes its own, of 4 KiB.
  static char output[READ_SIZE];
  setvbuf(stdout, output, _IOFBF, sizeof output);
  int result = scan_root(scan, root, cache, only);
  scan_jobs_close(&scan->jobs);
  stat_cache_free(&scan->cache);
  bytes_free(&scan->skip_text);
  free(scan->skips);
  free(scan);
  return result < 0 ? 1 : 0;
}
