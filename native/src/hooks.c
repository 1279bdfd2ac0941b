// Hooks; see hooks.h.
#include "hooks.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "cleanup.h"
#include "fields.h"
#include "kernel.h"
#include "memory.h"
#include "status.h"

enum { HOOKS_MAX = 256, TIMEOUT_SECONDS_MAX = 24 * 60 * 60 };

// ---- reading --------------------------------------------------------------------------------

static int read_hook_path(const struct json *value, void *context, struct failure *why) {
  const char **path = &((struct hook *)context)->path;
  if (read_string(value, path, why) < 0) return -1;
  return (*path)[0] == '/' ? 0 : refuse_malformed(value, "an absolute path", why);
}

static int read_hook_args(const struct json *value, void *context, struct failure *why) {
  return read_strings(value, &((struct hook *)context)->args, why);
}

static int read_hook_env(const struct json *value, void *context, struct failure *why) {
  return read_strings(value, &((struct hook *)context)->env, why);
}

static int read_timeout(const struct json *value, void *context, struct failure *why) {
  int64_t seconds;
  if (read_integer(value, 1, TIMEOUT_SECONDS_MAX, &seconds, why) < 0) return -1;
  ((struct hook *)context)->timeout_seconds = (int)seconds;
  return 0;
}

static const struct field hook_fields[] = {
    {"path", read_hook_path, true},
    {"args", read_hook_args, false},
    {"env", read_hook_env, false},
    {"timeout", read_timeout, false},
    {NULL, NULL, false},
};

static int read_point(const struct json *value, struct hooks *hooks, enum hook_point point,
                      struct failure *why) {
  if (value->kind == JSON_NULL) return 0;  // Go programs write absent lists so
  if (expect_kind(value, JSON_ARRAY, why) < 0) return -1;
  if (value->count > HOOKS_MAX) return refuse_malformed(value, "a shorter array", why);
  hooks->items[point] = allocate((value->count + 1) * sizeof(struct hook));
  for (const struct json *child = value->children; child; child = child->next)
    if (read_object(child, hook_fields, &hooks->items[point][hooks->count[point]++], why) < 0)
      return -1;
  return 0;
}

#define POINT_FIELD(name, point)                                                                 \
  static int read_##name(const struct json *value, void *context, struct failure *why) {         \
    return read_point(value, context, point, why);                                               \
  }
POINT_FIELD(prestart, HOOK_PRESTART)
POINT_FIELD(create_runtime, HOOK_CREATE_RUNTIME)
POINT_FIELD(create_container, HOOK_CREATE_CONTAINER)
POINT_FIELD(start_container, HOOK_START_CONTAINER)
POINT_FIELD(poststart, HOOK_POSTSTART)
POINT_FIELD(poststop, HOOK_POSTSTOP)

static const struct field hooks_fields[] = {
    [HOOK_PRESTART] = {"prestart", read_prestart, false},
    [HOOK_CREATE_RUNTIME] = {"createRuntime", read_create_runtime, false},
    [HOOK_CREATE_CONTAINER] = {"createContainer", read_create_container, false},
    [HOOK_START_CONTAINER] = {"startContainer", read_start_container, false},
    [HOOK_POSTSTART] = {"poststart", read_poststart, false},
    [HOOK_POSTSTOP] = {"poststop", read_poststop, false},
    [HOOK_POINTS] = {NULL, NULL, false},
};

const char *hook_point_name(enum hook_point point) { return hooks_fields[point].name; }

int hooks_read(const struct json *value, struct hooks *hooks, struct failure *why) {
  return read_object(value, hooks_fields, hooks, why);
}

void hooks_free(struct hooks *hooks) {
  for (int point = 0; point < HOOK_POINTS; point++) {
    for (size_t i = 0; i < hooks->count[point]; i++) {
      free(hooks->items[point][i].args);
      free(hooks->items[point][i].env);
    }
    free(hooks->items[point]);
  }
  *hooks = (struct hooks){0};
}

// ---- the state ------------------------------------------------------------------------------

static void append_annotations(const struct json *annotations, struct bytes *out) {
  bytes_append_text(out, ",\"annotations\":{");
  for (const struct json *child = annotations->children; child; child = child->next) {
    if (child != annotations->children) bytes_append_text(out, ",");
    json_quote(out, child->name);
    bytes_append_text(out, ":");
    json_quote(out, child->string);
  }
  bytes_append_text(out, "}");
}

