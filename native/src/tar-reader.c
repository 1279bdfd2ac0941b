// See tar-reader.h. Choices where readers differ: types that carry no data have none whatever their
// size says; a global pax header counts for all that follows; two zero blocks, or a clean end of the
// file, end the archive.
#include "tar-reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "report.h"

#define READ_SIZE (1u << 20)

int tar_damaged(const struct tar_reader *reader, const char *what) {
  char message[160];
  snprintf(message, sizeof message, "%s (at byte %llu)", what,
           (unsigned long long)reader->offset);
  return report_error(REPORT_ARCHIVE, message, reader->file);
}

int tar_reader_open(struct tar_reader *reader, int fd, const char *file) {
  *reader = (struct tar_reader){.fd = fd, .file = file};
  struct stat st;
  if (fstat(fd, &st) < 0) return report_system("fstat", file);
  if (!S_ISREG(st.st_mode)) {
    errno = S_ISDIR(st.st_mode) ? EISDIR : ESPIPE;
    return report_system("open", file);
  }
  reader->size = (uint64_t)st.st_size;
  return 0;
}

void tar_reader_close(struct tar_reader *reader) {
  bytes_free(&reader->buffer);
  pax_free(&reader->globals);
}

static size_t available(const struct tar_reader *reader) {
  return reader->buffer.length - reader->start;
}

