// The controllers by name. Version 2 calls blkio io and has no devices, freezer, net_cls and net_prio:
// freezing is part of every group there, devices are a BPF program, the last two are gone.
#ifndef SLIPWAY_CGROUP_CONTROLLERS_H
#define SLIPWAY_CGROUP_CONTROLLERS_H

#include <stddef.h>

enum controller {
  CONTROLLER_CPU,
  CONTROLLER_CPUACCT,
  CONTROLLER_CPUSET,
  CONTROLLER_MEMORY,
  CONTROLLER_PIDS,
  CONTROLLER_BLOCK,
  CONTROLLER_HUGETLB,
  CONTROLLER_DEVICES,
  CONTROLLER_FREEZER,
  CONTROLLER_NET_CLS,
  CONTROLLER_NET_PRIO,
  CONTROLLER_RDMA,
  CONTROLLER_MISC,
  CONTROLLER_DMEM,
  CONTROLLER_COUNT,
};

#define CONTROLLER_BIT(controller) (1U << (controller))

const char *controller_name(enum controller controller, int version);
// The bits of all names in a list such as "cpu,cpuacct" or "cpu io memory\n"; other words are left
// out.
unsigned controllers_in(const char *list, int version);

#endif
