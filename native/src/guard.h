// A process that stands guard: run and serve work as pid 1 of a pid namespace of their own. Whatever
// way they end, the kernel then ends every container below, also one whose program executed a
// setuid file and so lost its parent-death signal. Their mount namespace is private as well, so no
// mount outlives them or is ever seen by the host.
#ifndef SLIPWAY_GUARD_H
#define SLIPWAY_GUARD_H

#include <signal.h>

#include "failure.h"

// To `run`: kill the container now and end when it has ended. Killing `run` itself does the first
// only. A plain number, as SIGRTMIN differs between C libraries.
enum { GUARD_KILL = 40 };

// What is passed on to a container in the foreground, and SIGCHLD.
void guard_signals(sigset_t *signals);

// Returns 0 in the inner process; the outer one waits, passes signals on and exits with the inner
// one's status. -1: neither namespace could be made.
int guard_enter(struct failure *why);

// In the inner process: the descriptor is readable (end of file) when the outer one is gone.
int guard_alive_fd(void);

#endif
