// A file beneath a folder, for readers that take a bundle.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

static char in_memory[] = "/dev/shm/slipway-fuzz-XXXXXX", on_disk[] = "/tmp/slipway-fuzz-XXXXXX";
static char *path = in_memory;
static int folder = -1;
static char last_name[64];

static void remove_folder(void) {
  unlinkat(folder, last_name, 0);
  rmdir(path);
}

int fuzz_folder_with(const char *name, const uint8_t *data, size_t size) {
  if (folder < 0) {
    if (!mkdtemp(path)) must(mkdtemp(path = on_disk));
    folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    must(folder >= 0);
    atexit(remove_folder);
  }
  snprintf(last_name, sizeof last_name, "%s", name);
  int file = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  must(file >= 0 && write(file, data, size) == (ssize_t)size);
  close(file);
  return folder;
}
