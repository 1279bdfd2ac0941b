// See cgroup-limits.h: which controllers are needed, and those with a line or two each.
#include "cgroup-limits.h"

#include <errno.h>
#include <stdio.h>

#include "cgroup-controllers.h"
#include "cgroup-devices.h"
#include "cgroup-files.h"
#include "cgroup-set.h"

static bool any(const struct amount *const *amounts, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (amounts[i]->is_given) return true;
  return false;
}

static bool says_memory(const struct resources *r) {
  const struct amount *amounts[] = {&r->memory.limit, &r->memory.reservation, &r->memory.swap,
                                    &r->memory.kernel_tcp, &r->memory.swappiness};
  return r->memory.disable_oom_killer || any(amounts, 5);
}

static bool says_cpu(const struct resources *r) {
  const struct amount *amounts[] = {&r->cpu.shares, &r->cpu.quota, &r->cpu.burst, &r->cpu.period,
                                    &r->cpu.realtime_runtime, &r->cpu.realtime_period,
                                    &r->cpu.idle};
  return any(amounts, 7);
}

static bool says_block(const struct resources *r) {
  return r->block.weight.is_given || r->block.leaf_weight.is_given || r->block.weights.count ||
         r->block.read_bps.count || r->block.write_bps.count || r->block.read_iops.count ||
         r->block.write_iops.count;
}

static unsigned unified_needs(const struct resources *r) {
  unsigned needed = 0;
  for (size_t i = 0; i < r->unified.count; i++) {
    char name[32];
    if (sscanf(r->unified.items[i].name, "%31[^.]", name) == 1) needed |= controllers_in(name, 2);
  }
  return needed;
}

// … by the members other than unified.
static unsigned named_needs(const struct resources *r) {
  const struct {
    bool is_needed;
    enum controller controller;
  } needs[] = {
      {says_memory(r), CONTROLLER_MEMORY},
      {says_cpu(r), CONTROLLER_CPU},
      {r->cpu.cpus || r->cpu.mems, CONTROLLER_CPUSET},
      {r->pids.is_given, CONTROLLER_PIDS},
      {says_block(r), CONTROLLER_BLOCK},
      {r->hugepages.count > 0, CONTROLLER_HUGETLB},
      {r->network_class.is_given, CONTROLLER_NET_CLS},
      {r->network_priorities.count > 0, CONTROLLER_NET_PRIO},
      {r->rdma.count > 0, CONTROLLER_RDMA},
      {r->device_count > 0 && devices_are_limitable(), CONTROLLER_DEVICES},
  };
  unsigned needed = 0;
  for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++)
    if (needs[i].is_needed) needed |= CONTROLLER_BIT(needs[i].controller);
  return needed;
}

unsigned limits_needed(const struct resources *resources) {
  return named_needs(resources) | unified_needs(resources);
}

const struct cgroup *cgroup_with(const struct cgroups *cgroups, unsigned controller) {
  for (size_t i = 0; i < cgroups->count; i++)
    if (cgroups->groups[i].controllers & CONTROLLER_BIT(controller)) return &cgroups->groups[i];
  return NULL;
}

int limit_only_v1(const struct cgroup *group, const char *name, struct failure *why) {
  errno = EOPNOTSUPP;
  return cgroup_refuse(group, "check", name,
                       "version 2 of cgroups has no such limit; run without it", why);
}

static int limit_cpuset(const struct cgroup *group, const struct resources *r,
                        struct failure *why) {
  if (r->cpu.cpus && cgroup_set(group, "cpuset.cpus", r->cpu.cpus, why) < 0) return -1;
  if (r->cpu.mems && cgroup_set(group, "cpuset.mems", r->cpu.mems, why) < 0) return -1;
  return 0;
}

static int limit_pids(const struct cgroup *group, const struct resources *r,
                      struct failure *why) {
  return cgroup_set_maximum(group, "pids.max", r->pids.value, why);
}

