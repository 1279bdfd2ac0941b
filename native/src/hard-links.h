// Which inode was seen under which name first, and as which node of the index.
#ifndef SLIPWAY_HARD_LINKS_H
#define SLIPWAY_HARD_LINKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

struct hard_link {
  dev_t device;
  ino_t inode;
  char *path;     // NULL: the slot is free
  uint32_t node;  // the caller's, once it is known
};

struct hard_links {
  struct hard_link *slots;  // open addressing; a power of two
  size_t capacity, count;
};

// The slot of this inode, valid until the next call; made for `path` when this is its first name.
struct hard_link *hard_links_find(struct hard_links *links, dev_t device, ino_t inode,
                                  const char *path, bool *is_first);
void hard_links_free(struct hard_links *links);

#endif
