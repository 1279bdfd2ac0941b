// The namespaces of a container (config-linux.md §Namespaces, §User namespace mappings, §Offset for Time
// Namespace).
#ifndef SLIPWAY_SPEC_NAMESPACES_H
#define SLIPWAY_SPEC_NAMESPACES_H

#include <stddef.h>
#include <stdint.h>

#include "failure.h"
#include "id-map.h"
#include "json.h"

enum { NAMESPACE_KINDS = 8 };

struct joined_namespace {
  uint64_t flag;  // CLONE_NEW…
  const char *path;
};

struct id_ranges {
  struct id_range *items;
  size_t count;
};

struct time_offset {
  int64_t seconds;
  uint32_t nanoseconds;
};

// The whole of it: `created` and `joined` have no kind in common.
struct namespaces_spec {
  uint64_t created;  // CLONE_NEW…
  struct joined_namespace joined[NAMESPACE_KINDS];
  size_t joined_count;
  struct id_ranges uids, gids;
  struct time_offset monotonic, boottime;
};

// Created or joined: it is not the launcher's own.
bool has_namespace(const struct namespaces_spec *namespaces, uint64_t flag);

int namespaces_read(const struct json *value, struct namespaces_spec *out, struct failure *why);
int id_ranges_read(const struct json *value, struct id_ranges *out, struct failure *why);
int time_offsets_read(const struct json *value, struct namespaces_spec *out, struct failure *why);
// What the members of linux must have in common; `object` is that one.
int namespaces_check(const struct json *object, const struct namespaces_spec *namespaces,
                     struct failure *why);
void namespaces_free(struct namespaces_spec *namespaces);

#endif
