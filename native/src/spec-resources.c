// See spec-resources.h. As runc does, a limit of 0 counts as absent where 0 could not be meant.
#include "spec-resources.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fields.h"
#include "memory.h"

enum {
  DEVICES_MAX = 400,  // with their default ones, a BPF program that every kernel takes
  NAMES_MAX = 128,
  WEIGHT_MIN = 10,
  WEIGHT_MAX = 1000,
};

static int read_amount(const struct json *value, int64_t min, struct amount *out,
                       struct failure *why) {
  bool is_whole = value->kind == JSON_NUMBER && value->is_whole && value->magnitude <= INT64_MAX;
  int64_t number = value->is_negative ? -(int64_t)value->magnitude : (int64_t)value->magnitude;
  char expected[64];
  snprintf(expected, sizeof expected, "a whole number from %" PRId64, min);
  if (!is_whole || number < min) return refuse_malformed(value, expected, why);
  *out = (struct amount){true, number};
  return 0;
}

// … where 0 says nothing.
static int read_limit(const struct json *value, int64_t min, struct amount *out,
                      struct failure *why) {
  if (read_amount(value, min, out, why) < 0) return -1;
  out->is_given = out->value != 0;
  return 0;
}

#define LIMIT(name, member, min)                                                                 \
  static int name(const struct json *value, void *context, struct failure *why) {                \
    return read_limit(value, min, &((struct resources *)context)->member, why);                  \
  }

#define AMOUNT(name, member, min)                                                                \
  static int name(const struct json *value, void *context, struct failure *why) {                \
    return read_amount(value, min, &((struct resources *)context)->member, why);                 \
  }

#define OBJECT(name, fields)                                                                     \
  static int name(const struct json *value, void *context, struct failure *why) {                \
    return read_object(value, fields, context, why);                                             \
  }

// ---- memory --------------------------------------------------------------------------------

LIMIT(read_memory_limit, memory.limit, -1)
LIMIT(read_memory_reservation, memory.reservation, -1)
LIMIT(read_memory_swap, memory.swap, -1)
LIMIT(read_memory_kernel_tcp, memory.kernel_tcp, -1)

// Since Linux 5.11 the kernel does not keep it; runc and crun leave it out as well.
static int read_memory_kernel(const struct json *value, void *context, struct failure *why) {
  (void)context;
  struct amount ignored;
  return read_amount(value, -1, &ignored, why);
}

// Absent is also written as -1, in the 64 bits of an unsigned number.
static int read_memory_swappiness(const struct json *value, void *context, struct failure *why) {
  struct amount *out = &((struct resources *)context)->memory.swappiness;
  if (value->kind == JSON_NUMBER && value->is_whole && value->magnitude == UINT64_MAX) return 0;
  if (read_amount(value, -1, out, why) < 0) return -1;
  if (out->value > 100) return refuse_malformed(value, "from 0 to 100", why);
  out->is_given = out->value >= 0;
  return 0;
}

static int read_disable_oom(const struct json *value, void *context, struct failure *why) {
  return read_boolean(value, &((struct resources *)context)->memory.disable_oom_killer, why);
}

static int read_check_before(const struct json *value, void *context, struct failure *why) {
  return read_boolean(value, &((struct resources *)context)->memory.check_before_update, why);
}

static int read_use_hierarchy(const struct json *value, void *context, struct failure *why) {
  (void)context;
  bool wanted;
  if (read_boolean(value, &wanted, why) < 0) return -1;
  return wanted ? 0 : refuse_unsupported(value, "every memory cgroup is hierarchical", why);
}

static const struct field memory_fields[] = {
    {"limit", read_memory_limit, false},
    {"reservation", read_memory_reservation, false},
    {"swap", read_memory_swap, false},
    {"kernel", read_memory_kernel, false},
    {"kernelTCP", read_memory_kernel_tcp, false},
    {"swappiness", read_memory_swappiness, false},
    {"disableOOMKiller", read_disable_oom, false},
    {"useHierarchy", read_use_hierarchy, false},
    {"checkBeforeUpdate", read_check_before, false},
    {NULL, NULL, false},
};
OBJECT(read_memory, memory_fields)

// ---- cpu and pids --------------------------------------------------------------------------

LIMIT(read_cpu_shares, cpu.shares, 0)
LIMIT(read_cpu_quota, cpu.quota, -1)
AMOUNT(read_cpu_burst, cpu.burst, 0)
LIMIT(read_cpu_period, cpu.period, 0)
LIMIT(read_cpu_realtime_runtime, cpu.realtime_runtime, 0)
LIMIT(read_cpu_realtime_period, cpu.realtime_period, 0)
AMOUNT(read_cpu_idle, cpu.idle, 0)
LIMIT(read_pids_limit, pids, -1)

