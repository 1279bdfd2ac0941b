// See cgroup-controllers.h.
#include "cgroup-controllers.h"

#include <string.h>

static const struct {
  const char *v1, *v2;
} names[CONTROLLER_COUNT] = {
    [CONTROLLER_CPU] = {"cpu", "cpu"},
    [CONTROLLER_CPUACCT] = {"cpuacct", NULL},
    [CONTROLLER_CPUSET] = {"cpuset", "cpuset"},
    [CONTROLLER_MEMORY] = {"memory", "memory"},
    [CONTROLLER_PIDS] = {"pids", "pids"},
    [CONTROLLER_BLOCK] = {"blkio", "io"},
    [CONTROLLER_HUGETLB] = {"hugetlb", "hugetlb"},
    [CONTROLLER_DEVICES] = {"devices", NULL},
    [CONTROLLER_FREEZER] = {"freezer", NULL},
    [CONTROLLER_NET_CLS] = {"net_cls", NULL},
    [CONTROLLER_NET_PRIO] = {"net_prio", NULL},
    [CONTROLLER_RDMA] = {"rdma", "rdma"},
    [CONTROLLER_MISC] = {"misc", "misc"},
    [CONTROLLER_DMEM] = {NULL, "dmem"},
};

const char *controller_name(enum controller controller, int version) {
  const char *name = version == 2 ? names[controller].v2 : names[controller].v1;
  return name ? name : version == 2 ? names[controller].v1 : names[controller].v2;
}

unsigned controllers_in(const char *list, int version) {
  static const char separators[] = ", \n";
  unsigned found = 0;
  for (const char *word = list + strspn(list, separators); *word;) {
    size_t length = strcspn(word, separators);
    for (int i = 0; i < CONTROLLER_COUNT; i++) {
      const char *name = version == 2 ? names[i].v2 : names[i].v1;
      if (name && strlen(name) == length && memcmp(name, word, length) == 0)
        found |= CONTROLLER_BIT(i);
    }
    word += length;
    word += strspn(word, separators);
  }
  return found;
}
