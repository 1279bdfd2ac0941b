// The state folder of a container; see state.h.
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include "cleanup.h"
#include "fields.h"
#include "memory.h"
#include "oci-log.h"
#include "status.h"

enum { CGROUP_PATHS_MAX = CGROUPS_MAX };

// ---- the folder -----------------------------------------------------------------------------

static int make_path(char *path) {
  for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    int made = mkdir(path, 0755);
    *slash = '/';
    if (made < 0 && errno != EEXIST) return -1;
  }
  return mkdir(path, 0700) < 0 && errno != EEXIST ? -1 : 0;
}

int state_root_open(const char *given) {
  char path[4096];
  const char *runtime = getenv("XDG_RUNTIME_DIR");
  bool is_users = !given && geteuid() != 0 && runtime && *runtime;
  int length = given ? snprintf(path, sizeof path, "%s", given)
                     : snprintf(path, sizeof path, "%s/slipway", is_users ? runtime : "/run");
  if (length <= 0 || (size_t)length >= sizeof path) return oci_error("--root: the path is too long");
  if (make_path(path) < 0) return oci_error("create state folder %s: %s", path, strerror(errno));
  int root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return root < 0 ? oci_error("open state folder %s: %s", path, strerror(errno)) : root;
}

// One name in a folder, nothing that could lead out of it.
static int check_id(const char *id) {
  size_t length = strlen(id);
  bool is_dots = strcmp(id, ".") == 0 || strcmp(id, "..") == 0;
  for (const char *c = id; *c; c++)
    if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
          strchr("_+-.", *c)))
      length = 0;
  if (length > 0 && length <= CONTAINER_ID_MAX && !is_dots) return 0;
  return oci_error("invalid container ID \"%.200s\": letters, digits, _ + - and ., at most %d", id,
                   CONTAINER_ID_MAX);
}

int state_claim(int root, const char *id, struct container_state *state) {
  *state = (struct container_state){.folder = -1, .root = root};
  if (check_id(id) < 0) return -1;
  strcpy(state->id, id);
  if (mkdirat(root, id, 0700) < 0)
    return errno == EEXIST ? oci_error("container with given ID already exists: %s", id)
                           : oci_error("create state folder of %s: %s", id, strerror(errno));
  state->folder = openat(root, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (state->folder < 0 || flock(state->folder, LOCK_EX | LOCK_NB) < 0)
    return oci_error("lock state folder of %s: %s", id, strerror(errno));
  return 0;
}

void state_unlock(const struct container_state *state) { flock(state->folder, LOCK_UN); }

// ---- state.json -----------------------------------------------------------------------------

static int read_pid(const struct json *value, void *context, struct failure *why) {
  uint64_t number;
  if (read_unsigned(value, INT32_MAX, &number, why) < 0) return -1;
  ((struct container_state *)context)->pid = (pid_t)number;
  return 0;
}

static int read_start_time(const struct json *value, void *context, struct failure *why) {
  uint64_t number;
  if (read_unsigned(value, UINT64_MAX, &number, why) < 0) return -1;
  ((struct container_state *)context)->start_time = number;
  return 0;
}

#define STRING_FIELD(name)                                                                       \
  static int read_##name(const struct json *value, void *context, struct failure *why) {         \
    return read_string(value, &((struct container_state *)context)->name, why);                  \
  }
STRING_FIELD(boot)
STRING_FIELD(bundle)
STRING_FIELD(created)

static int read_cgroups(const struct json *value, void *context, struct failure *why) {
  if (value->count > CGROUP_PATHS_MAX) return refuse_malformed(value, "a shorter array", why);
  return read_strings(value, &((struct container_state *)context)->cgroups, why);
}

static const struct field state_fields[] = {
    {"pid", read_pid, true},       {"startTime", read_start_time, true},
    {"boot", read_boot, true},     {"bundle", read_bundle, true},
    {"created", read_created, true}, {"cgroups", read_cgroups, true},
    {NULL, NULL, false},
};

