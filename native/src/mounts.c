// The spec's mounts; see mounts.h. Each is made detached, gets its attributes, and only then appears
// at its place: there is no moment at which a read-only bind mount is writable.
#include "mounts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "id-map.h"
#include "kernel.h"
#include "places.h"

static int set_data(int context, const char *option) {
  char key[64];
  const char *equals = strchr(option, '=');
  if (!equals) return sys_fsconfig(context, FSCONFIG_SET_FLAG, option, NULL, 0);
  if ((size_t)(equals - option) >= sizeof key) {
    errno = EINVAL;
    return -1;
  }
  memcpy(key, option, (size_t)(equals - option));
  key[equals - option] = '\0';
  return sys_fsconfig(context, FSCONFIG_SET_STRING, key, equals + 1, 0);
}

// `gid=5` where the user namespace has no group 5: the terminals then belong to the container's root.
static bool is_unmapped_group(const char *option) {
  return strncmp(option, "gid=", 4) == 0 &&
         !id_is_mapped("/proc/self/gid_map", (uint32_t)strtoul(option + 4, NULL, 10));
}

// A new file system of the mount's type, detached.
static int make_filesystem(const struct mount_spec *mount, struct failure *why) {
  cleanup_close int context = sys_fsopen(mount->type);
  if (context < 0) return fail(why, "mount", "fsopen", mount->destination, NULL);
  const char *source = mount->source ? mount->source : mount->type;
  if (sys_fsconfig(context, FSCONFIG_SET_STRING, "source", source, 0) < 0)
    return fail(why, "mount", "fsconfig source", mount->destination, NULL);
  for (const char **option = mount->data; option && *option; option++) {
    char hint[160];
    snprintf(hint, sizeof hint, "%s does not take the option \"%.64s\"", mount->type, *option);
    if (!is_unmapped_group(*option) && set_data(context, *option) < 0)
      return fail(why, "mount", "fsconfig", mount->destination, hint);
  }
  if (sys_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
    return fail(why, "mount", "fsconfig create", mount->destination, NULL);
  int made = sys_fsmount(context, (unsigned)mount->set);
  return made < 0 ? fail(why, "mount", "fsmount", mount->destination, NULL) : made;
}

// A copy of a host folder or file with the wanted attributes, detached. A relative source is
// relative to the bundle.
static int make_bind(const struct mount_spec *mount, int bundle, struct failure *why) {
  unsigned recursive = mount->is_recursive ? AT_RECURSIVE : 0;
  cleanup_close int tree = sys_open_tree(bundle, mount->source, OPEN_TREE_CLONE | recursive);
  if (tree < 0)
    return fail(why, "mount", "open_tree", mount->source, "does the source exist on the host?");
  struct mount_attr attributes = {.attr_set = mount->set, .attr_clr = mount->clear};
  // Changing the way access times are kept means clearing all of those bits first.
  if (mount->clear & MOUNT_ATTR__ATIME) attributes.attr_clr |= MOUNT_ATTR__ATIME;
  if ((attributes.attr_set | attributes.attr_clr) &&
      sys_mount_setattr(tree, recursive, &attributes) < 0)
    return fail(why, "mount", "mount_setattr", mount->destination, NULL);
  return steal_fd(&tree);
}

// sysfs belongs to the user namespace that owns the network namespace: without a network of its own, a
// container in a user namespace gets the host's, as deep as it goes, since the kernel gives no part.
static bool needs_host_sys(const struct mount_spec *mount, const struct failure *why) {
  return !mount->is_bind && strcmp(mount->type, "sysfs") == 0 && why->error == EPERM;
}

static int host_sys(const struct mount_spec *mount, struct failure *why) {
  cleanup_close int tree = sys_open_tree(AT_FDCWD, "/sys", OPEN_TREE_CLONE | AT_RECURSIVE);
  struct mount_attr attributes = {.attr_set = mount->set};
  if (tree < 0 || sys_mount_setattr(tree, AT_RECURSIVE, &attributes) < 0)
    return fail(why, "mount", tree < 0 ? "open_tree" : "mount_setattr", "/sys", NULL);
  *why = (struct failure){0};
  return steal_fd(&tree);
}

static bool is_folder(int mount) {
  struct stat facts;
  return fstat(mount, &facts) == 0 && S_ISDIR(facts.st_mode);
}

static int make_one(const struct mount_spec *mount, int bundle, struct failure *why) {
  cleanup_close int made =
      mount->is_bind ? make_bind(mount, bundle, why) : make_filesystem(mount, why);
  if (made < 0 && needs_host_sys(mount, why)) made = host_sys(mount, why);
  if (made < 0) return -1;
  cleanup_close int place = place_make(mount->destination, is_folder(made), why);
  if (place < 0) return -1;
  if (sys_move_mount(made, place) < 0)
    return fail(why, "mount", "move_mount", mount->destination,
                errno == ENOTDIR ? "a folder goes onto a folder, a file onto a file" : NULL);
  return 0;
}

int mounts_make(const struct spec *spec, int bundle, struct failure *why) {
  for (size_t i = 0; i < spec->mount_count; i++) {
    const struct mount_spec *mount = &spec->mounts[i];
    if (make_one(mount, bundle, why) == 0) continue;
    // Kernels without POSIX message queues exist, and hardly anything uses them.
    bool is_tolerated = !mount->is_bind && strcmp(mount->type, "mqueue") == 0 &&
                        (why->error == ENODEV || why->error == EPERM);
    if (!is_tolerated) return -1;
    *why = (struct failure){0};
  }
  return 0;
}
