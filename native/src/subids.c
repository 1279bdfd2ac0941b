// See subids.h.
#include "subids.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"

enum { RANGES_MAX = 16, NUMBER_MAX = 12, LINE_MAX_BYTES = 512 };

// The arguments of newuidmap: PID, then inside, outside and count of each range.
struct arguments {
  char texts[1 + 3 * (RANGES_MAX + 1)][NUMBER_MAX];
  char *list[3 + 3 * (RANGES_MAX + 1)];
  int count;       // of `list`
  uint32_t inside; // the next free id
};

static void add_number(struct arguments *arguments, uint32_t number) {
  char *text = arguments->texts[arguments->count - 1];
  snprintf(text, NUMBER_MAX, "%u", number);
  arguments->list[arguments->count++] = text;
}

static void add_range(struct arguments *arguments, uint32_t outside, uint32_t count) {
  add_number(arguments, arguments->inside);
  add_number(arguments, outside);
  add_number(arguments, count);
  arguments->inside += count;
}

// Login name of the uid by /etc/passwd itself: a static program has no other source.
static void find_name(uid_t uid, char name[LINE_MAX_BYTES]) {
  name[0] = '\0';
  FILE *stream = fopen("/etc/passwd", "re");
  const struct passwd *entry;
  while (stream && (entry = fgetpwent(stream)))
    if (entry->pw_uid == uid) {
      snprintf(name, LINE_MAX_BYTES, "%s", entry->pw_name);
      break;
    }
  if (stream) fclose(stream);
}

// `name:start:count`, the name by login or by number.
static bool is_of(const char *line, const char *name, uid_t uid) {
  size_t length = strcspn(line, ":");
  char number[NUMBER_MAX];
  snprintf(number, sizeof number, "%u", uid);
  return (name[0] && strlen(name) == length && strncmp(line, name, length) == 0) ||
         (strlen(number) == length && strncmp(line, number, length) == 0);
}

static int add_ranges(struct arguments *arguments, const char *file) {
  char line[LINE_MAX_BYTES], name[LINE_MAX_BYTES];
  uid_t uid = getuid();
  find_name(uid, name);
  FILE *stream = fopen(file, "re");
  int added = 0;
  while (stream && added < RANGES_MAX && fgets(line, sizeof line, stream)) {
    uint32_t start, count;
    if (!is_of(line, name, uid)) continue;
    if (sscanf(line + strcspn(line, ":"), ":%u:%u", &start, &count) != 2 || count == 0) continue;
    if (arguments->inside + count < arguments->inside) break;
    add_range(arguments, start, count);
    added++;
  }
  if (stream) fclose(stream);
  return added;
}

// Runs the program with its complaints in `why`; 0 when it succeeded.
static int run_program(char **list, char *why, size_t size) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return -1;
  pid_t child = fork();
  if (child == 0) {
    dup2(ends[1], 2);
    execvp(list[0], list);
    dprintf(2, "%s: %s", list[0], strerror(errno));
    _exit(127);
  }
  close(ends[1]);
  size_t length = 0;
  ssize_t got;
  while (length < size - 1 && (got = read(ends[0], why + length, size - 1 - length)) > 0)
    length += (size_t)got;
  close(ends[0]);
  why[length] = '\0';
  why[strcspn(why, "\n")] = '\0';
  int status = -1;
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (status != 0 && !why[0]) snprintf(why, size, "%s failed", list[0]);
  return status == 0 ? 0 : -1;
}

static int map_one(pid_t pid, const char *program, const char *file, uint32_t own, bool is_trial,
                   char *why, size_t size) {
  struct arguments arguments = {.count = 1};
  char name[16];
  snprintf(name, sizeof name, "%s", program);
  arguments.list[0] = name;
  add_number(&arguments, (uint32_t)pid);
  add_range(&arguments, own, 1);
  if (add_ranges(&arguments, file) == 0) {
    snprintf(why, size, "%s has no line for the user", file);
    return -1;
  }
  arguments.list[arguments.count] = NULL;
  return is_trial ? 0 : run_program(arguments.list, why, size);
}

int subids_map(pid_t pid, char *why, size_t size) {
  // Both files are asked first: half a map cannot be taken back.
  for (int is_trial = 1; is_trial >= 0; is_trial--) {
    if (map_one(pid, "newuidmap", "/etc/subuid", geteuid(), is_trial, why, size) < 0) return -1;
    if (map_one(pid, "newgidmap", "/etc/subgid", getegid(), is_trial, why, size) < 0) return -1;
  }
  return 0;
}
