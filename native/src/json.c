// The JSON reader; see json.h. Strings are decoded in place: a decoded string is never longer than
// its source, so one copy of the text and blocks of nodes are all the memory there is.
#include "json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"

enum {
  TEXT_BYTES_MAX = 8 << 20,
  DEPTH_MAX = 32,
  NODES_MAX = 1 << 18,
  MEMBERS_MAX = 4096,  // of one object: keeps the search for duplicates cheap
  BLOCK_NODES = 256,
};

struct block {
  struct block *next;
  size_t used;
  struct json nodes[BLOCK_NODES];
};

struct json_document {
  char *text;
  struct block *blocks;
  size_t nodes;
  struct json *root;
};

struct parser {
  struct json_document *document;
  char *at, *end;
  const char *problem;
};

static struct json *parse_value(struct parser *p, const struct json *parent, int depth);

static void *refuse(struct parser *p, const char *problem) {
  if (!p->problem) p->problem = problem;
  return NULL;
}

static struct json *new_node(struct parser *p, const struct json *parent) {
  struct json_document *d = p->document;
  if (d->nodes++ >= NODES_MAX) return refuse(p, "too many values");
  if (!d->blocks || d->blocks->used == BLOCK_NODES) {
    struct block *block = calloc(1, sizeof *block);
    if (!block) return refuse(p, "out of memory");
    block->next = d->blocks;
    d->blocks = block;
  }
  struct json *node = &d->blocks->nodes[d->blocks->used++];
  node->parent = parent;
  return node;
}

