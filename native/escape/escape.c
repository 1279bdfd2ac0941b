// The program itself; see escape.h. Every attempt runs in a child of its own, so that a filter that
// kills, kills only that. One line an attempt: its name and what came of it.
#include "escape.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int command_on_terminal(char **args);
int command_hold_ipc(char **args);
int command_without(char **args);

static const struct {
  int number;
  const char *name;
} errors[] = {
    {EPERM, "EPERM"},   {ENOENT, "ENOENT"},   {ESRCH, "ESRCH"},   {EIO, "EIO"},
    {ENXIO, "ENXIO"},   {EBADF, "EBADF"},     {EACCES, "EACCES"}, {EFAULT, "EFAULT"},
    {EBUSY, "EBUSY"},   {EEXIST, "EEXIST"},   {ENODEV, "ENODEV"}, {ENOTDIR, "ENOTDIR"},
    {EISDIR, "EISDIR"}, {EINVAL, "EINVAL"},   {ENOTTY, "ENOTTY"}, {ETXTBSY, "ETXTBSY"},
    {EROFS, "EROFS"},   {ENOSYS, "ENOSYS"},   {ELOOP, "ELOOP"},   {EOPNOTSUPP, "EOPNOTSUPP"},
    {EAGAIN, "EAGAIN"}, {ENOMEM, "ENOMEM"},   {EXDEV, "EXDEV"},   {ECONNREFUSED, "ECONNREFUSED"},
    {ENOEXEC, "ENOEXEC"}, {EUSERS, "EUSERS"}, {ENOSPC, "ENOSPC"}, {ENOKEY, "ENOKEY"},
};

static const char *error_name(int number) {
  for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
    if (errors[i].number == number) return errors[i].name;
  return strerror(number);
}

const char *write_back(const char *path) {
  int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0) return NULL;
  // Opening is enough for a trigger, and for what has no content to write back.
  char content[4096];
  int source = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t length = source < 0 ? 0 : read(source, content, sizeof content);
  return length > 0 ? outcome(write(file, content, (size_t)length)) : "opened";
}

static void report(const struct attempt *attempt) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    alarm(20);
    errno = 0;
    const char *result = attempt->run();
    printf("%s %s\n", attempt->name, result ? result : error_name(errno));
    fflush(stdout);
    _exit(0);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (WIFSIGNALED(status)) printf("%s signal %d\n", attempt->name, WTERMSIG(status));
  fflush(stdout);
}

static int report_matching(const char *name) {
  const struct attempt *const lists[] = {kernel_attempts, mount_attempts, outside_attempts};
  int found = 0;
  for (size_t list = 0; list < sizeof lists / sizeof lists[0]; list++)
    for (const struct attempt *one = lists[list]; one->name; one++)
      if (!name || strcmp(name, one->name) == 0) {
        report(one);
        found = 1;
      }
  return found;
}

// write PATH…: for each, whether it can be written to.
static int command_write(char **paths) {
  for (; *paths; paths++) {
    errno = 0;
    const char *result = write_back(*paths);
    printf("%s %s\n", *paths, result ? result : error_name(errno));
  }
  return 0;
}

// read PATH…: how many bytes there are, up to 4096.
static int command_read(char **paths) {
  for (; *paths; paths++) {
    char content[4096];
    int file = open(*paths, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t length = file < 0 ? -1 : read(file, content, sizeof content);
    if (length < 0) printf("%s %s\n", *paths, error_name(errno));
    else printf("%s %zd bytes\n", *paths, length);
    if (file >= 0) close(file);
  }
  return 0;
}

// ids: real, effective and saved user.
static int command_ids(char **args) {
  (void)args;
  uid_t real, effective, saved;
  if (getresuid(&real, &effective, &saved) < 0) return 1;
  printf("%u %u %u\n", real, effective, saved);
  return 0;
}

// forks COUNT: how many of so many processes could be made at once.
static int command_forks(char **args) {
  int wanted = args[0] ? atoi(args[0]) : 0, made = 0;
  for (; made < wanted; made++) {
    pid_t child = fork();
    if (child < 0) break;
    if (child == 0) pause();
  }
  printf("%d %s\n", made, made < wanted ? error_name(errno) : "succeeded");
  return 0;
}

// memory MEBIBYTES: takes and touches so much.
static int command_memory(char **args) {
  size_t mebibytes = args[0] ? (size_t)atol(args[0]) : 0;
  for (size_t i = 0; i < mebibytes; i++) {
    char *block = malloc(1 << 20);
    if (!block) return puts("ENOMEM") < 0;
    memset(block, 1, 1 << 20);
  }
  puts("succeeded");
  return 0;
}

static const struct {
  const char *name;
  int (*run)(char **args);
} commands[] = {
    {"write", command_write},   {"read", command_read},     {"ids", command_ids},
    {"forks", command_forks},   {"memory", command_memory}, {"on-terminal", command_on_terminal},
    {"hold-ipc", command_hold_ipc}, {"without", command_without},
};

// Names of attempts, none: all of them.
int main(int argc, char **argv) {
  for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof commands[0]; i++)
    if (strcmp(argv[1], commands[i].name) == 0) {
      int result = commands[i].run(argv + 2);
      fflush(stdout);
      return result;
    }
  if (argc == 1) return report_matching(NULL) ? 0 : 2;
  for (int i = 1; i < argc; i++)
    if (!report_matching(argv[i])) {
      fprintf(stderr, "slipway-escape: no attempt of this name: %s\n", argv[i]);
      return 2;
    }
  return 0;
}
