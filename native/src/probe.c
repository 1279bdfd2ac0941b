#include <stdio.h>

#include "commands.h"

int command_probe(int argc, char **argv) {
  (void)argc;
  (void)argv;
  fprintf(stderr, "usage: slipway-native probe STORE\n");
  return 2;
}
