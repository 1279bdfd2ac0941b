// pax extended header records, `LENGTH KEY=VALUE\n`: bytes in, bytes out. See tar-reader.h.
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "tar-reader.h"

#define SPARSE_MAP "GNU.sparse.map"

static struct pax_field *find(const struct pax_fields *fields, const char *key) {
  for (size_t i = 0; i < fields->count; i++)
    if (strcmp(fields->items[i].key, key) == 0) return &fields->items[i];
  return NULL;
}

// Later records win. Takes the key.
static void set(struct pax_fields *fields, char *key, const char *value, size_t length) {
  struct pax_field *field = find(fields, key);
  if (field) {
    free(key);
    free(field->value);
  } else {
    fields->items =
        grow(fields->items, &fields->capacity, fields->count + 1, sizeof(struct pax_field));
    field = &fields->items[fields->count++];
    field->key = key;
  }
  field->value = copy_text(value, length);
  field->length = length;
}

// The pairs of sparse dialect 0.0 repeat their keys; they become the list of 0.1.
static void append_to_map(struct bytes *map, const char *value, size_t length) {
  if (map->length > 0) bytes_append(map, ",", 1);
  bytes_append(map, value, length);
}

// One record; returns its length, 0 when it cannot be read.
static size_t decode_record(const char *data, size_t length, struct pax_fields *fields,
                            struct bytes *map) {
  const char *space = memchr(data, ' ', length < 11 ? length : 11);
  uint64_t size;
  if (!space || !tar_decimal(data, (size_t)(space - data), &size) || size > length) return 0;
  const char *end = data + size - 1;
  const char *key = space + 1;
  if (size < 1 || end < key || *end != '\n') return 0;
  const char *equals = memchr(key, '=', (size_t)(end - key));
  if (!equals || equals == key || memchr(key, '\0', (size_t)(equals - key))) return 0;
  size_t key_length = (size_t)(equals - key), value_length = (size_t)(end - equals - 1);
  char *name = copy_text(key, key_length);
  if (strcmp(name, "GNU.sparse.offset") == 0 || strcmp(name, "GNU.sparse.numbytes") == 0) {
    append_to_map(map, equals + 1, value_length);
    free(name);
  } else {
    set(fields, name, equals + 1, value_length);
  }
  return size;
}

int pax_decode(struct tar_reader *reader, const char *data, size_t length,
               struct pax_fields *fields) {
  cleanup_bytes struct bytes map = {0};
  for (size_t at = 0; at < length;) {
    size_t size = decode_record(data + at, length - at, fields, &map);
    if (size == 0) return tar_damaged(reader, "a pax record cannot be read");
    at += size;
  }
  if (map.length > 0)
    set(fields, copy_text(SPARSE_MAP, strlen(SPARSE_MAP)), map.data, map.length);
  return 0;
}

void pax_copy(struct pax_fields *to, const struct pax_fields *from) {
  for (size_t i = 0; i < from->count; i++)
    set(to, copy_text(from->items[i].key, strlen(from->items[i].key)), from->items[i].value,
        from->items[i].length);
}

void pax_free(struct pax_fields *fields) {
  for (size_t i = 0; i < fields->count; i++) {
    free(fields->items[i].key);
    free(fields->items[i].value);
  }
  free(fields->items);
  *fields = (struct pax_fields){0};
}

bool pax_has(const struct pax_fields *fields, const char *key) {
  return find(fields, key) != NULL;
}

const struct pax_field *pax_find(const struct pax_fields *fields, const char *key) {
  const struct pax_field *field = find(fields, key);
  return field && field->length > 0 ? field : NULL;
}

int pax_integer(const struct tar_reader *reader, const struct pax_fields *fields, const char *key,
                uint64_t *value) {
  const struct pax_field *field = pax_find(fields, key);
  if (!field || tar_decimal(field->value, field->length, value)) return 0;
  return tar_damaged(reader, "a number in a pax record cannot be read");
}

// [-]SECONDS[.FRACTION]; what is finer than a nanosecond rounds down, as does a negative time.
int pax_time(const struct tar_reader *reader, const struct pax_fields *fields,
             struct tar_member *member) {
  static const char what[] = "a time in a pax record cannot be read";
  const struct pax_field *field = pax_find(fields, "mtime");
  if (!field) return 0;
  const char *p = field->value, *end = p + field->length;
  bool is_negative = *p == '-';
  p += is_negative;
  const char *dot = memchr(p, '.', (size_t)(end - p));
  size_t digits = (size_t)((dot ? dot : end) - p);
  uint64_t seconds;
  if (digits > 15 || !tar_decimal(p, digits, &seconds)) return tar_damaged(reader, what);
  int64_t nanos = 0;
  bool is_cut = false;
  int place = 0;
  for (p = dot ? dot + 1 : end; p < end; p++, place++) {
    if (*p < '0' || *p > '9') return tar_damaged(reader, what);
    if (place < 9) nanos = nanos * 10 + (*p - '0');
    else is_cut |= *p != '0';
  }
  for (; place < 9; place++) nanos *= 10;
  member->mtime = is_negative ? -(int64_t)seconds : (int64_t)seconds;
  if (is_negative && (nanos > 0 || is_cut)) {
    member->mtime--;
    nanos = 1000000000 - nanos - is_cut;
  }
  member->mtime_nanos = (uint32_t)nanos;
  return 0;
}
