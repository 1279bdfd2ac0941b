// See memory.h.
#include "memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "report.h"

static _Noreturn void out_of_memory(void) {
  errno = ENOMEM;
  report_system("malloc", "");
  _Exit(1);
}

void *allocate(size_t size) {
  void *memory = calloc(1, size ? size : 1);
  if (!memory) out_of_memory();
  return memory;
}

void *reallocate(void *old, size_t size) {
  void *memory = realloc(old, size ? size : 1);
  if (!memory) out_of_memory();
  return memory;
}

char *copy_text(const char *bytes, size_t length) {
  char *copy = allocate(length + 1);
  memcpy(copy, bytes, length);
  return copy;
}

void *grow(void *array, size_t *capacity, size_t wanted, size_t element_size) {
  if (wanted <= *capacity) return array;
  size_t larger = *capacity ? *capacity * 2 : 16;
  if (larger < wanted) larger = wanted;
  if (larger > SIZE_MAX / element_size) out_of_memory();
  *capacity = larger;
  return reallocate(array, larger * element_size);
}

void bytes_reserve(struct bytes *bytes, size_t capacity) {
  bytes->data = grow(bytes->data, &bytes->capacity, capacity, 1);
}

void bytes_append(struct bytes *bytes, const void *data, size_t length) {
  if (length == 0) return;
  bytes_reserve(bytes, bytes->length + length);
  memcpy(bytes->data + bytes->length, data, length);
  bytes->length += length;
}

void bytes_append_text(struct bytes *bytes, const char *text) {
  bytes_append(bytes, text, strlen(text));
}

void bytes_terminate(struct bytes *bytes) {
  bytes_reserve(bytes, bytes->length + 1);
  bytes->data[bytes->length] = '\0';
}

void bytes_free(struct bytes *bytes) {
  free(bytes->data);
  *bytes = (struct bytes){0};
}
