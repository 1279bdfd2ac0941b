// See records.h. On disk: for each name its struct record, the length of its path (8 bytes), the path,
// and zeros up to a multiple of 8. The file is made and read by the same program on the same machine.
#include "records.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cleanup.h"
#include "commands.h"
#include "memory.h"
#include "options.h"
#include "report.h"
#include "walk.h"

enum { TICKS_MAX = 3000 };  // milliseconds: some file systems count in seconds

static struct timespec time_of(const struct statx_timestamp *time) {
  return (struct timespec){.tv_sec = time->tv_sec, .tv_nsec = time->tv_nsec};
}

static bool is_same_time(struct timespec a, struct timespec b) {
  return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool is_later(struct timespec a, struct timespec b) {
  return a.tv_sec > b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec > b.tv_nsec);
}

int record_take(int parent, const char *name, const char *path, struct record *record) {
  struct statx st;
  if (statx(parent, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_BTIME, &st) < 0)
    return report_system("statx", path);
  *record = (struct record){
      .inode = st.stx_ino, .size = st.stx_size, .changed = time_of(&st.stx_ctime),
      .modified = time_of(&st.stx_mtime), .mode = st.stx_mode, .links = st.stx_nlink,
      .uid = st.stx_uid, .gid = st.stx_gid};
  if (st.stx_mask & STATX_BTIME) record->born = time_of(&st.stx_btime);
  return 0;
}

bool record_is_same_file(const struct record *before, const struct record *now) {
  return before->inode == now->inode && is_same_time(before->born, now->born) &&
         (before->mode & S_IFMT) == (now->mode & S_IFMT);
}

bool record_is_unchanged(const struct record *before, const struct record *now) {
  if (is_same_time(before->changed, now->changed)) return true;
  return now->links < before->links && before->size == now->size && before->mode == now->mode &&
         before->uid == now->uid && before->gid == now->gid &&
         is_same_time(before->modified, now->modified);
}

// ---- reading -------------------------------------------------------------------------------

static int damaged(const char *file) {
  return report_error(REPORT_ARCHIVE, "the record of a folder is damaged", file);
}

static int parse(struct records *records, size_t size, const char *file) {
  size_t capacity = 0;
  for (size_t at = 0; at < size;) {
    uint64_t length;
    const size_t head = sizeof(struct record) + sizeof length;
    if (size - at < head) return damaged(file);
    memcpy(&length, records->data + at + sizeof(struct record), sizeof length);
    if (length > size - at - head) return damaged(file);
    records->items = grow(records->items, &capacity, records->count + 1, sizeof *records->items);
    records->items[records->count++] = (struct recorded){
        .record = (const struct record *)(const void *)(records->data + at),
        .path = records->data + at + head, .length = length};
    at += head + (length + 7) / 8 * 8;
  }
  return 0;
}

static bool is_below(const struct recorded *item, const struct recorded *folder) {
  return item->length > folder->length && item->path[folder->length] == '/' &&
         memcmp(item->path, folder->path, folder->length) == 0;
}

static void find_ends(struct records *records) {
  for (size_t i = records->count; i-- > 0;) {
    size_t end = i + 1;
    while (end < records->count && is_below(&records->items[end], &records->items[i]))
      end = records->items[end].end;
    records->items[i].end = end;
  }
}

int records_read(const char *path, struct records *records) {
  *records = (struct records){0};
  cleanup_close int file = open(path, O_RDONLY | O_CLOEXEC);
  struct stat facts;
  if (file < 0 || fstat(file, &facts) < 0) return report_system("open", path);
  size_t size = (size_t)facts.st_size, done = 0;
  records->data = allocate(size + 1);
  while (done < size) {
    ssize_t got = read(file, records->data + done, size - done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return report_system("read", path);
    done += (size_t)got;
  }
  if (parse(records, size, path) < 0) return -1;
  find_ends(records);
  return 0;
}

void records_free(struct records *records) {
  free(records->data);
  free(records->items);
}

size_t records_find(const struct records *records, const char *path, size_t length) {
  size_t low = 0, high = records->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    const struct recorded *item = &records->items[middle];
    int order = walk_compare_paths(path, length, item->path, item->length);
    if (order == 0) return middle;
    if (order < 0) high = middle;
    else low = middle + 1;
  }
  return SIZE_MAX;
}

// ---- record: the command -------------------------------------------------------------------

struct recording {
  FILE *output;
  struct timespec last;  // the latest change of any file
  int result;
};

static int record_visit(void *context, const struct walk_entry *entry) {
  struct recording *recording = context;
  struct record record;
  const char zeros[8] = "";
  uint64_t length = entry->path_length;
  if (record_take(entry->parent, entry->name, entry->path, &record) < 0) return -1;
  if (is_later(record.changed, recording->last)) recording->last = record.changed;
  size_t padding = (length + 7) / 8 * 8 - length;
  bool is_written = fwrite(&record, sizeof record, 1, recording->output) == 1 &&
                    fwrite(&length, sizeof length, 1, recording->output) == 1 &&
                    fwrite(entry->path, 1, length, recording->output) == length &&
                    fwrite(zeros, 1, padding, recording->output) == padding;
  return is_written ? 0 : report_system("write", "the record");
}

// Until the file system's clock has moved on: a later change then has a later time.
static int wait_for_tick(int file, struct timespec last, const char *path) {
  for (int i = 0; i < TICKS_MAX; i++) {
    struct stat facts;
    if (futimens(file, NULL) < 0 || fstat(file, &facts) < 0) return report_system("futimens", path);
    if (is_later(facts.st_ctim, last)) return 0;
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
  }
  errno = ETIME;
  return report_system("wait for the file system's clock", path);
}

int command_record(int argc, char **argv) {
  const char *folder = NULL, *path = NULL;
  const struct option_slot slots[] = {{"--folder", &folder, NULL, true},
                                      {"--output", &path, NULL, true}};
  if (options_parse(argc, argv, slots, 2) < 0) return 2;
  FILE *output = fopen(path, "wbxe");
  if (!output) return report_system("open", path), 1;
  struct recording recording = {.output = output};
  const struct walk_options walk = {.visit = record_visit, .context = &recording};
  int result = walk_tree(folder, &walk);
  if (result == 0 && fflush(output) != 0) result = report_system("write", path);
  if (result == 0) result = wait_for_tick(fileno(output), recording.last, path);
  if (fclose(output) != 0 && result == 0) result = report_system("close", path);
  if (result == 0) printf("{}\n");
  return result == 0 ? 0 : 1;
}
