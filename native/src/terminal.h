// Our own terminal in front of a container's: keys go in raw, output comes out, and a change of size is
// passed on, for as long as a command runs in the foreground.
#ifndef SLIPWAY_TERMINAL_H
#define SLIPWAY_TERMINAL_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <termios.h>

enum { TERMINAL_POLLED = 3, TERMINAL_BYTES = 4096 };

struct terminal {
  int master;             // of the container's pty; -1: there is none, and nothing is relayed
  bool is_raw;            // our stdin is a terminal that was changed
  bool has_input;         // stdin has not ended
  struct termios before;  // what to put back
  char input[TERMINAL_BYTES];  // read, but not taken by the container yet
  size_t waiting;
};

// Of the terminal that stdin is, or stdout or stderr where stdin is something else. -1: none of them.
int terminal_size(struct winsize *size);
// Takes the master over.
void terminal_begin(struct terminal *terminal, int master);
void terminal_resize(const struct terminal *terminal);
// Fills TERMINAL_POLLED places of a poll; and moves on what it found.
void terminal_watch(const struct terminal *terminal, struct pollfd *watched);
void terminal_advance(struct terminal *terminal, const struct pollfd *watched);
// The last output, and our terminal as it was.
void terminal_end(struct terminal *terminal);

#endif
