// pack: a folder, or the upper folder of an overlay mount, becomes the tar of a layer. The walk and
// the reading happen here; hashing and writing in the second thread of tar-sink.c. Needs no privilege
// beyond reading. Formats: native/README.md §scan, pack, unpack.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "cleanup.h"
#include "commands.h"
#include "hard-links.h"
#include "memory.h"
#include "options.h"
#include "report.h"
#include "tar-header.h"
#include "tar-sink.h"
#include "walk.h"
#include "whiteout.h"
#include "xattrs.h"

struct pack {
  struct tar_sink *sink;
  bool overlay;         // char 0:0 and opaque marks become whiteouts
  int64_t mtime_max;    // SOURCE_DATE_EPOCH, or INT64_MAX
  struct stat output;   // to notice a tar inside what it packs
  struct hard_links links;
  struct bytes header;  // scratch
  uint64_t entries;
};

static int put_headers(struct pack *pack, const struct tar_entry *entry) {
  pack->header.length = 0;
  tar_header_encode(&pack->header, entry);
  pack->entries++;
  return tar_sink_append(pack->sink, pack->header.data, pack->header.length);
}

// An empty file of the given name in a directory: how a tar says that something is gone.
static int put_whiteout(struct pack *pack, const char *directory, size_t length,
                        const char *prefix, const char *name) {
  cleanup_bytes struct bytes path = {0};
  bytes_append(&path, directory, length);
  if (length > 0) bytes_append(&path, "/", 1);
  bytes_append_text(&path, prefix);
  bytes_append_text(&path, name);
  bytes_terminate(&path);
  return put_headers(pack, &(struct tar_entry){.type = '0', .path = path.data, .link = ""});
}

static int changed(const char *path) {
  return report_error(REPORT_CHANGED, "the file changed while it was read", path);
}

// Exactly `size` bytes, asking for one more: a file that grew is noticed as one that shrank is.
static int put_content(struct pack *pack, const struct walk_entry *entry) {
  uint64_t left = (uint64_t)entry->st->st_size;
  cleanup_close int fd = openat(entry->parent, entry->name,
                                O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0) return report_system("openat", entry->path);
  for (;;) {
    size_t room;
    char *space = tar_sink_room(pack->sink, &room);
    if (!space) return -1;
    ssize_t got = read(fd, space, left < room ? (size_t)left + 1 : room);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return report_system("read", entry->path);
    if ((uint64_t)got > left) return changed(entry->path);
    if (got == 0 && left > 0) return changed(entry->path);
    tar_sink_advance(pack->sink, (size_t)got);
    left -= (uint64_t)got;
    // At the end there was room for the extra byte, or one more read tells.
    if (left == 0 && (size_t)got < room) return tar_sink_pad(pack->sink);
  }
}

static int read_target(const struct walk_entry *entry, struct bytes *target) {
  bytes_reserve(target, 4097);
  ssize_t length = readlinkat(entry->parent, entry->name, target->data, 4096);
  if (length < 0) return report_system("readlinkat", entry->path);
  target->length = (size_t)length;
  bytes_terminate(target);
  return 0;
}

static struct tar_entry describe(const struct pack *pack, const struct walk_entry *entry) {
  const struct stat *st = entry->st;
  int64_t mtime = st->st_mtim.tv_sec;
  return (struct tar_entry){
      .path = entry->path,
      .link = "",
      .mode = st->st_mode & 07777,
      .uid = st->st_uid,
      .gid = st->st_gid,
      .mtime = mtime < pack->mtime_max ? mtime : pack->mtime_max,
  };
}

static int pack_directory(struct pack *pack, const struct walk_entry *walked,
                          struct tar_entry *entry, bool is_opaque) {
  entry->type = '5';
  if (put_headers(pack, entry) < 0) return -1;
  if (!pack->overlay || !is_opaque) return 0;
  return put_whiteout(pack, walked->path, walked->path_length, "", WHITEOUT_OPAQUE);
}

static int pack_file(struct pack *pack, const struct walk_entry *walked, struct tar_entry *entry) {
  entry->type = '0';
  entry->size = (uint64_t)walked->st->st_size;
  if (put_headers(pack, entry) < 0) return -1;
  return entry->size > 0 ? put_content(pack, walked) : 0;
}

static int pack_symlink(struct pack *pack, const struct walk_entry *walked,
                        struct tar_entry *entry) {
  cleanup_bytes struct bytes target = {0};
  if (read_target(walked, &target) < 0) return -1;
  entry->type = '2';
  entry->link = target.data;
  return put_headers(pack, entry);
}

static int pack_device(struct pack *pack, const struct walk_entry *walked,
                       struct tar_entry *entry) {
  entry->type = S_ISCHR(walked->st->st_mode) ? '3' : '4';
  entry->major = major(walked->st->st_rdev);
  entry->minor = minor(walked->st->st_rdev);
  return put_headers(pack, entry);
}

