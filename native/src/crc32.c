// See crc32.h. Eight bytes a step, by eight tables made at the first use.
#include "crc32.h"

#include "little-endian.h"

static uint32_t tables[8][256];

static void make_tables(void) {
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
    tables[0][byte] = crc;
  }
  for (int i = 1; i < 8; i++)
    for (int byte = 0; byte < 256; byte++)
      tables[i][byte] = tables[i - 1][byte] >> 8 ^ tables[0][tables[i - 1][byte] & 255];
}

uint32_t crc32_of(const void *data, size_t length) {
  if (tables[0][1] == 0) make_tables();
  const uint8_t *p = data;
  uint32_t crc = 0xffffffff;
  for (; length >= 8; length -= 8, p += 8) {
    uint32_t low = get_u32(p) ^ crc, high = get_u32(p + 4);
    crc = 0;
    for (int i = 0; i < 4; i++) {
      crc ^= tables[7 - i][low >> 8 * i & 255];
      crc ^= tables[3 - i][high >> 8 * i & 255];
    }
  }
  for (; length > 0; length--, p++) crc = crc >> 8 ^ tables[0][(crc ^ *p) & 255];
  return ~crc;
}
