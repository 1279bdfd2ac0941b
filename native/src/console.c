// The pty of a container; see console.h.
#include "console.h"

#include <errno.h>
#include <linux/major.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include "cleanup.h"
#include "kernel.h"
#include "places.h"

#define PTMX "/dev/ptmx"

// The image chose what stands at this name: only the multiplexer of a devpts will do.
static int open_master(struct failure *why) {
  cleanup_close int master = open(PTMX, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (master < 0)
    return fail(why, "terminal", "open", PTMX, "process.terminal needs a devpts mount on /dev/pts");
  struct stat facts;
  int unlocked = 0;
  if (fstat(master, &facts) < 0 || !S_ISCHR(facts.st_mode) ||
      major(facts.st_rdev) != TTYAUX_MAJOR || minor(facts.st_rdev) != 2) {
    errno = ENOTTY;
    return fail(why, "terminal", "fstat", PTMX, "it is not the multiplexer of pseudoterminals");
  }
  if (ioctl(master, TIOCSPTLCK, &unlocked) < 0)
    return fail(why, "terminal", "ioctl TIOCSPTLCK", PTMX, NULL);
  return steal_fd(&master);
}

// The other side, asked of the master itself: no path of the image leads to it.
static int open_slave(int master, const struct process_spec *process, struct failure *why) {
  cleanup_close int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (slave < 0) return fail(why, "terminal", "ioctl TIOCGPTPEER", PTMX, NULL);
  struct winsize size = {.ws_row = process->console_rows, .ws_col = process->console_columns};
  if ((size.ws_row || size.ws_col) && ioctl(master, TIOCSWINSZ, &size) < 0)
    return fail(why, "terminal", "ioctl TIOCSWINSZ", PTMX, NULL);
  if (fchown(slave, process->uid, (gid_t)-1) < 0)
    return fail(why, "terminal", "fchown", PTMX, NULL);
  return steal_fd(&slave);
}

static int mount_console(int slave, struct failure *why) {
  static const char path[] = "/dev/console";
  cleanup_close int tree = sys_open_tree(slave, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
  if (tree < 0) return fail(why, "terminal", "open_tree", path, NULL);
  cleanup_close int place = place_make(path, false, why);
  if (place < 0) return -1;
  return sys_move_mount(tree, place) < 0 ? fail(why, "terminal", "move_mount", path, NULL) : 0;
}

// The name that goes along is for people.
static int send_master(int socket, int master, struct failure *why) {
  char name[] = PTMX;
  struct iovec text = {.iov_base = name, .iov_len = sizeof name - 1};
  union {
    char bytes[CMSG_SPACE(sizeof master)];
    struct cmsghdr aligned;
  } control = {0};
  struct msghdr message = {.msg_iov = &text,
                           .msg_iovlen = 1,
                           .msg_control = control.bytes,
                           .msg_controllen = sizeof control.bytes};
  struct cmsghdr *head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof master);
  memcpy(CMSG_DATA(head), &master, sizeof master);
  ssize_t sent;
  do sent = sendmsg(socket, &message, MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent < 0 ? fail(why, "terminal", "sendmsg", "--console-socket", NULL) : 0;
}

static int become_terminal(int slave, struct failure *why) {
  if (ioctl(slave, TIOCSCTTY, 0) < 0) return fail(why, "terminal", "ioctl TIOCSCTTY", NULL, NULL);
  for (int fd = 0; fd <= 2; fd++)
    if (dup2(slave, fd) < 0) return fail(why, "terminal", "dup2", NULL, NULL);
  return 0;
}

int console_enter(const struct process_spec *process, int socket, bool mounts_console,
                  struct failure *why) {
  cleanup_close int master = open_master(why);
  if (master < 0) return -1;
  cleanup_close int slave = open_slave(master, process, why);
  if (slave < 0) return -1;
  if (mounts_console && mount_console(slave, why) < 0) return -1;
  if (send_master(socket, master, why) < 0) return -1;
  return become_terminal(slave, why);
}

int console_connect(const char *path, struct failure *why) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  cleanup_close int folder = -1;
  // Longer than an address can be: reach it through its folder.
  const char *slash = strrchr(path, '/');
  if (strlen(path) >= sizeof address.sun_path && slash) {
    cleanup_free char *above = strndup(path, (size_t)(slash - path));
    folder = open(above, O_PATH | O_DIRECTORY | O_CLOEXEC);
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%.64s", folder, slash + 1);
  } else {
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  }
  cleanup_close int connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connection < 0 || connect(connection, (struct sockaddr *)&address, sizeof address) < 0)
    return fail(why, "terminal", "connect", path, "--console-socket must be a listening socket");
  return steal_fd(&connection);
}

int console_receive(int socket) {
  char text[64];
  struct iovec space = {.iov_base = text, .iov_len = sizeof text};
  union {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr aligned;
  } control = {0};
  struct msghdr message = {.msg_iov = &space,
                           .msg_iovlen = 1,
                           .msg_control = control.bytes,
                           .msg_controllen = sizeof control.bytes};
  ssize_t got;
  do got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  struct cmsghdr *head = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;
  int master = -1;
  if (head && head->cmsg_type == SCM_RIGHTS && head->cmsg_len == CMSG_LEN(sizeof master))
    memcpy(&master, CMSG_DATA(head), sizeof master);
  return master;
}
