// The containers of the resident helper; see containers.h.
#include "containers.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "commands.h"
#include "frames.h"
#include "kernel.h"
#include "launch.h"
#include "status.h"

enum { PIPE_BYTES = 1 << 18 };  // fewer switches between a chatty compiler and us

struct container {
  uint32_t number;
  struct launched launched;  // `errors` is -1 once the program runs
  int output[2];             // our ends of stdout and stderr; -1 after their end
  bool has_failed;           // an error was reported: the end of the child says nothing more
};

static struct container containers[CONTAINERS_MAX];
static size_t count;

static struct container *container_numbered(uint32_t number) {
  for (size_t i = 0; i < count; i++)
    if (containers[i].number == number) return &containers[i];
  return NULL;
}

static void send_error(struct bytes *out, uint32_t number, const struct failure *why) {
  cleanup_bytes struct bytes line = {0};
  status_error(&line, why);
  frame_append(out, FRAME_ERROR, number, line.data, line.length);
}

struct stdio_pipes {
  int ours[2];      // read ends, not blocking
  int theirs[3];    // empty stdin, write ends
};

static void close_all(int *fds, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (fds[i] >= 0) close(fds[i]);
    fds[i] = -1;
  }
}

static int open_stdio(struct stdio_pipes *pipes, struct failure *why) {
  *pipes = (struct stdio_pipes){.ours = {-1, -1}, .theirs = {-1, -1, -1}};
  pipes->theirs[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (pipes->theirs[0] < 0) return fail(why, "stdio", "open", "/dev/null", NULL);
  for (int i = 0; i < 2; i++) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return fail(why, "stdio", "pipe2", NULL, NULL);
    pipes->ours[i] = ends[0];
    pipes->theirs[1 + i] = ends[1];
    // Only our end must not block, and the size is a wish: a failure of either would show as slowness.
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    fcntl(ends[0], F_SETPIPE_SZ, PIPE_BYTES);
  }
  return 0;
}

// They could take as long as they like, and everybody else would wait for them.
static int refuse_hooks(const struct hooks *hooks, struct failure *why) {
  for (int point = 0; point < HOOK_POINTS; point++) {
    if (hooks->count[point] == 0) continue;
    errno = EOPNOTSUPP;
    return fail(why, "spec", "check", "/hooks", "the resident helper runs none; use run or create");
  }
  return 0;
}

static int start(struct container *container, const char *path, struct failure *why) {
  struct bundle bundle;
  struct stdio_pipes pipes;
  if (bundle_open(path, &bundle, why) < 0) return -1;
  int result = open_stdio(&pipes, why);
  const struct start how = start_with(pipes.theirs);
  if (result == 0) result = refuse_hooks(&bundle.spec.hooks, why);
  if (result == 0) result = launch_start(&bundle, &how, &container->launched, why);
  close_all(pipes.theirs, 3);
  bundle_close(&bundle);
  if (result < 0) close_all(pipes.ours, 2);
  container->output[0] = pipes.ours[0];
  container->output[1] = pipes.ours[1];
  return result;
}

// The next free place; NULL when there is none.
static struct container *new_container(uint32_t number, struct failure *why) {
  if (count == CONTAINERS_MAX) {
    errno = EAGAIN;
    fail(why, "clone", "start", NULL, "64 containers run already");
    return NULL;
  }
  containers[count] = (struct container){.number = number};
  return &containers[count];
}

int containers_start(uint32_t number, const char *bundle, struct bytes *out) {
  if (container_numbered(number)) return -1;
  struct failure why = {0};
  struct container *container = new_container(number, &why);
  if (container && start(container, bundle, &why) == 0) count++;
  else send_error(out, number, &why);
  return 0;
}

// Nothing is executed: this program is the one.
_Noreturn static void pack(int argc, char **argv, const int stdio[3]) {
  struct failure why;
  if (process_place_stdio(stdio, &why) < 0 || process_reset_signals(&why) < 0 ||
      sys_close_range(3, ~0u, 0) < 0)
    _exit(125);
  int result = command_pack(argc, argv);
  fflush(NULL);
  _exit(result);
}

static int start_pack(struct container *container, int argc, char **argv, struct failure *why) {
  struct stdio_pipes pipes;
  int result = open_stdio(&pipes, why);
  pid_t pid = result == 0 ? fork() : -1;
  if (pid == 0) pack(argc, argv, pipes.theirs);
  if (result == 0 && pid < 0) result = fail(why, "clone", "fork", NULL, NULL);
  close_all(pipes.theirs, 3);
  int pidfd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
  if (pid > 0 && pidfd < 0) {
    result = fail(why, "clone", "pidfd_open", NULL, NULL);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
  }
  if (result < 0) close_all(pipes.ours, 2);
  container->launched = (struct launched){.pid = pid, .pidfd = pidfd, .errors = -1, .go = -1};
  container->output[0] = pipes.ours[0];
  container->output[1] = pipes.ours[1];
  return result;
}