void hook_state_members(const struct hook_state *state, struct bytes *out) {
  bytes_append_text(out, "\"ociVersion\":\"1.2.0\",\"id\":");
  json_quote(out, state->id);
  bytes_append_text(out, ",\"status\":");
  json_quote(out, state->status);
  if (state->pid > 0) {
    char number[32];
    snprintf(number, sizeof number, ",\"pid\":%d", (int)state->pid);
    bytes_append_text(out, number);
  }
  bytes_append_text(out, ",\"bundle\":");
  json_quote(out, state->bundle);
  if (state->annotations) append_annotations(state->annotations, out);
}

// ---- running --------------------------------------------------------------------------------

static _Noreturn void become_hook(const struct hook *hook, int input) {
  const char *alone[] = {hook->path, NULL}, *nothing[] = {NULL};
  sigset_t none;
  sigemptyset(&none);
  signal(SIGPIPE, SIG_DFL);
  sigprocmask(SIG_SETMASK, &none, NULL);
  if (dup2(input, 0) == 0 && sys_close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
    execve(hook->path, (char *const *)(hook->args ? hook->args : alone),
           (char *const *)(hook->env ? hook->env : nothing));
  dprintf(2, "slipway-native: hook %s: %s\n", hook->path, strerror(errno));
  _exit(127);
}

// Milliseconds that poll may wait, -1: for ever.
static int wait_time(const struct hook *hook) {
  return hook->timeout_seconds > 0 ? hook->timeout_seconds * 1000 : -1;
}

static int wait_for_hook(pid_t pid, int pidfd, const struct hook *hook, struct failure *why) {
  struct pollfd ended = {.fd = pidfd, .events = POLLIN};
  int ready;
  do ready = poll(&ended, 1, wait_time(hook));
  while (ready < 0 && errno == EINTR);
  if (ready == 0) sys_pidfd_send_signal(pidfd, SIGKILL);
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  char hint[96];
  if (ready == 0) {
    snprintf(hint, sizeof hint, "it was killed after its timeout of %d s", hook->timeout_seconds);
    errno = ETIMEDOUT;
  } else if (WIFSIGNALED(status)) {
    snprintf(hint, sizeof hint, "signal %d ended it", WTERMSIG(status));
    errno = 0;
  } else {
    if (WEXITSTATUS(status) == 0) return 0;
    snprintf(hint, sizeof hint, "it ended with exit status %d", WEXITSTATUS(status));
    errno = 0;
  }
  return fail(why, "hook", "wait", hook->path, hint);
}

static int run_one(const struct hook *hook, const struct bytes *text, struct failure *why) {
  // A file rather than a pipe: a hook that never reads its stdin holds up nobody.
  cleanup_close int input = (int)syscall(SYS_memfd_create, "state", 1U /* MFD_CLOEXEC */);
  if (input < 0 || write(input, text->data, text->length) != (ssize_t)text->length ||
      lseek(input, 0, SEEK_SET) < 0)
    return fail(why, "hook", "memfd_create", hook->path, NULL);
  // Not clone3: the container's filter may be in force already, and answers ENOSYS.
  pid_t pid = fork();
  if (pid == 0) become_hook(hook, input);
  if (pid < 0) return fail(why, "hook", "fork", hook->path, NULL);
  cleanup_close int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
  if (pidfd < 0) {
    fail(why, "hook", "pidfd_open", hook->path, "does a filter of its own forbid it?");
    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
    return -1;
  }
  return wait_for_hook(pid, pidfd, hook, why);
}

int hooks_run(const struct hooks *hooks, enum hook_point point, const struct hook_state *state,
              struct failure *why) {
  if (hooks->count[point] == 0) return 0;
  cleanup_bytes struct bytes text = {0};
  bytes_append_text(&text, "{");
  hook_state_members(state, &text);
  bytes_append_text(&text, "}\n");
  int result = 0;
  for (size_t i = 0; i < hooks->count[point]; i++) {
    struct failure this = {0};
    if (run_one(&hooks->items[point][i], &text, &this) == 0) continue;
    if (result == 0) *why = this;
    result = -1;
    if (point != HOOK_POSTSTOP) break;
  }
  return result;
}
