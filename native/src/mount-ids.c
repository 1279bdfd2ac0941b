// Mounts with other ids (config.md §Mounts: uidMappings, gidMappings, the options idmap and ridmap);
// see mounts.h. The kernel takes the mapping from a user namespace, so one is made for its sake.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>

#include "cleanup.h"
#include "kernel.h"
#include "mounts.h"
#include "namespaces.h"
#include "status.h"

static int open_namespace(const struct namespaces_spec *namespaces, pid_t pid,
                          struct failure *why) {
  char path[48];
  if (namespaces_map_ids(namespaces, pid, why) < 0) return -1;
  snprintf(path, sizeof path, "/proc/%d/ns/user", (int)pid);
  int file = open(path, O_RDONLY | O_CLOEXEC);
  return file < 0 ? fail(why, "mount", "open", path, NULL) : file;
}

// A user namespace with the mapping; the process that it took is gone again.
static int make_namespace(const struct id_ranges *uids, const struct id_ranges *gids,
                          struct failure *why) {
  const struct namespaces_spec namespaces = {
      .created = CLONE_NEWUSER, .uids = *uids, .gids = *gids};
  int pidfd = -1;
  pid_t pid = namespaces_clone(&namespaces, -1, &pidfd, why);
  if (pid == 0)
    for (;;) pause();
  if (pid < 0) return -1;
  cleanup_close int owned = pidfd;
  int file = open_namespace(&namespaces, host_pid(owned), why);
  sys_pidfd_send_signal(owned, SIGKILL);
  while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
  return file;
}

int mount_map_ids(const struct spec *spec, const struct mount_spec *mount, int tree,
                  struct failure *why) {
  bool has_own = mount->uids.count > 0;
  cleanup_close int namespace =
      make_namespace(has_own ? &mount->uids : &spec->namespaces.uids,
                     has_own ? &mount->gids : &spec->namespaces.gids, why);
  if (namespace < 0) return -1;
  struct mount_attr attributes = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)namespace};
  unsigned recursive = mount->maps_ids_below ? AT_RECURSIVE : 0;
  if (sys_mount_setattr(tree, recursive, &attributes) == 0) return 0;
  return fail(why, "mount", "mount_setattr idmap", mount->destination,
              errno == EINVAL ? "the file system of the source does not know mounts with other ids"
                              : NULL);
}
