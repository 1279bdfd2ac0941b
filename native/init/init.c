// slipway-init: one static program that does small things by name. As the only file of a root file
// system it lets tests look at a container from inside without any distribution. The first argument
// is the command, unless the program's own name is one (a link `cat` → slipway-init).
#define _GNU_SOURCE 1
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int complain(const char *what) {
  fprintf(stderr, "slipway-init: %s: %s\n", what, strerror(errno));
  return 1;
}

static int do_true(char **args) { return (void)args, 0; }
static int do_false(char **args) { return (void)args, 1; }

static int do_echo(char **args) {
  for (; *args; args++) printf("%s%s", *args, args[1] ? " " : "");
  putchar('\n');
  return 0;
}

// errecho WORD…: echo to stderr.
static int do_errecho(char **args) {
  for (; *args; args++) fprintf(stderr, "%s%s", *args, args[1] ? " " : "");
  fputc('\n', stderr);
  return 0;
}

static int do_exit(char **args) { return args[0] ? atoi(args[0]) : 0; }

static int copy_out(const char *path) {
  int file = strcmp(path, "-") == 0 ? 0 : open(path, O_RDONLY);
  if (file < 0) return complain(path);
  char buffer[65536];
  ssize_t got;
  while ((got = read(file, buffer, sizeof buffer)) > 0) fwrite(buffer, 1, (size_t)got, stdout);
  int result = got < 0 ? complain(path) : 0;
  if (file != 0) close(file);
  return result;
}

static int do_cat(char **args) {
  int result = args[0] ? 0 : copy_out("-");
  for (; *args; args++) result |= copy_out(*args);
  return result;
}

static int not_dot(const struct dirent *entry) {
  return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b) {
  return strcmp((*a)->d_name, (*b)->d_name);
}

// ls FOLDER: names, sorted by bytes, one a line.
static int do_ls(char **args) {
  const char *path = args[0] ? args[0] : ".";
  struct dirent **names;
  int count = scandir(path, &names, not_dot, by_bytes);
  if (count < 0) return complain(path);
  for (int i = 0; i < count; i++) {
    puts(names[i]->d_name);
    free(names[i]);
  }
  free(names);
  return 0;
}

// stat PATH: mode in octal, uid, gid, size, device numbers; links are not followed.
static int do_stat(char **args) {
  for (; *args; args++) {
    struct stat facts;
    if (lstat(*args, &facts) < 0) return complain(*args);
    printf("%s %o %u %u %lld %u:%u\n", *args, facts.st_mode, facts.st_uid, facts.st_gid,
           (long long)facts.st_size, major(facts.st_rdev), minor(facts.st_rdev));
  }
  return 0;
}

static int write_text(const char *path, const char *text, int flags) {
  int file = open(path, O_WRONLY | O_CREAT | flags, 0644);
  if (file < 0) return complain(path);
  ssize_t written = write(file, text, strlen(text));
  if (close(file) < 0 || written != (ssize_t)strlen(text)) return complain(path);
  return 0;
}

static int do_write(char **args) {
  return args[0] && args[1] ? write_text(args[0], args[1], O_TRUNC) : 2;
}

static int do_append(char **args) {
  return args[0] && args[1] ? write_text(args[0], args[1], O_APPEND) : 2;
}

static int do_mkdir(char **args) {
  for (; *args; args++)
    if (mkdir(*args, 0755) < 0) return complain(*args);
  return 0;
}

static int do_rm(char **args) {
  for (; *args; args++)
    if (unlink(*args) < 0 && (errno != EISDIR || rmdir(*args) < 0)) return complain(*args);
  return 0;
}

static int do_mv(char **args) {
  if (!args[0] || !args[1]) return 2;
  return rename(args[0], args[1]) < 0 ? complain(args[0]) : 0;
}

// ln TARGET NAME, ln -s TARGET NAME
static int do_ln(char **args) {
  int is_symbolic = args[0] && strcmp(args[0], "-s") == 0;
  args += is_symbolic;
  if (!args[0] || !args[1]) return 2;
  int result = is_symbolic ? symlink(args[0], args[1]) : link(args[0], args[1]);
  return result < 0 ? complain(args[1]) : 0;
}

static int do_chmod(char **args) {
  if (!args[0] || !args[1]) return 2;
  return chmod(args[1], (mode_t)strtoul(args[0], NULL, 8)) < 0 ? complain(args[1]) : 0;
}

