// slipway-native: one program, one subcommand a job. Spoken to over pipes; see native/README.md.
#include <stdio.h>
#include <string.h>

#include "commands.h"

static const struct {
  const char *name;
  int (*run)(int argc, char **argv);
} commands[] = {
    {"run", command_run},   {"serve", command_serve},   {"probe", command_probe},
    {"scan", command_scan}, {"pack", command_pack},     {"unpack", command_unpack},
};

int main(int argc, char **argv) {
  for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof commands[0]; i++)
    if (strcmp(argv[1], commands[i].name) == 0) return commands[i].run(argc - 1, argv + 1);
  fprintf(stderr, "usage: slipway-native run|serve|probe|scan|pack|unpack …\n");
  return 2;
}