static int read_set(const struct json *value, const char **out, struct failure *why) {
  if (read_string(value, out, why) < 0) return -1;
  if ((*out)[0] == '\0') *out = NULL;
  return 0;
}

static int read_cpu_cpus(const struct json *value, void *context, struct failure *why) {
  return read_set(value, &((struct resources *)context)->cpu.cpus, why);
}

static int read_cpu_mems(const struct json *value, void *context, struct failure *why) {
  return read_set(value, &((struct resources *)context)->cpu.mems, why);
}

static const struct field cpu_fields[] = {
    {"shares", read_cpu_shares, false},
    {"quota", read_cpu_quota, false},
    {"burst", read_cpu_burst, false},
    {"period", read_cpu_period, false},
    {"realtimeRuntime", read_cpu_realtime_runtime, false},
    {"realtimePeriod", read_cpu_realtime_period, false},
    {"cpus", read_cpu_cpus, false},
    {"mems", read_cpu_mems, false},
    {"idle", read_cpu_idle, false},
    {NULL, NULL, false},
};
OBJECT(read_cpu, cpu_fields)

static const struct field pids_fields[] = {
    {"limit", read_pids_limit, true},
    {NULL, NULL, false},
};
OBJECT(read_pids, pids_fields)

// ---- blockIO -------------------------------------------------------------------------------

static int read_weight(const struct json *value, struct amount *out, struct failure *why) {
  if (read_limit(value, 0, out, why) < 0) return -1;
  if (out->is_given && (out->value < WEIGHT_MIN || out->value > WEIGHT_MAX))
    return refuse_malformed(value, "from 10 to 1000", why);
  return 0;
}

static int read_device_number(const struct json *value, uint32_t *out, struct failure *why) {
  uint64_t number;
  if (read_unsigned(value, UINT32_MAX, &number, why) < 0) return -1;
  *out = (uint32_t)number;
  return 0;
}

static int read_major(const struct json *value, void *context, struct failure *why) {
  return read_device_number(value, &((struct device_amount *)context)->major, why);
}

static int read_minor(const struct json *value, void *context, struct failure *why) {
  return read_device_number(value, &((struct device_amount *)context)->minor, why);
}

static int read_rate(const struct json *value, void *context, struct failure *why) {
  return read_amount(value, 0, &((struct device_amount *)context)->first, why);
}

static int read_device_weight(const struct json *value, void *context, struct failure *why) {
  return read_weight(value, &((struct device_amount *)context)->first, why);
}

static int read_device_leaf_weight(const struct json *value, void *context, struct failure *why) {
  return read_weight(value, &((struct device_amount *)context)->second, why);
}

static const struct field throttle_fields[] = {
    {"major", read_major, true},
    {"minor", read_minor, true},
    {"rate", read_rate, true},
    {NULL, NULL, false},
};

static const struct field weight_fields[] = {
    {"major", read_major, true},
    {"minor", read_minor, true},
    {"weight", read_device_weight, false},
    {"leafWeight", read_device_leaf_weight, false},
    {NULL, NULL, false},
};

static int read_device_amounts(const struct json *value, const struct field *fields,
                               struct device_amounts *out, struct failure *why) {
  if (expect_kind(value, JSON_ARRAY, why) < 0) return -1;
  if (value->count > DEVICES_MAX) return refuse_malformed(value, "a shorter array", why);
  out->items = allocate(value->count * sizeof *out->items);
  for (const struct json *child = value->children; child; child = child->next)
    if (read_object(child, fields, &out->items[out->count++], why) < 0) return -1;
  return 0;
}

#define DEVICE_AMOUNTS(name, member, fields)                                                     \
  static int name(const struct json *value, void *context, struct failure *why) {                \
    return read_device_amounts(value, fields, &((struct resources *)context)->block.member, why);\
  }
DEVICE_AMOUNTS(read_weight_devices, weights, weight_fields)
DEVICE_AMOUNTS(read_read_bps, read_bps, throttle_fields)
DEVICE_AMOUNTS(read_write_bps, write_bps, throttle_fields)
DEVICE_AMOUNTS(read_read_iops, read_iops, throttle_fields)
DEVICE_AMOUNTS(read_write_iops, write_iops, throttle_fields)

static int read_block_weight(const struct json *value, void *context, struct failure *why) {
  return read_weight(value, &((struct resources *)context)->block.weight, why);
}

static int read_block_leaf_weight(const struct json *value, void *context, struct failure *why) {
  return read_weight(value, &((struct resources *)context)->block.leaf_weight, why);
}

static const struct field block_fields[] = {
    {"weight", read_block_weight, false},
    {"leafWeight", read_block_leaf_weight, false},
    {"weightDevice", read_weight_devices, false},
    {"throttleReadBpsDevice", read_read_bps, false},
    {"throttleWriteBpsDevice", read_write_bps, false},
    {"throttleReadIOPSDevice", read_read_iops, false},
    {"throttleWriteIOPSDevice", read_write_iops, false},
    {NULL, NULL, false},
};
OBJECT(read_block, block_fields)

