// What the resident helper runs, containers and packs: started, watched, relayed, reaped.
#ifndef SLIPWAY_CONTAINERS_H
#define SLIPWAY_CONTAINERS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memory.h"

enum {
  CONTAINERS_MAX = 64,
  CONTAINERS_POLLED_MAX = 4 * CONTAINERS_MAX,  // exec report, stdout, stderr, end
};

// Starts the container of a bundle. A failure becomes an error frame; -1 only when the client breaks
// the protocol (a number in use).
int containers_start(uint32_t number, const char *bundle, struct bytes *out);
// Runs pack in a process of its own, relayed like a container. `words`: its arguments, each ended by a
// NUL. -1: they are not, or the number is in use.
int containers_pack(uint32_t number, const char *words, size_t size, struct bytes *out);
// Unknown numbers are ignored: the container may just have ended.
void containers_signal(uint32_t number, int signal);
// Fills what poll should watch; returns how many.
size_t containers_watch(struct pollfd *watched, bool may_read_output);
// Moves every container on by what poll found; appends frames.
void containers_advance(const struct pollfd *watched, size_t count, struct bytes *out);
void containers_kill_all(void);

#endif
