// probe: what this kernel can do with a given store folder, found out by doing it: one JSON object on
// stdout. Versions are never compared. What is made for it is removed; mounts are in a namespace of
// its own.
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "cgroups.h"
#include "cleanup.h"
#include "commands.h"
#include "guard.h"
#include "id-map.h"
#include "kernel.h"
#include "probe-image.h"
#include "rootfs.h"
#include "status.h"

// The paths of one attempt, below a folder that only it uses.
struct site {
  char folder[4096], image[4200], tar[4200], lower[4200], upper[4200], work[4200];
};

static int make_site(const char *store, const char *kind, struct site *site) {
  const char *fixed = ".slipway-probe";
  if (snprintf(site->folder, sizeof site->folder, "%s/%s-%s-XXXXXX", store, fixed, kind) >=
      (int)sizeof site->folder) {
    errno = ENAMETOOLONG;
    return -1;
  }
  if (!mkdtemp(site->folder)) return -1;
  snprintf(site->image, sizeof site->image, "%s/image", site->folder);
  snprintf(site->tar, sizeof site->tar, "%s/tar", site->folder);
  snprintf(site->lower, sizeof site->lower, "%s/lower", site->folder);
  snprintf(site->upper, sizeof site->upper, "%s/upper", site->folder);
  snprintf(site->work, sizeof site->work, "%s/work", site->folder);
  if (mkdir(site->lower, 0700) < 0 || mkdir(site->upper, 0700) < 0 || mkdir(site->work, 0700) < 0)
    return -1;
  cleanup_close int folder = open(site->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  cleanup_close int lower = open(site->lower, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0 || lower < 0 || probe_image_write(folder, "image", "tar") < 0) return -1;
  return probe_file_write(lower, "file", PROBE_TEXT, sizeof PROBE_TEXT - 1);
}

static int remove_entry(const char *path, const struct stat *facts, int kind, struct FTW *place) {
  (void)facts, (void)kind, (void)place;
  return remove(path);
}

static void remove_site(const struct site *site) {
  if (site->folder[0]) nftw(site->folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

// Reads the file through the mounted root, and writes another: an overlay that can only be read is
// of no use.
static int use_root(int root, struct failure *why) {
  char text[sizeof PROBE_TEXT] = "";
  cleanup_close int file = openat(root, "file", O_RDONLY | O_CLOEXEC);
  if (file < 0 || read(file, text, sizeof text) < 0)
    return fail(why, "probe", "read", "file", NULL);
  errno = EIO;
  if (strcmp(text, PROBE_TEXT) != 0)
    return fail(why, "probe", "compare", "file", "the kernel reads other bytes than were written");
  if (probe_file_write(root, "new", "x", 1) < 0) return fail(why, "probe", "write", "new", NULL);
  return 0;
}

enum attempt { OVER_FOLDER, OVER_FILE, OVER_RAMFS, OVER_LOOP };

static int try_overlay(const struct site *site, enum attempt attempt, struct failure *why) {
  const char *devices[] = {site->tar, NULL};
  struct lower lower = {.folder = site->lower};
  static const enum erofs_backing backings[] = {
      [OVER_FILE] = EROFS_FILES, [OVER_RAMFS] = EROFS_RAMFS, [OVER_LOOP] = EROFS_LOOP_DEVICES};
  if (attempt != OVER_FOLDER)
    lower = (struct lower){.erofs = {site->image, devices, backings[attempt]}};
  const struct rootfs rootfs = {.lowers = &lower, .lower_count = 1, .upper = site->upper,
                                .work = site->work, .user_xattr = in_user_namespace()};
  cleanup_close int root = rootfs_mount(&rootfs, NULL, why);
  return root < 0 ? -1 : use_root(root, why);
}

static int attempt_in(const char *store, const char *kind, enum attempt attempt,
                      struct failure *why) {
  struct site site = {0};
  int result = make_site(store, kind, &site) < 0
                   ? fail(why, "probe", "create", store, "the store's folder must be writable")
                   : try_overlay(&site, attempt, why);
  remove_site(&site);
  return result;
}

// `"name":` and the verdict. True: it works.
static bool print_attempt(struct bytes *out, const char *name, int result,
                          const struct failure *why) {
  json_quote(out, name);
  bytes_append_text(out, result == 0 ? ":{\"works\":true}" : ":{\"works\":false,\"error\":");
  if (result == 0) return true;
  status_error(out, why);
  out->length--;  // without the end of line
  bytes_append_text(out, "}");
  return false;
}

static void probe_roots(struct bytes *out, const char *store, const struct failure *no_guard) {
  static const struct {
    const char *name, *kind;
    enum attempt attempt;
  } attempts[] = {{"overlay", "folder", OVER_FOLDER},
                  {"erofsFile", "file", OVER_FILE},
                  {"erofsRamfs", "ramfs", OVER_RAMFS},
                  {"erofsLoop", "loop", OVER_LOOP}};
  bool works[4];
  for (int i = 0; i < 4; i++) {
    struct failure why = *no_guard;
    int result = why.kind != FAILURE_NONE
                     ? -1
                     : attempt_in(store, attempts[i].kind, attempts[i].attempt, &why);
    works[i] = print_attempt(out, attempts[i].name, result, &why);
    bytes_append_text(out, ",");
  }
  bytes_append_text(out, "\"erofs\":");
  json_quote(out, works[1] ? "file" : works[2] ? "ramfs" : works[3] ? "loop" : "none");
}

// What a container needs beside its root: a proc of its own, which the kernel refuses where the one that
// is there is partly hidden (containers in containers), and the lesser namespaces.
static int try_container(struct failure *why) {
  cleanup_close int context = sys_fsopen("proc");
  if (context < 0 || sys_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
    return fail(why, "probe", "fsopen", "proc", NULL);
  cleanup_close int proc = sys_fsmount(context, MOUNT_ATTR_NOSUID);
  if (proc < 0)
    return fail(why, "probe", "fsmount", "proc",
                errno == EPERM ? "the /proc here is partly hidden (a container's): run it with "
                                 "unmasked /proc paths, such as --security-opt systempaths=unconfined"
                               : NULL);
  if (unshare(CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWCGROUP) < 0)
    return fail(why, "probe", "unshare", "", NULL);
  return 0;
}

static int try_chroot(const char *store, struct failure *why) {
  pid_t child = fork();
  if (child == 0) _exit(chroot(store) == 0 ? 0 : errno);
  int status = 0;
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (child > 0 && status == 0) return 0;
  if (child > 0) errno = WIFEXITED(status) ? WEXITSTATUS(status) : EPERM;
  return fail(why, "probe", child < 0 ? "fork" : "chroot", store, "chroot needs CAP_SYS_CHROOT");
}

static void probe_isolation(struct bytes *out, const char *store, const struct failure *no_guard) {
  struct failure why = *no_guard;
  int result = why.kind != FAILURE_NONE ? -1 : try_container(&why);
  print_attempt(out, "container", result, &why);
  bytes_append_text(out, ",");
  why = (struct failure){0};
  print_attempt(out, "chroot", try_chroot(store, &why), &why);
  bytes_append_text(out, in_user_namespace() ? ",\"inUserNamespace\":true,"
                                             : ",\"inUserNamespace\":false,");
}

static void probe_user_namespace(struct bytes *out) {
  struct failure why = {0};
  struct clone_args args = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
  pid_t child = (pid_t)sys_clone3(&args);
  if (child == 0) _exit(0);
  int result = child < 0 ? fail(&why, "probe", "clone3 CLONE_NEWUSER", "",
                                "check user.max_user_namespaces and the distribution's switches")
                         : 0;
  while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR) continue;
  print_attempt(out, "userNamespace", result, &why);
}

int command_probe(int argc, char **argv) {
  struct stat facts;
  if (argc != 2 || stat(argv[1], &facts) < 0 || !S_ISDIR(facts.st_mode)) {
    fprintf(stderr, "usage: slipway-native probe STORE\nSTORE is an existing folder\n");
    return 2;
  }
  char *store = realpath(argv[1], NULL);
  struct failure no_guard = {0};
  if (store) guard_enter(&no_guard);
  else fail(&no_guard, "probe", "realpath", argv[1], NULL);
  cleanup_bytes struct bytes out = {0};
  bytes_append_text(&out, "{");
  probe_roots(&out, store ? store : argv[1], &no_guard);
  bytes_append_text(&out, ",");
  probe_isolation(&out, store ? store : argv[1], &no_guard);
  probe_user_namespace(&out);
  bytes_append_text(&out, ",\"cgroup\":");
  cgroups_describe(&out);
  bytes_append_text(&out, "}\n");
  free(store);
  return fwrite(out.data, 1, out.length, stdout) == out.length && fflush(stdout) == 0 ? 0 : 1;
}
