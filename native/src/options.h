// Long options of scan, pack and unpack: `--name VALUE` and bare `--name`. Nothing else is accepted.
#ifndef SLIPWAY_OPTIONS_H
#define SLIPWAY_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct option_slot {
  const char *name;    // with its dashes
  const char **value;  // set for `--name VALUE`; NULL for a bare flag
  bool *flag;          // set for a bare flag
  bool required;
};

// Fills the slots from argv[1…]. Reports and returns -1 on anything it does not know.
int options_parse(int argc, char **argv, const struct option_slot *slots, size_t count);

// A decimal number, whole text, within int64. Reports and returns -1 otherwise.
int options_integer(const char *name, const char *text, int64_t *value);

#endif
