// The list of pack, and the records of scan in it: whatever the bytes, nothing outside the root is read,
// nothing but the output is written, and a tar that is made is whole.
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "pack-list.h"

const char *const fuzz_words[] = {
    "/", "../", "a", "f", ".wh.", "user.a", "security.capability", "\x60\0\0\0", "\x80\0\0\0",
    "\x01", "\x02", "\x03", "\x07", "\x10", "\x11", "\xff\xff\xff\xff", "\0\0\0\0", "\x01\0\0\0\0\0\0\0", NULL,
};

// What is printed of each layer is of no use here; the driver's own words are.
static int pack_quietly(FILE *list, const char *tar, const char *image) {
  static int null = -1;
  if (null < 0) null = open("/dev/null", O_WRONLY | O_CLOEXEC);
  fflush(stdout);
  int kept = dup(STDOUT_FILENO);
  must(null >= 0 && kept >= 0 && dup2(null, STDOUT_FILENO) == STDOUT_FILENO);
  int result = pack_list_from(list, tar, image);
  fflush(stdout);
  must(dup2(kept, STDOUT_FILENO) == STDOUT_FILENO);
  close(kept);
  return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static int root = -1;
  static char tar[80], image[80];
  if (root < 0) {
    // What the list can name: one file.
    root = fuzz_folder_with("f", (const uint8_t *)"content", 7);
    snprintf(tar, sizeof tar, "/proc/self/fd/%d/tar", root);
    snprintf(image, sizeof image, "/proc/self/fd/%d/image", root);
  }
  must(fchdir(root) == 0);
  if (size == 0) return 0;
  FILE *list = fmemopen((void *)(uintptr_t)data, size, "r");
  must(list);
  int result = pack_quietly(list, tar, image);
  fclose(list);
  struct stat st;
  must(fstatat(root, "tar", &st, 0) == 0);
  must(result == 0 ? st.st_size >= 1024 && st.st_size % 512 == 0 : st.st_size == 0);
  if (result == 0) must(fstatat(root, "image", &st, 0) == 0 && st.st_size % 512 == 0 && st.st_size > 0);
  unlinkat(root, "tar", 0);
  unlinkat(root, "image", 0);
  return 0;
}
