// Status of a container as JSON objects of one line: for the status descriptor of `run` and inside
// the frames of `serve`.
#ifndef SLIPWAY_STATUS_H
#define SLIPWAY_STATUS_H

#include <stdbool.h>
#include <sys/types.h>

#include "failure.h"
#include "memory.h"

void status_created(struct bytes *out, pid_t pid);
void status_started(struct bytes *out, pid_t pid);
// `is_out_of_memory`: the kernel killed a process of it at its memory limit.
void status_exited(struct bytes *out, int exit_code, bool is_out_of_memory);
void status_error(struct bytes *out, const struct failure *why);

// A JSON string with its quotes. Bytes that are not UTF-8 (a cut path) become U+FFFD.
void json_quote(struct bytes *out, const char *text);

// The pid behind a pidfd as the host's /proc shows it: run and serve live in a pid namespace of
// their own, and their own number would tell the caller nothing.
pid_t host_pid(int pidfd);

#endif