static int do_chown(char **args) {
  unsigned uid, gid;
  if (!args[0] || !args[1] || sscanf(args[0], "%u:%u", &uid, &gid) != 2) return 2;
  return lchown(args[1], uid, gid) < 0 ? complain(args[1]) : 0;
}

// mknod PATH MAJOR:MINOR [b]: a character device, with b a block device.
static int do_mknod(char **args) {
  unsigned high, low;
  if (!args[0] || !args[1] || sscanf(args[1], "%u:%u", &high, &low) != 2) return 2;
  mode_t kind = args[2] && strcmp(args[2], "b") == 0 ? S_IFBLK : S_IFCHR;
  return mknod(args[0], kind | 0600, makedev(high, low)) < 0 ? complain(args[0]) : 0;
}

// open PATH…: a line each, "PATH ok" or "PATH " and why it cannot be opened for reading and writing.
static int do_open(char **args) {
  for (; *args; args++) {
    int file = open(*args, O_RDWR | O_NONBLOCK | O_NOCTTY);
    printf("%s %s\n", *args, file >= 0 ? "ok" : strerror(errno));
    if (file >= 0) close(file);
  }
  return 0;
}

// head COUNT PATH: its first bytes.
static int do_head(char **args) {
  if (!args[0] || !args[1]) return 2;
  FILE *file = fopen(args[1], "re");
  if (!file) return complain(args[1]);
  int byte = 0;
  for (long left = atol(args[0]); left > 0 && (byte = getc(file)) != EOF; left--) putchar(byte);
  fclose(file);
  return 0;
}

static int do_id(char **args) {
  (void)args;
  gid_t groups[256];
  int count = getgroups(256, groups);
  printf("uid=%u gid=%u groups=", getuid(), getgid());
  for (int i = 0; i < count; i++) printf("%s%u", i ? "," : "", groups[i]);
  putchar('\n');
  return 0;
}

// Lines of /proc/self/status that begin with one of the names.
static int status_lines(const char *const *names) {
  FILE *file = fopen("/proc/self/status", "re");
  if (!file) return complain("/proc/self/status");
  char line[512];
  while (fgets(line, sizeof line, file))
    for (const char *const *name = names; *name; name++)
      if (strncmp(line, *name, strlen(*name)) == 0) fputs(line, stdout);
  fclose(file);
  return 0;
}

static int do_caps(char **args) {
  (void)args;
  return status_lines((const char *const[]){"Cap", "NoNewPrivs", "Seccomp:", NULL});
}

// signals: the masks that exec inherits.
static int do_signals(char **args) {
  (void)args;
  return status_lines((const char *const[]){"SigBlk", "SigIgn", NULL});
}

static int do_mounts(char **args) {
  (void)args;
  return copy_out("/proc/self/mountinfo");
}

// namespaces: one line a kind with the kernel's number for it.
static int do_namespaces(char **args) {
  (void)args;
  static const char *const kinds[] = {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"};
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    char path[64], target[64];
    snprintf(path, sizeof path, "/proc/self/ns/%s", kinds[i]);
    ssize_t length = readlink(path, target, sizeof target - 1);
    if (length < 0) return complain(path);
    target[length] = '\0';
    puts(target);
  }
  return 0;
}

// descriptors: the numbers of all open ones.
static int do_descriptors(char **args) {
  (void)args;
  for (int fd = 0; fd < 4096; fd++)
    if (fcntl(fd, F_GETFD) >= 0) printf("%d\n", fd);
  return 0;
}

// tty: the size of the terminal on stdin, and whether it is the session's.
static int do_tty(char **args) {
  (void)args;
  struct winsize size;
  if (ioctl(0, TIOCGWINSZ, &size) < 0) return complain("stdin");
  int file = open("/dev/tty", O_RDWR | O_CLOEXEC);
  printf("%d rows, %d columns, %s\n", size.ws_row, size.ws_col,
         file >= 0 ? "controlling" : "not controlling");
  if (file >= 0) close(file);
  return 0;
}

extern char **environ;

static int do_env(char **args) {
  (void)args;
  for (char **variable = environ; *variable; variable++) puts(*variable);
  return 0;
}

