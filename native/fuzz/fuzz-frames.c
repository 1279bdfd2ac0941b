// Frames of serve: the same requests come out of a stream, however it is cut into pieces; after
// something that is no request nothing comes any more.
#include <string.h>

#include "frames.h"
#include "fuzz.h"

const char *const fuzz_words[] = {
    "\x05", "\x06", "\x01", "\x02", "\x03", "\xff\xff\xff\xff", "\xff\x3f", "\x01\x40", "/bundle", NULL,
};

// The requests in the first `size` bytes as one text; -1: broken.
static int read_all(const uint8_t *data, size_t size, struct bytes *out, size_t *done) {
  struct frame frame;
  size_t used;
  int result;
  while ((result = frame_read((const char *)data + *done, size - *done, &frame, &used)) > 0) {
    must(used >= FRAME_HEAD_BYTES + FRAME_FIXED_BYTES && used <= size - *done);
    must(frame.size <= FRAME_REQUEST_MAX);
    must(frame.payload + frame.size == (const char *)data + *done + used);
    frame_append(out, frame.type, frame.container, frame.payload, frame.size);
    *done += used;
  }
  return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  cleanup_bytes struct bytes whole = {0};
  cleanup_bytes struct bytes pieces = {0};
  size_t done = 0;
  int result = read_all(data, size, &whole, &done);
  // Writing what was read gives what was read from.
  must(whole.length == done && (done == 0 || memcmp(whole.data, data, done) == 0));
  size_t step = size ? 1 + data[0] % 7u : 1, begun = 0;
  int last = 0;
  for (size_t end = 0; last >= 0 && end < size;) {
    end = end + step < size ? end + step : size;
    last = read_all(data, end, &pieces, &begun);
  }
  must(last == result && pieces.length == whole.length);
  return 0;
}
