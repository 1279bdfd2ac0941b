// The private tmpfs for mount points; see scratch.h.
#include "scratch.h"

#include <stdbool.h>

#include "kernel.h"

int scratch_ready(struct failure *why) {
  static bool is_mounted = false;
  if (is_mounted) return 0;
  if (sys_mount("slipway", SCRATCH, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") < 0)
    return fail(why, "rootfs", "mount tmpfs", SCRATCH, "mounting needs root (CAP_SYS_ADMIN)");
  is_mounted = true;
  return 0;
}
