// See tar-sink.h. Six buffers of 1 MiB keep the threads busy; more brought nothing.
#include "tar-sink.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"
#include "report.h"

#define BUFFER_SIZE (1u << 20)
#define BUFFER_COUNT 6
#define BLOCK 512
#define WRITE_BEHIND (8u << 20)

struct tar_sink {
  int fd;
  const char *path;
  struct sha256 hash;
  uint64_t length;
  pthread_t writer, hasher;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  // Under the lock: buffers [written, filled) wait for the writer, [hashed, filled) for the hasher. The
  // one at `filled` is the reader's.
  uint64_t filled, written, hashed;
  bool closed, failed;
  size_t used[BUFFER_COUNT];
  char *buffers[BUFFER_COUNT];
};

static int write_all(int fd, const char *data, size_t length, const char *path) {
  while (length > 0) {
    ssize_t done = write(fd, data, length);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return report_system("write", path);
    data += done, length -= (size_t)done;
  }
  return 0;
}

// Waits for a buffer that `done` has not counted yet; false when there will be none.
static bool await_buffer(struct tar_sink *sink, const uint64_t *done) {
  pthread_mutex_lock(&sink->lock);
  while (*done == sink->filled && !sink->closed) pthread_cond_wait(&sink->changed, &sink->lock);
  bool is_there = *done < sink->filled;
  pthread_mutex_unlock(&sink->lock);
  return is_there;
}

static void count_buffer(struct tar_sink *sink, uint64_t *done, bool failed) {
  pthread_mutex_lock(&sink->lock);
  sink->failed |= failed;
  ++*done;
  pthread_cond_broadcast(&sink->changed);
  pthread_mutex_unlock(&sink->lock);
}

static void *run_hasher(void *argument) {
  struct tar_sink *sink = argument;
  while (await_buffer(sink, &sink->hashed)) {
    size_t slot = sink->hashed % BUFFER_COUNT;
    sha256_update(&sink->hash, sink->buffers[slot], sink->used[slot]);
    count_buffer(sink, &sink->hashed, false);
  }
  return NULL;
}

// Has the disk begin while the rest is read, so that the sync of whoever keeps the file finds little
// left to do. A file system that cannot is no failure: that sync is the one that counts.
static void write_behind(const struct tar_sink *sink, uint64_t *begun, uint64_t written) {
  if (written - *begun < WRITE_BEHIND) return;
  sync_file_range(sink->fd, (off_t)*begun, (off_t)(written - *begun), SYNC_FILE_RANGE_WRITE);
  *begun = written;
}

static void *run_writer(void *argument) {
  struct tar_sink *sink = argument;
  bool failed = false;
  uint64_t begun = 0, written = 0;
  while (await_buffer(sink, &sink->written)) {
    size_t slot = sink->written % BUFFER_COUNT;
    failed = failed || write_all(sink->fd, sink->buffers[slot], sink->used[slot], sink->path) < 0;
    written += sink->used[slot];
    count_buffer(sink, &sink->written, failed);
    if (!failed) write_behind(sink, &begun, written);
  }
  return NULL;
}

static void end_thread(struct tar_sink *sink, pthread_t thread) {
  pthread_mutex_lock(&sink->lock);
  sink->closed = true;
  pthread_cond_broadcast(&sink->changed);
  pthread_mutex_unlock(&sink->lock);
  pthread_join(thread, NULL);
}

static void sink_free(struct tar_sink *sink) {
  for (int i = 0; i < BUFFER_COUNT; i++) free(sink->buffers[i]);
  pthread_cond_destroy(&sink->changed);
  pthread_mutex_destroy(&sink->lock);
  free(sink);
}

static int start_threads(struct tar_sink *sink) {
  errno = pthread_create(&sink->writer, NULL, run_writer, sink);
  if (errno != 0) return report_system("pthread_create", sink->path);
  errno = pthread_create(&sink->hasher, NULL, run_hasher, sink);
  if (errno == 0) return 0;
  report_system("pthread_create", sink->path);
  end_thread(sink, sink->writer);
  return -1;
}

struct tar_sink *tar_sink_open(int fd, const char *path) {
  struct tar_sink *sink = allocate(sizeof *sink);
  sink->fd = fd;
  sink->path = path;
  sha256_init(&sink->hash);
  pthread_mutex_init(&sink->lock, NULL);
  pthread_cond_init(&sink->changed, NULL);
  for (int i = 0; i < BUFFER_COUNT; i++) sink->buffers[i] = reallocate(NULL, BUFFER_SIZE);
  if (start_threads(sink) == 0) return sink;
  sink_free(sink);
  return NULL;
}

// How many buffers are not free: those that the slower of the two has before it.
static uint64_t buffers_waiting(const struct tar_sink *sink) {
  uint64_t behind = sink->written < sink->hashed ? sink->written : sink->hashed;
  return sink->filled - behind;
}

// Hands the current buffer over and waits until the next one is free.
static int hand_over(struct tar_sink *sink) {
  pthread_mutex_lock(&sink->lock);
  sink->filled++;
  pthread_cond_broadcast(&sink->changed);
  while (buffers_waiting(sink) == BUFFER_COUNT)
    pthread_cond_wait(&sink->changed, &sink->lock);
  bool failed = sink->failed;
  sink->used[sink->filled % BUFFER_COUNT] = 0;
  pthread_mutex_unlock(&sink->lock);
  return failed ? -1 : 0;
}

char *tar_sink_room(struct tar_sink *sink, size_t *room) {
  size_t slot = sink->filled % BUFFER_COUNT;
  if (sink->used[slot] == BUFFER_SIZE) {
    if (hand_over(sink) < 0) return NULL;
    slot = sink->filled % BUFFER_COUNT;
  }
  *room = BUFFER_SIZE - sink->used[slot];
  return sink->buffers[slot] + sink->used[slot];
}

void tar_sink_advance(struct tar_sink *sink, size_t length) {
  sink->used[sink->filled % BUFFER_COUNT] += length;
  sink->length += length;
}

int tar_sink_append(struct tar_sink *sink, const void *data, size_t length) {
  const char *bytes = data;
  while (length > 0) {
    size_t room;
    char *space = tar_sink_room(sink, &room);
    if (!space) return -1;
    size_t part = room < length ? room : length;
    memcpy(space, bytes, part);
    tar_sink_advance(sink, part);
    bytes += part, length -= part;
  }
  return 0;
}

int tar_sink_pad(struct tar_sink *sink) {
  static const char zeros[BLOCK];
  size_t rest = sink->length % BLOCK;
  return rest == 0 ? 0 : tar_sink_append(sink, zeros, BLOCK - rest);
}

uint64_t tar_sink_length(const struct tar_sink *sink) { return sink->length; }

int tar_sink_close(struct tar_sink *sink, uint8_t digest[SHA256_SIZE]) {
  pthread_mutex_lock(&sink->lock);
  if (sink->used[sink->filled % BUFFER_COUNT] > 0) sink->filled++;
  pthread_mutex_unlock(&sink->lock);
  end_thread(sink, sink->hasher);
  end_thread(sink, sink->writer);
  bool failed = sink->failed;
  sha256_final(&sink->hash, digest);
  sink_free(sink);
  return failed ? -1 : 0;
}
