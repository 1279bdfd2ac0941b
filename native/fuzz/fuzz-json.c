// The JSON reader: whatever is accepted can be walked, named by a pointer in a buffer of any size, and
// each of its strings survives being written and read again.
#include <string.h>

#include "fuzz.h"
#include "json.h"
#include "memory.h"
#include "status.h"

const char *const fuzz_words[] = {
    "{", "}", "[", "]", ":", ",", "\"", "\\", "\\u0000", "\\ud83d\\ude00", "\\ud800", "\\u00e9", "null",
    "true", "false", "0", "-0", "01", "1e9", "-1.5E+300", "18446744073709551615",
    "18446744073709551616", "9223372036854775808", "\xc3\xa9", "\xf0\x9f\x98\x80", "\xed\xa0\x80",
    "\xef\xbb\xbf", "[[[[[[[[", "{\"a\":", "\"~/\"", " ", "\n", "\t", NULL,
};

static void check_string(const char *text) {
  cleanup_bytes struct bytes quoted = {0};
  json_quote(&quoted, text);
  const char *problem;
  size_t offset;
  cleanup_json struct json_document *again =
      json_parse(quoted.data, quoted.length, &problem, &offset);
  must(again && strcmp(json_root(again)->string, text) == 0);
}

static void check_pointer(const struct json *value) {
  char large[512], small[16];
  json_pointer(value, large, sizeof large);
  must(strlen(large) < sizeof large && (large[0] == '/' || large[0] == '\0'));
  for (size_t size = 1; size <= sizeof small; size++) {
    json_pointer(value, small, size);
    must(strlen(small) < size);
  }
}

static void walk(const struct json *value) {
  check_pointer(value);
  if (value->kind == JSON_STRING) check_string(value->string);
  if (value->name) check_string(value->name);
  size_t count = 0;
  for (const struct json *child = value->children; child; child = child->next) {
    must(child->parent == value && child->index == count);
    must((value->kind == JSON_OBJECT) == (child->name != NULL));
    walk(child);
    count++;
  }
  must(count == value->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const char *problem = NULL;
  size_t offset = 0;
  cleanup_json struct json_document *document =
      json_parse((const char *)data, size, &problem, &offset);
  if (document) walk(json_root(document));
  else must(problem && offset <= size);
  return 0;
}
