// The loopback interface of a new network namespace: there, but down, until somebody raises it.
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "cleanup.h"
#include "launch.h"

int loopback_up(struct failure *why) {
  cleanup_close int socket_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  struct ifreq request = {.ifr_flags = IFF_UP};
  strcpy(request.ifr_name, "lo");
  if (socket_fd < 0 || ioctl(socket_fd, SIOCSIFFLAGS, &request) < 0)
    return fail(why, "network", "ioctl SIOCSIFFLAGS", "lo", NULL);
  return 0;
}
