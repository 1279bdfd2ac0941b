// What belongs to the host: its processes, their memory, System V and POSIX objects, abstract sockets,
// terminals, raw devices. The environment says what there is to reach for: HOST_PID, HOST_KEY (decimal, of
// shared memory, queue and semaphore), HOST_NAME (message queue and abstract socket), HOST_DISK (major:minor).
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/ioctl.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "escape.h"

static const char *told(const char *name) {
  const char *value = getenv(name);
  return value ? value : "";
}
static pid_t host_pid(void) { return (pid_t)atoi(told("HOST_PID")); }
static key_t host_key(void) { return (key_t)atoi(told("HOST_KEY")); }

static const char *try_kill(void) { return outcome(kill(host_pid(), 0)); }
static const char *try_kill_all(void) { return outcome(kill(-host_pid(), 0)); }
static const char *try_ptrace(void) { return outcome(ptrace(PTRACE_SEIZE, host_pid(), NULL, NULL)); }
static const char *try_pidfd_open(void) { return outcome(syscall(SYS_pidfd_open, host_pid(), 0)); }
static const char *try_prlimit(void) {
  return outcome(syscall(SYS_prlimit64, host_pid(), 0, NULL, NULL));
}
static const char *try_kcmp(void) {
  return outcome(syscall(SYS_kcmp, host_pid(), getpid(), 0, 0, 0));
}

static const char *transfer(long number) {
  char byte = 0;
  struct iovec here = {&byte, 1}, there = {(void *)0x10000, 1};
  return outcome(syscall(number, host_pid(), &here, 1, &there, 1, 0));
}
static const char *try_process_vm_readv(void) { return transfer(SYS_process_vm_readv); }
static const char *try_process_vm_writev(void) { return transfer(SYS_process_vm_writev); }

static const char *try_proc_of_host(void) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d", host_pid());
  return outcome(access(path, F_OK));
}

static const char *try_shm(void) { return outcome(shmget(host_key(), 0, 0)); }
static const char *try_msg(void) { return outcome(msgget(host_key(), 0)); }
static const char *try_sem(void) { return outcome(semget(host_key(), 0, 0)); }

static const char *try_mqueue(void) {
  char name[64];
  snprintf(name, sizeof name, "/%.60s", told("HOST_NAME"));
  return outcome(mq_open(name, O_RDONLY));
}

static socklen_t abstract_name(struct sockaddr_un *address) {
  *address = (struct sockaddr_un){.sun_family = AF_UNIX};
  size_t length = strlen(told("HOST_NAME"));
  if (length > sizeof address->sun_path - 1) length = sizeof address->sun_path - 1;
  memcpy(address->sun_path + 1, told("HOST_NAME"), length);
  return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length);
}

static const char *try_abstract_socket(void) {
  struct sockaddr_un address;
  socklen_t size = abstract_name(&address);
  int client = socket(AF_UNIX, SOCK_STREAM, 0);
  return client < 0 ? NULL : outcome(connect(client, (struct sockaddr *)&address, size));
}

static const char *try_vsock(void) { return outcome(socket(AF_VSOCK, SOCK_STREAM, 0)); }

// A node of a device of the host, made where `folder` is; making it is allowed, opening it is not.
static const char *open_node(const char *folder, mode_t kind, dev_t device) {
  char path[128];
  snprintf(path, sizeof path, "%s/node-%d", folder, (int)getpid());
  if (mknod(path, kind | 0600, device) < 0) return NULL;
  int file = open(path, O_RDONLY | O_NONBLOCK);
  int error = errno;
  unlink(path);
  errno = error;
  return outcome(file);
}

static dev_t host_disk(void) {
  unsigned high = 7, low = 0;
  sscanf(told("HOST_DISK"), "%u:%u", &high, &low);
  return makedev(high, low);
}

