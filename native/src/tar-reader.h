// Tar → entries, for hostile input: POSIX ustar and pax, GNU (long names, base-256, sparse), V7. It
// reads and refuses what src/archive/tar-read.ts does, so that the twins agree.
#ifndef SLIPWAY_TAR_READER_H
#define SLIPWAY_TAR_READER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "memory.h"
#include "tar-header.h"
#include "xattrs.h"

#define TAR_EXTENDED_MAX (4u << 20)  // a pax header, or a GNU long name
#define TAR_ENTRIES_MAX 5000000u
#define TAR_PATH_MAX 32768u
#define TAR_NAME_MAX 255u
#define TAR_SEGMENTS_MAX 1000000u
#define TAR_NUMBER_MAX 9007199254740991  // what a JavaScript number holds exactly

struct tar_segment {
  uint64_t offset, length;
};

struct tar_member {
  char type;             // as in struct tar_entry
  struct bytes path;     // normalised: relative, no `.`, `..` or empty parts; the root is ""
  struct bytes link;     // of a symlink as it stands, of a hard link normalised
  unsigned mode;
  uint32_t uid, gid;
  int64_t mtime;
  uint32_t mtime_nanos;
  uint64_t size;         // of a file
  uint64_t stored;       // bytes of content in the tar
  unsigned major, minor;
  struct xattrs xattrs;  // all of SCHILY.xattr.*
  bool is_sparse;
  struct tar_segment *segments;
  size_t segment_count, segment_capacity;
};

struct pax_field {
  char *key;
  char *value;
  size_t length;
};

struct pax_fields {
  struct pax_field *items;
  size_t count, capacity;
};

struct tar_reader {
  int fd;
  const char *file;  // for reports
  uint64_t offset;   // of the next byte to be taken
  uint64_t size;     // of the file
  struct bytes buffer;
  size_t start;      // of what is not yet taken
  struct pax_fields globals;
  uint64_t count;    // entries so far
  uint64_t stored_left;
  unsigned padding;  // behind the stored bytes
};

// Takes no ownership of fd.
int tar_reader_open(struct tar_reader *reader, int fd, const char *file);
void tar_reader_close(struct tar_reader *reader);

// 1: the next entry; 0: the end; -1: reported. What is left of the content before is passed over.
int tar_reader_next(struct tar_reader *reader, struct tar_member *member);

// A piece of the stored content, at most until the next call; 0 at its end; -1: reported.
ssize_t tar_reader_content(struct tar_reader *reader, const char **piece);
void tar_member_free(struct tar_member *member);

// For the parts of the reader. The next `length` bytes, or NULL, reported with `what`.
const char *tar_reader_take(struct tar_reader *reader, size_t length, const char *what);
int tar_damaged(const struct tar_reader *reader, const char *what);

// A header's number, octal or base-256. False when it cannot be read or is beyond TAR_NUMBER_MAX.
bool tar_number(const char *field, size_t length, int64_t *value);
bool tar_decimal(const char *text, size_t length, uint64_t *value);

// tar-pax.c
int pax_decode(struct tar_reader *reader, const char *data, size_t length,
               struct pax_fields *fields);
void pax_copy(struct pax_fields *to, const struct pax_fields *from);
void pax_free(struct pax_fields *fields);
const struct pax_field *pax_find(const struct pax_fields *fields, const char *key);  // not empty
bool pax_has(const struct pax_fields *fields, const char *key);
int pax_integer(const struct tar_reader *reader, const struct pax_fields *fields, const char *key,
                uint64_t *value);  // leaves *value alone when there is none
int pax_time(const struct tar_reader *reader, const struct pax_fields *fields,
             struct tar_member *member);

// tar-sparse.c: fills size, stored and segments of a member. `header` is its block.
int sparse_read(struct tar_reader *reader, const char *header, const struct pax_fields *fields,
                struct tar_member *member);

#endif
