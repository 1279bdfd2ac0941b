#include <stdio.h>

#include "commands.h"

int command_run(int argc, char **argv) {
  (void)argc;
  (void)argv;
  fprintf(stderr, "usage: slipway-native run --bundle DIR [--status-fd N] ID\n");
  return 2;
}