static int pack_first_name(struct pack *pack, const struct walk_entry *walked) {
  struct tar_entry entry = describe(pack, walked);
  cleanup_xattrs struct xattrs xattrs = {0};
  if (xattrs_read(walked->parent, walked->name, walked->path, &xattrs) < 0) return -1;
  entry.xattrs = &xattrs;
  switch (walked->st->st_mode & S_IFMT) {
    case S_IFDIR: return pack_directory(pack, walked, &entry, xattrs.opaque);
    case S_IFREG: return pack_file(pack, walked, &entry);
    case S_IFLNK: return pack_symlink(pack, walked, &entry);
    case S_IFIFO: entry.type = '6'; return put_headers(pack, &entry);
    default: return pack_device(pack, walked, &entry);
  }
}

static int check_name(const struct pack *pack, const struct walk_entry *walked) {
  if (strncmp(walked->name, WHITEOUT_PREFIX, strlen(WHITEOUT_PREFIX)) == 0)
    return report_error(REPORT_REFUSED, "a name that begins with .wh. means a deletion in a layer",
                        walked->path);
  if (walked->st->st_ino == pack->output.st_ino && walked->st->st_dev == pack->output.st_dev)
    return report_error(REPORT_REFUSED, "the output lies in the folder that is packed",
                        walked->path);
  return 0;
}

static int pack_visit(void *context, const struct walk_entry *walked) {
  struct pack *pack = context;
  const struct stat *st = walked->st;
  if (check_name(pack, walked) < 0) return -1;
  if (S_ISSOCK(st->st_mode)) {
    report_warning("a socket does not belong into a layer: left out", walked->path);
    return 0;
  }
  // Before hard links: all whiteouts of an overlay are names of one inode.
  if (pack->overlay && S_ISCHR(st->st_mode) && st->st_rdev == 0) {
    size_t directory = walked->path_length - strlen(walked->name);
    return put_whiteout(pack, walked->path, directory > 0 ? directory - 1 : 0, WHITEOUT_PREFIX,
                        walked->name);
  }
  if (st->st_nlink > 1 && !S_ISDIR(st->st_mode)) {
    const char *first = hard_links_first(&pack->links, st, walked->path, walked->path_length);
    if (first) {
      struct tar_entry entry = describe(pack, walked);
      entry.type = '1';
      entry.link = first;
      return put_headers(pack, &entry);
    }
  }
  return pack_first_name(pack, walked);
}

static int pack_folder(struct pack *pack, const char *folder) {
  static const char end[2 * TAR_BLOCK];
  const struct walk_options options = {.visit = pack_visit, .context = pack};
  int result = walk_tree(folder, &options);
  if (result == 0) result = tar_sink_append(pack->sink, end, sizeof end);
  hard_links_free(&pack->links);
  bytes_free(&pack->header);
  return result;
}

static void print_result(const uint8_t digest[SHA256_SIZE], uint64_t size, uint64_t entries) {
  char hex[SHA256_HEX_SIZE];
  sha256_hex(digest, hex);
  printf("{\"digest\":\"sha256:%s\",\"size\":%llu,\"entries\":%llu}\n", hex,
         (unsigned long long)size, (unsigned long long)entries);
}

static int pack_to(struct pack *pack, const char *folder, int fd, const char *output) {
  if (fstat(fd, &pack->output) < 0) return report_system("fstat", output);
  pack->sink = tar_sink_open(fd, output);
  if (!pack->sink) return -1;
  int result = pack_folder(pack, folder);
  uint64_t size = tar_sink_length(pack->sink);
  uint8_t digest[SHA256_SIZE];
  if (tar_sink_close(pack->sink, digest) < 0 || result < 0) return -1;
  print_result(digest, size, pack->entries);
  return fflush(stdout) == 0 ? 0 : report_system("write", "stdout");
}

int command_pack(int argc, char **argv) {
  const char *folder = NULL, *output = NULL, *epoch = NULL;
  struct pack pack = {.mtime_max = INT64_MAX};
  const struct option_slot slots[] = {
      {"--folder", &folder, NULL, true},
      {"--output", &output, NULL, true},
      {"--overlay", NULL, &pack.overlay, false},
      {"--source-date-epoch", &epoch, NULL, false},
  };
  if (options_parse(argc, argv, slots, sizeof slots / sizeof slots[0]) < 0) return 2;
  if (epoch && options_integer("--source-date-epoch", epoch, &pack.mtime_max) < 0) return 2;
  cleanup_close int fd = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (fd < 0) return report_system("open", output), 1;
  if (pack_to(&pack, folder, fd, output) == 0) return 0;
  // What is there is no tar: nobody may take it for one. The path may be relative to where we began.
  if (ftruncate(fd, 0) < 0) report_system("ftruncate", output);
  return 1;
}
