// See layer-output.h.
#include "layer-output.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "report.h"
#include "whiteout.h"

int layer_output_open(struct layer_output *output, const char *tar, const char *index_file) {
  *output = (struct layer_output){.tar = tar, .index_file = index_file};
  output->fd = open(tar, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (output->fd < 0) return report_system("open", tar);
  if (fstat(output->fd, &output->st) < 0) {
    report_system("fstat", tar);
  } else {
    output->sink = tar_sink_open(output->fd, tar);
    if (output->sink) return layer_index_init(&output->index), 0;
  }
  close(output->fd);
  return -1;
}

static int put_headers(struct layer_output *output, const struct tar_entry *entry) {
  output->header.length = 0;
  tar_header_encode(&output->header, entry);
  output->entries++;
  return tar_sink_append(output->sink, output->header.data, output->header.length);
}

// An empty file of the given name in a directory: how a tar says that something is gone.
static int put_mark(struct layer_output *output, const char *directory, size_t length,
                    const char *prefix, const char *name) {
  cleanup_bytes struct bytes path = {0};
  bytes_append(&path, directory, length);
  if (length > 0) bytes_append(&path, "/", 1);
  bytes_append_text(&path, prefix);
  bytes_append_text(&path, name);
  bytes_terminate(&path);
  return put_headers(output, &(struct tar_entry){.type = '0', .path = path.data, .link = ""});
}

int layer_output_entry(struct layer_output *output, const struct tar_entry *entry, bool opaque,
                       uint32_t *node) {
  if (put_headers(output, entry) < 0) return -1;
  uint64_t data = tar_sink_length(output->sink);
  *node = NODE_NONE;
  if (output->index_file && layer_index_add(&output->index, entry, data, opaque, node) < 0) return -1;
  return opaque ? put_mark(output, entry->path, strlen(entry->path), "", WHITEOUT_OPAQUE) : 0;
}

int layer_output_link(struct layer_output *output, const struct tar_entry *entry, uint32_t node) {
  if (put_headers(output, entry) < 0) return -1;
  return output->index_file ? layer_index_link(&output->index, entry->path, node) : 0;
}

int layer_output_whiteout(struct layer_output *output, const char *path) {
  const char *slash = strrchr(path, '/');
  size_t directory = slash ? (size_t)(slash - path) : 0;
  if (put_mark(output, path, directory, WHITEOUT_PREFIX, slash ? slash + 1 : path) < 0) return -1;
  return output->index_file ? layer_index_whiteout(&output->index, path) : 0;
}

static int changed(const char *path) {
  return report_error(REPORT_CHANGED, "the file changed while it was read", path);
}

// Asking for one byte more than is left: a file that grew is noticed as one that shrank is.
int layer_output_content(struct layer_output *output, int fd, uint64_t size, bool is_whole,
                         const char *path, struct sha256 *hash) {
  for (uint64_t left = size;;) {
    size_t room;
    char *space = tar_sink_room(output->sink, &room);
    if (!space) return -1;
    uint64_t wanted = left + is_whole;
    ssize_t got = read(fd, space, wanted < room ? (size_t)wanted : room);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return report_system("read", path);
    if ((uint64_t)got > left) return changed(path);
    if (got == 0 && left > 0) return changed(path);
    if (hash) sha256_update(hash, space, (size_t)got);
    tar_sink_advance(output->sink, (size_t)got);
    left -= (uint64_t)got;
    // At the end there was room for the extra byte, or one more read tells.
    if (left == 0 && (!is_whole || (size_t)got < room)) return tar_sink_pad(output->sink);
  }
}

int layer_output_bytes(struct layer_output *output, const void *data, uint64_t size) {
  if (tar_sink_append(output->sink, data, size) < 0) return -1;
  return tar_sink_pad(output->sink);
}

static int write_index(struct layer_output *output, uint64_t tar_size) {
  if (!output->index_file) return 0;
  cleanup_bytes struct bytes image = {0};
  if (layer_image_write(&output->index, tar_size, &image) < 0) return -1;
  cleanup_close int fd =
      open(output->index_file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (fd < 0) return report_system("open", output->index_file);
  for (size_t done = 0; done < image.length;) {
    ssize_t wrote = write(fd, image.data + done, image.length - done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return report_system("write", output->index_file);
    done += (size_t)wrote;
  }
  return 0;
}

static int print_result(const uint8_t digest[SHA256_SIZE], uint64_t size, uint64_t entries) {
  char hex[SHA256_HEX_SIZE];
  sha256_hex(digest, hex);
  printf("{\"digest\":\"sha256:%s\",\"size\":%llu,\"entries\":%llu}\n", hex,
         (unsigned long long)size, (unsigned long long)entries);
  return fflush(stdout) == 0 ? 0 : report_system("write", "stdout");
}

int layer_output_close(struct layer_output *output, int result) {
  static const char end[2 * TAR_BLOCK];
  uint8_t digest[SHA256_SIZE];
  if (result == 0) result = tar_sink_append(output->sink, end, sizeof end);
  uint64_t size = tar_sink_length(output->sink);
  if (result == 0) result = write_index(output, size);
  if (tar_sink_close(output->sink, digest) < 0) result = -1;
  if (result == 0) result = print_result(digest, size, output->entries);
  // Through the descriptor: the path may be relative to where we began.
  if (result < 0 && ftruncate(output->fd, 0) < 0) report_system("ftruncate", output->tar);
  close(output->fd);
  layer_index_free(&output->index);
  bytes_free(&output->header);
  return result;
}
