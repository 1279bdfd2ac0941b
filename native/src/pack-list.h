// pack --list: the layer of COPY, from what the caller planned. What is read from stdin is described in
// native/README.md §The list of pack.
#ifndef SLIPWAY_PACK_LIST_H
#define SLIPWAY_PACK_LIST_H

#include <stdint.h>
#include <stdio.h>

#include "memory.h"
#include "xattrs.h"

int pack_list(const char *tar, const char *index);  // -1: reported

// The same from any stream, for tests of hostile lists.
int pack_list_from(FILE *list, const char *tar, const char *index);

#endif
