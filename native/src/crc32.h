// CRC-32 as zlib and Ethernet have it: finds damage, not malice.
#ifndef SLIPWAY_CRC32_H
#define SLIPWAY_CRC32_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc32_of(const void *data, size_t length);

#endif
