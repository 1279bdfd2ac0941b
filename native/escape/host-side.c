// What a test needs on the host's side: something to reach for, and a terminal to attack.
#include <errno.h>
#include <fcntl.h>
#include <mqueue.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

int command_on_terminal(char **args);
int command_hold_ipc(char **args);

// hold-ipc KEY NAME: objects of the host, until stdin ends; says "ready" when they are there.
int command_hold_ipc(char **args) {
  if (!args[0] || !args[1]) return 2;
  key_t key = (key_t)atoi(args[0]);
  char name[64];
  snprintf(name, sizeof name, "/%.60s", args[1]);
  int memory = shmget(key, 4096, IPC_CREAT | 0666);
  int messages = msgget(key, IPC_CREAT | 0666);
  int semaphores = semget(key, 1, IPC_CREAT | 0666);
  mqd_t queue = mq_open(name, O_CREAT | O_RDWR, 0666, NULL);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  size_t length = strlen(args[1]);
  int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (length < sizeof address.sun_path - 1) memcpy(address.sun_path + 1, args[1], length);
  int bound = bind(server, (struct sockaddr *)&address,
                   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length));
  int made = memory >= 0 && messages >= 0 && semaphores >= 0 && queue >= 0 && bound == 0 &&
             listen(server, 8) == 0;
  puts(made ? "ready" : strerror(errno));
  fflush(stdout);
  char byte;
  while (read(0, &byte, 1) > 0) continue;
  if (memory >= 0) shmctl(memory, IPC_RMID, NULL);
  if (messages >= 0) msgctl(messages, IPC_RMID, NULL);
  if (semaphores >= 0) semctl(semaphores, 0, IPC_RMID);
  mq_unlink(name);
  return made ? 0 : 1;
}

// Copies what the terminal shows until all its users are gone.
static void show_all(int terminal) {
  char buffer[4096];
  ssize_t got;
  while ((got = read(terminal, buffer, sizeof buffer)) > 0)
    if (write(1, buffer, (size_t)got) < 0) break;
}

// on-terminal PROGRAM ARG…: as from a shell on a terminal of its own, which it is the leader of. When
// the program has ended: what waits there to be read by that shell.
int command_on_terminal(char **args) {
  int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (!args[0] || terminal < 0 || grantpt(terminal) < 0 || unlockpt(terminal) < 0) return 2;
  pid_t shell = fork();
  if (shell == 0) {
    setsid();
    int end = open(ptsname(terminal), O_RDWR);
    struct termios settings;
    if (end < 0 || ioctl(end, TIOCSCTTY, 0) < 0 || tcgetattr(end, &settings) < 0) _exit(2);
    // No echo: only what programs write is shown.
    settings.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(end, TCSANOW, &settings);
    for (int fd = 0; fd < 3; fd++) dup2(end, fd);
    if (end > 2) close(end);
    pid_t program = fork();
    if (program == 0) {
      execv(args[0], args);
      _exit(127);
    }
    while (waitpid(program, NULL, 0) < 0 && errno == EINTR) continue;
    int waiting = 0;
    ioctl(0, FIONREAD, &waiting);
    printf("left for the shell: %d bytes\n", waiting);
    fflush(stdout);
    tcdrain(1);
    _exit(0);
  }
  show_all(terminal);
  int status = 0;
  waitpid(shell, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