static void skip_space(struct parser *p) {
  while (p->at < p->end && (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r'))
    p->at++;
}

static bool take(struct parser *p, char wanted) {
  if (p->at >= p->end || *p->at != wanted) return false;
  p->at++;
  return true;
}

static bool take_word(struct parser *p, const char *word) {
  size_t length = strlen(word);
  if ((size_t)(p->end - p->at) < length || memcmp(p->at, word, length) != 0) return false;
  p->at += length;
  return true;
}

// Four hex digits, or -1.
static int take_hex4(struct parser *p) {
  if (p->end - p->at < 4) return -1;
  int value = 0;
  for (int i = 0; i < 4; i++, p->at++) {
    char c = *p->at;
    int digit = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

static char *put_utf8(char *out, unsigned code) {
  if (code < 0x80) {
    *out++ = (char)code;
  } else if (code < 0x800) {
    *out++ = (char)(0xc0 | code >> 6);
    *out++ = (char)(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    *out++ = (char)(0xe0 | code >> 12);
    *out++ = (char)(0x80 | (code >> 6 & 0x3f));
    *out++ = (char)(0x80 | (code & 0x3f));
  } else {
    *out++ = (char)(0xf0 | code >> 18);
    *out++ = (char)(0x80 | (code >> 12 & 0x3f));
    *out++ = (char)(0x80 | (code >> 6 & 0x3f));
    *out++ = (char)(0x80 | (code & 0x3f));
  }
  return out;
}

// Copies one \-escape (the backslash is taken) to `out`; NULL when it is none.
static char *take_escape(struct parser *p, char *out) {
  if (p->at >= p->end) return NULL;
  static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
  char c = *p->at++;
  const char *found = c ? strchr(from, c) : NULL;
  if (found) {
    *out = to[found - from];
    return out + 1;
  }
  if (c != 'u') return NULL;
  int high = take_hex4(p);
  if (high <= 0 || (high >= 0xdc00 && high <= 0xdfff)) return NULL;
  if (high < 0xd800 || high > 0xdbff) return put_utf8(out, (unsigned)high);
  if (!take(p, '\\') || !take(p, 'u')) return NULL;
  int low = take_hex4(p);
  if (low < 0xdc00 || low > 0xdfff) return NULL;
  return put_utf8(out, 0x10000 + ((unsigned)(high - 0xd800) << 10) + (unsigned)(low - 0xdc00));
}

// The length of the UTF-8 sequence at `s`, 0 when it is damaged, overlong or a surrogate.
static int utf8_length(const unsigned char *s, size_t left) {
  if (s[0] < 0x80) return 1;
  int length = s[0] >= 0xc2 && s[0] <= 0xdf   ? 2
               : s[0] >= 0xe0 && s[0] <= 0xef ? 3
               : s[0] >= 0xf0 && s[0] <= 0xf4 ? 4
                                              : 0;
  if (length == 0 || (size_t)length > left) return 0;
  for (int i = 1; i < length; i++)
    if ((s[i] & 0xc0) != 0x80) return 0;
  if (s[0] == 0xe0 && s[1] < 0xa0) return 0;
  if (s[0] == 0xed && s[1] > 0x9f) return 0;
  if (s[0] == 0xf0 && s[1] < 0x90) return 0;
  if (s[0] == 0xf4 && s[1] > 0x8f) return 0;
  return length;
}

// A string whose opening quote is taken; decoded in place.
static const char *parse_string(struct parser *p) {
  char *start = p->at, *out = p->at;
  while (p->at < p->end && *p->at != '"') {
    if ((unsigned char)*p->at < 0x20) return refuse(p, "control character in a string");
    if (*p->at == '\\') {
      p->at++;
      out = take_escape(p, out);
      if (!out) return refuse(p, "invalid escape in a string");
      continue;
    }
    int length = utf8_length((unsigned char *)p->at, (size_t)(p->end - p->at));
    if (length == 0) return refuse(p, "damaged UTF-8 in a string");
    memmove(out, p->at, (size_t)length);
    out += length;
    p->at += length;
  }
  if (!take(p, '"')) return refuse(p, "unterminated string");
  *out = '\0';  // at or before the closing quote, which is read already
  return start;
}

static size_t take_digits(struct parser *p) {
  char *start = p->at;
  while (p->at < p->end && *p->at >= '0' && *p->at <= '9') p->at++;
  return (size_t)(p->at - start);
}

static struct json *parse_number(struct parser *p, struct json *node) {
  node->kind = JSON_NUMBER;
  node->is_negative = take(p, '-');
  char *digits = p->at;
  size_t count = take_digits(p);
  if (count == 0 || (count > 1 && digits[0] == '0')) return refuse(p, "invalid number");
  node->is_whole = true;
  for (size_t i = 0; i < count; i++) {
    uint64_t digit = (uint64_t)(digits[i] - '0');
    if (node->magnitude > (UINT64_MAX - digit) / 10) {
      node->is_whole = false;
      break;
    }
    node->magnitude = node->magnitude * 10 + digit;
  }
  if (take(p, '.')) {
    node->is_whole = false;
    if (take_digits(p) == 0) return refuse(p, "invalid number");
  }
  if (take(p, 'e') || take(p, 'E')) {
    node->is_whole = false;
    if (!take(p, '+')) take(p, '-');
    if (take_digits(p) == 0) return refuse(p, "invalid number");
  }
  return node;
}

static bool has_member(const struct json *object, const char *name) {
  for (const struct json *child = object->children; child; child = child->next)
    if (strcmp(child->name, name) == 0) return true;
  return false;
}

static struct json *parse_children(struct parser *p, struct json *node, char close, int depth) {
  struct json **tail = &node->children;
  skip_space(p);
  if (take(p, close)) return node;
  for (;;) {
    const char *name = NULL;
    skip_space(p);
    if (node->kind == JSON_OBJECT) {
      if (!take(p, '"')) return refuse(p, "a member name must follow");
      name = parse_string(p);
      if (!name) return NULL;
      if (node->count >= MEMBERS_MAX) return refuse(p, "too many members");
      if (has_member(node, name)) return refuse(p, "duplicate member");
      skip_space(p);
      if (!take(p, ':')) return refuse(p, "a colon must follow a member name");
    }
    struct json *child = parse_value(p, node, depth + 1);
    if (!child) return NULL;
    child->name = name;
    child->index = node->count++;
    *tail = child;
    tail = &child->next;
    skip_space(p);
    if (take(p, close)) return node;
    if (!take(p, ',')) return refuse(p, "a comma or the end must follow a value");
  }
}

static struct json *parse_value(struct parser *p, const struct json *parent, int depth) {
  if (depth > DEPTH_MAX) return refuse(p, "nested too deeply");
  struct json *node = new_node(p, parent);
  if (!node) return NULL;
  skip_space(p);
  if (p->at >= p->end) return refuse(p, "a value must follow");
  if (take(p, '{')) {
    node->kind = JSON_OBJECT;
    return parse_children(p, node, '}', depth);
  }
  if (take(p, '[')) {
    node->kind = JSON_ARRAY;
    return parse_children(p, node, ']', depth);
  }
  if (take(p, '"')) {
    node->kind = JSON_STRING;
    node->string = parse_string(p);
    return node->string ? node : NULL;
  }
  if (take_word(p, "null")) return node;
  node->kind = JSON_BOOLEAN;
  if (take_word(p, "true")) {
    node->boolean = true;
    return node;
  }
  if (take_word(p, "false")) return node;
  return parse_number(p, node);
}

struct json_document *json_parse(const char *text, size_t size, const char **problem,
                                 size_t *offset) {
  *offset = 0;
  *problem = "out of memory";
  struct json_document *document = calloc(1, sizeof *document);
  if (!document) return NULL;
  document->text = malloc(size + 1);
  if (!document->text) {
    json_free(document);
    return NULL;
  }
  memcpy(document->text, text, size);
  document->text[size] = '\0';
  struct parser p = {document, document->text, document->text + size, NULL};
  document->root = parse_value(&p, NULL, 0);
  skip_space(&p);
  if (document->root && p.at != p.end) refuse(&p, "text after the value");
  if (!p.problem) return document;
  *problem = p.problem;
  *offset = (size_t)(p.at - document->text);
  json_free(document);
  return NULL;
}

static int read_all(int fd, char *buffer, size_t size) {
  for (size_t done = 0; done < size;) {
    ssize_t got = read(fd, buffer + done, size - done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      if (got == 0) errno = EIO;  // it shrank while we read it
      return -1;
    }
    done += (size_t)got;
  }
  return 0;
}

int json_open(int folder, const char *file, size_t *size, struct failure *why) {
  // Not blocking: a pipe without a writer would be waited for.
  cleanup_close int fd = openat(folder, file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  struct stat facts;
  if (fd < 0 || fstat(fd, &facts) < 0)
    return fail(why, "spec", "open", file, "a bundle is a folder with a config.json");
  if (!S_ISREG(facts.st_mode) || facts.st_size > TEXT_BYTES_MAX) {
    errno = EINVAL;
    return fail(why, "spec", "read", file, "it must be a regular file of at most 8 MiB");
  }
  *size = (size_t)facts.st_size;
  return steal_fd(&fd);
}

struct json_document *json_read(int folder, const char *file, struct failure *why) {
  size_t size;
  cleanup_close int fd = json_open(folder, file, &size, why);
  if (fd < 0) return NULL;
  cleanup_free char *text = malloc(size + 1);
  if (!text || read_all(fd, text, size) < 0) {
    fail(why, "spec", "read", file, NULL);
    return NULL;
  }
  const char *problem;
  size_t offset;
  struct json_document *document = json_parse(text, size, &problem, &offset);
  if (document) return document;
  char hint[128];
  snprintf(hint, sizeof hint, "not valid JSON at byte %zu: %s", offset, problem);
  errno = EINVAL;
  fail(why, "spec", "parse", file, hint);
  return NULL;
}

const struct json *json_root(const struct json_document *document) { return document->root; }

void json_free(struct json_document *document) {
  if (!document) return;
  for (struct block *block = document->blocks; block;) {
    struct block *next = block->next;
    free(block);
    block = next;
  }
  free(document->text);
  free(document);
}

// Appends one reference token, with the two escapes of RFC 6901; returns the new length.
static size_t put_token(char *buffer, size_t size, size_t length, const char *token) {
  for (; *token && length + 2 < size; token++) {
    if (*token == '~' || *token == '/') {
      buffer[length++] = '~';
      buffer[length++] = *token == '~' ? '0' : '1';
    } else {
      buffer[length++] = *token;
    }
  }
  return length;
}

void json_pointer(const struct json *value, char *buffer, size_t size) {
  const struct json *path[DEPTH_MAX + 1];
  size_t depth = 0, length = 0;
  for (; value->parent; value = value->parent) path[depth++] = value;
  while (depth-- > 0 && length + 2 < size) {
    char number[24];
    snprintf(number, sizeof number, "%zu", path[depth]->index);
    buffer[length++] = '/';
    length = put_token(buffer, size, length, path[depth]->name ? path[depth]->name : number);
  }
  buffer[length] = '\0';
}