// ---- limits by name ------------------------------------------------------------------------

// A part of a file's name, or a word of its text.
static int check_name(const struct json *value, const char *name, struct failure *why) {
  bool is_plain = name[0] && name[0] != '.' && !strpbrk(name, "/ \t\r\n");
  return is_plain ? 0 : refuse_malformed(value, "a name without slashes and spaces", why);
}

static int add_text(const struct json *value, const char *name, const char *text,
                    struct named_texts *out, struct failure *why) {
  if (check_name(value, name, why) < 0) return -1;
  if (out->count == NAMES_MAX) return refuse_malformed(value, "one of at most 128", why);
  out->items = reallocate(out->items, (out->count + 1) * sizeof *out->items);
  out->items[out->count++] = (struct named_text){name, copy_text(text, strlen(text))};
  return 0;
}

// The two members of an element of hugepageLimits and of network.priorities.
struct pair {
  const char *name;
  struct amount amount;
};

static int read_pair_name(const struct json *value, void *context, struct failure *why) {
  return read_string(value, &((struct pair *)context)->name, why);
}

static int read_pair_amount(const struct json *value, void *context, struct failure *why) {
  return read_amount(value, 0, &((struct pair *)context)->amount, why);
}

static const struct field hugepage_fields[] = {
    {"pageSize", read_pair_name, true},
    {"limit", read_pair_amount, true},
    {NULL, NULL, false},
};

static const struct field priority_fields[] = {
    {"name", read_pair_name, true},
    {"priority", read_pair_amount, true},
    {NULL, NULL, false},
};

static int read_pairs(const struct json *value, const struct field *fields,
                      struct named_texts *out, struct failure *why) {
  if (expect_kind(value, JSON_ARRAY, why) < 0) return -1;
  for (const struct json *child = value->children; child; child = child->next) {
    struct pair pair = {0};
    char text[24];
    if (read_object(child, fields, &pair, why) < 0) return -1;
    snprintf(text, sizeof text, "%" PRId64, pair.amount.value);
    if (add_text(child, pair.name, text, out, why) < 0) return -1;
  }
  return 0;
}

static int read_hugepages(const struct json *value, void *context, struct failure *why) {
  return read_pairs(value, hugepage_fields, &((struct resources *)context)->hugepages, why);
}

static int read_priorities(const struct json *value, void *context, struct failure *why) {
  struct named_texts *out = &((struct resources *)context)->network_priorities;
  return read_pairs(value, priority_fields, out, why);
}

static int read_class(const struct json *value, void *context, struct failure *why) {
  uint64_t number;
  if (read_unsigned(value, UINT32_MAX, &number, why) < 0) return -1;
  ((struct resources *)context)->network_class = (struct amount){number != 0, (int64_t)number};
  return 0;
}

static const struct field network_fields[] = {
    {"classID", read_class, false},
    {"priorities", read_priorities, false},
    {NULL, NULL, false},
};
OBJECT(read_network, network_fields)

struct rdma_limits {
  struct amount handles, objects;
};

static int read_handles(const struct json *value, void *context, struct failure *why) {
  return read_amount(value, 0, &((struct rdma_limits *)context)->handles, why);
}

static int read_objects(const struct json *value, void *context, struct failure *why) {
  return read_amount(value, 0, &((struct rdma_limits *)context)->objects, why);
}

static const struct field rdma_fields[] = {
    {"hcaHandles", read_handles, false},
    {"hcaObjects", read_objects, false},
    {NULL, NULL, false},
};

static int read_rdma(const struct json *value, void *context, struct failure *why) {
  if (expect_kind(value, JSON_OBJECT, why) < 0) return -1;
  for (const struct json *child = value->children; child; child = child->next) {
    struct rdma_limits limits = {0};
    char text[80] = "", *end = text;
    if (read_object(child, rdma_fields, &limits, why) < 0) return -1;
    if (limits.handles.is_given)
      end += sprintf(end, " hca_handle=%" PRId64, limits.handles.value);
    if (limits.objects.is_given) sprintf(end, " hca_object=%" PRId64, limits.objects.value);
    struct named_texts *out = &((struct resources *)context)->rdma;
    if (add_text(child, child->name, text, out, why) < 0) return -1;
  }
  return 0;
}

// Files of controllers, and of the core only its two limits: cgroup.procs and the like are ours.
static bool is_unified_file(const char *name) {
  if (strncmp(name, "cgroup.", 7) != 0) return strchr(name, '.') != NULL;
  return strcmp(name, "cgroup.max.depth") == 0 || strcmp(name, "cgroup.max.descendants") == 0;
}

