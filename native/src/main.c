// slipway-native: one program, one subcommand a job. Spoken to over pipes; see native/README.md.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"

static const struct {
  const char *name;
  int (*run)(int argc, char **argv);
} commands[] = {
    {"run", command_run},   {"serve", command_serve},   {"probe", command_probe},
    {"scan", command_scan}, {"pack", command_pack},     {"unpack", command_unpack},
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
  for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof commands[0]; i++)
    if (strcmp(argv[1], commands[i].name) == 0) return commands[i].run(argc - 1, argv + 1);
  fprintf(stderr, "usage: slipway-native run|serve|probe|scan|pack|unpack …\n");
  return 2;
}
