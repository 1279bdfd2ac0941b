// See scan-record.h.
#include "scan-record.h"

#include <string.h>

#include "cleanup.h"
#include "little-endian.h"

enum scan_kind scan_kind_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFREG: return KIND_FILE;
    case S_IFDIR: return KIND_DIRECTORY;
    case S_IFLNK: return KIND_SYMLINK;
    case S_IFCHR: return KIND_CHAR;
    case S_IFBLK: return KIND_BLOCK;
    default: return KIND_FIFO;
  }
}

void xattrs_encode(struct bytes *out, const struct xattrs *xattrs) {
  for (size_t i = 0; i < xattrs->count; i++) {
    const struct xattr *xattr = &xattrs->items[i];
    char lengths[8];
    put_u32(lengths, (uint32_t)strlen(xattr->name));
    put_u32(lengths + 4, (uint32_t)xattr->length);
    bytes_append(out, lengths, sizeof lengths);
    bytes_append_text(out, xattr->name);
    bytes_append(out, xattr->value, xattr->length);
  }
}

int xattrs_decode(struct xattrs *xattrs, const char *data, size_t length) {
  for (size_t at = 0; at < length;) {
    if (length - at < 8) return -1;
    size_t name = get_u32(data + at), value = get_u32(data + at + 4);
    at += 8;
    if (name == 0 || name > length - at || value > length - at - name) return -1;
    if (memchr(data + at, '\0', name) || memchr(data + at, '=', name)) return -1;
    cleanup_free char *text = copy_text(data + at, name);
    if (xattr_is_overlay(text)) return -1;
    if (xattrs->count > 0 && strcmp(xattrs->items[xattrs->count - 1].name, text) >= 0) return -1;
    xattrs_add(xattrs, text, data + at + name, value);
    at += name + value;
  }
  return 0;
}
