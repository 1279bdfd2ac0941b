// See sysctls.h.
#include "sysctls.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "fields.h"
#include "kernel.h"

enum { NAME_BYTES_MAX = 256 };

// In the spelling with slashes; one that ends in a slash is of all below it.
static const struct {
  const char *name;
  uint64_t namespace;
} parameters[] = {
    {"net/", CLONE_NEWNET},
    {"fs/mqueue/", CLONE_NEWIPC},
    {"kernel/msgmax", CLONE_NEWIPC},
    {"kernel/msgmnb", CLONE_NEWIPC},
    {"kernel/msgmni", CLONE_NEWIPC},
    {"kernel/msg_next_id", CLONE_NEWIPC},
    {"kernel/sem", CLONE_NEWIPC},
    {"kernel/sem_next_id", CLONE_NEWIPC},
    {"kernel/shmall", CLONE_NEWIPC},
    {"kernel/shmmax", CLONE_NEWIPC},
    {"kernel/shmmni", CLONE_NEWIPC},
    {"kernel/shm_next_id", CLONE_NEWIPC},
    {"kernel/shm_rmid_forced", CLONE_NEWIPC},
    {"kernel/domainname", CLONE_NEWUTS},
    {"user/", CLONE_NEWUSER},
};

// No part is empty, `.` or `..`: net/../kernel/core_pattern is not of the network.
static bool is_plain(const char *path) {
  for (;;) {
    size_t length = strcspn(path, "/");
    if (length == 0 || strspn(path, ".") >= length) return false;
    if (path[length] == '\0') return true;
    path += length + 1;
  }
}

// `net.ipv4.conf.eth0/5.forwarding` and `net/ipv4/conf/eth0.5/forwarding` are the same: the first
// separator tells which of the two the name uses.
static bool to_path(const char *name, char path[NAME_BYTES_MAX]) {
  size_t length = strlen(name);
  if (length == 0 || length >= NAME_BYTES_MAX) return false;
  bool has_dots = name[strcspn(name, "./")] == '.';
  for (size_t i = 0; i <= length; i++) {
    char c = name[i];
    path[i] = !has_dots ? c : c == '.' ? '/' : c == '/' ? '.' : c;
  }
  return is_plain(path);
}

static uint64_t namespace_of(const char *path) {
  for (size_t i = 0; i < sizeof parameters / sizeof parameters[0]; i++) {
    size_t length = strlen(parameters[i].name);
    bool is_folder = parameters[i].name[length - 1] == '/';
    if (is_folder ? strncmp(parameters[i].name, path, length) == 0
                  : strcmp(parameters[i].name, path) == 0)
      return parameters[i].namespace;
  }
  return 0;
}

static int check_one(const struct json *value, const struct namespaces_spec *namespaces,
                     struct failure *why) {
  char path[NAME_BYTES_MAX];
  if (expect_kind(value, JSON_STRING, why) < 0) return -1;
  if (!to_path(value->name, path))
    return refuse_malformed(value, "named as sysctl(8) does", why);
  if (strcmp(path, "kernel/hostname") == 0)
    return refuse_malformed(value, "absent: the member hostname sets it", why);
  uint64_t namespace = namespace_of(path);
  if (!namespace)
    return refuse_unsupported(value, "the parameter is the whole machine's, of no namespace", why);
  if (has_namespace(namespaces, namespace)) return 0;
  return refuse_malformed(value, "absent: its namespace is the host's, none of the container", why);
}

int sysctls_check(const struct json *value, const struct namespaces_spec *namespaces,
                  struct failure *why) {
  for (const struct json *child = value ? value->children : NULL; child; child = child->next)
    if (check_one(child, namespaces, why) < 0) return -1;
  return 0;
}

// A proc of our own, mounted nowhere: the container's is the image's to hide, and read-only there.
static int open_proc(struct failure *why) {
  cleanup_close int context = sys_fsopen("proc");
  if (context < 0 || sys_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
    return fail(why, "sysctl", "fsopen", "proc", NULL);
  int proc = sys_fsmount(context, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV);
  return proc < 0 ? fail(why, "sysctl", "fsmount", "proc", NULL) : proc;
}

static int set_one(int proc, const struct json *value, struct failure *why) {
  char path[NAME_BYTES_MAX + sizeof "sys/"] = "sys/";
  if (!to_path(value->name, path + 4)) return 0;  // refused before
  cleanup_close int file = sys_openat2(proc, path, O_WRONLY, RESOLVE_BENEATH | RESOLVE_NO_XDEV);
  if (file < 0)
    return fail(why, "sysctl", "open", value->name,
                errno == ENOENT ? "this kernel has no such parameter" : NULL);
  size_t length = strlen(value->string);
  return write(file, value->string, length) != (ssize_t)length
             ? fail(why, "sysctl", "write", value->name, "does the kernel take the value?")
             : 0;
}

int sysctls_set(const struct json *value, struct failure *why) {
  if (!value || !value->children) return 0;
  cleanup_close int proc = open_proc(why);
  if (proc < 0) return -1;
  for (const struct json *child = value->children; child; child = child->next)
    if (set_one(proc, child, why) < 0) return -1;
  return 0;
}
