// Typed members of JSON objects; see fields.h.
#include "fields.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

static int refuse(const struct json *value, int error, const char *hint, struct failure *why) {
  char pointer[sizeof why->path];
  json_pointer(value, pointer, sizeof pointer);
  errno = error;
  return fail(why, "spec", "check", pointer[0] ? pointer : "/", hint);
}

int refuse_unsupported(const struct json *value, const char *hint, struct failure *why) {
  return refuse(value, EOPNOTSUPP, hint, why);
}

int refuse_malformed(const struct json *value, const char *expected, struct failure *why) {
  char hint[128];
  snprintf(hint, sizeof hint, "it must be %s", expected);
  return refuse(value, EINVAL, hint, why);
}

int expect_kind(const struct json *value, enum json_kind kind, struct failure *why) {
  static const char *const names[] = {"null",     "true or false", "a number",
                                      "a string", "an array",      "an object"};
  return value->kind == kind ? 0 : refuse_malformed(value, names[kind], why);
}

static const struct field *field_named(const struct field *fields, const char *name) {
  for (; fields->name; fields++)
    if (strcmp(fields->name, name) == 0) return fields;
  return NULL;
}

static bool has_member(const struct json *object, const char *name) {
  for (const struct json *child = object->children; child; child = child->next)
    if (strcmp(child->name, name) == 0) return true;
  return false;
}

int read_object(const struct json *value, const struct field *fields, void *context,
                struct failure *why) {
  if (expect_kind(value, JSON_OBJECT, why) < 0) return -1;
  for (const struct json *child = value->children; child; child = child->next) {
    const struct field *field = field_named(fields, child->name);
    if (!field)
      return refuse_unsupported(child, "this launcher does not implement the field; leave it out",
                                why);
    if (field->read(child, context, why) < 0) return -1;
  }
  for (const struct field *field = fields; field->name; field++) {
    char expected[96];
    snprintf(expected, sizeof expected, "an object with the member \"%s\"", field->name);
    if (field->required && !has_member(value, field->name))
      return refuse_malformed(value, expected, why);
  }
  return 0;
}

int read_string(const struct json *value, const char **out, struct failure *why) {
  *out = value->string;
  return expect_kind(value, JSON_STRING, why);
}

int read_boolean(const struct json *value, bool *out, struct failure *why) {
  *out = value->boolean;
  return expect_kind(value, JSON_BOOLEAN, why);
}

int read_unsigned(const struct json *value, uint64_t max, uint64_t *out, struct failure *why) {
  bool is_fit = value->kind == JSON_NUMBER && value->is_whole && value->magnitude <= max &&
                (!value->is_negative || value->magnitude == 0);
  char expected[64];
  snprintf(expected, sizeof expected, "a whole number from 0 to %llu", (unsigned long long)max);
  *out = value->magnitude;
  return is_fit ? 0 : refuse_malformed(value, expected, why);
}

int read_integer(const struct json *value, int64_t min, int64_t max, int64_t *out,
                 struct failure *why) {
  bool is_small = value->kind == JSON_NUMBER && value->is_whole && value->magnitude <= INT32_MAX;
  *out = value->is_negative ? -(int64_t)value->magnitude : (int64_t)value->magnitude;
  if (is_small && *out >= min && *out <= max) return 0;
  char expected[96];
  snprintf(expected, sizeof expected, "a whole number from %lld to %lld", (long long)min,
           (long long)max);
  return refuse_malformed(value, expected, why);
}

int read_strings(const struct json *value, const char ***out, struct failure *why) {
  if (expect_kind(value, JSON_ARRAY, why) < 0) return -1;
  free(*out);
  *out = allocate((value->count + 1) * sizeof **out);
  size_t i = 0;
  for (const struct json *child = value->children; child; child = child->next)
    if (read_string(child, &(*out)[i++], why) < 0) return -1;
  return 0;
}

int read_bounded_strings(const struct json *value, size_t max, const char ***out,
                         struct failure *why) {
  if (value->count > max) return refuse_malformed(value, "a shorter array", why);
  return read_strings(value, out, why);
}

int read_absolute_path(const struct json *value, const char **out, struct failure *why) {
  if (read_string(value, out, why) < 0) return -1;
  return (*out)[0] == '/' ? 0 : refuse_malformed(value, "an absolute path", why);
}

const struct json *json_find(const struct json *object, const char *name) {
  if (object->kind != JSON_OBJECT) return NULL;
  for (const struct json *child = object->children; child; child = child->next)
    if (strcmp(child->name, name) == 0) return child;
  return NULL;
}

const struct json *json_member(const struct json *object, const char *name) {
  const struct json *found = json_find(object, name);
  return found ? found : object;
}
