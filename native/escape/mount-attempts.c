// Mounts, namespaces and the root: by the old and the new calls, and by the known detours. Needs the
// folders /tmp and /tmp/place.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "escape.h"

#define CALL(name, ...)                                        \
  static const char *try_##name(void) {                        \
    return outcome(syscall(__VA_ARGS__));                      \
  }

#define PLACE "/tmp/place"
enum { DETACH = 2 };

CALL(mount_tmpfs, SYS_mount, "none", PLACE, "tmpfs", 0, NULL)
CALL(mount_proc, SYS_mount, "none", PLACE, "proc", 0, NULL)
CALL(mount_sysfs, SYS_mount, "none", PLACE, "sysfs", 0, NULL)
CALL(mount_bind, SYS_mount, "/", PLACE, NULL, MS_BIND, NULL)
CALL(mount_move, SYS_mount, "/proc", PLACE, NULL, MS_MOVE, NULL)
CALL(mount_shared, SYS_mount, NULL, "/", NULL, MS_SHARED, NULL)
CALL(remount_writable, SYS_mount, NULL, "/proc/sys", NULL, MS_REMOUNT | MS_BIND, NULL)
CALL(remount_devices, SYS_mount, NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL)
CALL(mount_release_agent, SYS_mount, "none", PLACE, "cgroup", 0, "release_agent=/x")
CALL(mount_cgroup2, SYS_mount, "none", PLACE, "cgroup2", 0, NULL)
CALL(umount_readonly, SYS_umount2, "/proc/sys", DETACH)
CALL(umount_mask, SYS_umount2, "/proc/kcore", DETACH)
CALL(umount_root, SYS_umount2, "/", DETACH)
CALL(pivot_root, SYS_pivot_root, "/tmp", PLACE)
CALL(fsopen, SYS_fsopen, "tmpfs", 0)
CALL(fspick, SYS_fspick, AT_FDCWD, "/proc/sys", 0)
CALL(fsmount, SYS_fsmount, -1, 0, 0)
CALL(open_tree_clone, SYS_open_tree, AT_FDCWD, "/", OPEN_TREE_CLONE)
CALL(move_mount, SYS_move_mount, AT_FDCWD, "/proc", AT_FDCWD, PLACE, 0)
CALL(unshare_user, SYS_unshare, CLONE_NEWUSER)
CALL(unshare_mount, SYS_unshare, CLONE_NEWNS)
CALL(unshare_all, SYS_unshare, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET)
CALL(unshare_time, SYS_unshare, CLONE_NEWTIME)

static const char *try_mount_setattr(void) {
  struct mount_attr writable = {.attr_clr = MOUNT_ATTR_RDONLY};
  return outcome(syscall(SYS_mount_setattr, AT_FDCWD, "/proc/sys", 0, &writable, sizeof writable));
}

static const char *try_open_tree_attr(void) {
  struct mount_attr writable = {.attr_clr = MOUNT_ATTR_RDONLY};
  return outcome(syscall(467, AT_FDCWD, "/proc/sys", OPEN_TREE_CLONE, &writable, sizeof writable));
}

// The child does nothing; only whether there is one counts.
static const char *clone_with(unsigned long flags) {
  long pid = syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);
  if (pid == 0) _exit(0);
  return outcome(pid);
}
static const char *try_clone_user(void) { return clone_with(CLONE_NEWUSER); }
static const char *try_clone_mount(void) { return clone_with(CLONE_NEWNS); }
static const char *try_clone_pid(void) { return clone_with(CLONE_NEWPID); }
static const char *try_clone_net(void) { return clone_with(CLONE_NEWNET); }
static const char *try_clone_cgroup(void) { return clone_with(CLONE_NEWCGROUP); }

static const char *try_clone3_user(void) {
  struct clone_args args = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
  long pid = syscall(SYS_clone3, &args, sizeof args);
  if (pid == 0) _exit(0);
  return outcome(pid);
}

