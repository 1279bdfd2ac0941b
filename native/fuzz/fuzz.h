// What a fuzz target and its driver share. A target is one file with LLVMFuzzerTestOneInput, the entry
// point that libFuzzer calls; ours is driver.c, which needs no other compiler than the project's.
#ifndef SLIPWAY_FUZZ_H
#define SLIPWAY_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

// One input, whatever it is. Ends the process when something is wrong. Returns 0.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Pieces that inputs are made of; NULL at the end. Every target has its own.
extern const char *const fuzz_words[];

// A folder of this process's own, with `name` holding the bytes; the descriptor of the folder.
int fuzz_folder_with(const char *name, const uint8_t *data, size_t size);

// What must hold, in every build.
#define must(condition)                                                                   \
  do {                                                                                    \
    if (!(condition)) {                                                                   \
      fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition);      \
      abort();                                                                            \
    }                                                                                     \
  } while (0)

#endif
