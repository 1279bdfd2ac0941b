// The terminal of a container (process.terminal): a pty of the container's own devpts. Its process never
// has a terminal of the host, so there is none that it could type into.
#ifndef SLIPWAY_CONSOLE_H
#define SLIPWAY_CONSOLE_H

#include "failure.h"
#include "spec-process.h"

// The container's side, inside its root: a new pty becomes the controlling terminal, 0, 1 and 2, and
// /dev/console (`mounts_console`: not for a process that exec adds); its master goes through the
// socket to who keeps the terminal. Needs a session of its own.
int console_enter(const struct process_spec *process, int socket, bool mounts_console,
                  struct failure *why);

// Connects to the socket of --console-socket. A descriptor, or -1.
int console_connect(const char *path, struct failure *why);
// Takes the master from the other end of a socketpair; -1: none came.
int console_receive(int socket);

#endif
