// See sha256.h. Plain C; sha256-x86.c and sha256-arm.c have the instructions made for it.
#include "sha256.h"

#include <pthread.h>
#include <string.h>

_Alignas(16) const uint32_t sha256_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static inline uint32_t rotate(uint32_t x, int n) { return x >> n | x << (32 - n); }

static inline uint32_t load_big_endian(const uint8_t *p) {
  uint32_t word;
  memcpy(&word, p, 4);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  word = __builtin_bswap32(word);
#endif
  return word;
}

// One round with the working variables renamed instead of moved.
#define ROUND(a, b, c, d, e, f, g, h, i)                                                       \
  do {                                                                                         \
    uint32_t t1 = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) +  \
                  sha256_constants[i] + w[(i) & 15];                                           \
    uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (c & (a ^ b)));  \
    d += t1;                                                                                   \
    h = t1 + t2;                                                                               \
  } while (0)

static inline void next_words(uint32_t w[16]) {
  for (int i = 0; i < 16; i++) {
    uint32_t w1 = w[(i + 1) & 15], w14 = w[(i + 14) & 15];
    w[i] += (rotate(w1, 7) ^ rotate(w1, 18) ^ w1 >> 3) + w[(i + 9) & 15] +
            (rotate(w14, 17) ^ rotate(w14, 19) ^ w14 >> 10);
  }
}

static inline __attribute__((always_inline)) void blocks_in_c(uint32_t state[8],
                                                              const uint8_t *data, size_t count) {
  for (; count > 0; count--, data += 64) {
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    uint32_t w[16];
    for (int i = 0; i < 16; i++) w[i] = load_big_endian(data + 4 * i);
    for (int i = 0; i < 64; i += 16) {
      if (i > 0) next_words(w);
      ROUND(a, b, c, d, e, f, g, h, i + 0); ROUND(h, a, b, c, d, e, f, g, i + 1);
      ROUND(g, h, a, b, c, d, e, f, i + 2); ROUND(f, g, h, a, b, c, d, e, i + 3);
      ROUND(e, f, g, h, a, b, c, d, i + 4); ROUND(d, e, f, g, h, a, b, c, i + 5);
      ROUND(c, d, e, f, g, h, a, b, i + 6); ROUND(b, c, d, e, f, g, h, a, i + 7);
      ROUND(a, b, c, d, e, f, g, h, i + 8); ROUND(h, a, b, c, d, e, f, g, i + 9);
      ROUND(g, h, a, b, c, d, e, f, i + 10); ROUND(f, g, h, a, b, c, d, e, i + 11);
      ROUND(e, f, g, h, a, b, c, d, i + 12); ROUND(d, e, f, g, h, a, b, c, i + 13);
      ROUND(c, d, e, f, g, h, a, b, i + 14); ROUND(b, c, d, e, f, g, h, a, i + 15);
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
  }
}

static void blocks_plain(uint32_t state[8], const uint8_t *data, size_t count) {
  blocks_in_c(state, data, count);
}

#if defined(__x86_64__)
// The same C, a sixth faster: rorx and andn spare the compiler most moves.
__attribute__((target("bmi,bmi2"))) static void blocks_with_bmi2(uint32_t state[8],
                                                                 const uint8_t *data,
                                                                 size_t count) {
  blocks_in_c(state, data, count);
}
#endif

static sha256_blocks *process_blocks;

static void choose(void) {
  process_blocks = sha256_blocks_of_processor();
  if (process_blocks) return;
  process_blocks = blocks_plain;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("bmi2")) process_blocks = blocks_with_bmi2;
#endif
}

void sha256_init(struct sha256 *hash) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, choose);
  *hash = (struct sha256){.state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
                                    0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
}

void sha256_update(struct sha256 *hash, const void *data, size_t length) {
  const uint8_t *bytes = data;
  size_t used = hash->length % 64;
  if (length == 0) return;
  hash->length += length;
  if (used > 0) {
    size_t part = 64 - used < length ? 64 - used : length;
    memcpy(hash->block + used, bytes, part);
    bytes += part, length -= part;
    if (used + part < 64) return;
    process_blocks(hash->state, hash->block, 1);
  }
  process_blocks(hash->state, bytes, length / 64);
  memcpy(hash->block, bytes + length / 64 * 64, length % 64);
}

void sha256_final(struct sha256 *hash, uint8_t digest[SHA256_SIZE]) {
  uint64_t bits = hash->length * 8;
  size_t used = hash->length % 64;
  hash->block[used++] = 0x80;
  if (used > 56) {
    memset(hash->block + used, 0, 64 - used);
    process_blocks(hash->state, hash->block, 1);
    used = 0;
  }
  memset(hash->block + used, 0, 56 - used);
  for (int i = 0; i < 8; i++) hash->block[56 + i] = (uint8_t)(bits >> (56 - 8 * i));
  process_blocks(hash->state, hash->block, 1);
  for (int i = 0; i < SHA256_SIZE; i++)
    digest[i] = (uint8_t)(hash->state[i / 4] >> (24 - 8 * (i % 4)));
}

void sha256_hex(const uint8_t digest[SHA256_SIZE], char text[SHA256_HEX_SIZE]) {
  for (int i = 0; i < SHA256_SIZE; i++) {
    text[2 * i] = "0123456789abcdef"[digest[i] >> 4];
    text[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
  }
  text[64] = '\0';
}
