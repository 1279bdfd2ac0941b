// Devices (config-linux.md §Devices, §Default Devices); see mounts.h. The default ones are made only in
// a fresh /dev: a bundle that keeps the image's /dev, or binds one, gets what is there.
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "cleanup.h"
#include "kernel.h"
#include "mounts.h"
#include "places.h"

static const struct {
  const char *name;
  unsigned major, minor;
} devices[] = {
    {"null", 1, 3},   {"zero", 1, 5},    {"full", 1, 7},
    {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0},
};

static const struct {
  const char *name, *target;
} links[] = {
    {"fd", "/proc/self/fd"},         {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
    {"stderr", "/proc/self/fd/2"},   {"ptmx", "pts/ptmx"},
};

// The last mount on /dev is the one that is seen.
static bool has_fresh_dev(const struct spec *spec) {
  bool is_fresh = false;
  for (size_t i = 0; i < spec->mount_count; i++)
    if (strcmp(spec->mounts[i].destination, "/dev") == 0)
      is_fresh = !spec->mounts[i].is_bind && strcmp(spec->mounts[i].type, "tmpfs") == 0;
  return is_fresh;
}

// The kernel asks the mount that a node is reached through. So the node gets one of its own, on
// itself, where devices may be opened; in the rest of /dev they stay what nobody can open.
static int open_up(int dev, const char *name, struct failure *why) {
  cleanup_close int place = openat(dev, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (place < 0) return fail(why, "devices", "openat", name, NULL);
  cleanup_close int node = sys_open_tree(place, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
  if (node < 0) return fail(why, "devices", "open_tree", name, NULL);
  struct mount_attr attributes = {.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC,
                                  .attr_clr = MOUNT_ATTR_NODEV};
  if (sys_mount_setattr(node, 0, &attributes) < 0)
    return fail(why, "devices", "mount_setattr", name, NULL);
  return sys_move_mount(node, place) < 0 ? fail(why, "devices", "move_mount", name, NULL) : 0;
}

// In a user namespace nobody makes devices, and the host's own are as good: each on an empty file.
static int bind_host_device(int dev, const char *name, const char *path, struct failure *why) {
  cleanup_close int node = sys_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE);
  if (node < 0) return fail(why, "devices", "open_tree", path, "the host has no such device");
  cleanup_close int place = openat(dev, name, O_CREAT | O_RDONLY | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (place < 0) return fail(why, "devices", "openat", name, NULL);
  struct mount_attr attributes = {.attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC};
  if (sys_mount_setattr(node, 0, &attributes) < 0)
    return fail(why, "devices", "mount_setattr", path, NULL);
  return sys_move_mount(node, place) < 0 ? fail(why, "devices", "move_mount", name, NULL) : 0;
}

// What a mount of the spec has put there already stays.
static int make_devices(int dev, bool opens_devices, struct failure *why) {
  for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++) {
    const char *name = devices[i].name;
    dev_t number = makedev(devices[i].major, devices[i].minor);
    if (mknodat(dev, name, S_IFCHR | 0666, number) == 0) {
      if (!opens_devices && open_up(dev, name, why) < 0) return -1;
    } else if (errno == EPERM) {
      char path[32];
      snprintf(path, sizeof path, "/dev/%s", name);
      if (bind_host_device(dev, name, path, why) < 0) return -1;
    } else if (errno != EEXIST) {
      return fail(why, "devices", "mknodat", name, NULL);
    }
  }
  return 0;
}

// ---- those of the spec ---------------------------------------------------------------------

// The folder for the node, made when it is missing; `*name` is the last name of the path.
static int open_folder(const char *path, const char **name, struct failure *why) {
  const char *slash = strrchr(path, '/');
  char folder[PATH_MAX];
  *name = slash + 1;
  if (**name == '\0' || (size_t)(slash - path) >= sizeof folder) {
    errno = EINVAL;
    return fail(why, "devices", "mknodat", path, "the path must end in a name");
  }
  snprintf(folder, sizeof folder, "%.*s", (int)(slash - path + (slash == path)), path);
  return place_make(folder, true, why);
}

static int make_node(int folder, const char *name, const struct device_spec *device,
                     struct failure *why) {
  dev_t number = makedev(device->major, device->minor);
  struct stat facts;
  if (mknodat(folder, name, device->mode, number) < 0) {
    if (errno != EEXIST) return fail(why, "devices", "mknodat", device->path, NULL);
    bool is_it = fstatat(folder, name, &facts, AT_SYMLINK_NOFOLLOW) == 0 &&
                 (facts.st_mode & S_IFMT) == (device->mode & S_IFMT) &&
                 (S_ISFIFO(facts.st_mode) || facts.st_rdev == number);
    errno = EEXIST;
    if (!is_it) return fail(why, "devices", "mknodat", device->path, "something else is there");
  }
  if (fchownat(folder, name, device->uid, device->gid, AT_SYMLINK_NOFOLLOW) < 0 ||
      fchmodat(folder, name, device->mode & 07777, 0) < 0)
    return fail(why, "devices", "fchownat", device->path, NULL);
  return 0;
}

static int make_device(const struct device_spec *device, bool opens_devices, struct failure *why) {
  const char *name;
  cleanup_close int folder = open_folder(device->path, &name, why);
  if (folder < 0) return -1;
  if (make_node(folder, name, device, why) == 0)
    return opens_devices || S_ISFIFO(device->mode) ? 0 : open_up(folder, name, why);
  if (why->error != EPERM) return -1;
  *why = (struct failure){0};
  return bind_host_device(folder, name, device->path, why);
}

static int make_listed(const struct spec *spec, struct failure *why) {
  for (size_t i = 0; i < spec->devices.count; i++)
    if (make_device(&spec->devices.items[i], spec->opens_devices, why) < 0) return -1;
  return 0;
}

// ---- all of them ---------------------------------------------------------------------------

static int make_links(int dev, struct failure *why) {
  for (size_t i = 0; i < sizeof links / sizeof links[0]; i++)
    if (symlinkat(links[i].target, dev, links[i].name) < 0 && errno != EEXIST)
      return fail(why, "devices", "symlinkat", links[i].name, NULL);
  return 0;
}

static int make_defaults(const struct spec *spec, struct failure *why) {
  if (!has_fresh_dev(spec)) return 0;
  cleanup_close int dev = place_open("/dev");
  if (dev < 0) return fail(why, "devices", "openat2", "/dev", NULL);
  return make_devices(dev, spec->opens_devices, why) < 0 || make_links(dev, why) < 0 ? -1 : 0;
}

// The spec's first: it may want another mode for one of the default ones.
int devices_make(const struct spec *spec, struct failure *why) {
  mode_t before = umask(0);
  int result = make_listed(spec, why) < 0 ? -1 : make_defaults(spec, why);
  umask(before);
  return result;
}
