// One digest over what COPY would take of a folder: the content part of its cache key. Paths, kinds,
// modes, link targets, contents and attributes count, times and owners do not. src/layer/tree-digest.ts
// gives the same of the same files; the bytes that are hashed are described in native/README.md.
#ifndef SLIPWAY_TREE_DIGEST_H
#define SLIPWAY_TREE_DIGEST_H

#include <stddef.h>
#include <sys/stat.h>

#include "memory.h"
#include "sha256.h"

struct tree_digest {
  struct sha256 with_modes, without_modes;  // --chmod sets all modes: then they do not count
};

struct tree_digest_entry {
  const struct stat *st;
  const char *path;
  size_t path_length;
  const uint8_t *sha256;  // of a file's content
  const char *target;     // of a symlink
  size_t target_length;
  const struct bytes *xattrs;  // in the form of scan-record.h
};

void tree_digest_init(struct tree_digest *digest);
void tree_digest_add(struct tree_digest *digest, const struct tree_digest_entry *entry);
void tree_digest_final(struct tree_digest *digest, uint8_t with_modes[SHA256_SIZE],
                       uint8_t without_modes[SHA256_SIZE]);

#endif
