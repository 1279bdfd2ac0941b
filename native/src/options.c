// See options.h.
#include "options.h"

#include <stdlib.h>
#include <string.h>

#include "report.h"

static const struct option_slot *find_slot(const struct option_slot *slots, size_t count,
                                           const char *name) {
  for (size_t i = 0; i < count; i++)
    if (strcmp(slots[i].name, name) == 0) return &slots[i];
  return NULL;
}

int options_parse(int argc, char **argv, const struct option_slot *slots, size_t count) {
  for (int i = 1; i < argc; i++) {
    const struct option_slot *slot = find_slot(slots, count, argv[i]);
    if (!slot) return report_error(REPORT_USAGE, "unknown option", argv[i]);
    if (slot->flag) {
      *slot->flag = true;
      continue;
    }
    if (++i == argc) return report_error(REPORT_USAGE, "option needs a value", slot->name);
    *slot->value = argv[i];
  }
  for (size_t i = 0; i < count; i++)
    if (slots[i].required && !*slots[i].value)
      return report_error(REPORT_USAGE, "option is required", slots[i].name);
  return 0;
}

int options_integer(const char *name, const char *text, int64_t *value) {
  char *end;
  errno = 0;
  long long parsed = strtoll(text, &end, 10);
  if (errno != 0 || end == text || *end != '\0')
    return report_error(REPORT_USAGE, "option needs a whole number", name);
  *value = parsed;
  return 0;
}