static int read_unified(const struct json *value, void *context, struct failure *why) {
  if (expect_kind(value, JSON_OBJECT, why) < 0) return -1;
  for (const struct json *child = value->children; child; child = child->next) {
    const char *text;
    if (read_string(child, &text, why) < 0) return -1;
    if (!is_unified_file(child->name))
      return refuse_malformed(child, "named after a controller's file, as in memory.high", why);
    struct named_texts *out = &((struct resources *)context)->unified;
    if (add_text(child, child->name, text, out, why) < 0) return -1;
  }
  return 0;
}

// ---- devices -------------------------------------------------------------------------------

static int read_rule_allow(const struct json *value, void *context, struct failure *why) {
  return read_boolean(value, &((struct device_rule *)context)->is_allowed, why);
}

// 'u' is another word for c; fifos are no devices to a cgroup.
static int read_rule_type(const struct json *value, void *context, struct failure *why) {
  const char *type;
  if (read_string(value, &type, why) < 0) return -1;
  if (!type[0] || type[1] || !strchr("abcu", type[0]))
    return refuse_malformed(value, "a, b or c", why);
  ((struct device_rule *)context)->type = type[0] == 'u' ? 'c' : type[0];
  return 0;
}

static int read_rule_number(const struct json *value, int64_t *out, struct failure *why) {
  struct amount number = {0};
  if (read_amount(value, -1, &number, why) < 0) return -1;
  *out = number.value;
  return number.value <= INT32_MAX ? 0 : refuse_malformed(value, "a device number", why);
}

static int read_rule_major(const struct json *value, void *context, struct failure *why) {
  return read_rule_number(value, &((struct device_rule *)context)->major, why);
}

static int read_rule_minor(const struct json *value, void *context, struct failure *why) {
  return read_rule_number(value, &((struct device_rule *)context)->minor, why);
}

static int read_rule_access(const struct json *value, void *context, struct failure *why) {
  const char *text;
  if (read_string(value, &text, why) < 0) return -1;
  unsigned access = 0;
  for (; *text; text++) {
    unsigned one = *text == 'r' ? DEVICE_READ : *text == 'w' ? DEVICE_WRITE
                 : *text == 'm' ? DEVICE_MKNOD : 0;
    if (one == 0) return refuse_malformed(value, "of the letters r, w and m", why);
    access |= one;
  }
  ((struct device_rule *)context)->access = access ? access : DEVICE_ALL;
  return 0;
}

static const struct field rule_fields[] = {
    {"allow", read_rule_allow, true},
    {"type", read_rule_type, false},
    {"major", read_rule_major, false},
    {"minor", read_rule_minor, false},
    {"access", read_rule_access, false},
    {NULL, NULL, false},
};

static int read_devices(const struct json *value, void *context, struct failure *why) {
  struct resources *resources = context;
  if (expect_kind(value, JSON_ARRAY, why) < 0) return -1;
  if (value->count > DEVICES_MAX) return refuse_malformed(value, "a shorter array", why);
  resources->devices = allocate(value->count * sizeof *resources->devices);
  for (const struct json *child = value->children; child; child = child->next) {
    struct device_rule *rule = &resources->devices[resources->device_count++];
    *rule = (struct device_rule){.type = 'a', .major = -1, .minor = -1, .access = DEVICE_ALL};
    if (read_object(child, rule_fields, rule, why) < 0) return -1;
  }
  return 0;
}

// ---- the whole -----------------------------------------------------------------------------

static const struct field resources_fields[] = {
    {"memory", read_memory, false},   {"cpu", read_cpu, false},
    {"pids", read_pids, false},       {"blockIO", read_block, false},
    {"devices", read_devices, false}, {"hugepageLimits", read_hugepages, false},
    {"network", read_network, false}, {"rdma", read_rdma, false},
    {"unified", read_unified, false}, {NULL, NULL, false},
};

int resources_read(const struct json *value, struct resources *resources, struct failure *why) {
  return read_object(value, resources_fields, resources, why);
}

static void free_texts(struct named_texts *texts) {
  for (size_t i = 0; i < texts->count; i++) free(texts->items[i].text);
  free(texts->items);
}

void resources_free(struct resources *resources) {
  struct device_amounts *amounts[] = {&resources->block.weights, &resources->block.read_bps,
                                      &resources->block.write_bps, &resources->block.read_iops,
                                      &resources->block.write_iops};
  for (size_t i = 0; i < sizeof amounts / sizeof amounts[0]; i++) free(amounts[i]->items);
  free_texts(&resources->hugepages);
  free_texts(&resources->network_priorities);
  free_texts(&resources->rdma);
  free_texts(&resources->unified);
  free(resources->devices);
  *resources = (struct resources){0};
}
