// Frames between the resident helper and its one client, over a stream socket. Little-endian:
// length (4 bytes, of what follows), type (1), container (4, the client's number), payload.
#ifndef SLIPWAY_FRAMES_H
#define SLIPWAY_FRAMES_H

#include <stdint.h>

#include "memory.h"

enum {
  FRAME_PROTOCOL = 2,
  FRAME_HEAD_BYTES = 4,         // the length
  FRAME_FIXED_BYTES = 5,        // type and container
  FRAME_REQUEST_MAX = 1 << 14,  // length of a request: paths and little else
  FRAME_OUTPUT_MAX = 1 << 16,   // payload of one output frame
};

enum frame_type {
  // Requests.
  FRAME_START = 1,   // payload: absolute path of the bundle
  FRAME_SIGNAL = 2,  // payload: one byte, the signal's number
  FRAME_PACK = 3,    // payload: the arguments of pack, each ended by a NUL
  // Answers.
  FRAME_HELLO = 16,    // payload: one byte, the protocol's number; sent first, container 0
  FRAME_STARTED = 17,  // payload: status JSON
  FRAME_STDOUT = 18,   // payload: bytes
  FRAME_STDERR = 19,   // payload: bytes
  FRAME_EXITED = 20,   // payload: status JSON; the last frame of a container
  FRAME_ERROR = 21,    // payload: status JSON; the last frame of a container
};

struct frame {
  enum frame_type type;
  uint32_t container;
  const char *payload;
  size_t size;
};

void frame_append(struct bytes *out, enum frame_type type, uint32_t container,
                  const void *payload, size_t size);

// Looks at the start of `data`. 1: a whole frame, `*used` bytes long; 0: more bytes are needed;
// -1: not a request of this protocol.
int frame_read(const char *data, size_t length, struct frame *frame, size_t *used);

#endif
