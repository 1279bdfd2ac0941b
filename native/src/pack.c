// pack: a folder, or the upper folder of an overlay mount, becomes the tar of a layer and its index. The
// walk and the reading happen here, hashing and writing in the threads of tar-sink.c; what comes from
// elsewhere than one folder is pack-list.c's. Needs no privilege beyond reading. Formats: native/README.md §scan, pack, unpack.
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "cleanup.h"
#include "commands.h"
#include "hard-links.h"
#include "layer-output.h"
#include "memory.h"
#include "options.h"
#include "pack-list.h"
#include "report.h"
#include "walk.h"
#include "whiteout.h"
#include "xattrs.h"

struct pack {
  struct layer_output output;
  bool overlay;       // char 0:0 and opaque marks become whiteouts
  int64_t mtime_max;  // SOURCE_DATE_EPOCH, or INT64_MAX
  struct hard_links links;
};

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

static int pack_file(struct pack *pack, const struct walk_entry *walked, struct tar_entry *entry,
                     uint32_t *node) {
  entry->type = '0';
  entry->size = (uint64_t)walked->st->st_size;
  if (layer_output_entry(&pack->output, entry, false, node) < 0) return -1;
  if (entry->size == 0) return 0;
  cleanup_close int fd = openat(walked->parent, walked->name,
                                O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd < 0) return report_system("openat", walked->path);
  return layer_output_content(&pack->output, fd, entry->size, true, walked->path, NULL);
}

static int pack_symlink(struct pack *pack, const struct walk_entry *walked,
                        struct tar_entry *entry, uint32_t *node) {
  cleanup_bytes struct bytes target = {0};
  if (read_target(walked, &target) < 0) return -1;
  entry->type = '2';
  entry->link = target.data;
  return layer_output_entry(&pack->output, entry, false, node);
}

static void describe_device(const struct walk_entry *walked, struct tar_entry *entry) {
  entry->type = S_ISCHR(walked->st->st_mode) ? '3' : '4';
  entry->major = major(walked->st->st_rdev);
  entry->minor = minor(walked->st->st_rdev);
}

static int pack_first_name(struct pack *pack, const struct walk_entry *walked, uint32_t *node) {
  struct tar_entry entry = describe(pack, walked);
  cleanup_xattrs struct xattrs xattrs = {0};
  if (xattrs_read(walked->parent, walked->name, walked->path, xattr_is_kept, &xattrs) < 0) return -1;
  entry.xattrs = &xattrs;
  bool opaque = false;
  switch (walked->st->st_mode & S_IFMT) {
    case S_IFREG: return pack_file(pack, walked, &entry, node);
    case S_IFLNK: return pack_symlink(pack, walked, &entry, node);
    case S_IFDIR:
      entry.type = '5';
      opaque = pack->overlay && xattrs.opaque;
      break;
    case S_IFIFO: entry.type = '6'; break;
    default: describe_device(walked, &entry);
  }
  return layer_output_entry(&pack->output, &entry, opaque, node);
}

static int check_name(const struct pack *pack, const struct walk_entry *walked) {
  if (strncmp(walked->name, WHITEOUT_PREFIX, strlen(WHITEOUT_PREFIX)) == 0)
    return report_error(REPORT_REFUSED, "a name that begins with .wh. means a deletion in a layer",
                        walked->path);
  if (walked->st->st_ino == pack->output.st.st_ino && walked->st->st_dev == pack->output.st.st_dev)
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
  if (pack->overlay && S_ISCHR(st->st_mode) && st->st_rdev == 0)
    return layer_output_whiteout(&pack->output, walked->path);
  uint32_t node;
  if (st->st_nlink <= 1 || S_ISDIR(st->st_mode)) return pack_first_name(pack, walked, &node);
  bool is_first;
  struct hard_link *link =
      hard_links_find(&pack->links, st->st_dev, st->st_ino, walked->path, &is_first);
  if (is_first) return pack_first_name(pack, walked, &link->node);
  struct tar_entry entry = describe(pack, walked);
  entry.type = '1';
  entry.link = link->path;
  return layer_output_link(&pack->output, &entry, link->node);
}

static int pack_folder(struct pack *pack, const char *folder, const char *tar, const char *index) {
  const struct walk_options options = {.visit = pack_visit, .context = pack};
  if (layer_output_open(&pack->output, tar, index) < 0) return -1;
  int result = walk_tree(folder, &options);
  hard_links_free(&pack->links);
  return layer_output_close(&pack->output, result);
}

int command_pack(int argc, char **argv) {
  // Whoever asked is gone: nobody will have the result.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const char *folder = NULL, *tar = NULL, *index = NULL, *epoch = NULL;
  bool is_list = false;
  struct pack pack = {.mtime_max = INT64_MAX};
  const struct option_slot slots[] = {
      {"--folder", &folder, NULL, false},
      {"--list", NULL, &is_list, false},
      {"--output", &tar, NULL, true},
      {"--index", &index, NULL, false},
      {"--overlay", NULL, &pack.overlay, false},
      {"--source-date-epoch", &epoch, NULL, false},
  };
  if (options_parse(argc, argv, slots, sizeof slots / sizeof slots[0]) < 0) return 2;
  if (epoch && options_integer("--source-date-epoch", epoch, &pack.mtime_max) < 0) return 2;
  if (is_list == (folder != NULL))
    return report_error(REPORT_USAGE, "either a folder or a list is packed", "--folder, --list"), 2;
  if (is_list) return pack_list(tar, index) < 0;
  return pack_folder(&pack, folder, tar, index) < 0;
}
