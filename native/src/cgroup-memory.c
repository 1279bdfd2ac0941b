// The memory controller; see cgroup-limits.h. In version 1 a limit is for memory and one for memory
// and swap together, in version 2 one is for each.
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cgroup-files.h"
#include "cgroup-limits.h"
#include "cgroup-set.h"
#include "cgroup-values.h"

static uint64_t read_number(const struct cgroup *group, const char *file) {
  char text[64];
  if (cgroup_read(group->folder, file, text, sizeof text) < 0) return 0;
  return strtoull(text, NULL, 10);
}

static int check_usage(const struct cgroup *group, const struct resources *r,
                       struct failure *why) {
  const struct amount *limit = &r->memory.limit;
  const char *file = group->is_v2 ? "memory.current" : "memory.usage_in_bytes";
  if (!r->memory.check_before_update || !limit->is_given || limit->value < 0) return 0;
  uint64_t used = read_number(group, file);
  if (used <= (uint64_t)limit->value) return 0;
  char hint[120];
  snprintf(hint, sizeof hint, "the limit is %" PRId64 " bytes, and %" PRIu64 " are in use",
           limit->value, used);
  errno = EBUSY;
  return cgroup_refuse(group, "check", file, hint, why);
}

// Without swap space any limit of it is kept, also by a kernel that does not count swap.
static int set_swap(const struct cgroup *group, const char *file, int64_t limit, bool is_maximum,
                    struct failure *why) {
  if (!cgroup_has(group->folder, file) && (limit < 0 || !cgroup_host_swaps())) return 0;
  if (!cgroup_has(group->folder, file)) {
    errno = ENOENT;
    return cgroup_refuse(group, "write", file,
                         "the kernel does not count swap: start it with swapaccount=1, or allow "
                         "unlimited swap (--memory-swap -1)",
                         why);
  }
  return is_maximum ? cgroup_set_maximum(group, file, limit, why)
                    : cgroup_set_number(group, file, limit, why);
}

// The kernel keeps memory ≤ memory and swap at every moment, so the order is by direction.
static int limit_both(const struct cgroup *group, const struct resources *r,
                      struct failure *why) {
  static const char memory_file[] = "memory.limit_in_bytes";
  static const char both_file[] = "memory.memsw.limit_in_bytes";
  const struct amount *memory = &r->memory.limit;
  struct amount both = r->memory.swap;
  // No limit of memory is one of neither, unless swap has its own.
  if (memory->is_given && memory->value < 0 && !both.is_given) both = *memory;
  uint64_t now = read_number(group, both_file);
  bool is_rising = both.is_given && (both.value < 0 || (uint64_t)both.value > now);
  if (is_rising && set_swap(group, both_file, both.value, false, why) < 0) return -1;
  if (memory->is_given && cgroup_set_number(group, memory_file, memory->value, why) < 0)
    return -1;
  if (both.is_given && !is_rising) return set_swap(group, both_file, both.value, false, why);
  return 0;
}

static int limit_v1(const struct cgroup *group, const struct resources *r, struct failure *why) {
  if (limit_both(group, r, why) < 0) return -1;
  const struct {
    const struct amount *amount;
    const char *file;
  } rest[] = {
      {&r->memory.reservation, "memory.soft_limit_in_bytes"},
      {&r->memory.kernel_tcp, "memory.kmem.tcp.limit_in_bytes"},
      {&r->memory.swappiness, "memory.swappiness"},
  };
  for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++)
    if (rest[i].amount->is_given &&
        cgroup_set_number(group, rest[i].file, rest[i].amount->value, why) < 0)
      return -1;
  if (!r->memory.disable_oom_killer) return 0;
  return cgroup_set(group, "memory.oom_control", "1", why);
}

static int limit_swap_v2(const struct cgroup *group, const struct resources *r,
                         struct failure *why) {
  const struct amount *memory = &r->memory.limit, *both = &r->memory.swap;
  static const char file[] = "memory.swap.max";
  if (!both->is_given) {
    bool is_unlimited = memory->is_given && memory->value < 0;
    return is_unlimited ? set_swap(group, file, -1, true, why) : 0;
  }
  // An update may name the sum alone: then the limit is the one that the group has, or none.
  int64_t limit = memory->is_given ? memory->value : (int64_t)read_number(group, "memory.max");
  int64_t swap = swap_alone(limit, both->value);
  if (swap == -2) {
    errno = EINVAL;
    return cgroup_refuse(group, "check", file,
                         "the limit of memory and swap needs one of memory, and is not smaller",
                         why);
  }
  return set_swap(group, file, swap, true, why);
}

static int limit_v2(const struct cgroup *group, const struct resources *r, struct failure *why) {
  if (r->memory.swappiness.is_given) return limit_only_v1(group, "memory.swappiness", why);
  if (r->memory.disable_oom_killer) return limit_only_v1(group, "memory.oom_control", why);
  if (r->memory.kernel_tcp.is_given)
    return limit_only_v1(group, "memory.kmem.tcp.limit_in_bytes", why);
  if (limit_swap_v2(group, r, why) < 0) return -1;
  if (r->memory.limit.is_given &&
      cgroup_set_maximum(group, "memory.max", r->memory.limit.value, why) < 0)
    return -1;
  if (!r->memory.reservation.is_given) return 0;
  return cgroup_set_maximum(group, "memory.low", r->memory.reservation.value, why);
}

int limit_memory(const struct cgroup *group, const struct resources *resources,
                 struct failure *why) {
  if (check_usage(group, resources, why) < 0) return -1;
  return group->is_v2 ? limit_v2(group, resources, why) : limit_v1(group, resources, why);
}
