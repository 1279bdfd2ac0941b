// Where a tar's bytes go: a ring of buffers between the thread that walks and reads, and those that hash
// and write. File content is read straight into the ring.
#ifndef SLIPWAY_TAR_SINK_H
#define SLIPWAY_TAR_SINK_H

#include <stddef.h>
#include <stdint.h>

#include "sha256.h"

struct tar_sink;

// Starts the other threads. `fd` stays the caller's, `path` is for reports. NULL: reported.
struct tar_sink *tar_sink_open(int fd, const char *path);

// Free space in the current buffer, at least one byte; waits for the writer where needed. NULL: the
// writer failed, and has reported.
char *tar_sink_room(struct tar_sink *sink, size_t *room);
void tar_sink_advance(struct tar_sink *sink, size_t length);  // that much of the room is filled
int tar_sink_append(struct tar_sink *sink, const void *data, size_t length);
int tar_sink_pad(struct tar_sink *sink);  // with zeros to a multiple of 512
uint64_t tar_sink_length(const struct tar_sink *sink);

// Waits for the others, ends them and frees the sink. On 0 the digest is that of all bytes.
int tar_sink_close(struct tar_sink *sink, uint8_t digest[SHA256_SIZE]);

#endif
