#include <stdio.h>

#include "commands.h"

int command_serve(int argc, char **argv) {
  (void)argc;
  (void)argv;
  fprintf(stderr, "usage: slipway-native serve \n");
  return 2;
}
