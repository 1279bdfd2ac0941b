// See pack-list.h. The list is read as it comes, while its writer still plans; nothing of it is trusted
// further than its bytes go. Files are opened name by name beneath their root, so that no symlink that
// somebody puts in the way leads out of it.
#include "pack-list.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "beneath.h"
#include "cleanup.h"
#include "hard-links.h"
#include "layer-output.h"
#include "little-endian.h"
#include "report.h"
#include "scan-record.h"
#include "whiteout.h"

#define RECORD_SIZE 96
#define RECORD_MAX (256u << 20)
#define READ_SIZE (256u << 10)

enum list_kind { LIST_HARD_LINK = 7, LIST_ROOT = 16, LIST_TREE = 17 };
enum content { CONTENT_NONE, CONTENT_FILE, CONTENT_RECORD, CONTENT_PART };

struct list {
  FILE *stream;
  struct layer_output output;
  struct bytes record;      // the one at hand
  struct bytes path, other; // of it, with a NUL
  struct beneath beneath;   // the root of files, and the folders below it that are open
  uint32_t *nodes;          // of the entries so far
  size_t count, capacity;
  char *part_path;          // the other file that is open
  int part;
};

static int damaged(void) {
  return report_error(REPORT_USAGE, "the list cannot be read", "stdin");
}

static int read_exactly(struct list *list, void *data, size_t length) {
  if (length == 0 || fread(data, 1, length, list->stream) == length) return 0;
  return damaged();
}

// The next record, as a whole. 0 at the end: a length of zero.
static int read_record(struct list *list, size_t size_min) {
  char length[4];
  if (read_exactly(list, length, sizeof length) < 0) return -1;
  size_t total = get_u32(length);
  if (total == 0) return 0;
  if (total < size_min || total > RECORD_MAX) return damaged();
  bytes_reserve(&list->record, total);
  list->record.length = total;
  memcpy(list->record.data, length, sizeof length);
  if (read_exactly(list, list->record.data + sizeof length, total - sizeof length) < 0) return -1;
  return 1;
}

// A text of the record; it holds no NUL.
static int take_text(const struct list *list, struct bytes *text, size_t start, size_t length) {
  if (start > list->record.length || length > list->record.length - start) return damaged();
  text->length = 0;
  bytes_append(text, list->record.data + start, length);
  bytes_terminate(text);
  return strlen(text->data) == length ? 0 : damaged();
}

// A relative path whose parts are names.
static bool is_clean(const char *path) {
  for (;; path++) {
    size_t length = strcspn(path, "/");
    if (length == 0 || (length == 1 && path[0] == '.')) return false;
    if (length == 2 && path[0] == '.' && path[1] == '.') return false;
    path += length;
    if (!*path) return true;
  }
}

static int check_path(const char *path) {
  if (!is_clean(path)) return damaged();
  const char *slash = strrchr(path, '/');
  if (strncmp(slash ? slash + 1 : path, WHITEOUT_PREFIX, strlen(WHITEOUT_PREFIX)) != 0) return 0;
  return report_error(REPORT_REFUSED, "a name that begins with .wh. means a deletion in a layer", path);
}

// ---- content -------------------------------------------------------------------------------

static int changed(const char *path) {
  return report_error(REPORT_CHANGED, "the file changed while it was read", path);
}

static int open_file(struct list *list, const char *path) {
  const char *name;
  int parent = beneath_open_parent(&list->beneath, path, &name);
  if (parent == -2) return changed(path);
  if (parent < 0) return -1;
  int fd = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd >= 0) return fd;
  // It was there when it was planned.
  return errno == ENOENT || errno == ELOOP ? changed(path) : report_system("openat", path);
}

// What is known of a file that was planned: its digest, or the times of a stat that prove it the same.
struct known {
  const uint8_t *digest;
  const char *times;  // mtime and ctime as in a record of scan; NULL: the digest must be right
};

static bool has_times(const struct stat *st, const char *record) {
  return (uint64_t)st->st_mtim.tv_sec == get_u64(record + 16) && st->st_mtim.tv_nsec == (long)get_u32(record + 24) &&
         (uint64_t)st->st_ctim.tv_sec == get_u64(record + 104) && st->st_ctim.tv_nsec == (long)get_u32(record + 112);
}

static int put_file(struct list *list, const char *path, uint64_t size, struct known known) {
  cleanup_close int fd = open_file(list, path);
  if (fd < 0) return -1;
  struct sha256 hash;
  sha256_init(&hash);
  if (layer_output_content(&list->output, fd, size, true, path, known.times ? NULL : &hash) < 0) return -1;
  if (known.times) {
    struct stat st;
    if (fstat(fd, &st) < 0) return report_system("fstat", path);
    return has_times(&st, known.times) ? 0 : changed(path);
  }
  uint8_t digest[SHA256_SIZE];
  sha256_final(&hash, digest);
  return memcmp(digest, known.digest, sizeof digest) == 0 ? 0 : changed(path);
}

