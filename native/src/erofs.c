// EROFS mounts and their cache; see erofs.h. Images and tars are opened first and given to the
// kernel as /proc/self/fd/N: a mount option holds at most 255 bytes, and what was checked is then
// what is mounted. The descriptors may be closed once the mount exists.
#include "erofs.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "kernel.h"
#include "loop.h"
#include "memory.h"
#include "scratch.h"

enum { KEPT_MAX = 64, EROFS_DEVICES_MAX = 1024 };

struct kept {
  char *image;
  enum erofs_backing backing;
  dev_t device;  // of the image file, so that a file put in its place is not taken for it
  ino_t inode;
  uint64_t last_use;
  unsigned number;  // its folder in the scratch space
};

static struct kept kept[KEPT_MAX];
static size_t kept_count;
static uint64_t uses;
static unsigned next_number;

static const char *hint_for(int error) {
  switch (error) {
    case ENOTBLK: return "the store's file system cannot back an EROFS mount; use a ramfs copy or loop devices";
    case ENODEV: return "this kernel has no EROFS; use the folder snapshotter";
    case EPERM: return "mounting EROFS needs root; use the folder snapshotter";
    case EINVAL: return "the image is damaged or does not have this many tars";
    default: return NULL;
  }
}

static int open_regular(const char *path, struct failure *why) {
  cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  struct stat facts;
  if (fd < 0 || fstat(fd, &facts) < 0) return fail(why, "rootfs", "open", path, NULL);
  if (!S_ISREG(facts.st_mode)) {
    errno = EINVAL;
    return fail(why, "rootfs", "open", path, "it must be a regular file");
  }
  return steal_fd(&fd);
}

static int copy_file(int from, int to) {
  for (;;) {
    ssize_t sent = sendfile(to, from, NULL, 1 << 30);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return (int)sent;
  }
}

