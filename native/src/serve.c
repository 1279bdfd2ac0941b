// serve: the resident helper of one build. It keeps the mounts of the layers in its private mount
// namespace, starts containers, and packs what they left, on request and relays their output. One client, on descriptor 3; when
// that closes, everything ends. One thread, one poll loop.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "cleanup.h"
#include "commands.h"
#include "containers.h"
#include "frames.h"
#include "guard.h"
#include "kernel.h"

enum {
  SOCKET = 3,
  WAITING_BYTES_MAX = 1 << 20,  // output not yet taken by the client: beyond it, containers wait
};

// What of `out` the socket takes now. -1: the client is gone.
static int flush(struct bytes *out) {
  size_t sent = 0;
  while (sent < out->length) {
    ssize_t taken = send(SOCKET, out->data + sent, out->length - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (taken < 0 && errno == EINTR) continue;
    if (taken < 0 && errno == EAGAIN) break;
    if (taken < 0) return -1;
    sent += (size_t)taken;
  }
  if (sent > 0) memmove(out->data, out->data + sent, out->length - sent);
  out->length -= sent;
  return 0;
}

// One request. -1: the client does not keep to the protocol.
static int handle(const struct frame *frame, struct bytes *out) {
  if (frame->type == FRAME_SIGNAL) {
    if (frame->size != 1 || frame->payload[0] < 1 || frame->payload[0] > 64) return -1;
    containers_signal(frame->container, frame->payload[0]);
    return 0;
  }
  if (frame->type == FRAME_PACK)
    return containers_pack(frame->container, frame->payload, frame->size, out);
  if (frame->size == 0 || memchr(frame->payload, '\0', frame->size)) return -1;
  char *path = copy_text(frame->payload, frame->size);
  int result = containers_start(frame->container, path, out);
  free(path);
  return result;
}

// Takes what the client has sent. -1: it is gone, or talks nonsense.
static int read_requests(struct bytes *in, struct bytes *out) {
  bytes_reserve(in, in->length + FRAME_REQUEST_MAX);
  ssize_t got = recv(SOCKET, in->data + in->length, FRAME_REQUEST_MAX, MSG_DONTWAIT);
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return 0;
  if (got <= 0) return -1;
  in->length += (size_t)got;
  size_t done = 0, used;
  struct frame frame;
  int result;
  while ((result = frame_read(in->data + done, in->length - done, &frame, &used)) > 0) {
    if (handle(&frame, out) < 0) return -1;
    done += used;
  }
  memmove(in->data, in->data + done, in->length - done);
  in->length -= done;
  return result;
}

// Until the client or the outer process is gone. 0: in good order.
static int serve(void) {
  cleanup_bytes struct bytes in = {0};
  cleanup_bytes struct bytes out = {0};
  frame_append(&out, FRAME_HELLO, 0, &(char){FRAME_PROTOCOL}, 1);
  for (;;) {
    struct pollfd watched[2 + CONTAINERS_POLLED_MAX] = {
        {.fd = SOCKET, .events = (short)(POLLIN | (out.length > 0 ? POLLOUT : 0))},
        {.fd = guard_alive_fd(), .events = POLLIN},
    };
    bool may_read_output = out.length < WAITING_BYTES_MAX;
    size_t count = containers_watch(watched + 2, may_read_output);
    if (poll(watched, 2 + count, -1) < 0 && errno != EINTR) return 1;
    if (watched[1].revents) return 0;
    if ((watched[0].revents & (POLLIN | POLLHUP | POLLERR)) && read_requests(&in, &out) < 0)
      return 0;
    containers_advance(watched + 2, count, &out);
    if (flush(&out) < 0) return 0;
  }
}

int command_serve(int argc, char **argv) {
  (void)argv;
  int type;
  socklen_t size = sizeof type;
  if (argc != 1 || getsockopt(SOCKET, SOL_SOCKET, SO_TYPE, &type, &size) < 0 ||
      type != SOCK_STREAM) {
    fprintf(stderr, "usage: slipway-native serve 3<>SOCKET\ndescriptor 3 is a stream socket\n");
    return 2;
  }
  fcntl(SOCKET, F_SETFD, FD_CLOEXEC);
  struct failure why = {0};
  if (guard_enter(&why) < 0) {
    fprintf(stderr, "slipway-native: %s: %s: %s; %s\n", why.stage, why.call, strerror(why.error),
            why.hint);
    return 125;
  }
  int result = serve();
  containers_kill_all();
  return result;
}
