// The index of a layer: its entries as nodes, and the EROFS image made of them (layer-image.c).
// src/layer/layer-tree.ts and erofs-write.ts make the same bytes of the same entries; what the image and
// its marks mean is said there and in src/layer/marks.ts.
//
// Entries come in the order of a walk (walk.h), every parent before what it holds: what a folder or the
// plan of a COPY gives. A tar from elsewhere can be in any order and is indexed by the TypeScript.
#ifndef SLIPWAY_LAYER_INDEX_H
#define SLIPWAY_LAYER_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "memory.h"
#include "tar-header.h"

enum node_kind { NODE_FIFO = 1, NODE_CHAR = 2, NODE_DIRECTORY = 4, NODE_BLOCK = 6, NODE_FILE = 8, NODE_SYMLINK = 10 };

#define NODE_NONE UINT32_MAX

// An inode. Several names may lead to one.
struct node {
  uint8_t kind;           // an enum node_kind: the file type of st_mode, shifted by 12
  uint16_t mode;          // permission bits
  uint32_t uid, gid;
  uint32_t links;         // directories: those of subdirectories, too
  uint32_t first, last;   // directories: names, chained by `next`
  uint32_t major, minor;  // of a device
  int64_t mtime;
  uint64_t size;          // of a file; of a symlink's target
  uint64_t data;          // a file: block of its data in the tar. A symlink: its target in `texts`
  size_t xattrs;          // in `blocks`
  uint32_t xattrs_length; // 0: none
};

struct node_name {
  size_t text;  // in `texts`
  uint32_t length, node, next;
};

struct open_directory {
  uint32_t node;
  size_t path_length;
};

struct layer_index {
  struct node *nodes;       // 0 is the root
  struct node_name *names;
  size_t node_count, node_capacity, name_count, name_capacity;
  struct bytes texts;       // names and targets
  struct bytes blocks;      // attributes, in EROFS's form
  struct open_directory *open;  // the directories above the entry that came last
  size_t depth, depth_capacity;
  struct bytes path;        // of the deepest of them
};

void layer_index_init(struct layer_index *index);

// Adds an entry that is no hard link; gives its node. `data`: where a file's content stands in the tar,
// bytes. `opaque`: nothing of the layers below shows in the directory. -1: refused, and reported.
int layer_index_add(struct layer_index *index, const struct tar_entry *entry, uint64_t data,
                    bool opaque, uint32_t *node);

// Another name of a node. -1: refused, and reported.
int layer_index_link(struct layer_index *index, const char *path, uint32_t node);

// What hides `path` of the layers below. -1: refused, and reported.
int layer_index_whiteout(struct layer_index *index, const char *path);

// layer-image.c: the image for a tar of so many bytes. -1: too large, and reported.
int layer_image_write(const struct layer_index *index, uint64_t tar_size, struct bytes *image);

void layer_index_free(struct layer_index *index);

#endif
