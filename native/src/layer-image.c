// The nodes of a layer as an EROFS image over its tar, in blocks of 512 bytes: breadth first from the
// root, extended inodes, one chunk a file where possible. Every choice is the one of
// src/layer/erofs-write.ts, which makes the same bytes.
#include <stdlib.h>
#include <string.h>

#include "layer-index.h"
#include "little-endian.h"
#include "report.h"

#define BLOCK 512
#define SUPERBLOCK 1024
#define DEVICE_SLOT 128
#define FIRST_SLOT 9  // right after the superblock
#define INODE_SIZE 64
#define INODE_SLOT 32
#define DIRENT_SIZE 12
#define CHUNK_SIZE 8
#define CHUNK_BITS_MAX 31
#define CHUNK_INDEXES 0x20  // in i_u: 8-byte indexes
#define IMAGE_MAX (UINT64_C(1) << 31)
#define BLOCKS_MAX UINT32_C(0xffffffff)  // the last number means a hole

enum layout { LAYOUT_PLAIN = 0, LAYOUT_INLINE = 2, LAYOUT_CHUNKED = 4 };

// An inode on its way into the image.
struct slot {
  uint32_t node, parent;  // parent: a slot; directories only
  uint32_t count;         // names in a directory, with . and ..
  uint64_t data_bytes;    // of directory data or of a symlink's target
  uint64_t offset;        // of the inode
  uint64_t data_offset;   // of the data when they are not inline, else 0
};

struct image {
  const struct layer_index *index;
  struct slot *slots;      // breadth first
  uint32_t *slot_of_node;  // NODE_NONE: not met yet
  size_t slot_count;
  char *bytes;
};

static uint64_t round_up(uint64_t value, uint64_t unit) { return (value + unit - 1) / unit * unit; }

static const struct node *node_of(const struct image *image, const struct slot *slot) {
  return &image->index->nodes[slot->node];
}

// ---- what a directory holds ----------------------------------------------------------------

// One name at a time, `.` and `..` at their places among the others.
struct dirent_walk {
  const struct image *image;
  const struct slot *slot;
  uint32_t next;  // of the names
  int dots;       // how many of the two came
};

struct dirent {
  const char *name;
  size_t length;
  const struct slot *target;
};

static int compare_bytes(const char *a, size_t a_length, const char *b, size_t b_length) {
  int order = memcmp(a, b, a_length < b_length ? a_length : b_length);
  return order ? order : a_length < b_length ? -1 : a_length > b_length;
}

static bool next_dirent(struct dirent_walk *walk, struct dirent *dirent) {
  const struct layer_index *index = walk->image->index;
  const struct node_name *name = walk->next == NODE_NONE ? NULL : &index->names[walk->next];
  const char *text = name ? index->texts.data + name->text : NULL;
  size_t dots = (size_t)walk->dots + 1;
  if (dots <= 2 && (!name || compare_bytes("..", dots, text, name->length) < 0)) {
    *dirent = (struct dirent){"..", dots, dots == 1 ? walk->slot : &walk->image->slots[walk->slot->parent]};
    walk->dots++;
    return true;
  }
  if (!name) return false;
  *dirent = (struct dirent){text, name->length, &walk->image->slots[walk->image->slot_of_node[name->node]]};
  walk->next = name->next;
  return true;
}

static struct dirent_walk walk_dirents(const struct image *image, const struct slot *slot) {
  return (struct dirent_walk){image, slot, node_of(image, slot)->first, 0};
}

// Blocks are filled while the next record and its name fit; the last one counts what it uses.
static void measure_directory(const struct image *image, struct slot *slot) {
  struct dirent_walk walk = walk_dirents(image, slot);
  struct dirent dirent;
  uint64_t blocks = 0, used = 0;
  while (next_dirent(&walk, &dirent)) {
    uint64_t need = DIRENT_SIZE + dirent.length;
    if (used + need > BLOCK) blocks++, used = 0;
    used += need;
    slot->count++;
  }
  slot->data_bytes = blocks * BLOCK + used;
}

// ---- slots and places ----------------------------------------------------------------------

