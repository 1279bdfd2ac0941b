// See terminal.h.
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int terminal_size(struct winsize *size) {
  for (int fd = 0; fd <= 2; fd++)
    if (ioctl(fd, TIOCGWINSZ, size) == 0) return 0;
  return -1;
}

void terminal_resize(const struct terminal *terminal) {
  struct winsize size;
  if (terminal->master >= 0 && terminal_size(&size) == 0)
    ioctl(terminal->master, TIOCSWINSZ, &size);
}

void terminal_begin(struct terminal *terminal, int master) {
  *terminal = (struct terminal){.master = master, .has_input = true};
  // A container that does not read must not stop its own output.
  fcntl(master, F_SETFL, O_NONBLOCK);
  if (tcgetattr(0, &terminal->before) < 0) return;  // stdin is a pipe or a file
  struct termios raw = terminal->before;
  cfmakeraw(&raw);
  terminal->is_raw = tcsetattr(0, TCSANOW, &raw) == 0;
}

void terminal_watch(const struct terminal *terminal, struct pollfd *watched) {
  bool wants_input = terminal->master >= 0 && terminal->has_input && terminal->waiting == 0;
  watched[0] = (struct pollfd){.fd = terminal->master, .events = POLLIN};
  watched[1] = (struct pollfd){.fd = wants_input ? 0 : -1, .events = POLLIN};
  watched[2] = (struct pollfd){.fd = terminal->waiting > 0 ? terminal->master : -1,
                               .events = POLLOUT};
}

static void write_all(const char *data, size_t length) {
  while (length > 0) {
    ssize_t written = write(1, data, length);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) {
      struct pollfd output = {.fd = 1, .events = POLLOUT};
      poll(&output, 1, -1);
      continue;
    }
    if (written <= 0) return;  // nobody reads; the container goes on
    data += written;
    length -= (size_t)written;
  }
}

// One read. False: nothing more for now, or for ever (EIO: the last process with the pty has ended).
static bool take_output(struct terminal *terminal) {
  char data[TERMINAL_BYTES];
  ssize_t got = read(terminal->master, data, sizeof data);
  if (got > 0) write_all(data, (size_t)got);
  return got > 0 || (got < 0 && errno == EINTR);
}

static void send_input(struct terminal *terminal) {
  ssize_t sent = write(terminal->master, terminal->input, terminal->waiting);
  if (sent <= 0) return;
  terminal->waiting -= (size_t)sent;
  memmove(terminal->input, terminal->input + sent, terminal->waiting);
}

void terminal_advance(struct terminal *terminal, const struct pollfd *watched) {
  if (terminal->master < 0) return;
  if (watched[0].revents & POLLIN) {
    take_output(terminal);
  } else if (watched[0].revents) {
    close(terminal->master);
    terminal->master = -1;
    return;
  }
  if (watched[1].revents) {
    ssize_t got = read(0, terminal->input, sizeof terminal->input);
    if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) terminal->has_input = false;
    if (got > 0) terminal->waiting = (size_t)got;
  }
  if (terminal->waiting > 0) send_input(terminal);
}

void terminal_end(struct terminal *terminal) {
  while (terminal->master >= 0 && take_output(terminal)) continue;
  if (terminal->master >= 0) close(terminal->master);
  terminal->master = -1;
  if (terminal->is_raw) tcsetattr(0, TCSANOW, &terminal->before);
  terminal->is_raw = false;
}
