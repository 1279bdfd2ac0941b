// See cgroup-set.h.
#include "cgroup-set.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "cgroup-files.h"

const char *cgroup_hint(int error) {
  switch (error) {
    case ENOENT:
      return "this kernel's controller has no such limit, or the group above has not handed the "
             "controller on; run without this limit";
    case EACCES:
    case EPERM:
    case EROFS:
      return "limits need the right to write there: run as root, have the group delegated "
             "(systemd-run --user --scope -p Delegate=yes …), or run without limits";
    case EINVAL:
    case ERANGE:
      return "the kernel does not take this value; see the limits of the group above";
    case EBUSY:
      return "what is in use now is more than this limit, or a group below has claims on it";
    case ENOSPC:
      return "the group above has no processors or memory nodes to give";
    case ENODEV:
    case ENXIO:
      return "there is no such device, or it is a partition: limits are for whole disks";
    default:
      return NULL;
  }
}

int cgroup_refuse(const struct cgroup *group, const char *call, const char *file,
                  const char *hint, struct failure *why) {
  int error = errno;
  char path[sizeof why->path];
  snprintf(path, sizeof path, "%s%s%s", group->path, file ? "/" : "", file ? file : "");
  errno = error;
  return fail(why, "cgroup", call, path, hint);
}

int cgroup_set(const struct cgroup *group, const char *file, const char *text,
               struct failure *why) {
  if (cgroup_write(group->folder, file, text) == 0) return 0;
  return cgroup_refuse(group, "write", file, cgroup_hint(errno), why);
}

int cgroup_set_number(const struct cgroup *group, const char *file, int64_t number,
                      struct failure *why) {
  char text[24];
  snprintf(text, sizeof text, "%" PRId64, number);
  return cgroup_set(group, file, text, why);
}

int cgroup_set_maximum(const struct cgroup *group, const char *file, int64_t number,
                       struct failure *why) {
  return number < 0 ? cgroup_set(group, file, "max", why)
                    : cgroup_set_number(group, file, number, why);
}
