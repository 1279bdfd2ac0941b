// rootfs.json and the mount made from it; see rootfs.h.
#include "rootfs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "fields.h"
#include "kernel.h"
#include "memory.h"

enum { LOWERS_MAX = 500 };  // overlay's own limit

// ---- reading -------------------------------------------------------------------------------

struct lower_reader {
  struct lower *lower;
  const char *kind, *path;
};

static int read_kind(const struct json *value, void *context, struct failure *why) {
  struct lower_reader *reader = context;
  if (read_string(value, &reader->kind, why) < 0) return -1;
  if (strcmp(reader->kind, "folder") == 0 || strcmp(reader->kind, "erofs") == 0) return 0;
  return refuse_unsupported(value, "a lower is a folder or erofs", why);
}

static int read_lower_path(const struct json *value, void *context, struct failure *why) {
  return read_absolute_path(value, &((struct lower_reader *)context)->path, why);
}

static int read_image(const struct json *value, void *context, struct failure *why) {
  return read_absolute_path(value, &((struct lower_reader *)context)->lower->erofs.image, why);
}

static int read_devices(const struct json *value, void *context, struct failure *why) {
  return read_strings(value, &((struct lower_reader *)context)->lower->erofs.devices, why);
}

static int read_backing(const struct json *value, void *context, struct failure *why) {
  static const char *const names[] = {[EROFS_FILES] = "file", [EROFS_RAMFS] = "ramfs",
                                      [EROFS_LOOP_DEVICES] = "loop"};
  const char *backing;
  if (read_string(value, &backing, why) < 0) return -1;
  for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
    if (strcmp(backing, names[i]) != 0) continue;
    ((struct lower_reader *)context)->lower->erofs.backing = (enum erofs_backing)i;
    return 0;
  }
  return refuse_unsupported(value, "the backing is file, ramfs or loop", why);
}

static const struct field lower_fields[] = {
    {"kind", read_kind, true},        {"path", read_lower_path, false},
    {"image", read_image, false},     {"devices", read_devices, false},
    {"backing", read_backing, false}, {NULL, NULL, false},
};

static int read_lower(const struct json *value, struct lower *lower, struct failure *why) {
  struct lower_reader reader = {.lower = lower};
  if (read_object(value, lower_fields, &reader, why) < 0) return -1;
  bool is_folder = strcmp(reader.kind, "folder") == 0;
  bool has_erofs = lower->erofs.image || lower->erofs.devices;
  if (is_folder ? !reader.path || has_erofs
                : reader.path || !lower->erofs.image || !lower->erofs.devices)
    return refuse_malformed(value, "a folder with path, or erofs with image and devices", why);
  lower->folder = is_folder ? reader.path : NULL;
  return 0;
}

static int read_lowers(const struct json *value, void *context, struct failure *why) {
  struct rootfs *rootfs = context;
  if (expect_kind(value, JSON_ARRAY, why) < 0) return -1;
  if (value->count > LOWERS_MAX) return refuse_malformed(value, "at most 500 lowers", why);
  rootfs->lowers = allocate(value->count * sizeof *rootfs->lowers);
  for (const struct json *child = value->children; child; child = child->next)
    if (read_lower(child, &rootfs->lowers[rootfs->lower_count++], why) < 0) return -1;
  return 0;
}

static int read_upper(const struct json *value, void *context, struct failure *why) {
  return read_absolute_path(value, &((struct rootfs *)context)->upper, why);
}

static int read_work(const struct json *value, void *context, struct failure *why) {
  return read_absolute_path(value, &((struct rootfs *)context)->work, why);
}

static int read_user_xattr(const struct json *value, void *context, struct failure *why) {
  return read_boolean(value, &((struct rootfs *)context)->user_xattr, why);
}

static int read_volatile(const struct json *value, void *context, struct failure *why) {
  return read_boolean(value, &((struct rootfs *)context)->is_volatile, why);
}

static const struct field overlay_fields[] = {
    {"upper", read_upper, true},
    {"work", read_work, true},
    {"userXattr", read_user_xattr, false},
    {"volatile", read_volatile, false},
    {NULL, NULL, false},
};

static int read_overlay(const struct json *value, void *context, struct failure *why) {
  return read_object(value, overlay_fields, context, why);
}

static const struct field rootfs_fields[] = {
    {"lowers", read_lowers, true},
    {"overlay", read_overlay, false},
    {NULL, NULL, false},
};

int rootfs_read(int bundle, struct rootfs *rootfs, struct failure *why) {
  *rootfs = (struct rootfs){0};
  if (faccessat(bundle, "rootfs.json", F_OK, 0) < 0 && errno == ENOENT) {
    rootfs->is_ready_folder = true;
    return 0;
  }
  rootfs->document = json_read(bundle, "rootfs.json", why);
  if (!rootfs->document) return -1;
  const struct json *root = json_root(rootfs->document);
  int result = read_object(root, rootfs_fields, rootfs, why);
  if (result == 0 && !rootfs->upper && rootfs->lower_count != 1)
    result = refuse_malformed(root, "one lower, or an overlay", why);
  // The pointers of both files look alike: say which one it was.
  if (result < 0) snprintf(why->call, sizeof why->call, "check rootfs.json");
  return result;
}

