// See hard-links.h.
#include "hard-links.h"

#include <stdint.h>
#include <stdlib.h>

#include "memory.h"

static struct hard_link *find(const struct hard_links *links, dev_t device, ino_t inode) {
  uint64_t hash = ((uint64_t)inode ^ (uint64_t)device << 40) * 0x9e3779b97f4a7c15u;
  for (size_t i = hash >> 32;; i++) {
    struct hard_link *slot = &links->slots[i & (links->capacity - 1)];
    if (!slot->path || (slot->inode == inode && slot->device == device)) return slot;
  }
}

static void make_room(struct hard_links *links) {
  if (links->count * 2 < links->capacity) return;
  struct hard_links larger = {.capacity = links->capacity ? links->capacity * 2 : 64,
                              .count = links->count};
  larger.slots = allocate(larger.capacity * sizeof(struct hard_link));
  for (size_t i = 0; i < links->capacity; i++)
    if (links->slots[i].path)
      *find(&larger, links->slots[i].device, links->slots[i].inode) = links->slots[i];
  free(links->slots);
  *links = larger;
}

const char *hard_links_first(struct hard_links *links, const struct stat *st, const char *path,
                             size_t length) {
  make_room(links);
  struct hard_link *slot = find(links, st->st_dev, st->st_ino);
  if (slot->path) return slot->path;
  *slot = (struct hard_link){st->st_dev, st->st_ino, copy_text(path, length)};
  links->count++;
  return NULL;
}

void hard_links_free(struct hard_links *links) {
  for (size_t i = 0; i < links->capacity; i++) free(links->slots[i].path);
  free(links->slots);
  *links = (struct hard_links){0};
}