// A stretch of a file that does not change: the tar of a layer.
static int put_part(struct list *list, const char *file, uint64_t offset, uint64_t size) {
  if (!list->part_path || strcmp(list->part_path, file) != 0) {
    if (list->part >= 0) close(list->part);
    free(list->part_path);
    list->part_path = copy_text(file, strlen(file));
    list->part = open(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (list->part < 0) return report_system("open", file);
  }
  if (offset > INT64_MAX || lseek(list->part, (off_t)offset, SEEK_SET) < 0) return report_system("lseek", file);
  return layer_output_content(&list->output, list->part, size, false, file, NULL);
}

static int put_content(struct list *list, uint64_t size, size_t end) {
  const char *record = list->record.data;
  switch (record[5]) {
    case CONTENT_FILE:
      if (!is_clean(list->other.data)) return damaged();
      return put_file(list, list->other.data, size, (struct known){.digest = (const uint8_t *)record + 64});
    case CONTENT_RECORD:
      if (list->record.length - end != size) return damaged();
      return layer_output_bytes(&list->output, record + end, size);
    case CONTENT_PART: return put_part(list, list->other.data, get_u64(record + 56), size);
    default: return size == 0 ? 0 : damaged();
  }
}

// ---- entries -------------------------------------------------------------------------------

static char type_of(unsigned kind) {
  static const char types[] = {0, '0', '5', '2', '3', '4', '6', '1'};
  return kind < sizeof types ? types[kind] : 0;
}

static int put_link(struct list *list, const struct tar_entry *entry) {
  size_t first = get_u32(list->record.data + 20);
  if (first >= list->count || list->nodes[first] == NODE_NONE) return damaged();
  return layer_output_link(&list->output, entry, list->nodes[first]);
}

static int put_entry(struct list *list) {
  const char *record = list->record.data;
  struct tar_entry entry = {
      .type = type_of((unsigned char)record[4]),
      .path = list->path.data,
      .link = "",
      .mode = get_u32(record + 8) & 07777,
      .uid = get_u32(record + 12),
      .gid = get_u32(record + 16),
      .mtime = (int64_t)get_u64(record + 40),
  };
  size_t xattrs_start = RECORD_SIZE + list->path.length + list->other.length;
  size_t xattrs_length = get_u32(record + 52);
  if (!entry.type || check_path(entry.path) < 0) return entry.type ? -1 : damaged();
  if (xattrs_length > list->record.length - xattrs_start) return damaged();
  cleanup_xattrs struct xattrs xattrs = {0};
  if (xattrs_decode(&xattrs, record + xattrs_start, xattrs_length) < 0) return damaged();
  entry.xattrs = &xattrs;
  if (entry.type == '0') entry.size = get_u64(record + 32);
  if (entry.type == '1' || entry.type == '2') entry.link = list->other.data;
  if (entry.type == '3' || entry.type == '4') entry.major = get_u32(record + 20), entry.minor = get_u32(record + 24);
  list->nodes = grow(list->nodes, &list->capacity, list->count + 1, sizeof *list->nodes);
  uint32_t *node = &list->nodes[list->count];
  *node = NODE_NONE;
  int result = entry.type == '1' ? put_link(list, &entry) : layer_output_entry(&list->output, &entry, false, node);
  list->count++;
  if (result < 0) return -1;
  return entry.type == '0' ? put_content(list, entry.size, xattrs_start + xattrs_length) : 0;
}

// ---- folders as scan found them ------------------------------------------------------------

struct tree {
  struct bytes folder;       // beneath the root; "" is the root
  struct bytes destination;  // in the layer
  uint32_t uid, gid;
  int64_t mtime_max;
  struct hard_links links;
};

static void join(struct bytes *path, const struct bytes *parent, const char *name) {
  path->length = 0;
  bytes_append(path, parent->data, parent->length);
  if (parent->length > 0) bytes_append(path, "/", 1);
  bytes_append_text(path, name);
  bytes_terminate(path);
}

// Into list->path, list->other and the attributes; list->other is a file's place or a link's target.
static int take_scanned(struct list *list, const struct tree *tree, struct xattrs *xattrs) {
  const char *record = list->record.data;
  size_t path = get_u32(record + 48), target = get_u32(record + 52), more = get_u32(record + 120);
  cleanup_bytes struct bytes text = {0};
  if (take_text(list, &text, SCAN_RECORD_SIZE, path) < 0) return -1;
  if (!is_clean(text.data)) return damaged();
  join(&list->path, &tree->destination, text.data);
  join(&list->other, &tree->folder, text.data);
  if (check_path(list->path.data) < 0) return -1;
  size_t start = SCAN_RECORD_SIZE + path;
  if (target > 0 && take_text(list, &list->other, start, target) < 0) return -1;
  if (list->record.length - start < target || list->record.length - start - target != more) return damaged();
  return xattrs_decode(xattrs, record + start + target, more) < 0 ? damaged() : 0;
}

static int put_scanned(struct list *list, struct tree *tree) {
  const char *record = list->record.data;
  unsigned kind = get_u32(record + 4);
  cleanup_xattrs struct xattrs xattrs = {0};
  if (kind == 0 || kind >= LIST_HARD_LINK || take_scanned(list, tree, &xattrs) < 0) return damaged();
  int64_t mtime = (int64_t)get_u64(record + 16);
  struct tar_entry entry = {
      .type = type_of(kind),
      .path = list->path.data,
      .link = kind == KIND_SYMLINK ? list->other.data : "",
      .mode = get_u32(record + 28) & 07777,
      .uid = tree->uid,
      .gid = tree->gid,
      .size = kind == KIND_FILE ? get_u64(record + 8) : 0,
      .mtime = mtime < tree->mtime_max ? mtime : tree->mtime_max,
      .major = get_u32(record + 40),
      .minor = get_u32(record + 44),
      .xattrs = &xattrs,
  };
  uint32_t single, *node = &single;
  uint64_t inode = get_u64(record + 88);
  if (kind == KIND_FILE && inode != 0) {
    bool is_first;
    struct hard_link *link = hard_links_find(&tree->links, get_u64(record + 96), inode, entry.path, &is_first);
    if (!is_first) {
      entry.type = '1', entry.size = 0, entry.link = link->path;
      return layer_output_link(&list->output, &entry, link->node);
    }
    node = &link->node;
  }
  if (layer_output_entry(&list->output, &entry, false, node) < 0) return -1;
  if (entry.size == 0) return 0;
  const struct known known = {(const uint8_t *)record + 56, get_u32(record + 116) & SCAN_YOUNG ? NULL : record};
  return put_file(list, list->other.data, entry.size, known);
}

static int put_tree(struct list *list) {
  const char *record = list->record.data;
  struct tree tree = {.uid = get_u32(record + 12), .gid = get_u32(record + 16), .mtime_max = (int64_t)get_u64(record + 40)};
  if (list->other.length > 0 && !is_clean(list->other.data)) return damaged();
  if (list->path.length > 0 && !is_clean(list->path.data)) return damaged();
  bytes_append(&tree.folder, list->other.data, list->other.length);
  bytes_append(&tree.destination, list->path.data, list->path.length);
  int result;
  while ((result = read_record(list, SCAN_RECORD_SIZE)) > 0)
    if ((result = put_scanned(list, &tree)) < 0) break;
  hard_links_free(&tree.links);
  bytes_free(&tree.folder);
  bytes_free(&tree.destination);
  char end[SCAN_END_SIZE - 4];
  return result < 0 ? -1 : read_exactly(list, end, sizeof end);
}

// ---- the list ------------------------------------------------------------------------------

static void forget_root(struct list *list) {
  if (list->beneath.root >= 0) close(list->beneath.root);
  beneath_free(&list->beneath);
  list->beneath = (struct beneath){.root = -1};
}

static int set_root(struct list *list) {
  forget_root(list);
  list->beneath.root = open(list->other.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return list->beneath.root < 0 ? report_system("open", list->other.data) : 0;
}

static int put_record(struct list *list) {
  const char *record = list->record.data;
  size_t path = get_u32(record + 28), other = get_u32(record + 48);
  if (take_text(list, &list->path, RECORD_SIZE, path) < 0) return -1;
  if (take_text(list, &list->other, RECORD_SIZE + path, other) < 0) return -1;
  if (record[4] == LIST_ROOT) return set_root(list);
  return record[4] == LIST_TREE ? put_tree(list) : put_entry(list);
}

static int put_all(struct list *list) {
  int result;
  while ((result = read_record(list, RECORD_SIZE)) > 0)
    if (put_record(list) < 0) return -1;
  return result;
}

int pack_list_from(FILE *stream, const char *tar, const char *index) {
  struct list list = {.stream = stream, .beneath.root = -1, .part = -1};
  if (!index) return report_error(REPORT_USAGE, "a list needs a place for its index", "--index");
  if (layer_output_open(&list.output, tar, index) < 0) return -1;
  int result = layer_output_close(&list.output, put_all(&list));
  forget_root(&list);
  if (list.part >= 0) close(list.part);
  free(list.part_path);
  free(list.nodes);
  bytes_free(&list.record);
  bytes_free(&list.path);
  bytes_free(&list.other);
  return result;
}

int pack_list(const char *tar, const char *index) {
  // Ours: without one the C library takes its own, of 4 KiB.
  static char input[READ_SIZE];
  setvbuf(stdin, input, _IOFBF, sizeof input);
  return pack_list_from(stdin, tar, index);
}
