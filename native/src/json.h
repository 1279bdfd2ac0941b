// A small strict JSON reader (RFC 8259) for files that somebody else wrote: size, depth and count are
// limited, duplicate members, NUL characters and damaged UTF-8 are refused. Values live as long as
// their document.
#ifndef SLIPWAY_JSON_H
#define SLIPWAY_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "failure.h"

enum json_kind { JSON_NULL, JSON_BOOLEAN, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json {
  enum json_kind kind;
  bool boolean;
  bool is_whole;          // the number is a whole number that fits `magnitude`
  bool is_negative;       // … and has a minus sign
  uint64_t magnitude;
  const char *string;     // NUL-terminated
  const char *name;       // member name, or NULL
  size_t index;           // position within the parent
  size_t count;           // number of children
  struct json *children;  // first child, or NULL
  struct json *next;      // next sibling
  const struct json *parent;
};

struct json_document;

// Opens a file beneath `folder` that may be read: regular, and not too large. -1: `why` is filled.
int json_open(int folder, const char *file, size_t *size, struct failure *why);
// Reads and parses a file beneath `folder`. NULL with `why` filled on failure (stage "spec").
struct json_document *json_read(int folder, const char *file, struct failure *why);
// Parses text in memory; the text is copied. On failure `*problem` says what and `*offset` where.
struct json_document *json_parse(const char *text, size_t size, const char **problem,
                                 size_t *offset);
const struct json *json_root(const struct json_document *document);
void json_free(struct json_document *document);

// The JSON pointer (RFC 6901) of a value, cut when it does not fit.
void json_pointer(const struct json *value, char *buffer, size_t size);

static inline void cleanup_json_(struct json_document **slot) { json_free(*slot); }
#define cleanup_json __attribute__((cleanup(cleanup_json_)))

#endif
