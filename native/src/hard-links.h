// Which inode was seen under which name first.
#ifndef SLIPWAY_HARD_LINKS_H
#define SLIPWAY_HARD_LINKS_H

#include <stddef.h>
#include <sys/stat.h>

struct hard_link {
  dev_t device;
  ino_t inode;
  char *path;  // NULL: the slot is free
};

struct hard_links {
  struct hard_link *slots;  // open addressing; a power of two
  size_t capacity, count;
};

// The first path of this inode, or NULL after remembering `path` as such.
const char *hard_links_first(struct hard_links *links, const struct stat *st, const char *path,
                             size_t length);
void hard_links_free(struct hard_links *links);

#endif
