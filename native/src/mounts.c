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

static int set_option(const struct mount_spec *mount, int context, const char *option,
                      struct failure *why) {
  char hint[160];
  if (is_unmapped_group(option) || set_data(context, option) == 0) return 0;
  snprintf(hint, sizeof hint, "%s does not take the option \"%.64s\"", mount->type, option);
  return fail(why, "mount", "fsconfig", mount->destination, hint);
}

static bool has_mode(const struct mount_spec *mount) {
  for (const char **option = mount->data; option && *option; option++)
    if (strncmp(*option, "mode=", 5) == 0) return true;
  return false;
}

// A tmpfs has the mode of the folder that it covers, unless the options say another.
static int set_mode(const struct mount_spec *mount, int context, int place, struct failure *why) {
  struct stat facts;
  char option[16];
  if (strcmp(mount->type, "tmpfs") != 0 || has_mode(mount)) return 0;
  if (fstat(place, &facts) < 0) return fail(why, "mount", "fstat", mount->destination, NULL);
  snprintf(option, sizeof option, "mode=%o", facts.st_mode & 07777);
  return set_option(mount, context, option, why);
}

// The kernel labels what these show by itself.
static bool takes_label(const struct mount_spec *mount) {
  return strcmp(mount->type, "proc") != 0 && strcmp(mount->type, "sysfs") != 0 &&
         strncmp(mount->type, "cgroup", 6) != 0;
}

