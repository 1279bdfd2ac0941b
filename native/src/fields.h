// Reading typed members of JSON objects, with refusals that name the JSON pointer. Used for
// config.json and rootfs.json.
#ifndef SLIPWAY_FIELDS_H
#define SLIPWAY_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "failure.h"
#include "json.h"

// Refusals; each returns -1. The first is EOPNOTSUPP, the second EINVAL.
int refuse_unsupported(const struct json *value, const char *hint, struct failure *why);
int refuse_malformed(const struct json *value, const char *expected, struct failure *why);

// One member of an object: who reads it. `context` is what read_object was given.
struct field {
  const char *name;
  int (*read)(const struct json *value, void *context, struct failure *why);
  bool required;
};

// Hands every member to its reader; a member without one is refused as unsupported, a required one
// that is absent as malformed. The table ends with a NULL name.
int read_object(const struct json *value, const struct field *fields, void *context,
                struct failure *why);

int read_string(const struct json *value, const char **out, struct failure *why);
int read_boolean(const struct json *value, bool *out, struct failure *why);
int read_unsigned(const struct json *value, uint64_t max, uint64_t *out, struct failure *why);
int read_integer(const struct json *value, int64_t min, int64_t max, int64_t *out,
                 struct failure *why);
// A NULL-terminated array of strings; the caller frees the array, not the strings.
int read_strings(const struct json *value, const char ***out, struct failure *why);
// The same, of at most `max` strings.
int read_bounded_strings(const struct json *value, size_t max, const char ***out,
                         struct failure *why);
int read_absolute_path(const struct json *value, const char **out, struct failure *why);
// The member of that name, or NULL: also for what is no object.
const struct json *json_find(const struct json *object, const char *name);
// The member of that name, or the object itself: where to point when it is to blame.
const struct json *json_member(const struct json *object, const char *name);
// The members or elements must be of this kind.
int expect_kind(const struct json *value, enum json_kind kind, struct failure *why);

#endif