// Pages that are only reserved count as well, where the kernel can count them.
static int limit_hugepages(const struct cgroup *group, const struct resources *r,
                           struct failure *why) {
  const char *end = group->is_v2 ? "max" : "limit_in_bytes";
  for (size_t i = 0; i < r->hugepages.count; i++) {
    const struct named_text *limit = &r->hugepages.items[i];
    char file[64];
    snprintf(file, sizeof file, "hugetlb.%.32s.%s", limit->name, end);
    if (cgroup_set(group, file, limit->text, why) < 0) return -1;
    snprintf(file, sizeof file, "hugetlb.%.32s.rsvd.%s", limit->name, end);
    if (!cgroup_has(group->folder, file)) continue;
    if (cgroup_set(group, file, limit->text, why) < 0) return -1;
  }
  return 0;
}

static int limit_network_class(const struct cgroup *group, const struct resources *r,
                               struct failure *why) {
  return cgroup_set_number(group, "net_cls.classid", r->network_class.value, why);
}

static int set_lines(const struct cgroup *group, const char *file, const struct named_texts *texts,
                     const char *between, struct failure *why) {
  for (size_t i = 0; i < texts->count; i++) {
    char line[256];
    snprintf(line, sizeof line, "%.128s%s%s", texts->items[i].name, between,
             texts->items[i].text);
    if (cgroup_set(group, file, line, why) < 0) return -1;
  }
  return 0;
}

static int limit_network_priorities(const struct cgroup *group, const struct resources *r,
                                    struct failure *why) {
  return set_lines(group, "net_prio.ifpriomap", &r->network_priorities, " ", why);
}

static int limit_rdma(const struct cgroup *group, const struct resources *r,
                      struct failure *why) {
  return set_lines(group, "rdma.max", &r->rdma, "", why);
}

// Last: it may refine what the other members said.
static int apply_unified(const struct cgroups *cgroups, const struct resources *r,
                         struct failure *why) {
  for (size_t i = 0; i < r->unified.count; i++) {
    const struct named_text *limit = &r->unified.items[i];
    const struct cgroup *group = NULL;
    for (size_t k = 0; k < cgroups->count; k++)
      if (cgroups->groups[k].is_v2) group = &cgroups->groups[k];
    errno = EOPNOTSUPP;
    if (!group || !cgroup_has(group->folder, limit->name))
      return fail(why, "cgroup", "find", limit->name,
                  "no version 2 hierarchy of this machine has this file; run without it");
    if (cgroup_set(group, limit->name, limit->text, why) < 0) return -1;
  }
  return 0;
}

static const struct {
  enum controller controller;
  int (*apply)(const struct cgroup *group, const struct resources *resources,
               struct failure *why);
} limits[] = {
    {CONTROLLER_CPUSET, limit_cpuset},
    {CONTROLLER_MEMORY, limit_memory},
    {CONTROLLER_CPU, limit_cpu},
    {CONTROLLER_PIDS, limit_pids},
    {CONTROLLER_BLOCK, limit_block},
    {CONTROLLER_HUGETLB, limit_hugepages},
    {CONTROLLER_NET_CLS, limit_network_class},
    {CONTROLLER_NET_PRIO, limit_network_priorities},
    {CONTROLLER_RDMA, limit_rdma},
    {CONTROLLER_DEVICES, limit_devices},
};

static int refuse_missing(enum controller controller, struct failure *why) {
  char hint[160];
  snprintf(hint, sizeof hint,
           "no cgroup hierarchy mounted here has the controller \"%s\"; mount it, or run without "
           "this limit",
           controller_name(controller, 2));
  errno = EOPNOTSUPP;
  return fail(why, "cgroup", "find", controller_name(controller, 2), hint);
}

int limits_apply(const struct cgroups *cgroups, const struct resources *resources,
                 struct failure *why) {
  unsigned said = named_needs(resources);
  for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
    if (!(said & CONTROLLER_BIT(limits[i].controller))) continue;
    const struct cgroup *group = cgroup_with(cgroups, limits[i].controller);
    if (!group) return refuse_missing(limits[i].controller, why);
    if (limits[i].apply(group, resources, why) < 0) return -1;
  }
  return apply_unified(cgroups, resources, why);
}
