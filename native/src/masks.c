// Masked and read-only paths (config-linux.md §Masked Paths, §Readonly Paths); see mounts.h. A path
// that the kernel or the image does not have needs no mask; every other failure stops the start.
#include <errno.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "kernel.h"
#include "mounts.h"
#include "places.h"

// An empty folder that nobody can write to.
static int empty_folder(void) {
  cleanup_close int context = sys_fsopen("tmpfs");
  if (context < 0) return -1;
  if (sys_fsconfig(context, FSCONFIG_SET_STRING, "source", "tmpfs", 0) < 0) return -1;
  if (sys_fsconfig(context, FSCONFIG_SET_STRING, "size", "0", 0) < 0) return -1;
  if (sys_fsconfig(context, FSCONFIG_SET_STRING, "nr_inodes", "1", 0) < 0) return -1;
  if (sys_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0) return -1;
  return sys_fsmount(context, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
                                  MOUNT_ATTR_NOEXEC);
}

// The container's own null device, not the host's: that one would bring the host's mount along.
static int null_device(void) {
  cleanup_close int null = place_open("/dev/null");
  if (null < 0) return -1;
  return sys_open_tree(null, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
}

static int mask(const char *path, struct failure *why) {
  cleanup_close int place = place_open(path);
  if (place < 0)
    return errno == ENOENT || errno == ENOTDIR ? 0 : fail(why, "mask", "openat2", path, NULL);
  struct stat facts;
  if (fstat(place, &facts) < 0) return fail(why, "mask", "fstat", path, NULL);
  cleanup_close int cover = S_ISDIR(facts.st_mode) ? empty_folder() : null_device();
  if (cover < 0)
    return fail(why, "mask", S_ISDIR(facts.st_mode) ? "mount tmpfs" : "open_tree /dev/null", path,
                "masking a file needs a tmpfs on /dev");
  return sys_move_mount(cover, place) < 0 ? fail(why, "mask", "move_mount", path, NULL) : 0;
}

static int freeze(const char *path, struct failure *why) {
  cleanup_close int place = place_open(path);
  if (place < 0)
    return errno == ENOENT || errno == ENOTDIR ? 0 : fail(why, "readonly", "openat2", path, NULL);
  cleanup_close int copy =
      sys_open_tree(place, "", OPEN_TREE_CLONE | AT_EMPTY_PATH | AT_RECURSIVE);
  struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY};
  if (copy < 0 || sys_mount_setattr(copy, AT_RECURSIVE, &attributes) < 0)
    return fail(why, "readonly", "mount_setattr", path, NULL);
  return sys_move_mount(copy, place) < 0 ? fail(why, "readonly", "move_mount", path, NULL) : 0;
}

int masks_make(const struct spec *spec, struct failure *why) {
  for (const char **path = spec->masked; *path; path++)
    if (mask(*path, why) < 0) return -1;
  for (const char **path = spec->readonly; *path; path++)
    if (freeze(*path, why) < 0) return -1;
  return 0;
}
