// linux.resources of config.json (config-linux.md §Control groups), and the same object as the
// command update takes it.
#ifndef SLIPWAY_SPEC_RESOURCES_H
#define SLIPWAY_SPEC_RESOURCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "failure.h"
#include "json.h"

// A number that may be absent.
struct amount {
  bool is_given;
  int64_t value;
};

// One rule of `devices`; the last that matches decides.
struct device_rule {
  bool is_allowed;
  char type;             // 'a' all, 'b', 'c'
  int64_t major, minor;  // -1: every
  unsigned access;       // DEVICE_…
};

enum { DEVICE_READ = 1, DEVICE_WRITE = 2, DEVICE_MKNOD = 4, DEVICE_ALL = 7 };

// blockIO of one device.
struct device_amount {
  uint32_t major, minor;
  struct amount first, second;  // rate; or weight and leafWeight
};

struct device_amounts {
  struct device_amount *items;
  size_t count;
};

// Texts by name: hugepageLimits (page size → limit), network.priorities, rdma, unified.
struct named_text {
  const char *name;
  char *text;
};

struct named_texts {
  struct named_text *items;
  size_t count;
};

struct resources {
  struct {
    struct amount limit, reservation, swap, kernel_tcp, swappiness;
    bool disable_oom_killer;
    bool check_before_update;
  } memory;
  struct {
    struct amount shares, quota, burst, period, realtime_runtime, realtime_period, idle;
    const char *cpus, *mems;  // NULL: absent
  } cpu;
  struct amount pids;
  struct {
    struct amount weight, leaf_weight;
    struct device_amounts weights, read_bps, write_bps, read_iops, write_iops;
  } block;
  struct named_texts hugepages;
  struct amount network_class;
  struct named_texts network_priorities;
  struct named_texts rdma;
  struct named_texts unified;
  struct device_rule *devices;
  size_t device_count;
};

// Reads the object into zeroed `resources`; free it also after a failure. Strings live as long as the
// JSON document. What is not implemented is refused by JSON pointer.
int resources_read(const struct json *value, struct resources *resources, struct failure *why);
void resources_free(struct resources *resources);

#endif
