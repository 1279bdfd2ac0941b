// slipway-native: one program, one subcommand a job. Spoken to over pipes; see native/README.md.
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "sealed-exe.h"

static const struct {
  const char *name;
  int (*run)(int argc, char **argv);
  bool starts_containers;
} commands[] = {
    {"run", command_run, true},    {"serve", command_serve, true},
    {"probe", command_probe, false}, {"scan", command_scan, false},
    {"pack", command_pack, false},   {"unpack", command_unpack, false},
    {"userns", command_userns, false}, {"record", command_record, false},
    {"changes", command_changes, false},
};

// A caller may have closed stdin, stdout or stderr. The next descriptor opened would take the place
// and be given to a container, or written to, as if it were that.
static int fill_stdio(void) {
  for (int fd = 0; fd <= 2; fd++)
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd) return -1;
  return 0;
}

int main(int argc, char **argv) {
  if (fill_stdio() < 0) return 125;
  for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof commands[0]; i++) {
    if (strcmp(argv[1], commands[i].name) != 0) continue;
    struct failure why = {0};
    if (commands[i].starts_containers && sealed_exe_enter(argv, &why) < 0) {
      fprintf(stderr, "slipway-native: %s %s: %s; %s\n", why.call, why.path, strerror(why.error),
              why.hint);
      return 125;
    }
    return commands[i].run(argc - 1, argv + 1);
  }
  fprintf(stderr, "usage: slipway-native run|serve|probe|scan|pack|unpack|userns|record|changes …\n");
  return 2;
}
