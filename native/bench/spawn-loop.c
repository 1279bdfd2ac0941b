// Starts programs by turns and says how long each took from start to exit, without a shell or an
// interpreter in between: what a launcher costs by itself.
//
//     slipway-spawn ROUNDS PROGRAM ARG… [-- PROGRAM ARG…]…
//
// A line a round: the microseconds of each program. The first round is not printed. Output of the programs
// goes to /dev/null; one that fails ends everything.
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { PROGRAMS_MAX = 16 };

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static double run(char **argv, const posix_spawn_file_actions_t *quiet) {
  pid_t pid;
  double begin = now();
  int error = posix_spawnp(&pid, argv[0], quiet, NULL, argv, environ);
  if (error != 0) {
    fprintf(stderr, "%s: %s\n", argv[0], strerror(error));
    exit(1);
  }
  int status;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  double took = now() - begin;
  if (status != 0) {
    fprintf(stderr, "%s: wait status %d\n", argv[0], status);
    exit(1);
  }
  return took;
}

int main(int argc, char **argv) {
  int rounds = argc > 2 ? atoi(argv[1]) : 0, count = 0;
  char **programs[PROGRAMS_MAX];
  for (int i = 2; i < argc && count < PROGRAMS_MAX; i++) {
    programs[count++] = argv + i;
    while (i < argc && strcmp(argv[i], "--") != 0) i++;
    argv[i] = NULL;
  }
  if (rounds < 1 || count < 1) return 2;
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  for (int fd = 0; fd < 2; fd++)
    posix_spawn_file_actions_addopen(&quiet, fd, "/dev/null", O_RDWR, 0);
  for (int round = 0; round <= rounds; round++) {
    for (int i = 0; i < count; i++) {
      double took = run(programs[i], &quiet);
      if (round > 0) printf("%.0f%s", took, i + 1 < count ? " " : "\n");
    }
    fflush(stdout);
  }
  return 0;
}