// A new file system of the mount's type, detached. `place` is what it will cover.
static int make_filesystem(const struct mount_spec *mount, const char *label, int place,
                           struct failure *why) {
  cleanup_close int context = sys_fsopen(mount->type);
  if (context < 0)
    return fail(why, "mount", "fsopen", mount->destination,
                errno == ENODEV ? "this kernel has no file system of the type" : NULL);
  const char *source = mount->source ? mount->source : mount->type;
  if (sys_fsconfig(context, FSCONFIG_SET_STRING, "source", source, 0) < 0)
    return fail(why, "mount", "fsconfig source", mount->destination, NULL);
  if (set_mode(mount, context, place, why) < 0) return -1;
  if (label && takes_label(mount) &&
      sys_fsconfig(context, FSCONFIG_SET_STRING, "context", label, 0) < 0)
    return fail(why, "mount", "fsconfig context", mount->destination, "/linux/mountLabel");
  for (const char **option = mount->data; option && *option; option++)
    if (set_option(mount, context, *option, why) < 0) return -1;
  if (sys_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
    return fail(why, "mount", "fsconfig create", mount->destination, NULL);
  // What is copied up is written first; `top` is applied after it.
  uint64_t set = mount->copies_up ? 0 : mount->top.set | mount->whole.set;
  int made = sys_fsmount(context, (unsigned)set);
  return made < 0 ? fail(why, "mount", "fsmount", mount->destination, NULL) : made;
}

static int set_flags(int tree, const struct mount_flags *flags, uint64_t propagation,
                     unsigned recursive) {
  struct mount_attr attributes = {
      .attr_set = flags->set, .attr_clr = flags->clear, .propagation = propagation};
  // Changing the way access times are kept means clearing all of those bits first.
  if (flags->clear & MOUNT_ATTR__ATIME) attributes.attr_clr |= MOUNT_ATTR__ATIME;
  bool is_nothing = !(flags->set | flags->clear | propagation);
  return is_nothing ? 0 : sys_mount_setattr(tree, recursive, &attributes);
}

static int set_attributes(const struct mount_spec *mount, int tree, struct failure *why) {
  const struct mount_flags none = {0};
  if (set_flags(tree, &mount->whole, 0, AT_RECURSIVE) < 0 ||
      set_flags(tree, &mount->top, 0, 0) < 0)
    return fail(why, "mount", "mount_setattr", mount->destination, NULL);
  unsigned recursive = mount->propagates_below ? AT_RECURSIVE : 0;
  if (set_flags(tree, &none, mount->propagation, recursive) < 0)
    return fail(why, "mount", "mount_setattr propagation", mount->destination, NULL);
  return 0;
}

int mounts_open_source(const struct mount_spec *mount, int bundle, struct failure *why) {
  unsigned recursive = mount->is_recursive ? AT_RECURSIVE : 0;
  // A relative source is relative to the bundle.
  int tree = sys_open_tree(bundle, mount->source, OPEN_TREE_CLONE | recursive);
  if (tree >= 0) return tree;
  return fail(why, "mount", "open_tree", mount->source, "does the source exist on the host?");
}

// sysfs belongs to the user namespace that owns the network namespace: without a network of its own, a
// container in a user namespace gets the host's, as deep as it goes, since the kernel gives no part.
static bool needs_host_sys(const struct mount_spec *mount, const struct failure *why) {
  return !mount->is_bind && strcmp(mount->type, "sysfs") == 0 && why->error == EPERM;
}

static int host_sys(const struct mount_spec *mount, struct failure *why) {
  cleanup_close int tree = sys_open_tree(AT_FDCWD, "/sys", OPEN_TREE_CLONE | AT_RECURSIVE);
  struct mount_attr attributes = {.attr_set = mount->top.set | mount->whole.set};
  if (tree < 0 || sys_mount_setattr(tree, AT_RECURSIVE, &attributes) < 0)
    return fail(why, "mount", tree < 0 ? "open_tree" : "mount_setattr", "/sys", NULL);
  *why = (struct failure){0};
  return steal_fd(&tree);
}

static bool is_folder(int mount) {
  struct stat facts;
  return fstat(mount, &facts) == 0 && S_ISDIR(facts.st_mode);
}

static int attach(const struct mount_spec *mount, int made, int place, struct failure *why) {
  if (sys_move_mount(made, place) == 0) return 0;
  return fail(why, "mount", "move_mount", mount->destination,
              errno == ENOTDIR ? "a folder goes onto a folder, a file onto a file" : NULL);
}

// `source`: opened already, or -1.
static int bind(const struct mount_spec *mount, int bundle, int source, struct failure *why) {
  cleanup_close int own = source < 0 ? mounts_open_source(mount, bundle, why) : -1;
  int tree = source < 0 ? own : source;
  if (tree < 0 || set_attributes(mount, tree, why) < 0) return -1;
  cleanup_close int place = place_make(mount->destination, is_folder(tree), why);
  return place < 0 ? -1 : attach(mount, tree, place, why);
}

static int mount_new(const struct spec *spec, const struct mount_spec *mount,
                     struct failure *why) {
  cleanup_close int place = place_make(mount->destination, true, why);
  if (place < 0) return -1;
  const char *label = spec->mount_label && spec->mount_label[0] ? spec->mount_label : NULL;
  cleanup_close int made = make_filesystem(mount, label, place, why);
  if (made < 0 && needs_host_sys(mount, why)) made = host_sys(mount, why);
  if (made < 0) return -1;
  if (mount->copies_up && copy_up(place, made, mount->destination, why) < 0) return -1;
  bool is_plain = !mount->copies_up && !mount->propagation;
  if (!is_plain && set_attributes(mount, made, why) < 0) return -1;
  return attach(mount, made, place, why);
}

static int make_one(const struct spec *spec, const struct mount_spec *mount, int bundle, int source,
                    struct failure *why) {
  if (mount->is_bind) return bind(mount, bundle, source, why);
  if (strcmp(mount->type, "cgroup") == 0) return mount_cgroups(spec, mount, why);
  return mount_new(spec, mount, why);
}

int mounts_make(const struct spec *spec, int bundle, const int *sources, struct failure *why) {
  for (size_t i = 0; i < spec->mount_count; i++) {
    const struct mount_spec *mount = &spec->mounts[i];
    if (make_one(spec, mount, bundle, sources ? sources[i] : -1, why) == 0) continue;
    // Kernels without POSIX message queues exist, and hardly anything uses them.
    bool is_tolerated = !mount->is_bind && strcmp(mount->type, "mqueue") == 0 &&
                        (why->error == ENODEV || why->error == EPERM);
    if (!is_tolerated) return -1;
    *why = (struct failure){0};
  }
  return 0;
}
