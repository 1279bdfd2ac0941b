// unpack: the plain tar of one layer becomes a folder that can serve as an overlay lower. The tar is
// hostile until proven otherwise: nothing outside the folder is ever touched (beneath.c), and nothing is
// created for an entry whose header cannot be kept. A parent that is a symlink is replaced by a
// directory, as in the layer index. As root, owners and devices are restored; otherwise everything
// belongs to the caller. On failure the folder is left half full: the caller throws it away. The tar of
// `--before` is unpacked first, as if its entries stood at the start of the other: what the layer takes
// from those below it.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "commands.h"
#include "options.h"
#include "report.h"
#include "unpack-entry.h"
#include "whiteout.h"

static bool starts_with(const char *text, const char *prefix) {
  return strncmp(text, prefix, strlen(prefix)) == 0;
}

// A leftover of aufs, itself or something in it.
static bool is_aufs_leftover(const char *path) {
  for (const char *part = path; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL)
    if (starts_with(part, WHITEOUT_AUFS_PREFIX) && strcmp(part, WHITEOUT_OPAQUE) != 0) return true;
  return false;
}

// 1: the entry was a mark, not a file; 0: it is a file; -1: reported.
static int take_mark(struct unpack *unpack, const struct tar_member *member) {
  const char *path = member->path.data;
  if (is_aufs_leftover(path)) return 1;
  const char *slash = strrchr(path, '/');
  const char *name = slash ? slash + 1 : path;
  if (!starts_with(name, WHITEOUT_PREFIX)) return 0;
  size_t directory = slash ? (size_t)(slash - path) + 1 : 0;
  struct mark mark = {.is_opaque = strcmp(name, WHITEOUT_OPAQUE) == 0};
  const char *hidden = name + strlen(WHITEOUT_PREFIX);
  if (strcmp(hidden, "") == 0 || strcmp(hidden, ".") == 0 || strcmp(hidden, "..") == 0)
    return report_error(REPORT_REFUSED, "a whiteout hides no name", path);
  if (mark.is_opaque) {
    mark.path = copy_text(path, directory > 0 ? directory - 1 : 0);
  } else {
    cleanup_bytes struct bytes text = {0};
    bytes_append(&text, path, directory);
    bytes_append_text(&text, hidden);
    mark.path = copy_text(text.data, text.length);
  }
  unpack->marks = grow(unpack->marks, &unpack->mark_capacity, unpack->mark_count + 1,
                       sizeof(struct mark));
  unpack->marks[unpack->mark_count++] = mark;
  return 1;
}

static int unpack_members(struct unpack *unpack) {
  struct tar_member member = {0};
  int found;
  while ((found = tar_reader_next(&unpack->reader, &member)) > 0) {
    int mark = take_mark(unpack, &member);
    if (mark < 0 || (mark == 0 && unpack_member(unpack, &member) < 0)) {
      found = -1;
      break;
    }
  }
  tar_member_free(&member);
  return found;
}

// The reader stays open for its count; unpack_free closes it.
static int unpack_file(struct unpack *unpack, const char *tar) {
  cleanup_close int fd = open(tar, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return report_system("open", tar);
  if (tar_reader_open(&unpack->reader, fd, tar) < 0) return -1;
  return unpack_members(unpack);
}

static int run_steps(struct unpack *unpack, const char *before, const char *tar) {
  if (before) {
    if (unpack_file(unpack, before) < 0) return -1;
    tar_reader_close(&unpack->reader);
  }
  if (unpack_file(unpack, tar) < 0) return -1;
  // After the entries: a mark never hides an entry of its own layer, whatever their order.
  unpack->is_marking = true;
  for (size_t i = 0; i < unpack->mark_count; i++)
    if (unpack_mark(unpack, &unpack->marks[i]) < 0) return -1;
  return unpack_directories(unpack);
}

static void unpack_free(struct unpack *unpack) {
  tar_reader_close(&unpack->reader);
  beneath_free(&unpack->places);
  beneath_free(&unpack->targets);
  directories_free(&unpack->directories);
  for (size_t i = 0; i < unpack->mark_count; i++) free(unpack->marks[i].path);
  free(unpack->marks);
}

static int unpack_into(struct unpack *unpack, const char *before, const char *tar,
                       const char *folder) {
  cleanup_close int root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (root < 0) return report_system("open", folder);
  unpack->is_root = geteuid() == 0;
  unpack->root = root;
  unpack->places = (struct beneath){.root = root, .create = unpack_create_parent,
                                    .context = unpack};
  unpack->targets = (struct beneath){.root = root};
  int result = run_steps(unpack, before, tar);
  if (result == 0) printf("{\"entries\":%llu}\n", (unsigned long long)unpack->reader.count);
  unpack_free(unpack);
  if (result == 0 && fflush(stdout) != 0) return report_system("write", "stdout");
  return result;
}

int command_unpack(int argc, char **argv) {
  const char *before = NULL, *tar = NULL, *folder = NULL;
  struct unpack unpack = {0};
  const struct option_slot slots[] = {
      {"--before", &before, NULL, false},
      {"--tar", &tar, NULL, true},
      {"--folder", &folder, NULL, true},
      {"--user-xattr", NULL, &unpack.user_xattr, false},
  };
  if (options_parse(argc, argv, slots, sizeof slots / sizeof slots[0]) < 0) return 2;
  umask(0);
  // Two descriptors a level, for entries and for the targets of hard links.
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  return unpack_into(&unpack, before, tar, folder) < 0 ? 1 : 0;
}
