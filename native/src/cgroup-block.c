// The block controller (blkio, io); see cgroup-limits.h. Weights belong to a scheduler: bfq has files
// of its own in both versions and keeps the numbers of version 1.
#include <inttypes.h>
#include <stdio.h>

#include "cgroup-files.h"
#include "cgroup-limits.h"
#include "cgroup-set.h"
#include "cgroup-values.h"

static int set_weight(const struct cgroup *group, const char *file, const char *prefix,
                      int64_t weight, struct failure *why) {
  char line[64];
  snprintf(line, sizeof line, "%s%" PRId64, prefix, weight);
  return cgroup_set(group, file, line, why);
}

// Where the weights are, and whether they are those of the specification.
struct weight_files {
  const char *all, *each;
  bool is_scaled;
};

static struct weight_files find_weights(const struct cgroup *group) {
  if (group->is_v2 && cgroup_has(group->folder, "io.bfq.weight"))
    return (struct weight_files){"io.bfq.weight", "io.bfq.weight", false};
  if (group->is_v2) return (struct weight_files){"io.weight", "io.weight", true};
  if (!cgroup_has(group->folder, "blkio.weight") && cgroup_has(group->folder, "blkio.bfq.weight"))
    return (struct weight_files){"blkio.bfq.weight", "blkio.bfq.weight_device", false};
  return (struct weight_files){"blkio.weight", "blkio.weight_device", false};
}

static int64_t scaled(const struct weight_files *files, int64_t weight) {
  return files->is_scaled ? (int64_t)weight_of_block_weight((uint64_t)weight) : weight;
}

static int set_weights(const struct cgroup *group, const struct resources *r,
                       struct failure *why) {
  struct weight_files files = find_weights(group);
  const struct amount *all = &r->block.weight;
  if (all->is_given && cgroup_set_number(group, files.all, scaled(&files, all->value), why) < 0)
    return -1;
  for (size_t i = 0; i < r->block.weights.count; i++) {
    const struct device_amount *device = &r->block.weights.items[i];
    char number[32];
    snprintf(number, sizeof number, "%u:%u ", device->major, device->minor);
    if (device->first.is_given &&
        set_weight(group, files.each, number, scaled(&files, device->first.value), why) < 0)
      return -1;
    if (!device->second.is_given) continue;
    if (group->is_v2) return limit_only_v1(group, "blkio.leaf_weight_device", why);
    if (set_weight(group, "blkio.leaf_weight_device", number, device->second.value, why) < 0)
      return -1;
  }
  return 0;
}

static int set_leaf_weight(const struct cgroup *group, const struct resources *r,
                           struct failure *why) {
  const struct amount *leaf = &r->block.leaf_weight;
  if (!leaf->is_given) return 0;
  if (group->is_v2) return limit_only_v1(group, "blkio.leaf_weight", why);
  return cgroup_set_number(group, "blkio.leaf_weight", leaf->value, why);
}

// A rate of 0 is no limit: in version 2 that is a word.
static int set_rates(const struct cgroup *group, const struct device_amounts *rates,
                     const char *v1_file, const char *v2_key, struct failure *why) {
  for (size_t i = 0; i < rates->count; i++) {
    const struct device_amount *device = &rates->items[i];
    char line[96], number[24] = "max";
    if (device->first.value > 0 || !group->is_v2)
      snprintf(number, sizeof number, "%" PRId64, device->first.value);
    snprintf(line, sizeof line, group->is_v2 ? "%u:%u %s=%s" : "%u:%u %s%s", device->major,
             device->minor, group->is_v2 ? v2_key : "", number);
    if (cgroup_set(group, group->is_v2 ? "io.max" : v1_file, line, why) < 0) return -1;
  }
  return 0;
}

int limit_block(const struct cgroup *group, const struct resources *r, struct failure *why) {
  const struct {
    const struct device_amounts *rates;
    const char *v1_file, *v2_key;
  } throttles[] = {
      {&r->block.read_bps, "blkio.throttle.read_bps_device", "rbps"},
      {&r->block.write_bps, "blkio.throttle.write_bps_device", "wbps"},
      {&r->block.read_iops, "blkio.throttle.read_iops_device", "riops"},
      {&r->block.write_iops, "blkio.throttle.write_iops_device", "wiops"},
  };
  if (set_weights(group, r, why) < 0 || set_leaf_weight(group, r, why) < 0) return -1;
  for (size_t i = 0; i < 4; i++)
    if (set_rates(group, throttles[i].rates, throttles[i].v1_file, throttles[i].v2_key, why) < 0)
      return -1;
  return 0;
}