static const char *enter(const char *path, int kind) {
  int namespace = open(path, O_RDONLY);
  return namespace < 0 ? NULL : outcome(syscall(SYS_setns, namespace, kind));
}
static const char *try_setns_mount(void) { return enter("/proc/1/ns/mnt", CLONE_NEWNS); }
static const char *try_setns_user(void) { return enter("/proc/1/ns/user", CLONE_NEWUSER); }
static const char *try_setns_net(void) { return enter("/proc/1/ns/net", CLONE_NEWNET); }

// NS_GET_PARENT, NS_GET_USERNS: a descriptor of the namespace above would be a door.
static const char *ask_namespace(const char *path, unsigned long request) {
  int namespace = open(path, O_RDONLY);
  return namespace < 0 ? NULL : outcome(ioctl(namespace, request));
}
static const char *try_parent_pid_namespace(void) {
  return ask_namespace("/proc/self/ns/pid", 0xb702);
}
static const char *try_parent_user_namespace(void) {
  return ask_namespace("/proc/self/ns/user", 0xb702);
}

// A user namespace gives every capability over what is made in it. What covers the host's things must
// still stay where it is.
static const char *in_own_namespaces(attempt_function attempt) {
  if (syscall(SYS_unshare, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID) < 0) return NULL;
  int ends[2];
  if (pipe(ends) < 0) return NULL;
  pid_t child = fork();
  if (child == 0) {
    const char *result = attempt();
    int answer = result ? 0 : errno;
    _exit(write(ends[1], &answer, sizeof answer) < 0);
  }
  int answer = EIO;
  close(ends[1]);
  if (read(ends[0], &answer, sizeof answer) < 0) return NULL;
  errno = answer;
  return answer == 0 ? "succeeded" : NULL;
}
static const char *try_nested_proc(void) { return in_own_namespaces(try_mount_proc); }
static const char *try_nested_sysfs(void) { return in_own_namespaces(try_mount_sysfs); }
static const char *try_nested_umount(void) { return in_own_namespaces(try_umount_readonly); }
static const char *try_nested_remount(void) { return in_own_namespaces(try_remount_writable); }

static const char *compare_root(const char *path, const struct stat *own) {
  struct stat found;
  if (stat(path, &found) < 0) return NULL;
  return found.st_ino == own->st_ino && found.st_dev == own->st_dev ? "same root" : "another root";
}

// chroot into a folder while holding one above it, then climb: the old way out of a chroot.
static const char *try_chroot(void) {
  struct stat own;
  int root = open("/", O_RDONLY | O_DIRECTORY);
  if (root < 0 || stat("/", &own) < 0 || chroot(PLACE) < 0 || fchdir(root) < 0) return NULL;
  for (int i = 0; i < 64; i++)
    if (chdir("..") < 0) return NULL;
  return chroot(".") < 0 ? NULL : compare_root("/", &own);
}

static const char *root_of(const char *path) {
  struct stat own;
  return stat("/", &own) < 0 ? NULL : compare_root(path, &own);
}
static const char *try_proc_1_root(void) { return root_of("/proc/1/root"); }
static const char *try_proc_1_root_above(void) { return root_of("/proc/1/root/../../.."); }
static const char *try_proc_1_cwd_above(void) { return root_of("/proc/1/cwd/../../../.."); }
static const char *try_dots(void) { return root_of("/../../../../../.."); }

// The handle of the root of the host's file system is well known, and easily guessed for others.
static const char *try_open_by_handle(void) {
  struct {
    struct file_handle head;
    unsigned char bytes[MAX_HANDLE_SZ];
  } handle = {.head = {.handle_bytes = 8, .handle_type = 1}, .bytes = {2}};
  int mount = open("/etc/hosts", O_RDONLY);
  if (mount < 0) mount = open("/", O_RDONLY);
  return outcome(syscall(SYS_open_by_handle_at, mount, &handle, O_RDONLY));
}

