// The cpu controller; see cgroup-limits.h.
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cgroup-files.h"
#include "cgroup-limits.h"
#include "cgroup-set.h"
#include "cgroup-values.h"

// The kernel takes any number and keeps another one.
static int set_shares(const struct cgroup *group, int64_t shares, struct failure *why) {
  if (cgroup_set_number(group, "cpu.shares", shares, why) < 0) return -1;
  char text[32];
  if (cgroup_read(group->folder, "cpu.shares", text, sizeof text) < 0) return 0;
  if (strtoll(text, NULL, 10) == shares) return 0;
  errno = EINVAL;
  return cgroup_refuse(group, "write", "cpu.shares", "cpu shares are from 2 to 262144", why);
}

// A new period with the old quota may be more than the group above has, or the other way round.
static int set_period_and_quota(const struct cgroup *group, const struct resources *r,
                                struct failure *why) {
  const struct amount *period = &r->cpu.period, *quota = &r->cpu.quota;
  bool is_late = false;
  if (period->is_given && cgroup_set_number(group, "cpu.cfs_period_us", period->value, why) < 0) {
    if (why->error != EINVAL || !quota->is_given) return -1;
    is_late = true;
  }
  if (quota->is_given && cgroup_set_number(group, "cpu.cfs_quota_us", quota->value, why) < 0)
    return -1;
  return is_late ? cgroup_set_number(group, "cpu.cfs_period_us", period->value, why) : 0;
}

static int limit_v1(const struct cgroup *group, const struct resources *r, struct failure *why) {
  const struct {
    const struct amount *amount;
    const char *file;
  } rest[] = {
      {&r->cpu.burst, "cpu.cfs_burst_us"},
      {&r->cpu.realtime_period, "cpu.rt_period_us"},
      {&r->cpu.realtime_runtime, "cpu.rt_runtime_us"},
      {&r->cpu.idle, "cpu.idle"},
  };
  if (r->cpu.shares.is_given && set_shares(group, r->cpu.shares.value, why) < 0) return -1;
  if (set_period_and_quota(group, r, why) < 0) return -1;
  for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++)
    if (rest[i].amount->is_given &&
        cgroup_set_number(group, rest[i].file, rest[i].amount->value, why) < 0)
      return -1;
  *why = (struct failure){0};
  return 0;
}

// "QUOTA PERIOD" in one file: an update of one keeps the other.
static int set_maximum(const struct cgroup *group, const struct resources *r,
                       struct failure *why) {
  if (!r->cpu.quota.is_given && !r->cpu.period.is_given) return 0;
  char text[64] = "", quota[24] = "max", period[24] = "100000";
  if (cgroup_read(group->folder, "cpu.max", text, sizeof text) == 0)
    sscanf(text, "%23s %23s", quota, period);
  if (r->cpu.quota.is_given) {
    if (r->cpu.quota.value < 0) snprintf(quota, sizeof quota, "max");
    else snprintf(quota, sizeof quota, "%" PRId64, r->cpu.quota.value);
  }
  if (r->cpu.period.is_given) snprintf(period, sizeof period, "%" PRId64, r->cpu.period.value);
  snprintf(text, sizeof text, "%s %s", quota, period);
  return cgroup_set(group, "cpu.max", text, why);
}

// An idle group has no weight, so it stops being one first and becomes one last.
static int limit_v2(const struct cgroup *group, const struct resources *r, struct failure *why) {
  const struct amount *idle = &r->cpu.idle;
  if (r->cpu.realtime_runtime.is_given) return limit_only_v1(group, "cpu.rt_runtime_us", why);
  if (r->cpu.realtime_period.is_given) return limit_only_v1(group, "cpu.rt_period_us", why);
  if (idle->is_given && !idle->value && cgroup_set(group, "cpu.idle", "0", why) < 0) return -1;
  uint64_t weight = weight_of_shares((uint64_t)r->cpu.shares.value);
  if (r->cpu.shares.is_given && cgroup_set_number(group, "cpu.weight", (int64_t)weight, why) < 0)
    return -1;
  if (set_maximum(group, r, why) < 0) return -1;
  if (r->cpu.burst.is_given &&
      cgroup_set_number(group, "cpu.max.burst", r->cpu.burst.value, why) < 0)
    return -1;
  return idle->is_given && idle->value ? cgroup_set_number(group, "cpu.idle", idle->value, why)
                                       : 0;
}

int limit_cpu(const struct cgroup *group, const struct resources *resources, struct failure *why) {
  return group->is_v2 ? limit_v2(group, resources, why) : limit_v1(group, resources, why);
}
