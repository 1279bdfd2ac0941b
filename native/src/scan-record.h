// What scan says of one file, as bytes: written by scan.c, read again by pack-list.c. The fields are
// described in native/README.md §scan.
#ifndef SLIPWAY_SCAN_RECORD_H
#define SLIPWAY_SCAN_RECORD_H

#include <stdint.h>
#include <sys/stat.h>

#include "memory.h"
#include "sha256.h"
#include "xattrs.h"

#define SCAN_RECORD_SIZE 128  // before path, target and attributes
#define SCAN_END_SIZE 128
#define SCAN_YOUNG 1  // a flag: the stat alone does not prove that the content is still the same

enum scan_kind { KIND_FILE = 1, KIND_DIRECTORY, KIND_SYMLINK, KIND_CHAR, KIND_BLOCK, KIND_FIFO };

enum scan_kind scan_kind_of(mode_t mode);

// Extended attributes, sorted by name: for each 4 bytes length of the name, 4 of the value, both.
void xattrs_encode(struct bytes *out, const struct xattrs *xattrs);

// -1: damaged, not reported.
int xattrs_decode(struct xattrs *xattrs, const char *data, size_t length);

#endif