// 1: a container whose creator died before it wrote anything.
static int read_file(struct container_state *state, struct failure *why) {
  if (faccessat(state->folder, "state.json", F_OK, 0) < 0 && errno == ENOENT) return 1;
  state->document = json_read(state->folder, "state.json", why);
  if (!state->document) return -1;
  return read_object(json_root(state->document), state_fields, state, why);
}

int state_open(int root, const char *id, struct container_state *state) {
  *state = (struct container_state){.folder = -1, .root = root};
  if (check_id(id) < 0) return -1;
  strcpy(state->id, id);
  state->folder = openat(root, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (state->folder < 0)
    return errno == ENOENT ? oci_error("container does not exist: %s", id)
                           : oci_error("open state folder of %s: %s", id, strerror(errno));
  struct failure why = {0};
  if (read_file(state, &why) >= 0) return 0;
  oci_failure(&why);
  state_close(state);
  return -1;
}

static void append_member(struct bytes *out, const char *name, const char *value) {
  bytes_append_text(out, ",");
  json_quote(out, name);
  bytes_append_text(out, ":");
  json_quote(out, value ? value : "");
}

static void describe(const struct container_state *state, struct bytes *out) {
  char numbers[96];
  snprintf(numbers, sizeof numbers, "{\"pid\":%d,\"startTime\":%llu", (int)state->pid,
           state->start_time);
  bytes_append_text(out, numbers);
  append_member(out, "boot", state->boot);
  append_member(out, "bundle", state->bundle);
  append_member(out, "created", state->created);
  bytes_append_text(out, ",\"cgroups\":[");
  for (const char **path = state->cgroups; path && *path; path++) {
    if (path != state->cgroups) bytes_append_text(out, ",");
    json_quote(out, *path);
  }
  bytes_append_text(out, "]}\n");
}

int state_save(const struct container_state *state) {
  cleanup_bytes struct bytes text = {0};
  describe(state, &text);
  cleanup_close int file = openat(state->folder, "state.json.new",
                                  O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  // Not synced: after a crash of the machine there is no container either.
  if (file < 0 || write(file, text.data, text.length) != (ssize_t)text.length ||
      renameat(state->folder, "state.json.new", state->folder, "state.json") < 0)
    return oci_error("write state of %s: %s", state->id, strerror(errno));
  return 0;
}

// ---- the process ----------------------------------------------------------------------------

// Field 22 of /proc/PID/stat, and field 3: is it a process, or what is left of one? The name in field
// 2 may hold anything, so the last parenthesis counts.
static bool read_start(pid_t pid, unsigned long long *start_time, bool *has_ended) {
  char path[48], text[1024];
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  cleanup_close int file = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t length = file < 0 ? -1 : read(file, text, sizeof text - 1);
  if (length <= 0) return false;
  text[length] = '\0';
  char *rest = strrchr(text, ')');
  if (!rest || strlen(rest) < 3) return false;
  char letter = rest[2];
  char *saved = NULL, *field = strtok_r(rest + 2, " ", &saved);
  for (int number = 3; field && number < 22; number++) field = strtok_r(NULL, " ", &saved);
  if (!field) return false;
  *start_time = strtoull(field, NULL, 10);
  *has_ended = letter == 'Z' || letter == 'X';
  return true;
}

static const char *this_boot(void) {
  static char text[40];
  if (text[0]) return text;
  cleanup_close int file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
  ssize_t length = file < 0 ? -1 : read(file, text, sizeof text - 1);
  text[length > 0 ? length - 1 : 0] = '\0';
  return text;
}

const char *state_group_name(const struct container_state *state, char *name, size_t size) {
  struct stat facts = {0};
  fstat(state->folder, &facts);
  snprintf(name, size, "slipway-%s-%llx", state->id, (unsigned long long)facts.st_ino);
  return name;
}

void state_set_cgroups(struct container_state *state, const struct cgroups *cgroups) {
  state->cgroups = allocate((cgroups->count + 1) * sizeof *state->cgroups);
  for (size_t i = 0; i < cgroups->count; i++) {
    const char *path = cgroups->groups[i].path;
    state->cgroups[i] = copy_text(path, strlen(path));
  }
}

int state_set_process(struct container_state *state, pid_t pid) {
  state->pid = pid;
  state->boot = this_boot();
  bool has_ended;
  if (read_start(pid, &state->start_time, &has_ended)) return 0;
  return oci_error("read /proc/%d/stat: %s", (int)pid, strerror(errno));
}

int state_open_process(const struct container_state *state) {
  if (state->pid <= 0 || strcmp(state->boot, this_boot()) != 0) return -1;
  cleanup_close int pidfd = (int)syscall(SYS_pidfd_open, state->pid, 0);
  unsigned long long start_time;
  bool has_ended;
  // After the pidfd: from now on the number cannot change hands.
  if (pidfd < 0 || !read_start(state->pid, &start_time, &has_ended) || has_ended ||
      start_time != state->start_time)
    return -1;
  return steal_fd(&pidfd);
}

int state_open_cgroups(const struct container_state *state, struct cgroups *cgroups,
                       struct failure *why) {
  size_t count = 0;
  while (state->cgroups && state->cgroups[count]) count++;
  *cgroups = (struct cgroups){0};
  return count == 0 ? 0 : cgroups_open(state->cgroups, count, cgroups, why);
}

static bool is_being_created(const struct container_state *state) {
  // A descriptor of its own: the lock belongs to the open file, and ours may be the creator's.
  cleanup_close int folder = openat(state->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  return folder >= 0 && flock(folder, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

static bool is_frozen(const struct container_state *state) {
  struct cgroups cgroups;
  struct failure why = {0};
  if (state_open_cgroups(state, &cgroups, &why) < 0) return false;
  bool result = cgroups_is_frozen(&cgroups) == 1;
  cgroups_close(&cgroups);
  return result;
}

enum container_status state_status(const struct container_state *state) {
  cleanup_close int pidfd = state_open_process(state);
  if (is_being_created(state)) return CONTAINER_CREATING;
  if (pidfd < 0) return CONTAINER_STOPPED;
  if (faccessat(state->folder, START_SOCKET, F_OK, 0) == 0) return CONTAINER_CREATED;
  return is_frozen(state) ? CONTAINER_PAUSED : CONTAINER_RUNNING;
}

const char *state_status_name(enum container_status status) {
  static const char *const names[] = {"creating", "created", "running", "paused", "stopped"};
  return names[status];
}

// ---- the end --------------------------------------------------------------------------------

int state_remove(struct container_state *state) {
  static const char *const files[] = {START_SOCKET, "config.json", "state.json.new", "state.json"};
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
    if (unlinkat(state->folder, files[i], 0) < 0 && errno != ENOENT)
      return oci_error("remove %s of %s: %s", files[i], state->id, strerror(errno));
  if (unlinkat(state->root, state->id, AT_REMOVEDIR) < 0 && errno != ENOENT)
    return oci_error("remove state folder of %s: %s", state->id, strerror(errno));
  return 0;
}

void state_close(struct container_state *state) {
  if (state->folder >= 0) close(state->folder);
  free(state->cgroups);
  json_free(state->document);
  *state = (struct container_state){.folder = -1, .root = -1};
}

static int is_container(const struct dirent *entry) { return entry->d_name[0] != '.'; }

int state_each(int root, int (*each)(const struct container_state *state, void *context),
               void *context) {
  struct dirent **entries;
  int count = scandirat(root, ".", &entries, is_container, alphasort);
  if (count < 0) return oci_error("read state folder: %s", strerror(errno));
  int result = 0;
  for (int i = 0; i < count; i++) {
    struct failure why = {0};
    struct container_state state = {.folder = -1, .root = root};
    const char *id = entries[i]->d_name;
    if (strlen(id) <= CONTAINER_ID_MAX) {
      strcpy(state.id, id);
      state.folder = openat(root, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    }
    if (result == 0 && state.folder >= 0 && read_file(&state, &why) >= 0)
      result = each(&state, context);
    state_close(&state);
    free(entries[i]);
  }
  free(entries);
  return result;
}
