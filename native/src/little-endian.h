// Integers in the byte order of our binary formats, wherever they lie.
#ifndef SLIPWAY_LITTLE_ENDIAN_H
#define SLIPWAY_LITTLE_ENDIAN_H

#include <stdint.h>

static inline void put_u16(void *at, uint16_t value) {
  uint8_t *p = at;
  p[0] = (uint8_t)value, p[1] = (uint8_t)(value >> 8);
}

static inline void put_u32(void *at, uint32_t value) {
  put_u16(at, (uint16_t)value), put_u16((uint8_t *)at + 2, (uint16_t)(value >> 16));
}

static inline void put_u64(void *at, uint64_t value) {
  put_u32(at, (uint32_t)value), put_u32((uint8_t *)at + 4, (uint32_t)(value >> 32));
}

static inline uint32_t get_u32(const void *at) {
  const uint8_t *p = at;
  return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t get_u64(const void *at) {
  return get_u32(at) | (uint64_t)get_u32((const uint8_t *)at + 4) << 32;
}

#endif
