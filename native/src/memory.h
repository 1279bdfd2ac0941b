// Memory that is there: when it runs out, the command reports so and ends. A half-made result is of
// no use to anybody, and the kernel takes everything back.
#ifndef SLIPWAY_MEMORY_H
#define SLIPWAY_MEMORY_H

#include <stddef.h>

void *allocate(size_t size);                  // zeroed
void *reallocate(void *old, size_t size);     // the new part is not zeroed
char *copy_text(const char *bytes, size_t length);  // with a NUL appended

// Grows an array to hold at least `wanted` elements; updates *capacity.
void *grow(void *array, size_t *capacity, size_t wanted, size_t element_size);

// Bytes that grow. Zero-initialise; release with cleanup_bytes or bytes_free.
struct bytes {
  char *data;
  size_t length;
  size_t capacity;
};

void bytes_append(struct bytes *bytes, const void *data, size_t length);
void bytes_append_text(struct bytes *bytes, const char *text);
void bytes_reserve(struct bytes *bytes, size_t capacity);
void bytes_terminate(struct bytes *bytes);  // puts a NUL behind the end, without counting it
void bytes_free(struct bytes *bytes);
#define cleanup_bytes __attribute__((cleanup(bytes_free)))

#endif
