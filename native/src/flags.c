// See flags.h.
#include "flags.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "oci-log.h"

static const struct flag *find(const struct flag *flags, size_t count, const char *word,
                               size_t length) {
  for (size_t i = 0; i < count; i++) {
    if (strlen(flags[i].name) == length && strncmp(flags[i].name, word, length) == 0)
      return &flags[i];
    if (flags[i].letter && strlen(flags[i].letter) == length &&
        strncmp(flags[i].letter, word, length) == 0)
      return &flags[i];
    // Go's flags also take long names with one dash.
    if (length > 2 && word[1] != '-' && strlen(flags[i].name) == length + 1 &&
        strncmp(flags[i].name + 1, word, length) == 0)
      return &flags[i];
  }
  return NULL;
}

static void store(const struct flag *flag, const char *value) {
  if (flag->value) *flag->value = value;
  if (!flag->values) return;
  struct flag_list *list = flag->values;
  list->items = grow(list->items, &list->capacity, list->count + 1, sizeof *list->items);
  list->items[list->count++] = value;
}

static int store_bare(const struct flag *flag, const char *value) {
  if (!value || strcmp(value, "true") == 0) *flag->is_set = true;
  else if (strcmp(value, "false") == 0) *flag->is_set = false;
  else return oci_error("flag %s takes true or false, not \"%s\"", flag->name, value);
  return 0;
}

int flags_parse(int argc, char **argv, const struct flag *flags, size_t count) {
  int at = 1;
  for (; at < argc && argv[at][0] == '-' && argv[at][1]; at++) {
    const char *word = argv[at];
    if (strcmp(word, "--") == 0) return at;
    const char *equals = strchr(word, '=');
    const struct flag *flag =
        find(flags, count, word, equals ? (size_t)(equals - word) : strlen(word));
    if (!flag) return oci_error("unknown flag: %s; see --help", word);
    const char *value = equals ? equals + 1 : NULL;
    if (flag->is_set) {
      if (store_bare(flag, value) < 0) return -1;
      continue;
    }
    if (!value && at + 1 == argc) return oci_error("flag needs an argument: %s", word);
    store(flag, value ? value : argv[++at]);
  }
  return at - 1;
}

int flags_number(const char *name, const char *text, long min, long max, long *out) {
  char *end;
  errno = 0;
  *out = strtol(text, &end, 10);
  if (errno == 0 && *text && !*end && *out >= min && *out <= max) return 0;
  return oci_error("%s: \"%s\" is not a whole number from %ld to %ld", name, text, min, max);
}
