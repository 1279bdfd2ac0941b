// Attaching files to loop devices; see loop.h. loop(4), and linux/loop.h for LOOP_CONFIGURE.
#include "loop.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"

enum {
  SECTOR = 512,      // the block size of our EROFS images, too
  ATTEMPTS_MAX = 64  // whoever asks at the same time is told the same free number
};

// The descriptor of the device with this number, configured. -1 with EBUSY: somebody was faster.
static int configure(int number, int file) {
  char name[32];
  snprintf(name, sizeof name, "/dev/loop%d", number);
  cleanup_close int device = open(name, O_RDONLY | O_CLOEXEC);
  if (device < 0) return -1;
  const struct loop_config config = {
      .fd = (__u32)file,
      .block_size = SECTOR,
      .info = {.lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR},
  };
  return ioctl(device, LOOP_CONFIGURE, &config) < 0 ? -1 : steal_fd(&device);
}

// A device has whole sectors only: the rest of the file could not be read.
static int check_size(int file, const char *path, struct failure *why) {
  struct stat facts;
  if (fstat(file, &facts) < 0) return fail(why, "rootfs", "fstat", path, NULL);
  if (facts.st_size > 0 && facts.st_size % SECTOR == 0) return 0;
  errno = EINVAL;
  return fail(why, "rootfs", "attach to a loop device", path,
              "its length must be a multiple of 512; use the folder snapshotter");
}

int loop_attach(int file, const char *path, struct failure *why) {
  if (check_size(file, path, why) < 0) return -1;
  cleanup_close int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
  if (control < 0)
    return fail(why, "rootfs", "open", "/dev/loop-control",
                "no loop devices here; use the folder snapshotter");
  for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    int number = ioctl(control, LOOP_CTL_GET_FREE);
    if (number < 0) return fail(why, "rootfs", "LOOP_CTL_GET_FREE", path, NULL);
    int device = configure(number, file);
    if (device >= 0) return device;
    if (errno != EBUSY) break;
  }
  return fail(why, "rootfs", "LOOP_CONFIGURE", path,
              "no loop device could be had; use the folder snapshotter");
}