static const char *try_disk_root(void) { return open_node("", S_IFBLK, host_disk()); }
static const char *try_disk_tmp(void) { return open_node("/tmp", S_IFBLK, host_disk()); }
static const char *try_disk_dev(void) { return open_node("/dev", S_IFBLK, host_disk()); }
static const char *try_disk_shm(void) { return open_node("/dev/shm", S_IFBLK, host_disk()); }
static const char *try_memory(void) { return open_node("/tmp", S_IFCHR, makedev(1, 1)); }
static const char *try_ports(void) { return open_node("/tmp", S_IFCHR, makedev(1, 4)); }
static const char *try_log(void) { return open_node("/tmp", S_IFCHR, makedev(1, 11)); }
static const char *try_console(void) { return open_node("/tmp", S_IFCHR, makedev(5, 1)); }
static const char *try_loop_control(void) { return open_node("/tmp", S_IFCHR, makedev(10, 237)); }
static const char *try_fuse(void) { return open_node("/tmp", S_IFCHR, makedev(10, 229)); }
static const char *try_tun(void) { return open_node("/tmp", S_IFCHR, makedev(10, 200)); }

// Through the mount that lets /dev/null be opened: it must let nothing else be.
static const char *try_replaced_null(void) {
  if (unlink("/dev/null") == 0 || rename("/dev/null", "/dev/other") == 0) return "succeeded";
  return NULL;
}

// Characters pushed into a terminal that the caller shares become the caller's shell's input.
static const char *push_characters(int terminal) {
  for (const char *c = "echo pushed\n"; *c; c++)
    if (ioctl(terminal, TIOCSTI, c) < 0) return NULL;
  return "succeeded";
}
static const char *try_push_stdin(void) { return push_characters(0); }

static const char *try_steal_terminal(void) {
  setsid();
  if (ioctl(0, TIOCSCTTY, 1) < 0) return NULL;
  return push_characters(0);
}

static const char *try_reopen_terminal(void) {
  if (!isatty(0)) return NULL;
  setsid();
  int terminal = open("/proc/self/fd/0", O_RDWR);
  return terminal < 0 ? NULL : push_characters(terminal);
}

static const char *try_dev_tty(void) { return outcome(open("/dev/tty", O_RDWR)); }

// The program that started us is gone from here: /proc/1/exe is our own.
static const char *try_overwrite_launcher(void) {
  struct stat own, first;
  if (stat("/proc/self/exe", &own) < 0 || stat("/proc/1/exe", &first) < 0) return NULL;
  return own.st_ino == first.st_ino && own.st_dev == first.st_dev ? "own program" : "another program";
}

static const char *try_raise_capabilities(void) {
  if (prctl(PR_CAPBSET_READ, 21, 0, 0, 0) > 0) return "succeeded";
  return outcome(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 21, 0, 0));
}

static const char *try_inherited(void) {
  for (int fd = 3; fd < 4096; fd++)
    if (fcntl(fd, F_GETFD) >= 0) return "succeeded";
  return "none";
}

const struct attempt outside_attempts[] = {
    {"kill", try_kill},
    {"kill-group", try_kill_all},
    {"ptrace", try_ptrace},
    {"pidfd_open", try_pidfd_open},
    {"prlimit", try_prlimit},
    {"kcmp", try_kcmp},
    {"process_vm_readv", try_process_vm_readv},
    {"process_vm_writev", try_process_vm_writev},
    {"proc-of-host", try_proc_of_host},
    {"shared-memory", try_shm},
    {"message-queue", try_msg},
    {"semaphores", try_sem},
    {"posix-queue", try_mqueue},
    {"abstract-socket", try_abstract_socket},
    {"vsock", try_vsock},
    {"disk-in-root", try_disk_root},
    {"disk-in-tmp", try_disk_tmp},
    {"disk-in-dev", try_disk_dev},
    {"disk-in-shm", try_disk_shm},
    {"dev-mem", try_memory},
    {"dev-port", try_ports},
    {"dev-kmsg", try_log},
    {"dev-console", try_console},
    {"loop-control", try_loop_control},
    {"dev-fuse", try_fuse},
    {"dev-tun", try_tun},
    {"replace-null", try_replaced_null},
    {"push-characters", try_push_stdin},
    {"steal-terminal", try_steal_terminal},
    {"reopen-terminal", try_reopen_terminal},
    {"dev-tty", try_dev_tty},
    {"launcher-program", try_overwrite_launcher},
    {"raise-capabilities", try_raise_capabilities},
    {"inherited-descriptors", try_inherited},
    {NULL, NULL},
};
