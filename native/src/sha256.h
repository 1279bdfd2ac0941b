// SHA-256 (FIPS 180-4). The fastest code this processor has is chosen at the first use.
#ifndef SLIPWAY_SHA256_H
#define SLIPWAY_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_SIZE 32
#define SHA256_HEX_SIZE 65  // 64 digits and a NUL

struct sha256 {
  uint32_t state[8];
  uint64_t length;  // bytes so far
  uint8_t block[64];
};

void sha256_init(struct sha256 *hash);
void sha256_update(struct sha256 *hash, const void *data, size_t length);
void sha256_final(struct sha256 *hash, uint8_t digest[SHA256_SIZE]);
void sha256_hex(const uint8_t digest[SHA256_SIZE], char text[SHA256_HEX_SIZE]);

// The implementations: each takes whole 64-byte blocks. Only sha256.c calls them.
typedef void sha256_blocks(uint32_t state[8], const uint8_t *data, size_t count);
extern const uint32_t sha256_constants[64];
sha256_blocks *sha256_blocks_of_processor(void);  // NULL: no special instructions, use plain C

#endif