static int do_pwd(char **args) {
  (void)args;
  char path[4096];
  if (!getcwd(path, sizeof path)) return complain("getcwd");
  puts(path);
  return 0;
}

static int do_hostname(char **args) {
  (void)args;
  char name[256];
  if (gethostname(name, sizeof name) < 0) return complain("gethostname");
  puts(name);
  return 0;
}

static int do_pid(char **args) {
  (void)args;
  printf("%d %d\n", getpid(), getppid());
  return 0;
}

static int do_umask(char **args) {
  (void)args;
  printf("%04o\n", umask(0));
  return 0;
}

// sleep SECONDS; says "ready" first, so that a test knows it runs.
static int do_sleep(char **args) {
  puts("ready");
  fflush(stdout);
  struct timespec left = {.tv_sec = args[0] ? atol(args[0]) : 0};
  while (nanosleep(&left, &left) < 0 && errno == EINTR) continue;
  return 0;
}

// memhog MIB: allocates and touches so much memory, then says how much it has.
static int do_memhog(char **args) {
  size_t mib = args[0] ? (size_t)atoi(args[0]) : 1024;
  for (size_t i = 0; i < mib; i++) {
    char *piece = malloc(1 << 20);
    if (!piece) return complain("malloc");
    memset(piece, 1, 1 << 20);
  }
  printf("%zu MiB\n", mib);
  return 0;
}

// forkbomb MAX: forks processes that sleep until that fails or there are MAX; says how many there are.
static int do_forkbomb(char **args) {
  int max = args[0] ? atoi(args[0]) : 1000, count = 0;
  for (; count < max; count++) {
    pid_t child = fork();
    if (child == 0) {
      sleep(600);
      _exit(0);
    }
    if (child < 0) break;
  }
  printf("%d%s%s\n", count, count < max ? " " : "", count < max ? strerror(errno) : "");
  return 0;
}

// orphan SECONDS: leaves a child behind and says both numbers; then sleeps too.
static int do_orphan(char **args) {
  if (fork() == 0) {
    setsid();
    sleep(args[0] ? (unsigned)atoi(args[0]) : 0);
    _exit(0);
  }
  return do_sleep(args);
}

static void on_signal(int number) {
  // _exit only: nothing else is safe here.
  _exit(number == SIGTERM ? 42 : 43);
}

// trap: exits 42 on SIGTERM and 43 on SIGINT.
static int do_trap(char **args) {
  signal(SIGTERM, on_signal);
  signal(SIGINT, on_signal);
  return do_sleep(args);
}

// kill NUMBER: sends the signal to a child that then ends of it; reports as a shell does.
static int do_kill(char **args) {
  int number = args[0] ? atoi(args[0]) : SIGTERM;
  pid_t child = fork();
  if (child == 0) {
    raise(number);
    _exit(0);
  }
  int status;
  if (waitpid(child, &status, 0) < 0) return complain("waitpid");
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : 0;
}

// bytes COUNT: that many bytes of a fixed pattern (the byte at offset n is n mod 251).
static int do_bytes(char **args) {
  long long count = args[0] ? atoll(args[0]) : 0;
  for (long long i = 0; i < count; i++) putchar((int)(i % 251));
  return 0;
}

// fstype PATH: the magic number of its file system, in hex.
static int do_fstype(char **args) {
  struct statfs facts;
  if (!args[0] || statfs(args[0], &facts) < 0) return complain(args[0] ? args[0] : "fstype");
  printf("%llx\n", (unsigned long long)facts.f_type);
  return 0;
}

// syscall NUMBER [ARG…]: "ok" or the name of the error, as a filter or the kernel answers.
static int do_syscall(char **args) {
  long values[7] = {0};
  for (int i = 0; i < 7 && args[i]; i++) values[i] = (long)strtoull(args[i], NULL, 0);
  long result = syscall(values[0], values[1], values[2], values[3], values[4], values[5], values[6]);
  puts(result >= 0 ? "ok" : strerror(errno));
  return 0;
}