int containers_pack(uint32_t number, const char *words, size_t size, struct bytes *out) {
  if (container_numbered(number) || size == 0 || words[size - 1] != '\0') return -1;
  cleanup_free char *text = allocate(size);
  memcpy(text, words, size);
  cleanup_free char **argv = NULL;
  size_t capacity = 0, argc = 0;
  argv = grow(argv, &capacity, 1, sizeof *argv);
  argv[argc++] = (char[]){"pack"};
  for (char *word = text; word < text + size; word += strlen(word) + 1) {
    argv = grow(argv, &capacity, argc + 1, sizeof *argv);
    argv[argc++] = word;
  }
  struct failure why = {0};
  struct container *container = new_container(number, &why);
  if (container && start_pack(container, (int)argc, argv, &why) == 0) count++;
  else send_error(out, number, &why);
  return 0;
}

void containers_signal(uint32_t number, int signal) {
  struct container *container = container_numbered(number);
  if (container) sys_pidfd_send_signal(container->launched.pidfd, signal);
}

size_t containers_watch(struct pollfd *watched, bool may_read_output) {
  size_t used = 0;
  for (size_t i = 0; i < count; i++) {
    const struct container *c = &containers[i];
    // poll ignores negative descriptors, so every container has its four places.
    int fds[4] = {c->launched.errors, may_read_output ? c->output[0] : -1,
                  may_read_output ? c->output[1] : -1, may_read_output ? c->launched.pidfd : -1};
    for (int k = 0; k < 4; k++)
      watched[used++] = (struct pollfd){.fd = fds[k], .events = POLLIN};
  }
  return used;
}

// The verdict of exec.
static void take_outcome(struct container *c, struct bytes *out) {
  struct failure why = {0};
  if (launch_outcome(&c->launched, &why) < 0) {
    send_error(out, c->number, &why);
    c->has_failed = true;
    return;
  }
  cleanup_bytes struct bytes line = {0};
  status_started(&line, host_pid(c->launched.pidfd));
  frame_append(out, FRAME_STARTED, c->number, line.data, line.length);
}

// One read. True: there may be more.
static bool take_output(struct container *c, int stream, struct bytes *out) {
  static char buffer[FRAME_OUTPUT_MAX];
  if (c->output[stream] < 0) return false;
  ssize_t got = read(c->output[stream], buffer, sizeof buffer);
  if (got < 0 && errno == EINTR) return true;
  if (got < 0 && errno == EAGAIN) return false;
  if (got <= 0) {
    close(c->output[stream]);
    c->output[stream] = -1;
    return false;
  }
  frame_append(out, stream == 0 ? FRAME_STDOUT : FRAME_STDERR, c->number, buffer, (size_t)got);
  return true;
}

// Pid 1 has ended, and with it every process of the container: what the pipes hold is all there is.
static void finish(struct container *c, struct bytes *out) {
  if (c->launched.errors >= 0) take_outcome(c, out);
  for (int stream = 0; stream < 2; stream++)
    while (take_output(c, stream, out)) continue;
  close_all(c->output, 2);
  int status = 0;
  while (waitpid(c->launched.pid, &status, 0) < 0 && errno == EINTR) continue;
  close(c->launched.pidfd);
  bool is_out_of_memory = launch_clean_up(&c->launched);
  if (c->has_failed) return;
  cleanup_bytes struct bytes line = {0};
  status_exited(&line, launch_exit_code(status), is_out_of_memory);
  frame_append(out, FRAME_EXITED, c->number, line.data, line.length);
}

void containers_advance(const struct pollfd *watched, size_t watched_count, struct bytes *out) {
  // From the last to the first: an ended container is replaced by the last one, which is done then.
  for (size_t i = watched_count / 4; i-- > 0;) {
    struct container *c = &containers[i];
    const struct pollfd *found = watched + 4 * i;
    if (found[0].revents && c->launched.errors >= 0) take_outcome(c, out);
    if (found[1].revents) take_output(c, 0, out);
    if (found[2].revents) take_output(c, 1, out);
    if (!found[3].revents) continue;
    finish(c, out);
    containers[i] = containers[--count];
  }
}

void containers_kill_all(void) {
  for (size_t i = 0; i < count; i++) sys_pidfd_send_signal(containers[i].launched.pidfd, SIGKILL);
  for (size_t i = 0; i < count; i++)
    while (waitpid(containers[i].launched.pid, NULL, 0) < 0 && errno == EINTR) continue;
  for (size_t i = 0; i < count; i++) launch_clean_up(&containers[i].launched);
  count = 0;
}
