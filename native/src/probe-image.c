// The smallest layer; see probe-image.h. Offsets are those of the EROFS on-disk format.
#include "probe-image.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

enum {
  BLOCK = 512,
  IMAGE_BYTES = 4096,
  TAR_BYTES = 4 * BLOCK,
  DATA_BLOCK = 1,  // the block of the tar that holds the content
  SUPERBLOCK = 1024,
  DEVICE_SLOT = SUPERBLOCK + 128,
  ROOT = DEVICE_SLOT + 128,
  DIRECTORY = ROOT + 64,  // inline, right after the inode
  FILE_INODE = ROOT + 128,
  CHUNK = FILE_INODE + 64,
};

static void put(unsigned char *at, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; i++) at[i] = (unsigned char)(value >> 8 * i);
}

static void put_superblock(unsigned char *image) {
  unsigned char *s = image + SUPERBLOCK;
  put(s, 0xE0F5E1E2, 4);
  put(s + 8, 2, 4);         // feature_compat: MTIME
  s[12] = 9;                // blocks of 512 bytes
  put(s + 14, ROOT / 32, 2);
  put(s + 16, 2, 8);        // inodes
  put(s + 36, IMAGE_BYTES / BLOCK, 4);
  put(s + 80, 4 | 8, 4);    // feature_incompat: CHUNKED_FILE, DEVICE_TABLE
  put(s + 86, 1, 2);        // one device
  put(s + 88, DEVICE_SLOT / 128, 2);
  put(image + DEVICE_SLOT + 64, TAR_BYTES / BLOCK, 4);
}

static void put_inode(unsigned char *image, int at, int layout, int mode, unsigned size) {
  unsigned char *inode = image + at;
  put(inode, (uint64_t)(1 + 2 * layout), 2);  // extended
  put(inode + 4, (uint64_t)mode, 2);
  put(inode + 8, size, 8);
  put(inode + 20, at == ROOT ? 1 : 2, 4);
  put(inode + 44, at == ROOT ? 2 : 1, 4);
}

// The entries `.`, `..` and `file`; returns their length.
static unsigned put_directory(unsigned char *image) {
  static const struct {
    const char *name;
    int inode, type;
  } entries[] = {{".", ROOT, 2}, {"..", ROOT, 2}, {"file", FILE_INODE, 1}};
  unsigned name_at = 3 * 12;
  for (unsigned i = 0; i < 3; i++) {
    unsigned char *entry = image + DIRECTORY + 12 * i;
    put(entry, (uint64_t)(entries[i].inode / 32), 8);
    put(entry + 8, name_at, 2);
    entry[10] = (unsigned char)entries[i].type;
    memcpy(image + DIRECTORY + name_at, entries[i].name, strlen(entries[i].name));
    name_at += (unsigned)strlen(entries[i].name);
  }
  return name_at;
}

int probe_file_write(int folder, const char *name, const void *content, unsigned size) {
  cleanup_close int file = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  return file >= 0 && write(file, content, size) == (ssize_t)size ? 0 : -1;
}

int probe_image_write(int folder, const char *image_name, const char *tar_name) {
  unsigned char image[IMAGE_BYTES] = {0}, tar[TAR_BYTES] = {0};
  put_superblock(image);
  put_inode(image, ROOT, 2, S_IFDIR | 0755, put_directory(image));
  put_inode(image, FILE_INODE, 4, S_IFREG | 0644, sizeof PROBE_TEXT - 1);
  put(image + FILE_INODE + 16, 0x20, 4);  // one chunk of one block, indexes of 8 bytes
  put(image + CHUNK + 2, 1, 2);           // device 1: the tar
  put(image + CHUNK + 4, DATA_BLOCK, 4);
  memcpy(tar + DATA_BLOCK * BLOCK, PROBE_TEXT, sizeof PROBE_TEXT - 1);
  if (probe_file_write(folder, tar_name, tar, sizeof tar) < 0) return -1;
  return probe_file_write(folder, image_name, image, sizeof image);
}
