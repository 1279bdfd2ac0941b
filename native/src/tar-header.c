// See tar-header.h. The rules, in the order of the code: numbers that do not fit their octal field
// become a pax record and 0 in the field; a link target over 100 bytes a record and its first 100
// bytes; a path over 100 bytes is split at the last slash with at most 155 bytes in front, else it is
// a record and its first 100 bytes, as is a path that is not UTF-8 when there is a pax header anyway.
#include "tar-header.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

#define NAME_FIELD 100
#define PREFIX_FIELD 155

struct pax_record {
  struct bytes key;
  const char *value;  // NULL: in digits (no pointer into a record that sorting moves)
  size_t length;
  char digits[24];
};

// The records of one entry: seven keys of ours and its attributes.
struct pax_records {
  struct pax_record *items;
  size_t count;
};

struct fields {
  const char *name, *prefix, *link;
  size_t name_length, prefix_length;
  char type;
  unsigned mode;
  uint64_t uid, gid, size, mtime;
  unsigned major, minor;
};

static void put_octal(char *field, size_t digits, uint64_t value) {
  for (size_t i = digits; i > 0; i--, value /= 8) field[i - 1] = (char)('0' + value % 8);
}

static void put_text(char *field, size_t size, const char *text, size_t length) {
  memcpy(field, text, length < size ? length : size);
}

static void append_block(struct bytes *out, const struct fields *fields) {
  char block[TAR_BLOCK] = {0};
  put_text(block, NAME_FIELD, fields->name, fields->name_length);
  put_octal(block + 100, 7, fields->mode);
  put_octal(block + 108, 7, fields->uid);
  put_octal(block + 116, 7, fields->gid);
  put_octal(block + 124, 11, fields->size);
  put_octal(block + 136, 11, fields->mtime);
  block[156] = fields->type;
  put_text(block + 157, NAME_FIELD, fields->link, strlen(fields->link));
  memcpy(block + 257, "ustar\0" "00", 8);
  if (fields->type == '3' || fields->type == '4') {
    put_octal(block + 329, 7, fields->major);
    put_octal(block + 337, 7, fields->minor);
  }
  put_text(block + 345, PREFIX_FIELD, fields->prefix, fields->prefix_length);
  unsigned sum = 8 * ' ';
  for (size_t i = 0; i < TAR_BLOCK; i++) sum += (unsigned char)block[i];
  put_octal(block + 148, 6, sum);
  block[155] = ' ';
  bytes_append(out, block, TAR_BLOCK);
}

static struct pax_record *add_record(struct pax_records *records, const char *key_start,
                                     const char *key_rest, const char *value, size_t length) {
  struct pax_record *record = &records->items[records->count++];
  bytes_append_text(&record->key, key_start);
  bytes_append_text(&record->key, key_rest);
  bytes_terminate(&record->key);
  record->value = value;
  record->length = length;
  return record;
}

// The number for the field: itself, or 0 after adding a record.
static uint64_t fit(struct pax_records *records, const char *key, int64_t value, int digits) {
  if (value >= 0 && (uint64_t)value >> (3 * digits) == 0) return (uint64_t)value;
  struct pax_record *record = add_record(records, key, "", NULL, 0);
  record->length = (size_t)snprintf(record->digits, sizeof record->digits, "%lld",
                                    (long long)value);
  return 0;
}

// Strict UTF-8: no surrogates, no longer form than needed, nothing above U+10FFFF.
static bool is_utf8(const char *text) {
  const unsigned char *p = (const unsigned char *)text;
  while (*p) {
    unsigned first = *p++, low = 0x80, high = 0xbf;
    int more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    if (first >= 0x80 && (first < 0xc2 || first > 0xf4)) return false;
    if (first == 0xe0) low = 0xa0;
    if (first == 0xed) high = 0x9f;
    if (first == 0xf0) low = 0x90;
    if (first == 0xf4) high = 0x8f;
    for (; more > 0; more--, p++, low = 0x80, high = 0xbf)
      if (*p < low || *p > high) return false;
  }
  return true;
}

