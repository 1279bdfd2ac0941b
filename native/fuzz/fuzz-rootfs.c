// rootfs.json: it is read or refused with a reason, and what is read makes sense to who mounts it.
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "rootfs.h"

const char *const fuzz_words[] = {
    "{}", "[]", "\"lowers\":[", "\"overlay\":{", "\"upper\":\"/u\",", "\"work\":\"/w\"", "\"kind\":\"folder\",",
    "\"kind\":\"erofs\",", "\"path\":\"/p\"", "\"image\":\"/i\",", "\"devices\":[\"/d\"],",
    "\"backing\":\"ramfs\"", "\"userXattr\":true,", "\"volatile\":true,", "null", "\"\"", ",", NULL,
};

static void check(const struct rootfs *rootfs) {
  must(rootfs->upper ? rootfs->work != NULL : rootfs->lower_count == 1);
  for (size_t i = 0; i < rootfs->lower_count; i++) {
    const struct lower *lower = &rootfs->lowers[i];
    must((lower->folder != NULL) != (lower->erofs.image != NULL && lower->erofs.devices != NULL));
    must(!lower->folder || lower->folder[0] == '/');
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  int folder = fuzz_folder_with("rootfs.json", data, size);
  struct rootfs rootfs;
  struct failure why = {0};
  if (rootfs_read(folder, &rootfs, &why) == 0) check(&rootfs);
  else must(why.error == EINVAL || why.error == EOPNOTSUPP);
  rootfs_free(&rootfs);
  return 0;
}