// A copy of the image in a ramfs of its own, opened for reading; the ramfs lives as long as the
// descriptor, or the mount made from it.
static int copy_to_ramfs(int image, const char *path, struct failure *why) {
  cleanup_close int context = sys_fsopen("ramfs");
  if (context < 0 || sys_fsconfig(context, FSCONFIG_SET_STRING, "mode", "0700", 0) < 0 ||
      sys_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
    return fail(why, "rootfs", "fsopen ramfs", path, NULL);
  cleanup_close int mount = sys_fsmount(context, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
  if (mount < 0) return fail(why, "rootfs", "fsmount ramfs", path, NULL);
  cleanup_close int out = openat(mount, "image", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
  if (out < 0 || copy_file(image, out) < 0)
    return fail(why, "rootfs", "copy to ramfs", path, NULL);
  int copy = openat(mount, "image", O_RDONLY | O_CLOEXEC);
  return copy < 0 ? fail(why, "rootfs", "open in ramfs", path, NULL) : copy;
}

static int set_file(int context, const char *key, int file) {
  char value[40];
  snprintf(value, sizeof value, "/proc/self/fd/%d", file);
  return sys_fsconfig(context, FSCONFIG_SET_STRING, key, value, 0);
}

// A file as the mount takes it; the image and its tars are of one kind, a mix is refused.
static int open_part(const char *path, enum erofs_backing backing, struct failure *why) {
  cleanup_close int file = open_regular(path, why);
  if (file < 0) return -1;
  return backing == EROFS_LOOP_DEVICES ? loop_attach(file, path, why) : steal_fd(&file);
}

// Opens every tar, in order; the caller closes what is in `files`, also after a failure.
static int open_devices(const struct erofs_source *source, int *files, size_t *count,
                        struct failure *why) {
  const char **paths = source->devices;
  for (; paths[*count]; ++*count) {
    if (*count == EROFS_DEVICES_MAX) {
      errno = E2BIG;
      return fail(why, "rootfs", "open", paths[*count], "an image can have 1024 tars at most");
    }
    files[*count] = open_part(paths[*count], source->backing, why);
    if (files[*count] < 0) return -1;
  }
  return 0;
}

static int create_mount(const struct erofs_source *source, int image, const int *files,
                        size_t count, struct failure *why) {
  const char *path = source->image;
  cleanup_close int context = sys_fsopen("erofs");
  if (context < 0) return fail(why, "rootfs", "fsopen erofs", path, hint_for(errno));
  if (set_file(context, "source", image) < 0)
    return fail(why, "rootfs", "fsconfig source", path, NULL);
  // Without its devices a mount succeeds and shows wrong bytes: a tar left out must be an error.
  for (size_t i = 0; i < count; i++)
    if (set_file(context, "device", files[i]) < 0)
      return fail(why, "rootfs", "fsconfig device", source->devices[i], NULL);
  if (sys_fsconfig(context, FSCONFIG_SET_FLAG, "ro", NULL, 0) < 0 ||
      sys_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
    return fail(why, "rootfs", "mount erofs", path, hint_for(errno));
  int mount = sys_fsmount(context, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV);
  return mount < 0 ? fail(why, "rootfs", "fsmount erofs", path, NULL) : mount;
}

int erofs_mount_detached(const struct erofs_source *source, struct failure *why) {
  cleanup_close int original = open_part(source->image, source->backing, why);
  if (original < 0) return -1;
  cleanup_close int copy = -1;
  bool in_ramfs = source->backing == EROFS_RAMFS;
  if (in_ramfs && (copy = copy_to_ramfs(original, source->image, why)) < 0) return -1;
  int files[EROFS_DEVICES_MAX];
  size_t count = 0;
  int result = open_devices(source, files, &count, why);
  if (result == 0)
    result = create_mount(source, in_ramfs ? copy : original, files, count, why);
  while (count-- > 0) close(files[count]);
  return result;
}

static void kept_path(const struct kept *entry, char *path, size_t size) {
  snprintf(path, size, SCRATCH "/%u", entry->number);
}

// Takes the least recently used mount away; containers that run on it have clones of their own.
static void forget_oldest(void) {
  size_t oldest = 0;
  for (size_t i = 1; i < kept_count; i++)
    if (kept[i].last_use < kept[oldest].last_use) oldest = i;
  char path[64];
  kept_path(&kept[oldest], path, sizeof path);
  sys_umount(path, MNT_DETACH);
  rmdir(path);
  free(kept[oldest].image);
  kept[oldest] = kept[--kept_count];
}

static struct kept *find_kept(const struct erofs_source *source, const struct stat *facts) {
  for (size_t i = 0; i < kept_count; i++)
    if (kept[i].device == facts->st_dev && kept[i].inode == facts->st_ino &&
        kept[i].backing == source->backing && strcmp(kept[i].image, source->image) == 0)
      return &kept[i];
  return NULL;
}

static int attach(int mount, const char *path, struct failure *why) {
  if (mkdir(path, 0700) < 0) return fail(why, "rootfs", "mkdir", path, NULL);
  cleanup_close int target = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (target < 0 || sys_move_mount(mount, target) < 0)
    return fail(why, "rootfs", "move_mount", path, NULL);
  return 0;
}

static struct kept *keep(const struct erofs_source *source, const struct stat *facts,
                         struct failure *why) {
  if (scratch_ready(why) < 0) return NULL;
  cleanup_close int mount = erofs_mount_detached(source, why);
  if (mount < 0) return NULL;
  struct kept entry = {.backing = source->backing, .device = facts->st_dev,
                       .inode = facts->st_ino, .number = next_number++};
  char path[64];
  kept_path(&entry, path, sizeof path);
  if (attach(mount, path, why) < 0) return NULL;
  if (kept_count == KEPT_MAX) forget_oldest();
  entry.image = copy_text(source->image, strlen(source->image));
  kept[kept_count] = entry;
  return &kept[kept_count++];
}

const char *erofs_mounted_path(const struct erofs_source *source, struct failure *why) {
  static char path[64];
  struct stat facts;
  if (stat(source->image, &facts) < 0) {
    fail(why, "rootfs", "stat", source->image, NULL);
    return NULL;
  }
  struct kept *entry = find_kept(source, &facts);
  if (!entry) entry = keep(source, &facts, why);
  if (!entry) return NULL;
  entry->last_use = ++uses;
  kept_path(entry, path, sizeof path);
  return path;
}
