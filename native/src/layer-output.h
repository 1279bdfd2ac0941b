// A layer being written: every entry goes into the tar and, where one is wanted, into the index.
#ifndef SLIPWAY_LAYER_OUTPUT_H
#define SLIPWAY_LAYER_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "layer-index.h"
#include "sha256.h"
#include "tar-header.h"
#include "tar-sink.h"

struct layer_output {
  const char *tar, *index_file;  // index_file NULL: no index is wanted
  int fd;
  struct stat st;  // of the tar, to notice it inside what is packed
  struct tar_sink *sink;
  struct layer_index index;
  struct bytes header;  // scratch
  uint64_t entries;
};

// Creates the tar. -1: reported.
int layer_output_open(struct layer_output *output, const char *tar, const char *index_file);

// Appends an entry without its content; gives its node in the index. `opaque`: it is a directory that
// hides what the layers below have in it.
int layer_output_entry(struct layer_output *output, const struct tar_entry *entry, bool opaque,
                       uint32_t *node);

// A hard link: entry.link is the path of the first name, `node` what it was given.
int layer_output_link(struct layer_output *output, const struct tar_entry *entry, uint32_t node);

// What the layers below have at `path` is gone.
int layer_output_whiteout(struct layer_output *output, const char *path);

// The content of the file that came last: exactly `size` bytes from the descriptor, from where it
// stands. At the end of a file one more byte must not be there (`is_whole`). `hash` may be NULL.
int layer_output_content(struct layer_output *output, int fd, uint64_t size, bool is_whole,
                         const char *path, struct sha256 *hash);

// The same from memory.
int layer_output_bytes(struct layer_output *output, const void *data, uint64_t size);

// Ends the tar, writes the index and prints the result. `result`: -1 when something failed before:
// then nothing is printed and the tar is emptied, for nobody may take it for one. Frees everything.
int layer_output_close(struct layer_output *output, int result);

#endif
