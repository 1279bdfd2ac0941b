// Attaching files to loop devices; see loop.h. loop(4), and linux/loop.h for LOOP_CONFIGURE.
#include "loop.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "cleanup.h"
#include "kernel.h"

enum {
  SECTOR = 512,      // the block size of our EROFS images, too
  ATTEMPTS_MAX = 64  // whoever asks at the same time is told the same free number
};

// The device as the kernel numbers it, whatever /dev has: containers see a few of its nodes, or none.
static int read_number(const char *attribute, dev_t *number) {
  cleanup_close int file = open(attribute, O_RDONLY | O_CLOEXEC);
  char text[32] = "";
  if (file < 0 || read(file, text, sizeof text - 1) < 0) return -1;
  unsigned major, minor;
  errno = EINVAL;
  if (sscanf(text, "%u:%u", &major, &minor) != 2) return -1;
  *number = makedev(major, minor);
  return 0;
}

// Opens the device through a node in a tmpfs that nobody else sees, gone with the descriptor.
static int open_own_node(mode_t type, dev_t number, int flags) {
  cleanup_close int context = sys_fsopen("tmpfs");
  if (context < 0 || sys_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0) return -1;
  cleanup_close int mount = sys_fsmount(context, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
  if (mount < 0 || mknodat(mount, "device", type | 0600, number) < 0) return -1;
  return openat(mount, "device", flags | O_CLOEXEC);
}

static int open_control(void) {
  int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
  dev_t number;
  if (control >= 0 || errno != ENOENT) return control;
  if (read_number("/sys/class/misc/loop-control/dev", &number) < 0) return -1;
  return open_own_node(S_IFCHR, number, O_RDWR);
}

static int open_device(int number) {
  char name[64];
  snprintf(name, sizeof name, "/dev/loop%d", number);
  int device = open(name, O_RDONLY | O_CLOEXEC);
  if (device >= 0 || errno != ENOENT) return device;
  snprintf(name, sizeof name, "/sys/block/loop%d/dev", number);
  dev_t numbers;
  if (read_number(name, &numbers) < 0) return -1;
  return open_own_node(S_IFBLK, numbers, O_RDONLY);
}

// The descriptor of the device with this number, configured. -1 with EBUSY: somebody was faster.
static int configure(int number, int file) {
  cleanup_close int device = open_device(number);
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
  cleanup_close int control = open_control();
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