void rootfs_free(struct rootfs *rootfs) {
  for (size_t i = 0; i < rootfs->lower_count; i++) free(rootfs->lowers[i].erofs.devices);
  free(rootfs->lowers);
  json_free(rootfs->document);
  *rootfs = (struct rootfs){0};
}

// ---- mounting ------------------------------------------------------------------------------

// A detached copy of what is at `path`, with everything mounted below it when it is a folder of the
// user's; a kept erofs mount has nothing below.
static int clone_folder(const char *path, struct failure *why) {
  int tree = sys_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | AT_RECURSIVE);
  return tree < 0 ? fail(why, "rootfs", "open_tree", path, NULL) : tree;
}

// Where no device cgroup limits the container, no device node of the root can be opened.
static uint64_t device_attribute(const struct rootfs *rootfs) {
  return rootfs->opens_devices ? 0 : MOUNT_ATTR_NODEV;
}

// `path` as the root, with everything mounted below it.
static int mount_folder(const char *path, uint64_t attributes, struct failure *why) {
  cleanup_close int mount = clone_folder(path, why);
  if (mount < 0) return -1;
  // Private, or what is mounted on it would show up at the folder on the host.
  struct mount_attr wanted = {.attr_set = attributes, .propagation = MS_PRIVATE};
  if (sys_mount_setattr(mount, AT_RECURSIVE, &wanted) < 0)
    return fail(why, "rootfs", "mount_setattr", path, NULL);
  return steal_fd(&mount);
}

// The path of a lower as the kernel can look it up now.
static const char *lower_path(const struct lower *lower, struct failure *why) {
  return lower->folder ? lower->folder : erofs_mounted_path(&lower->erofs, why);
}

static int mount_single(const struct rootfs *rootfs, struct failure *why) {
  const char *path = lower_path(&rootfs->lowers[0], why);
  return path ? mount_folder(path, MOUNT_ATTR_RDONLY | device_attribute(rootfs), why) : -1;
}

// Gives the kernel a folder by descriptor: option values are limited to 255 bytes, paths are not.
// The descriptor is closed again at once; the kernel has looked the path up by then.
static int set_folder(int context, const char *key, const char *path, struct failure *why) {
  cleanup_close int folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return fail(why, "rootfs", "open", path, NULL);
  char value[40];
  snprintf(value, sizeof value, "/proc/self/fd/%d", folder);
  if (sys_fsconfig(context, FSCONFIG_SET_STRING, key, value, 0) == 0) return 0;
  char call[40];
  snprintf(call, sizeof call, "fsconfig %s", key);
  return fail(why, "rootfs", call, path, "overlay over layers needs Linux 6.5 or newer");
}

static int set_option(int context, const char *key, const char *value, struct failure *why) {
  unsigned command = value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG;
  if (sys_fsconfig(context, command, key, value, 0) == 0) return 0;
  return fail(why, "rootfs", "fsconfig overlay", key, "this kernel's overlay lacks the option");
}

// Keeps the upper a plain tree that can be packed (no redirects, no metadata-only copies), and
// never follows a redirect that a layer brings along.
static int set_overlay_options(int context, const struct rootfs *rootfs, struct failure *why) {
  if (set_option(context, "redirect_dir", "nofollow", why) < 0) return -1;
  if (set_option(context, "metacopy", "off", why) < 0) return -1;
  if (set_option(context, "index", "off", why) < 0) return -1;
  if (rootfs->user_xattr && set_option(context, "userxattr", NULL, why) < 0) return -1;
  if (rootfs->is_volatile && set_option(context, "volatile", NULL, why) < 0) return -1;
  return 0;
}

static int mount_overlay(const struct rootfs *rootfs, struct failure *why) {
  cleanup_close int context = sys_fsopen("overlay");
  if (context < 0) return fail(why, "rootfs", "fsopen overlay", NULL, "overlay is not available");
  if (set_option(context, "source", "overlay", why) < 0) return -1;
  for (size_t i = 0; i < rootfs->lower_count; i++) {
    const char *path = lower_path(&rootfs->lowers[i], why);
    if (!path || set_folder(context, "lowerdir+", path, why) < 0) return -1;
  }
  if (set_folder(context, "upperdir", rootfs->upper, why) < 0) return -1;
  if (set_folder(context, "workdir", rootfs->work, why) < 0) return -1;
  if (set_overlay_options(context, rootfs, why) < 0) return -1;
  if (sys_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
    return fail(why, "rootfs", "mount overlay", rootfs->upper,
                "upper and work must be on one file system that overlay accepts, work empty");
  int mount = sys_fsmount(context, (unsigned)device_attribute(rootfs));
  return mount < 0 ? fail(why, "rootfs", "fsmount overlay", rootfs->upper, NULL) : mount;
}

int rootfs_mount(const struct rootfs *rootfs, const char *folder, struct failure *why) {
  if (rootfs->is_ready_folder) return mount_folder(folder, device_attribute(rootfs), why);
  if (!rootfs->upper) return mount_single(rootfs, why);
  // Overlay needs a lower. Without any (FROM scratch) the upper alone is the same thing.
  if (rootfs->lower_count == 0) return mount_folder(rootfs->upper, device_attribute(rootfs), why);
  return mount_overlay(rootfs, why);
}
