// See cgroup-files.h.
#include "cgroup-files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"

FILE *cgroup_facts(const char *name) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/%s", name);
  return fopen(path, "re");
}

int cgroup_make(int parent, const char *name) { return mkdirat(parent, name, 0755); }

int cgroup_unmake(int parent, const char *name) { return unlinkat(parent, name, AT_REMOVEDIR); }

bool cgroup_has(int folder, const char *file) { return faccessat(folder, file, F_OK, 0) == 0; }

int cgroup_write(int folder, const char *file, const char *text) {
  cleanup_close int fd = openat(folder, file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return -1;
  ssize_t done;
  do done = write(fd, text, strlen(text));
  while (done < 0 && errno == EINTR);
  return done < 0 ? -1 : 0;
}

int cgroup_read(int folder, const char *file, char *text, size_t size) {
  cleanup_close int fd = openat(folder, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return -1;
  ssize_t got = read(fd, text, size - 1);
  if (got < 0) return -1;
  while (got > 0 && text[got - 1] == '\n') got--;
  text[got] = '\0';
  return 0;
}

static int sys_bpf(int command, union bpf_attr *attributes) {
  return (int)syscall(SYS_bpf, command, attributes, sizeof *attributes);
}

int cgroup_attach(int folder, const struct bpf_insn *instructions, size_t count) {
  union bpf_attr load, attach;
  memset(&load, 0, sizeof load);  // the padding of the union is checked as well
  memset(&attach, 0, sizeof attach);
  load.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  load.insns = (uintptr_t)instructions;
  load.insn_cnt = (uint32_t)count;
  load.license = (uintptr_t) "";
  cleanup_close int program = sys_bpf(BPF_PROG_LOAD, &load);
  if (program < 0) return -1;
  attach.target_fd = (uint32_t)folder;
  attach.attach_bpf_fd = (uint32_t)program;
  attach.attach_type = BPF_CGROUP_DEVICE;
  attach.attach_flags = BPF_F_ALLOW_MULTI;  // beside what systemd or a group above has attached
  return sys_bpf(BPF_PROG_ATTACH, &attach);
}

bool cgroup_host_swaps(void) {
  FILE *file = fopen("/proc/swaps", "re");
  char line[512];
  bool has_swap = file && fgets(line, sizeof line, file) && fgets(line, sizeof line, file);
  if (file) fclose(file);
  return has_swap;
}
