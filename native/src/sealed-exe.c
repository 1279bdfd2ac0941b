// Running from a program file that nobody can write to; see sealed-exe.h.
#include "sealed-exe.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "cleanup.h"
#include "kernel.h"

#define SELF "/proc/self/exe"
#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

enum { IS_READ_ONLY = 1 };  // ST_RDONLY; the flags of statfs are those of the mount

extern char **environ;

// Asked of the kernel rather than of a variable that a caller could set.
static bool is_sealed(void) {
  struct statfs facts;
  if (statfs(SELF, &facts) == 0 && facts.f_flags & IS_READ_ONLY) return true;
  cleanup_close int self = open(SELF, O_RDONLY | O_CLOEXEC);
  int seals = self < 0 ? -1 : fcntl(self, F_GET_SEALS);
  return seals >= 0 && (seals & F_SEAL_WRITE);
}

static int open_mount(void) {
  cleanup_close int mount = sys_open_tree(AT_FDCWD, SELF, OPEN_TREE_CLONE);
  struct mount_attr attributes = {.attr_set = MOUNT_ATTR_RDONLY};
  if (mount < 0 || sys_mount_setattr(mount, 0, &attributes) < 0) return -1;
  return steal_fd(&mount);
}

static int copy_to_memory(void) {
  cleanup_close int self = open(SELF, O_RDONLY | O_CLOEXEC);
  struct stat facts;
  if (self < 0 || fstat(self, &facts) < 0) return -1;
  const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  cleanup_close int copy = memfd_create("slipway-native", flags | MFD_EXEC);
  if (copy < 0 && errno == EINVAL) copy = memfd_create("slipway-native", flags);  // before 6.3
  if (copy < 0) return -1;
  for (off_t done = 0; done < facts.st_size;) {
    ssize_t sent = sendfile(copy, self, &done, (size_t)(facts.st_size - done));
    if (sent == 0) errno = EIO;
    if (sent <= 0) return -1;
  }
  return fcntl(copy, F_ADD_SEALS, SEALS) < 0 ? -1 : steal_fd(&copy);
}

int sealed_exe_enter(char **argv, struct failure *why) {
  // Without /proc no container can start either: bundle_open reads it, and says so better.
  if (is_sealed() || access(SELF, F_OK) < 0) return 0;
  cleanup_close int program = open_mount();
  if (program < 0) program = copy_to_memory();
  if (program < 0)
    return fail(why, "parent", "memfd_create", SELF, "is /proc mounted, and memory left?");
  syscall(SYS_execveat, program, "", argv, environ, AT_EMPTY_PATH);
  return fail(why, "parent", "execveat", SELF, NULL);
}
