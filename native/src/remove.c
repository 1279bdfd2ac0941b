// remove: deletes folders when nobody waits for it. Tens of thousands of files take half a second, so a
// build moves what it needs no more into the store's trash and leaves the rest to this process, which
// yields to whoever has work to do. Killed, it leaves trash that the store collects later.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "commands.h"
#include "remove-tree.h"
#include "report.h"

#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_IDLE (3 << 13)

int command_remove(int argc, char **argv) {
  if (argc < 2) return report_error(REPORT_USAGE, "no path is given", "remove"), 2;
  // As good as they can be had.
  setpriority(PRIO_PROCESS, 0, 19);
  syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_IDLE);
  int result = 0;
  for (int i = 1; i < argc; i++)
    if (remove_tree(AT_FDCWD, argv[i], argv[i]) < 0) result = 1;
  return result;
}
