// See labels.h.
#include "labels.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>

#include "cleanup.h"
#include "fields.h"
#include "kernel.h"

static bool has_selinux(void) { return access("/sys/fs/selinux/enforce", F_OK) == 0; }

static bool has_apparmor(void) {
  char word = 'N';
  cleanup_close int file = open("/sys/module/apparmor/parameters/enabled", O_RDONLY | O_CLOEXEC);
  return file >= 0 && read(file, &word, 1) == 1 && word == 'Y';
}

int label_check_selinux(const struct json *value, const char *label, struct failure *why) {
  if (label[0] == '\0' || has_selinux()) return 0;
  return refuse_unsupported(value, "this host runs without SELinux; leave the label out", why);
}

int label_check_apparmor(const struct json *value, const char *profile, struct failure *why) {
  if (profile[0] == '\0' || has_apparmor()) return 0;
  return refuse_unsupported(value, "this host runs without AppArmor; leave the profile out", why);
}

// The image chose what stands at /proc/self: only the kernel's own file will do.
static int write_attribute(const char *file, const char *text, struct failure *why) {
  cleanup_close int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
  struct statfs facts;
  if (proc < 0 || fstatfs(proc, &facts) < 0) return fail(why, "label", "open", "/proc", NULL);
  if (facts.f_type != PROC_SUPER_MAGIC) {
    errno = EXDEV;
    return fail(why, "label", "statfs", "/proc", "labels need a mount of type proc there");
  }
  cleanup_close int attribute =
      sys_openat2(proc, file, O_WRONLY, RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS);
  if (attribute < 0) return fail(why, "label", "openat2", file, NULL);
  return write(attribute, text, strlen(text)) < 0
             ? fail(why, "label", "write", file, "is the label or profile known to the kernel?")
             : 0;
}

// Before Linux 5.8 the modules share one file.
static int set_apparmor(const char *profile, struct failure *why) {
  char text[512];
  snprintf(text, sizeof text, "exec %s", profile);
  if (write_attribute("self/attr/apparmor/exec", text, why) == 0) return 0;
  return why->error == ENOENT ? write_attribute("self/attr/exec", text, why) : -1;
}

int labels_set(const struct process_spec *process, struct failure *why) {
  const char *profile = process->apparmor_profile, *label = process->selinux_label;
  if (profile && profile[0] && set_apparmor(profile, why) < 0) return -1;
  return label && label[0] ? write_attribute("self/attr/exec", label, why) : 0;
}