// Reads until `length` bytes are there, or the file ends.
static int fill(struct tar_reader *reader, size_t length) {
  struct bytes *buffer = &reader->buffer;
  if (available(reader) >= length) return 0;
  if (reader->start > 0)
    memmove(buffer->data, buffer->data + reader->start, available(reader));
  buffer->length -= reader->start;
  reader->start = 0;
  bytes_reserve(buffer, length > READ_SIZE ? length : READ_SIZE);
  while (buffer->length < length) {
    ssize_t got = read(reader->fd, buffer->data + buffer->length,
                       buffer->capacity - buffer->length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return report_system("read", reader->file);
    if (got == 0) break;
    buffer->length += (size_t)got;
  }
  return 0;
}

static const char *advance(struct tar_reader *reader, size_t length) {
  const char *data = reader->buffer.data + reader->start;
  reader->start += length;
  reader->offset += length;
  return data;
}

const char *tar_reader_take(struct tar_reader *reader, size_t length, const char *what) {
  if (fill(reader, length) < 0) return NULL;
  if (available(reader) < length) {
    tar_damaged(reader, what);
    return NULL;
  }
  return advance(reader, length);
}

ssize_t tar_reader_content(struct tar_reader *reader, const char **piece) {
  if (reader->stored_left == 0) return 0;
  if (fill(reader, 1) < 0) return -1;
  size_t length = available(reader);
  if (length == 0) return tar_damaged(reader, "it ends within the content of an entry");
  if (length > reader->stored_left) length = (size_t)reader->stored_left;
  *piece = advance(reader, length);
  reader->stored_left -= length;
  return (ssize_t)length;
}

// Passes over what was not read of the content, and over the padding.
static int finish_content(struct tar_reader *reader) {
  reader->stored_left += reader->padding;
  reader->padding = 0;
  const char *ignored;
  ssize_t got;
  do {
    got = tar_reader_content(reader, &ignored);
  } while (got > 0);
  return (int)got;
}

static bool octal(const char *field, size_t length, int64_t *value) {
  size_t i = 0;
  while (i < length && field[i] == ' ') i++;
  uint64_t number = 0;
  for (; i < length && field[i] >= '0' && field[i] <= '7'; i++)
    number = number * 8 + (uint64_t)(field[i] - '0');
  for (; i < length; i++)
    if (field[i] != '\0' && field[i] != ' ') return false;
  *value = (int64_t)number;
  return true;  // 12 octal digits are at most 36 bits
}

// GNU's: the first bit set, the rest big-endian in two's complement.
static bool base256(const unsigned char *field, size_t length, int64_t *value) {
  int64_t number = field[0] & 0x40 ? (int64_t)field[0] - 0x100 : field[0] & 0x3f;
  for (size_t i = 1; i < length; i++) {
    if (number > TAR_NUMBER_MAX / 256 || number < -(TAR_NUMBER_MAX / 256)) return false;
    number = number * 256 + field[i];
  }
  *value = number;
  return true;
}

bool tar_number(const char *field, size_t length, int64_t *value) {
  return (unsigned char)field[0] & 0x80 ? base256((const unsigned char *)field, length, value)
                                        : octal(field, length, value);
}

bool tar_decimal(const char *text, size_t length, uint64_t *value) {
  if (length == 0) return false;
  uint64_t number = 0;
  for (size_t i = 0; i < length; i++) {
    if (text[i] < '0' || text[i] > '9') return false;
    number = number * 10 + (uint64_t)(text[i] - '0');
    if (number > TAR_NUMBER_MAX) return false;
  }
  *value = number;
  return true;
}

// Old writers summed signed bytes; both are accepted.
static int check_sum(const struct tar_reader *reader, const char *block) {
  int64_t stored, sum = 8 * ' ', with_sign = 8 * ' ';
  for (int i = 0; i < TAR_BLOCK; i++) {
    if (i >= 148 && i < 156) continue;
    sum += (unsigned char)block[i];
    with_sign += (signed char)block[i];
  }
  if (tar_number(block + 148, 8, &stored) && (stored == sum || stored == with_sign)) return 0;
  return tar_damaged(reader, "the checksum of a header is wrong");
}

// Every number must be readable, also where the type of the entry gives it no meaning.
static int check_numbers(const struct tar_reader *reader, const char *block) {
  static const struct {
    unsigned start, length;
  } fields[] = {{100, 8}, {108, 8}, {116, 8}, {124, 12}, {136, 12}};
  int64_t ignored;
  for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
    if (!tar_number(block + fields[i].start, fields[i].length, &ignored))
      return tar_damaged(reader, "a number in a header cannot be read");
  return 0;
}

static void append_field(struct bytes *text, const char *field, size_t size) {
  bytes_append(text, field, strnlen(field, size));
}

static int refuse_path(const struct bytes *raw, const char *why) {
  cleanup_free char *path = copy_text(raw->length > 0 ? raw->data : "", raw->length);
  return report_error(REPORT_REFUSED, why, path);
}

// Relative, without `.` and empty parts.
static int normalize(const struct bytes *raw, struct bytes *path) {
  path->length = 0;
  if (raw->length > TAR_PATH_MAX) return refuse_path(raw, "the path is too long");
  if (raw->length > 0 && memchr(raw->data, '\0', raw->length))
    return refuse_path(raw, "the path contains a NUL byte");
  for (size_t at = 0; at < raw->length;) {
    const char *part = raw->data + at;
    const char *slash = memchr(part, '/', raw->length - at);
    size_t length = slash ? (size_t)(slash - part) : raw->length - at;
    at += length + 1;
    if (length == 0 || (length == 1 && part[0] == '.')) continue;
    if (length == 2 && part[0] == '.' && part[1] == '.')
      return refuse_path(raw, "the path leads out of the archive");
    if (length > TAR_NAME_MAX) return refuse_path(raw, "a name is longer than 255 bytes");
    if (path->length > 0) bytes_append(path, "/", 1);
    bytes_append(path, part, length);
  }
  bytes_terminate(path);
  return 0;
}

// What the extension headers in front of an entry say.
struct extensions {
  struct pax_fields pax;
  struct bytes long_name, long_link;
  bool has_name, has_link;
};

static void extensions_free(struct extensions *extensions) {
  pax_free(&extensions->pax);
  bytes_free(&extensions->long_name);
  bytes_free(&extensions->long_link);
}

static const char *read_extended(struct tar_reader *reader, const char *header, size_t *length) {
  int64_t size;
  if (!tar_number(header + 124, 12, &size) || size < 0 || size > (int64_t)TAR_EXTENDED_MAX) {
    tar_damaged(reader, "an extended header is too long");
    return NULL;
  }
  *length = (size_t)size;
  size_t padded = (*length + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
  return tar_reader_take(reader, padded, "it ends within an extended header");
}

static int read_long_text(struct tar_reader *reader, const char *header, struct bytes *text,
                          bool *is_set) {
  size_t length;
  const char *data = read_extended(reader, header, &length);
  if (!data) return -1;
  text->length = 0;
  append_field(text, data, length);
  *is_set = true;
  return 0;
}

static int read_pax(struct tar_reader *reader, const char *header, struct pax_fields *fields) {
  size_t length;
  const char *data = read_extended(reader, header, &length);
  return data ? pax_decode(reader, data, length, fields) : -1;
}

static int find_path(const char *block, const struct extensions *extensions,
                     struct tar_member *member) {
  const struct pax_field *field = pax_find(&extensions->pax, "GNU.sparse.name");
  if (!field) field = pax_find(&extensions->pax, "path");
  cleanup_bytes struct bytes raw = {0};
  if (field) {
    bytes_append(&raw, field->value, field->length);
  } else if (extensions->has_name) {
    bytes_append(&raw, extensions->long_name.data, extensions->long_name.length);
  } else {
    // The prefix belongs to POSIX ustar only; old GNU keeps other things there.
    if (memcmp(block + 257, "ustar", 6) == 0 && block[345] != '\0') {
      append_field(&raw, block + 345, 155);
      bytes_append(&raw, "/", 1);
    }
    append_field(&raw, block, 100);
  }
  return normalize(&raw, &member->path);
}

static int find_link(const char *block, const struct extensions *extensions,
                     struct tar_member *member) {
  const struct pax_field *field = pax_find(&extensions->pax, "linkpath");
  cleanup_bytes struct bytes raw = {0};
  if (field) bytes_append(&raw, field->value, field->length);
  else if (extensions->has_link)
    bytes_append(&raw, extensions->long_link.data, extensions->long_link.length);
  else append_field(&raw, block + 157, 100);
  if (member->type == '1') return normalize(&raw, &member->link);
  if (raw.length == 0 || raw.length > 4095 || memchr(raw.data, '\0', raw.length))
    return report_error(REPORT_REFUSED, "the target of a symlink is empty, too long or has a NUL",
                        member->path.data);
  bytes_append(&member->link, raw.data, raw.length);
  bytes_terminate(&member->link);
  return 0;
}

static int find_owner(const struct tar_reader *reader, const char *field,
                      const struct pax_fields *pax, const char *key, uint32_t *id) {
  int64_t in_header;
  if (!tar_number(field, 8, &in_header) || in_header < 0)
    return tar_damaged(reader, "a number in a header cannot be read");
  uint64_t value = (uint64_t)in_header;
  if (pax_integer(reader, pax, key, &value) < 0) return -1;
  if (value > UINT32_MAX - 1) return tar_damaged(reader, "an owner is out of range");
  *id = (uint32_t)value;
  return 0;
}

static int find_device(const struct tar_reader *reader, const char *block,
                       struct tar_member *member) {
  int64_t major_number, minor_number;
  if (!tar_number(block + 329, 8, &major_number) || !tar_number(block + 337, 8, &minor_number))
    return tar_damaged(reader, "a number in a header cannot be read");
  if (major_number < 0 || major_number > 0xfff || minor_number < 0 || minor_number > 0xfffff)
    return report_error(REPORT_REFUSED, "a device number is out of range", member->path.data);
  member->major = (unsigned)major_number;
  member->minor = (unsigned)minor_number;
  return 0;
}

static void find_xattrs(const struct pax_fields *pax, struct tar_member *member) {
  static const char prefix[] = "SCHILY.xattr.";
  size_t length = sizeof prefix - 1;
  for (size_t i = 0; i < pax->count; i++)
    if (strncmp(pax->items[i].key, prefix, length) == 0 && pax->items[i].key[length] != '\0')
      xattrs_add(&member->xattrs, pax->items[i].key + length, pax->items[i].value,
                 pax->items[i].length);
  xattrs_sort(&member->xattrs);
}

static int find_metadata(const struct tar_reader *reader, const char *block,
                         const struct extensions *extensions, struct tar_member *member) {
  int64_t mode, mtime;
  if (!tar_number(block + 100, 8, &mode) || !tar_number(block + 136, 12, &mtime))
    return tar_damaged(reader, "a number in a header cannot be read");
  member->mode = (unsigned)mode & 07777;
  member->mtime = mtime;
  const struct pax_fields *pax = &extensions->pax;
  if (find_path(block, extensions, member) < 0 || pax_time(reader, pax, member) < 0 ||
      find_owner(reader, block + 108, pax, "uid", &member->uid) < 0 ||
      find_owner(reader, block + 116, pax, "gid", &member->gid) < 0)
    return -1;
  find_xattrs(pax, member);
  return 0;
}

static int find_size(const struct tar_reader *reader, const char *block,
                     const struct pax_fields *pax, uint64_t *size) {
  int64_t in_header;
  if (!tar_number(block + 124, 12, &in_header) || in_header < 0)
    return tar_damaged(reader, "a number in a header cannot be read");
  *size = (uint64_t)in_header;
  return pax ? pax_integer(reader, pax, "size", size) : 0;
}

static char type_of(const char *block) {
  char type = block[156] == '\0' ? '0' : block[156];
  size_t name_length = strnlen(block, 100);
  bool is_named_directory = name_length > 0 && block[name_length - 1] == '/';
  return type == '0' && is_named_directory ? '5' : type;
}

static int read_file(struct tar_reader *reader, const char *block, const struct pax_fields *pax,
                     struct tar_member *member) {
  bool is_sparse = member->type == 'S' || pax_has(pax, "GNU.sparse.major") ||
                   pax_has(pax, "GNU.sparse.size");
  member->type = '0';
  if (find_size(reader, block, pax, &member->stored) < 0) return -1;
  member->size = member->stored;
  return is_sparse ? sparse_read(reader, block, pax, member) : 0;
}

static int make_member(struct tar_reader *reader, const char *block,
                       const struct extensions *extensions, struct tar_member *member) {
  member->type = type_of(block);
  if (find_metadata(reader, block, extensions, member) < 0) return -1;
  switch (member->type) {
    case '0': case '7': case 'S': return read_file(reader, block, &extensions->pax, member);
    case '1': case '2': return find_link(block, extensions, member);
    case '3': case '4': return find_device(reader, block, member);
    case '5': case '6': return 0;
    case 'D':  // GNU's directory with a list of what it holds
      member->type = '5';
      return find_size(reader, block, NULL, &member->stored);
    default:
      return report_error(REPORT_REFUSED, "the type of the entry is unknown", member->path.data);
  }
}

static bool is_zero(const char *block) {
  for (int i = 0; i < TAR_BLOCK; i++)
    if (block[i] != 0) return false;
  return true;
}

// After one zero block: another one, or the end.
static int expect_end(struct tar_reader *reader) {
  if (fill(reader, TAR_BLOCK) < 0) return -1;
  if (available(reader) >= TAR_BLOCK && !is_zero(reader->buffer.data + reader->start))
    return tar_damaged(reader, "an empty block stands between entries");
  return 0;
}

// 1: an extension was read; 0: the block is the header of an entry; -1: reported.
static int read_extension(struct tar_reader *reader, const char *block,
                          struct extensions *extensions) {
  int result;
  switch (block[156]) {
    case 'x': case 'X':
      pax_free(&extensions->pax);
      pax_copy(&extensions->pax, &reader->globals);
      result = read_pax(reader, block, &extensions->pax);
      break;
    case 'L':
      result = read_long_text(reader, block, &extensions->long_name, &extensions->has_name);
      break;
    case 'K':
      result = read_long_text(reader, block, &extensions->long_link, &extensions->has_link);
      break;
    default: return 0;
  }
  return result < 0 ? -1 : 1;
}

// 1: `block` holds the header of an entry; 0: the end.
static int find_header(struct tar_reader *reader, char block[TAR_BLOCK],
                       struct extensions *extensions) {
  for (bool is_extended = false;;) {
    if (fill(reader, TAR_BLOCK) < 0) return -1;
    if (available(reader) == 0 && !is_extended) return 0;
    if (available(reader) < TAR_BLOCK) return tar_damaged(reader, "it ends within a header");
    memcpy(block, advance(reader, TAR_BLOCK), TAR_BLOCK);
    if (is_zero(block))
      return is_extended ? tar_damaged(reader, "it ends after an extended header")
                         : expect_end(reader);
    if (check_sum(reader, block) < 0 || check_numbers(reader, block) < 0) return -1;
    if (block[156] == 'g') {
      if (read_pax(reader, block, &reader->globals) < 0) return -1;
      continue;
    }
    if (block[156] == 'V') continue;
    int extension = read_extension(reader, block, extensions);
    if (extension < 0) return -1;
    if (extension == 0) {
      if (extensions->pax.count == 0) pax_copy(&extensions->pax, &reader->globals);
      return 1;
    }
    is_extended = true;
  }
}

static void reset(struct tar_member *member) {
  struct tar_member kept = *member;
  xattrs_free(&kept.xattrs);
  kept.path.length = kept.link.length = 0;
  *member = (struct tar_member){.path = kept.path,
                                .link = kept.link,
                                .segments = kept.segments,
                                .segment_capacity = kept.segment_capacity};
  bytes_terminate(&member->link);
}

int tar_reader_next(struct tar_reader *reader, struct tar_member *member) {
  __attribute__((cleanup(extensions_free))) struct extensions extensions = {0};
  char block[TAR_BLOCK];
  reset(member);
  if (finish_content(reader) < 0) return -1;
  int found = find_header(reader, block, &extensions);
  if (found <= 0) return found;
  if (reader->count++ == TAR_ENTRIES_MAX)
    return report_error(REPORT_REFUSED, "the archive has too many entries", reader->file);
  if (make_member(reader, block, &extensions, member) < 0) return -1;
  // Before anything is created: a header must not promise what the file does not hold.
  if (member->stored > reader->size || reader->offset > reader->size - member->stored)
    return tar_damaged(reader, "it ends within the content of an entry");
  reader->stored_left = member->stored;
  reader->padding = (unsigned)((TAR_BLOCK - member->stored % TAR_BLOCK) % TAR_BLOCK);
  return 1;
}

void tar_member_free(struct tar_member *member) {
  bytes_free(&member->path);
  bytes_free(&member->link);
  xattrs_free(&member->xattrs);
  free(member->segments);
}