// int80 NUMBER [ARG…]: the same as a 32-bit program calls it, with its numbers. Only on x86-64.
static int do_int80(char **args) {
#ifdef __x86_64__
  unsigned values[7] = {0};
  for (int i = 0; i < 7 && args[i]; i++) values[i] = (unsigned)strtoull(args[i], NULL, 0);
  int result = (int)values[0];
  __asm__ volatile("int $0x80"
                   : "+a"(result)
                   : "b"(values[1]), "c"(values[2]), "d"(values[3]), "S"(values[4]), "D"(values[5])
                   : "memory", "r8", "r9", "r10", "r11");
  puts(result >= 0 || result < -4095 ? "ok" : strerror(-result));
  return 0;
#else
  (void)args;
  return 2;
#endif
}

static void on_sigsys(int number, siginfo_t *info, void *context) {
  (void)context;
  printf("signal %d for call %d\n", number, info->si_syscall);
}

// trapped NUMBER: makes the call with a handler for SIGSYS, which says what it was sent for.
static int do_trapped(char **args) {
  struct sigaction action = {.sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO};
  sigaction(SIGSYS, &action, NULL);
  syscall(args[0] ? atol(args[0]) : 0, 0, 0);
  return 0;
}

// scheduling: policy, priority and nice value of this process, its class and level for disks, its CPUs.
static int do_scheduling(char **args) {
  (void)args;
  struct sched_param parameters;
  sched_getparam(0, &parameters);
  long io = syscall(SYS_ioprio_get, 1, 0);
  printf("policy %d priority %d nice %d io %ld:%ld\n", sched_getscheduler(0),
         parameters.sched_priority, getpriority(PRIO_PROCESS, 0), io >> 13, io & 7);
  return status_lines((const char *const[]){"Cpus_allowed_list", NULL});
}

static int do_machine(char **args) {
  (void)args;
  struct utsname names;
  if (uname(&names) < 0) return complain("uname");
  printf("%s %s\n", names.machine, names.domainname);
  return 0;
}

static int do_all(char **args);

static const struct {
  const char *name;
  int (*run)(char **args);
} commands[] = {
    {"true", do_true},         {"false", do_false},
    {"echo", do_echo},         {"errecho", do_errecho},
    {"exit", do_exit},         {"cat", do_cat},
    {"ls", do_ls},             {"stat", do_stat},
    {"write", do_write},       {"append", do_append},
    {"mkdir", do_mkdir},       {"rm", do_rm},
    {"mv", do_mv},             {"ln", do_ln},
    {"chmod", do_chmod},       {"chown", do_chown},
    {"mknod", do_mknod},       {"open", do_open},
    {"head", do_head},         {"id", do_id},
    {"caps", do_caps},         {"signals", do_signals},
    {"mounts", do_mounts},     {"namespaces", do_namespaces},
    {"descriptors", do_descriptors},
    {"env", do_env},           {"pwd", do_pwd},
    {"hostname", do_hostname}, {"pid", do_pid},
    {"umask", do_umask},       {"sleep", do_sleep},
    {"orphan", do_orphan},     {"trap", do_trap},
    {"kill", do_kill},         {"bytes", do_bytes},
    {"fstype", do_fstype},     {"syscall", do_syscall},
    {"scheduling", do_scheduling}, {"machine", do_machine},
    {"int80", do_int80},       {"trapped", do_trapped},
    {"memhog", do_memhog},     {"forkbomb", do_forkbomb},
    {"tty", do_tty},               {"all", do_all},
};

static int run_command(const char *name, char **args) {
  for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
    if (strcmp(commands[i].name, name) == 0) {
      int result = commands[i].run(args);
      fflush(stdout);
      return result;
    }
  return -1;
}

// all COMMAND ARG… , COMMAND ARG…: one after the other until one fails. A comma is a word of its own.
static int do_all(char **args) {
  while (*args) {
    char **end = args;
    while (*end && strcmp(*end, ",") != 0) end++;
    int is_last = *end == NULL;
    *end = NULL;
    int result = run_command(args[0], args + 1);
    if (result != 0) return result < 0 ? 2 : result;
    args = is_last ? end : end + 1;
  }
  return 0;
}

int main(int argc, char **argv) {
  (void)argc;
  const char *slash = strrchr(argv[0], '/');
  int result = run_command(slash ? slash + 1 : argv[0], argv + 1);
  if (result < 0 && argv[1]) result = run_command(argv[1], argv + 2);
  if (result >= 0) return result;
  fprintf(stderr, "slipway-init: no such command; known are");
  for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
    fprintf(stderr, " %s", commands[i].name);
  fputc('\n', stderr);
  return 2;
}
