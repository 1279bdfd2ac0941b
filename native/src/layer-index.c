// See layer-index.h.
#include "layer-index.h"

#include <limits.h>
#include <string.h>

#include "cleanup.h"
#include "little-endian.h"
#include "report.h"
#include "whiteout.h"

#define NAME_MAX_BYTES 255
#define TARGET_MAX 4095
#define NODES_MAX 8000000
#define XATTR_HEADER 12
#define XATTR_ENTRY 4
#define XATTR_VALUE_MAX 65535
#define XATTR_BLOCK_MAX (XATTR_HEADER + 4 * 65534)
#define SIZE_LIMIT (UINT64_C(1) << 53)  // what the TypeScript can count to

static const char mark_name[] = "trusted.overlay.slipway", opaque_name[] = "trusted.overlay.opaque";

static int refuse(const char *problem, const char *path) {
  return report_error(REPORT_REFUSED, problem, path);
}

static uint32_t append_node(struct layer_index *index) {
  index->nodes = grow(index->nodes, &index->node_capacity, index->node_count + 1, sizeof(struct node));
  index->nodes[index->node_count] = (struct node){.first = NODE_NONE, .last = NODE_NONE};
  return (uint32_t)index->node_count++;
}

static size_t keep_text(struct layer_index *index, const char *text, size_t length) {
  size_t at = index->texts.length;
  bytes_append(&index->texts, text, length);
  return at;
}

// ---- attributes ----------------------------------------------------------------------------

static const struct prefix {
  uint8_t number;
  const char *text;
} prefixes[] = {
    {1, "user."},   {4, "trusted."}, {6, "security."}, {2, "system.posix_acl_access"}, {3, "system.posix_acl_default"},
};

// NULL: EROFS has no place for such a name, as for those of archives from a Mac.
static const struct prefix *prefix_of(const char *name) {
  for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
    size_t start = strlen(prefixes[i].text), rest = strlen(name);
    if (strncmp(name, prefixes[i].text, start) != 0) continue;
    rest -= start;
    bool is_whole = prefixes[i].text[start - 1] != '.';
    return (is_whole ? rest == 0 : rest > 0 && rest <= NAME_MAX_BYTES) ? &prefixes[i] : NULL;
  }
  return NULL;
}

static void put_xattr(struct bytes *block, const char *name, const char *value, size_t length) {
  static const char zeros[4];
  const struct prefix *prefix = prefix_of(name);
  if (!prefix) return;
  const char *rest = name + strlen(prefix->text);
  uint8_t header[XATTR_ENTRY] = {(uint8_t)strlen(rest), prefix->number};
  put_u16(header + 2, (uint16_t)length);
  bytes_append(block, header, sizeof header);
  bytes_append_text(block, rest);
  bytes_append(block, value, length);
  bytes_append(block, zeros, -(sizeof header + strlen(rest) + length) & 3);
}

struct marks {
  const char *mark;  // NULL: none
  bool opaque;
};

// Those of the entry and our marks, sorted by full name. Only directories and whiteouts are marked.
static void put_sorted(struct bytes *block, const struct xattrs *xattrs, struct marks marks) {
  size_t i = 0, count = xattrs ? xattrs->count : 0;
  for (; i < count && (!marks.opaque || strcmp(xattrs->items[i].name, opaque_name) < 0) &&
         (!marks.mark || strcmp(xattrs->items[i].name, mark_name) < 0); i++)
    put_xattr(block, xattrs->items[i].name, xattrs->items[i].value, xattrs->items[i].length);
  if (marks.opaque) put_xattr(block, opaque_name, "y", 1);
  if (marks.mark) put_xattr(block, mark_name, marks.mark, strlen(marks.mark));
  for (; i < count; i++)
    put_xattr(block, xattrs->items[i].name, xattrs->items[i].value, xattrs->items[i].length);
}

static int set_xattrs(struct layer_index *index, uint32_t node, const struct xattrs *xattrs,
                      struct marks marks, const char *path) {
  static const char header[XATTR_HEADER];
  if ((!xattrs || xattrs->count == 0) && !marks.mark && !marks.opaque) return 0;
  for (size_t i = 0; xattrs && i < xattrs->count; i++)
    if (xattrs->items[i].length > XATTR_VALUE_MAX && prefix_of(xattrs->items[i].name))
      return refuse("has an extended attribute over 65,535 bytes", path);
  size_t start = index->blocks.length;
  bytes_append(&index->blocks, header, sizeof header);
  put_sorted(&index->blocks, xattrs, marks);
  size_t length = index->blocks.length - start;
  if (length == sizeof header) return index->blocks.length = start, 0;
  if (length > XATTR_BLOCK_MAX)
    return refuse("has more than 262,000 bytes of extended attributes", path);
  index->nodes[node].xattrs = start;
  index->nodes[node].xattrs_length = (uint32_t)length;
  return 0;
}

// ---- places --------------------------------------------------------------------------------

static bool is_beneath(const struct layer_index *index, const char *path, size_t length) {
  size_t above = index->path.length;
  return above == 0 || (length > above && path[above] == '/' && memcmp(path, index->path.data, above) == 0);
}

