// Waiting for a process in the foreground: our signals are its signals, our terminal is in front of its.
#ifndef SLIPWAY_FOREGROUND_H
#define SLIPWAY_FOREGROUND_H

#include "launch.h"
#include "terminal.h"

// The signals that a foreground command passes on, blocked in this process from now on.
void foreground_block_signals(void);
// Where the master of the process's terminal comes out, [0], and where the child sends it, [1]. [0] is -1
// when --console-socket (`socket`) takes it, both are for a process without terminal.
// A terminal that we keep begins with the size of ours, unless the process has one.
int foreground_open_terminal(struct process_spec *process, const char *socket, int ends[2],
                             struct failure *why);
// Passes signals and terminal on until the process ends: its exit status (128 + n of a signal). `ours`
// is the socket on which the master comes, or -1.
int foreground_wait(const struct launched *launched, int ours);

#endif
