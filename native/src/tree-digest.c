// See tree-digest.h.
#include "tree-digest.h"

#include <sys/sysmacros.h>

#include "little-endian.h"
#include "scan-record.h"

#define HEADER_SIZE 28

void tree_digest_init(struct tree_digest *digest) {
  sha256_init(&digest->with_modes);
  sha256_init(&digest->without_modes);
}

struct detail {
  const void *data;
  size_t length;
};

static void add_to(struct sha256 *hash, const char header[HEADER_SIZE],
                   const struct tree_digest_entry *entry, struct detail detail) {
  sha256_update(hash, header, HEADER_SIZE);
  sha256_update(hash, entry->path, entry->path_length);
  sha256_update(hash, detail.data, detail.length);
  sha256_update(hash, entry->xattrs->data, entry->xattrs->length);
}

void tree_digest_add(struct tree_digest *digest, const struct tree_digest_entry *entry) {
  mode_t mode = entry->st->st_mode;
  char device[8], header[HEADER_SIZE] = {0};
  put_u32(device, major(entry->st->st_rdev));
  put_u32(device + 4, minor(entry->st->st_rdev));
  struct detail detail = {NULL, 0};
  if (S_ISREG(mode)) detail = (struct detail){entry->sha256, SHA256_SIZE};
  if (S_ISLNK(mode)) detail = (struct detail){entry->target, entry->target_length};
  if (S_ISCHR(mode) || S_ISBLK(mode)) detail = (struct detail){device, sizeof device};
  put_u32(header, scan_kind_of(mode));
  put_u32(header + 4, mode & 07777);
  // Owners, which do not count in a context, would follow.
  put_u32(header + 16, (uint32_t)entry->path_length);
  put_u32(header + 20, (uint32_t)detail.length);
  put_u32(header + 24, (uint32_t)entry->xattrs->length);
  add_to(&digest->with_modes, header, entry, detail);
  if (!S_ISLNK(mode)) put_u32(header + 4, 0);
  add_to(&digest->without_modes, header, entry, detail);
}

void tree_digest_final(struct tree_digest *digest, uint8_t with_modes[SHA256_SIZE],
                       uint8_t without_modes[SHA256_SIZE]) {
  sha256_final(&digest->with_modes, with_modes);
  sha256_final(&digest->without_modes, without_modes);
}