static void place_name(struct fields *fields, struct pax_records *records, const char *path,
                       const struct bytes *name) {
  fields->name = name->data;
  fields->name_length = name->length;
  bool is_awkward = records->count > 0 && !is_utf8(path);
  if (!is_awkward && name->length <= NAME_FIELD) return;
  size_t slash = name->length - 2 < PREFIX_FIELD ? name->length - 2 : PREFIX_FIELD;
  while (!is_awkward && slash > 0 && name->data[slash] != '/') slash--;
  if (!is_awkward && slash > 0 && name->length - slash - 1 <= NAME_FIELD) {
    fields->prefix = name->data;
    fields->prefix_length = slash;
    fields->name += slash + 1;
    fields->name_length -= slash + 1;
    return;
  }
  add_record(records, "path", "", name->data, name->length);
}

static int compare_records(const void *a, const void *b) {
  return strcmp(((const struct pax_record *)a)->key.data, ((const struct pax_record *)b)->key.data);
}

static int decimal_digits(size_t number) {
  int digits = 1;
  while (number >= 10) number /= 10, digits++;
  return digits;
}

static void append_records(struct bytes *out, struct pax_records *records) {
  qsort(records->items, records->count, sizeof *records->items, compare_records);
  for (size_t i = 0; i < records->count; i++) {
    const struct pax_record *record = &records->items[i];
    // The length counts its own digits, a space, '=' and a newline.
    size_t rest = record->key.length + record->length + 3;
    size_t length = rest + (size_t)decimal_digits(rest);
    if (decimal_digits(length) > decimal_digits(rest))
      length = rest + (size_t)decimal_digits(length);
    char digits[24];
    snprintf(digits, sizeof digits, "%zu ", length);
    bytes_append_text(out, digits);
    bytes_append(out, record->key.data, record->key.length);
    bytes_append(out, "=", 1);
    bytes_append(out, record->value ? record->value : record->digits, record->length);
    bytes_append(out, "\n", 1);
  }
}

static void append_pax_header(struct bytes *out, struct pax_records *records) {
  static const char zeros[TAR_BLOCK];
  static const char name[] = "././@PaxHeader";
  cleanup_bytes struct bytes data = {0};
  append_records(&data, records);
  append_block(out, &(struct fields){.name = name, .name_length = sizeof name - 1, .prefix = "",
                                     .link = "", .type = 'x', .mode = 0644, .size = data.length});
  bytes_append(out, data.data, data.length);
  bytes_append(out, zeros, (TAR_BLOCK - data.length % TAR_BLOCK) % TAR_BLOCK);
}

static void records_free(struct pax_records *records) {
  for (size_t i = 0; i < records->count; i++) bytes_free(&records->items[i].key);
  free(records->items);
}

void tar_header_encode(struct bytes *out, const struct tar_entry *entry) {
  size_t xattr_count = entry->xattrs ? entry->xattrs->count : 0;
  __attribute__((cleanup(records_free))) struct pax_records records = {
      .items = allocate((xattr_count + 7) * sizeof(struct pax_record))};
  for (size_t i = 0; i < xattr_count; i++) {
    const struct xattr *xattr = &entry->xattrs->items[i];
    add_record(&records, "SCHILY.xattr.", xattr->name, xattr->value, xattr->length);
  }
  struct fields fields = {.prefix = "", .link = entry->link, .type = entry->type,
                          .mode = entry->mode, .major = entry->major, .minor = entry->minor};
  fields.uid = fit(&records, "uid", entry->uid, 7);
  fields.gid = fit(&records, "gid", entry->gid, 7);
  fields.size = fit(&records, "size", (int64_t)entry->size, 11);
  fields.mtime = fit(&records, "mtime", entry->mtime, 11);
  if (strlen(entry->link) > NAME_FIELD)
    add_record(&records, "linkpath", "", entry->link, strlen(entry->link));
  cleanup_bytes struct bytes name = {0};
  bytes_append_text(&name, entry->path);
  if (entry->type == '5') bytes_append(&name, "/", 1);
  place_name(&fields, &records, entry->path, &name);
  if (records.count > 0) append_pax_header(out, &records);
  append_block(out, &fields);
}
