// Frames; see frames.h.
#include "frames.h"

static void put32(unsigned char *to, uint32_t value) {
  for (int i = 0; i < 4; i++) to[i] = (unsigned char)(value >> 8 * i);
}

static uint32_t get32(const char *from) {
  uint32_t value = 0;
  for (int i = 0; i < 4; i++) value |= (uint32_t)(unsigned char)from[i] << 8 * i;
  return value;
}

void frame_append(struct bytes *out, enum frame_type type, uint32_t container,
                  const void *payload, size_t size) {
  unsigned char head[FRAME_HEAD_BYTES + FRAME_FIXED_BYTES];
  put32(head, (uint32_t)(FRAME_FIXED_BYTES + size));
  head[4] = (unsigned char)type;
  put32(head + 5, container);
  bytes_append(out, head, sizeof head);
  bytes_append(out, payload, size);
}

int frame_read(const char *data, size_t length, struct frame *frame, size_t *used) {
  if (length < FRAME_HEAD_BYTES) return 0;
  uint32_t size = get32(data);
  if (size < FRAME_FIXED_BYTES || size > FRAME_REQUEST_MAX) return -1;
  if (length - FRAME_HEAD_BYTES < size) return 0;
  frame->type = (enum frame_type)(unsigned char)data[4];
  frame->container = get32(data + 5);
  frame->payload = data + FRAME_HEAD_BYTES + FRAME_FIXED_BYTES;
  frame->size = size - FRAME_FIXED_BYTES;
  *used = FRAME_HEAD_BYTES + size;
  return frame->type >= FRAME_START && frame->type <= FRAME_PACK ? 1 : -1;
}