// The directory that holds the path. It came before; in between nothing but what it holds.
static int find_parent(struct layer_index *index, const char *path, uint32_t *parent, const char **name) {
  size_t length = strlen(path);
  while (!is_beneath(index, path, length)) index->path.length = index->open[--index->depth - 1].path_length;
  *parent = index->open[index->depth - 1].node;
  *name = path + index->path.length + (index->path.length > 0);
  size_t name_length = strlen(*name);
  if (name_length == 0 || name_length > NAME_MAX_BYTES || strcmp(*name, ".") == 0 || strcmp(*name, "..") == 0)
    return refuse("cannot be a file name", path);
  // Also where the parent is missing, or no directory.
  if (strchr(*name, '/')) return refuse("does not come after the folder that holds it", path);
  return 0;
}

static int append_name(struct layer_index *index, const char *path, uint32_t node, uint32_t parent, const char *name) {
  size_t length = strlen(name);
  uint32_t last = index->nodes[parent].last;
  if (last != NODE_NONE) {
    const struct node_name *before = &index->names[last];
    size_t common = before->length < length ? before->length : length;
    int order = memcmp(index->texts.data + before->text, name, common);
    if (order > 0 || (order == 0 && before->length >= length))
      return refuse("does not come in the order of names", path);
  }
  index->names = grow(index->names, &index->name_capacity, index->name_count + 1, sizeof(struct node_name));
  uint32_t added = (uint32_t)index->name_count++;
  index->names[added] = (struct node_name){keep_text(index, name, length), (uint32_t)length, node, NODE_NONE};
  struct node *directory = &index->nodes[parent];
  if (last == NODE_NONE) directory->first = added;
  else index->names[last].next = added;
  directory->last = added;
  if (index->nodes[node].kind == NODE_DIRECTORY) directory->links++;
  else index->nodes[node].links++;
  return index->name_count > NODES_MAX ? refuse("a layer with more than 8000000 names", path) : 0;
}

static void enter(struct layer_index *index, uint32_t node, const char *path) {
  index->open = grow(index->open, &index->depth_capacity, index->depth + 1, sizeof *index->open);
  index->open[index->depth++] = (struct open_directory){node, strlen(path)};
  index->path.length = 0;
  bytes_append_text(&index->path, path);
}

static int place(struct layer_index *index, const char *path, uint32_t node) {
  uint32_t parent;
  const char *name;
  if (find_parent(index, path, &parent, &name) < 0) return -1;
  if (append_name(index, path, node, parent, name) < 0) return -1;
  if (index->nodes[node].kind == NODE_DIRECTORY) enter(index, node, path);
  return 0;
}

// ---- entries -------------------------------------------------------------------------------

void layer_index_init(struct layer_index *index) {
  *index = (struct layer_index){0};
  uint32_t root = append_node(index);
  index->nodes[root].kind = NODE_DIRECTORY;
  index->nodes[root].mode = 0755;
  index->nodes[root].links = 2;
  // No entry names the root: what it is like, the layers below say.
  set_xattrs(index, root, NULL, (struct marks){.mark = "implicit"}, "");
  enter(index, root, "");
}

static uint8_t kind_of(char type) {
  switch (type) {
    case '2': return NODE_SYMLINK;
    case '3': return NODE_CHAR;
    case '4': return NODE_BLOCK;
    case '5': return NODE_DIRECTORY;
    case '6': return NODE_FIFO;
    default: return NODE_FILE;
  }
}

static int check_entry(const struct tar_entry *entry) {
  size_t target = entry->type == '2' ? strlen(entry->link) : 1;
  if (target == 0) return refuse("is a symbolic link to nothing", entry->path);
  if (target > TARGET_MAX) return refuse("is a symbolic link over 4,095 bytes", entry->path);
  if (entry->major > 0xfff || entry->minor > 0xfffff)
    return refuse("has a device number over 4095:1048575", entry->path);
  if (entry->size >= SIZE_LIMIT) return refuse("has an impossible size", entry->path);
  return 0;
}

int layer_index_add(struct layer_index *index, const struct tar_entry *entry, uint64_t data,
                    bool opaque, uint32_t *node) {
  if (check_entry(entry) < 0) return -1;
  *node = append_node(index);
  struct node *made = &index->nodes[*node];
  made->kind = kind_of(entry->type);
  made->mode = (uint16_t)(entry->mode & 07777);
  made->uid = entry->uid;
  made->gid = entry->gid;
  made->mtime = entry->mtime;
  made->major = entry->major;
  made->minor = entry->minor;
  made->links = made->kind == NODE_DIRECTORY ? 2 : 0;
  made->size = entry->size;
  made->data = data / TAR_BLOCK;
  if (made->kind == NODE_SYMLINK) {
    made->size = strlen(entry->link);
    made->data = keep_text(index, entry->link, made->size);
  }
  if (set_xattrs(index, *node, entry->xattrs, (struct marks){.opaque = opaque}, entry->path) < 0) return -1;
  return place(index, entry->path, *node);
}

int layer_index_link(struct layer_index *index, const char *path, uint32_t node) {
  if (index->nodes[node].kind == NODE_DIRECTORY) return refuse("is a hard link to a directory", path);
  return place(index, path, node);
}

int layer_index_whiteout(struct layer_index *index, const char *path) {
  uint32_t node;
  const struct tar_entry entry = {.type = '3', .path = path, .link = ""};
  if (layer_index_add(index, &entry, 0, false, &node) < 0) return -1;
  return set_xattrs(index, node, NULL, (struct marks){.mark = "whiteout"}, path);
}

void layer_index_free(struct layer_index *index) {
  free(index->nodes);
  free(index->names);
  free(index->open);
  bytes_free(&index->texts);
  bytes_free(&index->blocks);
  bytes_free(&index->path);
  *index = (struct layer_index){0};
}