static void collect_slots(struct image *image) {
  const struct layer_index *index = image->index;
  for (size_t i = 0; i < index->node_count; i++) image->slot_of_node[i] = NODE_NONE;
  image->slots[image->slot_count++] = (struct slot){.node = 0};
  image->slot_of_node[0] = 0;
  // The list grows while it is walked: that is breadth first.
  for (size_t i = 0; i < image->slot_count; i++) {
    struct slot *slot = &image->slots[i];
    const struct node *node = node_of(image, slot);
    if (node->kind == NODE_SYMLINK) slot->data_bytes = node->size;
    if (node->kind != NODE_DIRECTORY) continue;
    for (uint32_t name = node->first; name != NODE_NONE; name = index->names[name].next) {
      uint32_t child = index->names[name].node;
      if (image->slot_of_node[child] != NODE_NONE) continue;
      image->slot_of_node[child] = (uint32_t)image->slot_count;
      image->slots[image->slot_count++] = (struct slot){.node = child, .parent = (uint32_t)i};
    }
    measure_directory(image, slot);
  }
}

static uint64_t head_of(const struct image *image, const struct slot *slot) {
  return INODE_SIZE + node_of(image, slot)->xattrs_length;
}

static bool is_inline(const struct image *image, const struct slot *slot) {
  return slot->data_bytes > 0 && head_of(image, slot) + slot->data_bytes <= BLOCK;
}

// The first place from `at` on where inline data do not cross a block: the kernel refuses it otherwise.
static uint64_t place_inline(uint64_t at, uint64_t head, uint64_t data_bytes) {
  if ((at + head) / BLOCK == (at + head + data_bytes - 1) / BLOCK) return at;
  uint64_t moved = round_up(round_up(at + head, BLOCK) - head, INODE_SLOT);
  if ((moved + head) / BLOCK == (moved + head + data_bytes - 1) / BLOCK) return moved;
  return round_up(at, BLOCK);
}

static unsigned chunk_bits(uint64_t size) {
  unsigned bits = 0;
  while (bits < CHUNK_BITS_MAX && (uint64_t)BLOCK << bits < size) bits++;
  return bits;
}

static uint64_t chunk_count(const struct node *node) {
  if (node->kind != NODE_FILE || node->size == 0) return 0;
  uint64_t chunk = (uint64_t)BLOCK << chunk_bits(node->size);
  return (node->size + chunk - 1) / chunk;
}

static uint64_t place_slots(struct image *image, uint64_t at) {
  at = round_up(at, INODE_SLOT);
  for (size_t i = 0; i < image->slot_count; i++) {
    struct slot *slot = &image->slots[i];
    uint64_t head = head_of(image, slot), chunks = chunk_count(node_of(image, slot));
    slot->offset = is_inline(image, slot) ? place_inline(at, head, slot->data_bytes) : at;
    at = slot->offset + head;
    if (chunks > 0) at = round_up(at, CHUNK_SIZE) + chunks * CHUNK_SIZE;
    else if (is_inline(image, slot)) at += slot->data_bytes;
    at = round_up(at, INODE_SLOT);
  }
  at = round_up(at, BLOCK);
  for (size_t i = 0; i < image->slot_count; i++) {
    struct slot *slot = &image->slots[i];
    if (slot->data_bytes == 0 || is_inline(image, slot)) continue;
    slot->data_offset = at;
    at += round_up(slot->data_bytes, BLOCK);
  }
  return at;
}

// ---- bytes ---------------------------------------------------------------------------------

static void write_superblock(const struct image *image, uint64_t length, uint32_t tar_blocks) {
  char *at = image->bytes + SUPERBLOCK;
  put_u32(at, 0xe0f5e1e2);
  put_u32(at + 8, 0x2);  // times are modification times
  at[12] = 9;
  put_u16(at + 14, (uint16_t)(image->slots[0].offset / INODE_SLOT));
  put_u32(at + 16, (uint32_t)image->slot_count);
  put_u32(at + 36, (uint32_t)(length / BLOCK));
  put_u32(at + 80, 0x4 | 0x8);  // chunks, devices
  put_u16(at + 86, 1);
  put_u16(at + 88, FIRST_SLOT);
  put_u32(image->bytes + FIRST_SLOT * DEVICE_SLOT + 64, tar_blocks);
}

static uint8_t dirent_type(uint8_t kind) {
  switch (kind) {
    case NODE_FILE: return 1;
    case NODE_DIRECTORY: return 2;
    case NODE_CHAR: return 3;
    case NODE_BLOCK: return 4;
    case NODE_FIFO: return 5;
    default: return 7;
  }
}

// Of the names that follow, how many fit into one block.
static uint32_t fitting(struct dirent_walk walk) {
  uint32_t count = 0;
  struct dirent dirent;
  for (uint64_t used = 0; next_dirent(&walk, &dirent); count++) {
    used += DIRENT_SIZE + dirent.length;
    if (used > BLOCK) break;
  }
  return count;
}

