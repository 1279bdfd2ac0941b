// The system calls that the C library does not wrap everywhere, one thin function each. They return
// what the kernel returned, with errno set. Constants come from the kernel's own headers, so that
// musl and older glibc build too; therefore nothing here includes <sys/mount.h>.
#ifndef SLIPWAY_KERNEL_H
#define SLIPWAY_KERNEL_H

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#ifndef MNT_DETACH
#define MNT_DETACH 2
#endif

static inline int sys_mount(const char *source, const char *target, const char *type,
                            unsigned long flags, const char *data) {
  return (int)syscall(SYS_mount, source, target, type, flags, data);
}
static inline int sys_umount(const char *target, int flags) {
  return (int)syscall(SYS_umount2, target, flags);
}
static inline int sys_fsopen(const char *type) {
  return (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
}
static inline int sys_fsconfig(int context, unsigned command, const char *key, const void *value,
                               int aux) {
  return (int)syscall(SYS_fsconfig, context, command, key, value, aux);
}
static inline int sys_fsmount(int context, unsigned attributes) {
  return (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes);
}
// Puts the detached mount `mount` onto the place that `target` (O_PATH) refers to.
static inline int sys_move_mount(int mount, int target) {
  return (int)syscall(SYS_move_mount, mount, "", target, "",
                      MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}
static inline int sys_open_tree(int at, const char *path, unsigned flags) {
  return (int)syscall(SYS_open_tree, at, path, flags | OPEN_TREE_CLOEXEC);
}
static inline int sys_mount_setattr(int mount, unsigned flags, struct mount_attr *attributes) {
  return (int)syscall(SYS_mount_setattr, mount, "", flags | AT_EMPTY_PATH, attributes,
                      sizeof *attributes);
}
static inline int sys_openat2(int at, const char *path, uint64_t flags, uint64_t resolve) {
  struct open_how how = {.flags = flags | O_CLOEXEC, .resolve = resolve};
  return (int)syscall(SYS_openat2, at, path, &how, sizeof how);
}
static inline int sys_pivot_root(const char *new_root, const char *put_old) {
  return (int)syscall(SYS_pivot_root, new_root, put_old);
}
static inline pid_t sys_clone3(struct clone_args *args) {
  return (pid_t)syscall(SYS_clone3, args, sizeof *args);
}
static inline int sys_setns(int file, int kind) { return (int)syscall(SYS_setns, file, kind); }
static inline int sys_unshare(unsigned long flags) { return (int)syscall(SYS_unshare, flags); }
static inline int sys_close_range(unsigned first, unsigned last, unsigned flags) {
  return (int)syscall(SYS_close_range, first, last, flags);
}
static inline int sys_pidfd_send_signal(int pidfd, int number) {
  return (int)syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0);
}

#endif
