// The default devices (config-linux.md §Default Devices); see mounts.h. Made only in a fresh /dev: a
// bundle that keeps the image's /dev, or binds one, gets what is there.
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "cleanup.h"
#include "kernel.h"
#include "mounts.h"
#include "places.h"

static const struct {
  const char *name;
  unsigned major, minor;
} devices[] = {
    {"null", 1, 3},   {"zero", 1, 5},    {"full", 1, 7},
    {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0},
};

static const struct {
  const char *name, *target;
} links[] = {
    {"fd", "/proc/self/fd"},         {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
    {"stderr", "/proc/self/fd/2"},   {"ptmx", "pts/ptmx"},
};

static bool has_fresh_dev(const struct spec *spec) {
  for (size_t i = 0; i < spec->mount_count; i++)
    if (strcmp(spec->mounts[i].destination, "/dev") == 0)
      return !spec->mounts[i].is_bind && strcmp(spec->mounts[i].type, "tmpfs") == 0;
  return false;
}

int devices_make(const struct spec *spec, struct failure *why) {
  if (!has_fresh_dev(spec)) return 0;
  cleanup_close int dev = place_open("/dev");
  if (dev < 0) return fail(why, "devices", "openat2", "/dev", NULL);
  mode_t before = umask(0);
  for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++)
    if (mknodat(dev, devices[i].name, S_IFCHR | 0666,
                makedev(devices[i].major, devices[i].minor)) < 0 && errno != EEXIST)
      return fail(why, "devices", "mknodat", devices[i].name, "making devices needs root");
  for (size_t i = 0; i < sizeof links / sizeof links[0]; i++)
    if (symlinkat(links[i].target, dev, links[i].name) < 0 && errno != EEXIST)
      return fail(why, "devices", "symlinkat", links[i].name, NULL);
  umask(before);
  return 0;
}
