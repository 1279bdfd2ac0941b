// See unpack-entry.h. The order for a file: data, owner, attributes (a new owner clears
// security.capability), mode (a new owner clears setuid), times.
#include "unpack-entry.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "cleanup.h"
#include "remove-tree.h"
#include "report.h"

// Where an entry goes: a name in an open directory.
struct place {
  int parent;
  const char *name;
  const char *path;
};

// Removes what an earlier entry left there.
static int clear_place(struct unpack *unpack, const struct place *place) {
  struct stat st;
  if (fstatat(place->parent, place->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
    return errno == ENOENT ? 0 : report_system("fstatat", place->path);
  if (!S_ISDIR(st.st_mode)) return remove_tree(place->parent, place->name, place->path);
  beneath_forget(&unpack->places, place->path);
  beneath_forget(&unpack->targets, place->path);
  directories_remove(&unpack->directories, place->path);
  return remove_tree(place->parent, place->name, place->path);
}

static int set_owner(const struct unpack *unpack, const struct place *place, uint32_t uid,
                     uint32_t gid) {
  if (!unpack->is_root) return 0;
  if (fchownat(place->parent, place->name, uid, gid, AT_SYMLINK_NOFOLLOW) == 0) return 0;
  if (errno != EINVAL) return report_system("fchownat", place->path);
  char owner[32];
  snprintf(owner, sizeof owner, "%u:%u", uid, gid);
  return report_error(REPORT_UNMAPPED, owner, place->path);
}

static int set_xattr_of(const char *file, const struct xattr *xattr, const char *path) {
  if (lsetxattr(file, xattr->name, xattr->value, xattr->length, 0) == 0) return 0;
  // Not for symlinks, not on this file system, or not for this user: the layer stays usable.
  if (errno != EPERM && errno != EOPNOTSUPP) return report_system("lsetxattr", path);
  cleanup_bytes struct bytes message = {0};
  bytes_append_text(&message, "extended attribute ");
  bytes_append_text(&message, xattr->name);
  bytes_append_text(&message, " cannot be set here: left out");
  bytes_terminate(&message);
  report_warning(message.data, path);
  return 0;
}

// lsetxattr takes a path only; the one-component path is taken from the parent as working directory.
static int set_xattrs(const struct place *place, const struct xattrs *xattrs) {
  if (xattrs->count == 0) return 0;
  if (fchdir(place->parent) < 0) return report_system("fchdir", place->path);
  for (size_t i = 0; i < xattrs->count; i++)
    if (xattr_is_kept(xattrs->items[i].name) &&
        set_xattr_of(place->name, &xattrs->items[i], place->path) < 0)
      return -1;
  return 0;
}

static int set_times(const struct place *place, int64_t mtime, uint32_t nanos) {
  const struct timespec times[2] = {{mtime, nanos}, {mtime, nanos}};
  if (utimensat(place->parent, place->name, times, AT_SYMLINK_NOFOLLOW) == 0) return 0;
  return report_system("utimensat", place->path);
}

static int set_metadata(const struct unpack *unpack, const struct place *place,
                        const struct tar_member *member) {
  if (set_owner(unpack, place, member->uid, member->gid) < 0) return -1;
  if (set_xattrs(place, &member->xattrs) < 0) return -1;
  if (member->type != '2' && fchmodat(place->parent, place->name, member->mode, 0) < 0)
    return report_system("fchmodat", place->path);
  return set_times(place, member->mtime, member->mtime_nanos);
}

static int write_all(int fd, const char *data, size_t length, const char *path) {
  while (length > 0) {
    ssize_t done = write(fd, data, length);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return report_system("write", path);
    data += done, length -= (size_t)done;
  }
  return 0;
}

static int copy_content(struct unpack *unpack, int fd, const char *path) {
  const char *piece;
  ssize_t length;
  while ((length = tar_reader_content(&unpack->reader, &piece)) > 0)
    if (write_all(fd, piece, (size_t)length, path) < 0) return -1;
  return (int)length;
}

// The stored bytes are those of the segments, one after the other; the rest stays a hole.
static int copy_segments(struct unpack *unpack, int fd, const struct tar_member *member) {
  const char *path = member->path.data, *piece = NULL;
  size_t rest = 0;
  if (ftruncate(fd, (off_t)member->size) < 0) return report_system("ftruncate", path);
  for (size_t i = 0; i < member->segment_count; i++) {
    if (lseek(fd, (off_t)member->segments[i].offset, SEEK_SET) < 0)
      return report_system("lseek", path);
    for (uint64_t left = member->segments[i].length; left > 0;) {
      if (rest == 0) {
        ssize_t got = tar_reader_content(&unpack->reader, &piece);
        if (got <= 0) return -1;
        rest = (size_t)got;
      }
      size_t part = rest < left ? rest : (size_t)left;
      if (write_all(fd, piece, part, path) < 0) return -1;
      piece += part, rest -= part, left -= part;
    }
  }
  return 0;
}

static int make_file(struct unpack *unpack, const struct place *place,
                     const struct tar_member *member) {
  cleanup_close int fd = openat(place->parent, place->name,
                                O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) return report_system("openat", place->path);
  return member->is_sparse ? copy_segments(unpack, fd, member)
                           : copy_content(unpack, fd, place->path);
}

static int make_symlink(const struct place *place, const struct tar_member *member) {
  if (symlinkat(member->link.data, place->parent, place->name) == 0) return 0;
  return report_system("symlinkat", place->path);
}

// 1: made; 0: left out, with a warning.
static int make_node(const struct unpack *unpack, const struct place *place, mode_t kind,
                     const struct tar_member *member) {
  dev_t device = kind == S_IFIFO ? 0 : makedev(member->major, member->minor);
  bool is_device = kind != S_IFIFO;
  if (kind == S_IFCHR && device == 0)
    report_warning("a char device 0:0 hides its name in an overlay", place->path);
  else if (is_device && !unpack->is_root) {
    report_warning("devices need root: left out", place->path);
    return 0;
  }
  if (mknodat(place->parent, place->name, kind | 0600, device) == 0) return 1;
  if (errno != EPERM || !is_device) return report_system("mknodat", place->path);
  report_warning("this user namespace may not make devices: left out", place->path);
  return 0;
}

// Takes effect at once, and needs no metadata: it is the other name's.
static int make_hard_link(struct unpack *unpack, const struct place *place,
                          const struct tar_member *member) {
  const char *target;
  struct stat st, there;
  int parent = beneath_open_parent(&unpack->targets, member->link.data, &target);
  if (parent == -1) return -1;
  if (parent == -2 || fstatat(parent, target, &st, AT_SYMLINK_NOFOLLOW) < 0)
    return report_error(REPORT_REFUSED, "the target of a hard link is not in this layer",
                        place->path);
  if (S_ISDIR(st.st_mode))
    return report_error(REPORT_REFUSED, "the target of a hard link is a directory", place->path);
  if (fstatat(place->parent, place->name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
      there.st_ino == st.st_ino && there.st_dev == st.st_dev)
    return 0;
  if (linkat(parent, target, place->parent, place->name, 0) == 0) return 0;
  if (errno != EEXIST) return report_system("linkat", place->path);
  if (clear_place(unpack, place) < 0) return -1;
  // What was removed may have held the target, and its descriptor is closed then.
  parent = beneath_open_parent(&unpack->targets, member->link.data, &target);
  if (parent >= 0 && linkat(parent, target, place->parent, place->name, 0) == 0) return 0;
  return report_error(REPORT_REFUSED, "a hard link replaces its own target", place->path);
}

// A directory keeps what is in it; anything else makes way.
static int make_directory(struct unpack *unpack, const struct place *place) {
  if (mkdirat(place->parent, place->name, 0700) == 0) return 0;
  struct stat st;
  if (errno != EEXIST) return report_system("mkdirat", place->path);
  if (fstatat(place->parent, place->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
    return report_system("fstatat", place->path);
  if (S_ISDIR(st.st_mode)) return 0;
  if (clear_place(unpack, place) < 0) return -1;
  return mkdirat(place->parent, place->name, 0700) == 0 ? 0
                                                        : report_system("mkdirat", place->path);
}

int unpack_create_parent(void *context, int parent, const char *name, const char *path) {
  struct unpack *unpack = context;
  const struct place place = {parent, name, path};
  struct stat st;
  if (unpack->is_marking && fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0) return -2;
  directories_add_implied(&unpack->directories, path);
  return make_directory(unpack, &place);
}

static int unpack_node(struct unpack *unpack, const struct place *place, mode_t kind,
                       const struct tar_member *member) {
  int made = make_node(unpack, place, kind, member);
  return made <= 0 ? made : set_metadata(unpack, place, member);
}

int unpack_member(struct unpack *unpack, struct tar_member *member) {
  struct place place = {.path = member->path.data};
  if (member->path.length == 0) {
    if (member->type != '5')
      return report_error(REPORT_REFUSED, "the root of a layer must be a directory", "");
    directories_add(&unpack->directories, member);
    return 0;
  }
  place.parent = beneath_open_parent(&unpack->places, place.path, &place.name);
  if (place.parent < 0) return -1;
  if (member->type == '1') return make_hard_link(unpack, &place, member);
  if (member->type == '5') {
    if (make_directory(unpack, &place) < 0) return -1;
    directories_add(&unpack->directories, member);
    return 0;
  }
  if (clear_place(unpack, &place) < 0) return -1;
  switch (member->type) {
    case '2':
      if (make_symlink(&place, member) < 0) return -1;
      break;
    case '3': return unpack_node(unpack, &place, S_IFCHR, member);
    case '4': return unpack_node(unpack, &place, S_IFBLK, member);
    case '6': return unpack_node(unpack, &place, S_IFIFO, member);
    default:
      if (make_file(unpack, &place, member) < 0) return -1;
  }
  return set_metadata(unpack, &place, member);
}

static int set_opaque(const struct unpack *unpack, const char *path) {
  const char *name = unpack->user_xattr ? "user.overlay.opaque" : "trusted.overlay.opaque";
  return lsetxattr(".", name, "y", 1, 0) == 0 ? 0 : report_system("lsetxattr", path);
}

static int mark_opaque(struct unpack *unpack, const char *path) {
  int fd = beneath_open(&unpack->places, path, strlen(path));
  if (fd < 0) return fd;
  if (fchdir(fd) < 0) return report_system("fchdir", path);
  return set_opaque(unpack, path);
}

// A whiteout of a name that the layer has too hides what is below it only: for a directory that is the
// opaque mark, for anything else nothing is left to do.
static int mark_name(struct unpack *unpack, const struct mark *mark) {
  const char *name;
  int parent = beneath_open_parent(&unpack->places, mark->path, &name);
  if (parent < 0) return parent;
  struct stat st;
  if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
    return S_ISDIR(st.st_mode) ? mark_opaque(unpack, mark->path) : 0;
  if (errno != ENOENT) return report_system("fstatat", mark->path);
  const struct place place = {parent, name, mark->path};
  if (mknodat(parent, name, S_IFCHR, 0) < 0) return report_system("mknodat", mark->path);
  return set_times(&place, 0, 0);
}

int unpack_mark(struct unpack *unpack, const struct mark *mark) {
  int result = mark->is_opaque ? mark_opaque(unpack, mark->path) : mark_name(unpack, mark);
  // Not found: a file of this layer stands where the directory was, and hides it all.
  return result == -2 ? 0 : result;
}

static int finish_directory(struct unpack *unpack, const struct directory *directory) {
  const char *path = directory->path;
  struct place place = {.parent = unpack->root, .name = ".", .path = path};
  if (*path != '\0') place.parent = beneath_open_parent(&unpack->places, path, &place.name);
  if (place.parent < 0) return -1;
  if (set_owner(unpack, &place, directory->uid, directory->gid) < 0) return -1;
  if (set_xattrs(&place, &directory->xattrs) < 0) return -1;
  if (fchmodat(place.parent, place.name, directory->mode, 0) < 0)
    return report_system("fchmodat", path);
  return set_times(&place, directory->mtime, directory->mtime_nanos);
}

int unpack_directories(struct unpack *unpack) {
  directories_order(&unpack->directories);
  for (size_t i = 0; i < unpack->directories.count; i++)
    if (finish_directory(unpack, &unpack->directories.items[i]) < 0) return -1;
  return 0;
}
