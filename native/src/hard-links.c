// See hard-links.h.
#include "hard-links.h"

#include <stdlib.h>
#include <string.h>

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

struct hard_link *hard_links_find(struct hard_links *links, dev_t device, ino_t inode,
                                  const char *path, bool *is_first) {
  make_room(links);
  struct hard_link *slot = find(links, device, inode);
  *is_first = !slot->path;
  if (slot->path) return slot;
  *slot = (struct hard_link){.device = device, .inode = inode, .path = copy_text(path, strlen(path))};
  links->count++;
  return slot;
}

void hard_links_free(struct hard_links *links) {
  for (size_t i = 0; i < links->capacity; i++) free(links->slots[i].path);
  free(links->slots);
  *links = (struct hard_links){0};
}
