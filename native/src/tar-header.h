// The headers of one tar entry: a POSIX ustar block, after a pax header where something does not fit.
// src/archive/tar-write.ts writes the same bytes; every choice here is part of a format.
#ifndef SLIPWAY_TAR_HEADER_H
#define SLIPWAY_TAR_HEADER_H

#include <stdint.h>

#include "memory.h"
#include "xattrs.h"

#define TAR_BLOCK 512

struct tar_entry {
  char type;         // '0' file, '1' hard link, '2' symlink, '3' char, '4' block, '5' directory, '6' fifo
  const char *path;  // relative, no slash at the end
  const char *link;  // target of a link, else ""
  unsigned mode;     // permission bits
  uint32_t uid, gid;
  uint64_t size;  // of a file's content, else 0
  int64_t mtime;  // seconds
  unsigned major, minor;
  const struct xattrs *xattrs;  // may be NULL
};

// Appends the headers, a multiple of 512 bytes.
void tar_header_encode(struct bytes *out, const struct tar_entry *entry);

#endif