// What overlay follows in a layer may not be written by a container.
static const char *try_overlay_redirect(void) {
  return outcome(setxattr("/tmp", "trusted.overlay.redirect", "/x", 2, 0));
}

// release_agent, in whatever hierarchy is visible, up to two folders deep.
static const char *try_release_agent(void) {
  static const char *const patterns[] = {"/sys/fs/cgroup/release_agent",
                                         "/sys/fs/cgroup/%s/release_agent"};
  const char *result = write_back(patterns[0]);
  DIR *groups = opendir("/sys/fs/cgroup");
  for (struct dirent *entry; groups && !result && (entry = readdir(groups));) {
    char path[512];
    snprintf(path, sizeof path, patterns[1], entry->d_name);
    result = write_back(path);
  }
  return result ? result : "refused";
}

// A limit of its own made wider, or the group left for the one above.
static const char *try_leave_cgroup(void) {
  const char *result = write_back("/sys/fs/cgroup/cgroup.procs");
  DIR *groups = opendir("/sys/fs/cgroup");
  for (struct dirent *entry; groups && !result && (entry = readdir(groups));) {
    char path[512];
    snprintf(path, sizeof path, "/sys/fs/cgroup/%s/cgroup.procs", entry->d_name);
    result = write_back(path);
  }
  return result ? result : "refused";
}

const struct attempt mount_attempts[] = {
    {"mount-tmpfs", try_mount_tmpfs},
    {"mount-proc", try_mount_proc},
    {"mount-sysfs", try_mount_sysfs},
    {"mount-bind", try_mount_bind},
    {"mount-move", try_mount_move},
    {"mount-shared", try_mount_shared},
    {"remount-writable", try_remount_writable},
    {"remount-devices", try_remount_devices},
    {"mount-release_agent", try_mount_release_agent},
    {"mount-cgroup2", try_mount_cgroup2},
    {"umount-readonly", try_umount_readonly},
    {"umount-mask", try_umount_mask},
    {"umount-root", try_umount_root},
    {"pivot_root", try_pivot_root},
    {"fsopen", try_fsopen},
    {"fspick", try_fspick},
    {"fsmount", try_fsmount},
    {"open_tree", try_open_tree_clone},
    {"open_tree_attr", try_open_tree_attr},
    {"move_mount", try_move_mount},
    {"mount_setattr", try_mount_setattr},
    {"unshare-user", try_unshare_user},
    {"unshare-mount", try_unshare_mount},
    {"unshare-all", try_unshare_all},
    {"unshare-time", try_unshare_time},
    {"clone-user", try_clone_user},
    {"clone-mount", try_clone_mount},
    {"clone-pid", try_clone_pid},
    {"clone-net", try_clone_net},
    {"clone-cgroup", try_clone_cgroup},
    {"clone3-user", try_clone3_user},
    {"setns-mount", try_setns_mount},
    {"setns-user", try_setns_user},
    {"setns-net", try_setns_net},
    {"parent-pid-namespace", try_parent_pid_namespace},
    {"parent-user-namespace", try_parent_user_namespace},
    {"nested-mount-proc", try_nested_proc},
    {"nested-mount-sysfs", try_nested_sysfs},
    {"nested-umount-readonly", try_nested_umount},
    {"nested-remount-writable", try_nested_remount},
    {"chroot", try_chroot},
    {"proc-1-root", try_proc_1_root},
    {"proc-1-root-above", try_proc_1_root_above},
    {"proc-1-cwd-above", try_proc_1_cwd_above},
    {"dots", try_dots},
    {"open_by_handle_at", try_open_by_handle},
    {"overlay-redirect", try_overlay_redirect},
    {"release_agent", try_release_agent},
    {"leave-cgroup", try_leave_cgroup},
    {NULL, NULL},
};