// Block by block: the records first, then their names.
static void write_directory(const struct image *image, const struct slot *slot, char *block) {
  struct dirent_walk walk = walk_dirents(image, slot);
  for (uint32_t done = 0; done < slot->count; block += BLOCK) {
    uint32_t count = fitting(walk);
    size_t name_at = (size_t)count * DIRENT_SIZE;
    for (uint32_t i = 0; i < count; i++) {
      struct dirent dirent;
      next_dirent(&walk, &dirent);
      char *record = block + i * DIRENT_SIZE;
      put_u32(record, (uint32_t)(dirent.target->offset / INODE_SLOT));
      put_u16(record + 8, (uint16_t)name_at);
      record[10] = (char)dirent_type(node_of(image, dirent.target)->kind);
      memcpy(block + name_at, dirent.name, dirent.length);
      name_at += dirent.length;
    }
    done += count;
  }
}

static void write_chunks(const struct node *node, char *inode, char *at) {
  unsigned bits = chunk_bits(node->size);
  put_u32(inode + 16, bits | CHUNK_INDEXES);
  for (uint64_t i = 0; i < chunk_count(node); i++, at += CHUNK_SIZE) {
    put_u16(at + 2, 1);
    put_u32(at + 4, (uint32_t)(node->data + (i << bits)));
  }
}

static void write_data(const struct image *image, const struct slot *slot, char *inode) {
  const struct node *node = node_of(image, slot);
  uint64_t end = slot->offset + head_of(image, slot);
  char *data = image->bytes + (slot->data_offset ? slot->data_offset : end);
  if (slot->data_offset) put_u32(inode + 16, (uint32_t)(slot->data_offset / BLOCK));
  if (chunk_count(node) > 0) write_chunks(node, inode, image->bytes + round_up(end, CHUNK_SIZE));
  else if (node->kind == NODE_DIRECTORY) write_directory(image, slot, data);
  else if (node->kind == NODE_SYMLINK) memcpy(data, image->index->texts.data + node->data, node->size);
  else if (node->kind == NODE_CHAR || node->kind == NODE_BLOCK)
    put_u32(inode + 16, (node->minor & 0xff) | node->major << 8 | (node->minor & ~0xffu) << 12);
}

static void write_slot(const struct image *image, size_t i) {
  const struct slot *slot = &image->slots[i];
  const struct node *node = node_of(image, slot);
  char *inode = image->bytes + slot->offset;
  enum layout layout = chunk_count(node) > 0      ? LAYOUT_CHUNKED
                       : is_inline(image, slot) ? LAYOUT_INLINE
                                                : LAYOUT_PLAIN;
  put_u16(inode, (uint16_t)(1 + 2 * layout));
  if (node->xattrs_length > 0) {
    put_u16(inode + 2, (uint16_t)((node->xattrs_length - 12) / 4 + 1));
    memcpy(inode + INODE_SIZE, image->index->blocks.data + node->xattrs, node->xattrs_length);
  }
  put_u16(inode + 4, (uint16_t)(node->kind << 12 | node->mode));
  put_u64(inode + 8, node->kind == NODE_FILE ? node->size : slot->data_bytes);
  put_u32(inode + 20, (uint32_t)(i + 1));
  put_u32(inode + 24, node->uid);
  put_u32(inode + 28, node->gid);
  put_u64(inode + 32, (uint64_t)node->mtime);
  put_u32(inode + 44, node->links);
  write_data(image, slot, inode);
}

static int write_image(struct image *image, uint64_t tar_size, struct bytes *out) {
  uint64_t tar_blocks = (tar_size + BLOCK - 1) / BLOCK;
  if (tar_blocks > BLOCKS_MAX) return report_error(REPORT_REFUSED, "a layer of 2 TiB or more", "");
  collect_slots(image);
  uint64_t length = place_slots(image, (FIRST_SLOT + 1) * DEVICE_SLOT);
  if (length > IMAGE_MAX)
    return report_error(REPORT_REFUSED, "the index of this layer would be over 2 GiB", "");
  *out = (struct bytes){allocate(length), length, length};
  image->bytes = out->data;
  write_superblock(image, length, (uint32_t)tar_blocks);
  for (size_t i = 0; i < image->slot_count; i++) write_slot(image, i);
  return 0;
}

int layer_image_write(const struct layer_index *index, uint64_t tar_size, struct bytes *out) {
  struct image image = {.index = index,
                        .slots = allocate(index->node_count * sizeof(struct slot)),
                        .slot_of_node = allocate(index->node_count * sizeof(uint32_t))};
  int result = write_image(&image, tar_size, out);
  free(image.slots);
  free(image.slot_of_node);
  return result;
}
