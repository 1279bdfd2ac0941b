// Command lines in the shape of runc's: `--name VALUE`, `--name=VALUE`, `-n VALUE`, bare flags, all of
// them before the first word that is no flag.
#ifndef SLIPWAY_FLAGS_H
#define SLIPWAY_FLAGS_H

#include <stdbool.h>
#include <stddef.h>

struct flag {
  const char *name;          // with its dashes
  const char *letter;        // "-b", or NULL
  const char **value;        // set by a flag with a value; the last one counts
  bool *is_set;              // set by a bare flag; also by `--name=true` and `--name=false`
  struct flag_list *values;  // takes every value
};

struct flag_list {
  const char **items;  // NULL until there is one
  size_t count, capacity;
};

// Returns how many words of argv (from argv[1]) were flags, or -1 after saying on stderr what is not
// understood. `--` ends them and is counted.
int flags_parse(int argc, char **argv, const struct flag *flags, size_t count);

// A whole number from `min` to `max`; -1 after saying what is wrong.
int flags_number(const char *name, const char *text, long min, long max, long *out);

#endif
