// Sparse files in tars: GNU's old header type S and its pax dialects 0.0, 0.1 and 1.0. From the various
// maps to one checked list of data segments. See tar-reader.h.
#include <string.h>

#include "report.h"
#include "tar-reader.h"

#define OLD_ENTRY 24

// Numbers come in pairs; an empty segment only marks the end of the file.
struct map {
  struct tar_member *member;
  uint64_t offset;
  bool has_offset;
  size_t numbers;
};

static void add_number(struct map *map, uint64_t number) {
  struct tar_member *member = map->member;
  map->numbers++;
  if (!map->has_offset) {
    map->offset = number;
    map->has_offset = true;
    return;
  }
  map->has_offset = false;
  if (number == 0) return;
  member->segments = grow(member->segments, &member->segment_capacity, member->segment_count + 1,
                          sizeof(struct tar_segment));
  member->segments[member->segment_count++] = (struct tar_segment){map->offset, number};
}

static int add_old_entries(struct tar_reader *reader, struct map *map, const char *entries,
                           int count) {
  for (int i = 0; i < count; i++, entries += OLD_ENTRY) {
    int64_t offset, length;
    if (entries[0] == 0 && entries[12] == 0) return 0;
    if (!tar_number(entries, 12, &offset) || !tar_number(entries + 12, 12, &length) ||
        offset < 0 || length < 0)
      return tar_damaged(reader, "a sparse map cannot be read");
    add_number(map, (uint64_t)offset);
    add_number(map, (uint64_t)length);
  }
  if (map->numbers > 2 * TAR_SEGMENTS_MAX)
    return tar_damaged(reader, "a sparse map has too many segments");
  return 0;
}

static int read_old_map(struct tar_reader *reader, const char *header, struct map *map) {
  int64_t size;
  if (!tar_number(header + 483, 12, &size) || size < 0)
    return tar_damaged(reader, "a number in a header cannot be read");
  map->member->size = (uint64_t)size;
  bool is_extended = header[482] != 0;
  if (add_old_entries(reader, map, header + 386, 4) < 0) return -1;
  while (is_extended) {
    const char *block = tar_reader_take(reader, TAR_BLOCK, "it ends within a sparse map");
    if (!block) return -1;
    is_extended = block[504] != 0;
    if (add_old_entries(reader, map, block, 21) < 0) return -1;
  }
  return 0;
}

static int read_list(struct tar_reader *reader, const struct pax_fields *fields,
                     struct map *map) {
  const struct pax_field *list = pax_find(fields, "GNU.sparse.map");
  if (!list) return 0;
  const char *p = list->value, *end = p + list->length;
  for (;;) {
    const char *comma = memchr(p, ',', (size_t)(end - p));
    uint64_t number;
    if (!tar_decimal(p, (size_t)((comma ? comma : end) - p), &number))
      return tar_damaged(reader, "a sparse map cannot be read");
    add_number(map, number);
    if (map->numbers > 2 * TAR_SEGMENTS_MAX)
      return tar_damaged(reader, "a sparse map has too many segments");
    if (!comma) return 0;
    p = comma + 1;
  }
}

// In front of the content: the number of segments, then their numbers, a line each, padded to a block.
static int read_pax1_map(struct tar_reader *reader, struct map *map) {
  char line[17];
  size_t used = 0;
  uint64_t wanted = 1, seen = 0;
  while (seen < wanted) {
    if (map->member->stored < TAR_BLOCK)
      return tar_damaged(reader, "a sparse map is longer than its file");
    const char *block = tar_reader_take(reader, TAR_BLOCK, "it ends within a sparse map");
    if (!block) return -1;
    map->member->stored -= TAR_BLOCK;
    for (int i = 0; i < TAR_BLOCK && seen < wanted; i++) {
      if (block[i] != '\n') {
        if (used == 16) return tar_damaged(reader, "a sparse map cannot be read");
        line[used++] = block[i];
        continue;
      }
      uint64_t number;
      if (!tar_decimal(line, used, &number))
        return tar_damaged(reader, "a sparse map cannot be read");
      used = 0;
      if (seen++ > 0) add_number(map, number);
      else if (number > TAR_SEGMENTS_MAX)
        return tar_damaged(reader, "a sparse map has too many segments");
      else wanted = 1 + 2 * number;
    }
  }
  return 0;
}

static int check(struct tar_reader *reader, const struct tar_member *member) {
  uint64_t end = 0, stored = 0;
  for (size_t i = 0; i < member->segment_count; i++) {
    const struct tar_segment *segment = &member->segments[i];
    if (segment->offset < end) return tar_damaged(reader, "a sparse map is out of order");
    if (stored % TAR_BLOCK != 0)
      return report_error(REPORT_REFUSED,
                          "a data segment of a sparse file is not a whole number of blocks",
                          member->path.data);
    end = segment->offset + segment->length;
    stored += segment->length;
  }
  if (end > member->size) return tar_damaged(reader, "a sparse map reaches past its file");
  if (stored != member->stored)
    return tar_damaged(reader, "a sparse map does not fit the stored size");
  return 0;
}

static bool is_text(const struct pax_field *field, const char *text) {
  return field && field->length == strlen(text) && memcmp(field->value, text, field->length) == 0;
}

int sparse_read(struct tar_reader *reader, const char *header, const struct pax_fields *fields,
                struct tar_member *member) {
  struct map map = {.member = member};
  int result;
  member->is_sparse = true;
  member->size = 0;
  if (header[156] == 'S') {
    result = read_old_map(reader, header, &map);
  } else if (pax_has(fields, "GNU.sparse.major")) {
    if (!is_text(pax_find(fields, "GNU.sparse.major"), "1") ||
        !is_text(pax_find(fields, "GNU.sparse.minor"), "0"))
      return report_error(REPORT_REFUSED, "a sparse file is in an unknown dialect",
                          member->path.data);
    if (pax_integer(reader, fields, "GNU.sparse.realsize", &member->size) < 0) return -1;
    result = read_pax1_map(reader, &map);
  } else {
    if (pax_integer(reader, fields, "GNU.sparse.size", &member->size) < 0) return -1;
    result = read_list(reader, fields, &map);
  }
  if (result < 0) return -1;
  if (map.has_offset) return tar_damaged(reader, "a sparse map has an odd length");
  return check(reader, member);
}
