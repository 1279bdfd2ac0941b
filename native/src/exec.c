// Finding the program inside the container and becoming it, with a shell's verdicts: 127 when there
// is none, 126 when it cannot be executed.
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "launch.h"

// What a container without PATH in its environment gets, as in docker.
static const char default_path[] =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

static const char *variable(const char **env, const char *name) {
  size_t length = strlen(name);
  for (; *env; env++)
    if (strncmp(*env, name, length) == 0 && (*env)[length] == '=') return *env + length + 1;
  return NULL;
}

// These two keep errno as it was: it is the verdict of the execve before.
static bool is_folder(const char *path) {
  int error = errno;
  struct stat facts;
  bool result = stat(path, &facts) == 0 && S_ISDIR(facts.st_mode);
  errno = error;
  return result;
}

static bool exists(const char *path) {
  int error = errno;
  bool is_there = access(path, F_OK) == 0;
  errno = error;
  return is_there;
}

static bool is_absent(int error) { return error == ENOENT || error == ENOTDIR; }

// Turns errno of a failed execve of `path` into a verdict.
static int verdict(const char *path, struct failure *why) {
  int error = errno;
  bool is_missing = is_absent(error);
  const char *hint = NULL;
  if (is_folder(path)) {
    error = EISDIR;
    hint = "it is a folder, not a program";
  } else if (error == ENOENT && exists(path)) {
    hint = "the file exists, but the interpreter or loader that it names does not";
  } else if (error == EACCES) {
    hint = "is the file executable for this user? chmod +x makes it so";
  } else if (error == ENOEXEC) {
    hint = "it is for another architecture, or a script without a #! line";
  }
  errno = error;
  fail(why, "exec", "execve", path, hint);
  why->kind = is_missing ? FAILURE_NOT_FOUND : FAILURE_NOT_EXECUTABLE;
  return -1;
}

static void try_exec(const char *path, const struct process_spec *process) {
  execve(path, (char *const *)process->args, (char *const *)process->env);
}

// Tries every folder of PATH. A file that may not be executed does not end the search, but is
// remembered: it is a better answer than "not found".
static int search(const char *name, const struct process_spec *process, struct failure *why) {
  const char *folders = variable(process->env, "PATH");
  char path[PATH_MAX], denied[PATH_MAX] = "";
  for (const char *at = folders ? folders : default_path;;) {
    size_t length = strcspn(at, ":");
    int written = snprintf(path, sizeof path, "%.*s/%s", (int)length, length ? at : ".", name);
    if (length == 0) written = snprintf(path, sizeof path, "./%s", name);
    if (written > 0 && (size_t)written < sizeof path) {
      try_exec(path, process);
      if (errno == EACCES && !denied[0] && !is_folder(path)) strcpy(denied, path);
      else if (errno != EACCES && (!is_absent(errno) || exists(path))) return verdict(path, why);
    }
    if (at[length] == '\0') break;
    at += length + 1;
  }
  errno = denied[0] ? EACCES : ENOENT;
  if (denied[0]) return verdict(denied, why);
  fail(why, "exec", "execve", name, "it is in no folder of the container's PATH");
  why->kind = FAILURE_NOT_FOUND;
  return -1;
}

int process_exec(const struct process_spec *process, struct failure *why) {
  const char *program = process->args[0];
  if (program[0] && !strchr(program, '/')) return search(program, process, why);
  try_exec(program, process);
  return verdict(program, why);
}

// ---- before that moment --------------------------------------------------------------------

static bool is_program(const char *path) {
  struct stat facts;
  // Any of the three bits: the program's user is not there yet.
  return stat(path, &facts) == 0 && S_ISREG(facts.st_mode) && (facts.st_mode & 0111);
}

static bool is_on_path(const char *name, const struct process_spec *process) {
  const char *folders = variable(process->env, "PATH");
  char path[PATH_MAX];
  for (const char *at = folders ? folders : default_path;; at++) {
    size_t length = strcspn(at, ":");
    int written = snprintf(path, sizeof path, "%.*s/%s", (int)(length ? length : 1),
                           length ? at : ".", name);
    if (written > 0 && (size_t)written < sizeof path && is_program(path)) return true;
    at += length;
    if (*at == '\0') return false;
  }
}

int process_find(const struct process_spec *process, struct failure *why) {
  const char *program = process->args[0];
  if (program[0] && !strchr(program, '/')) {
    if (is_on_path(program, process)) return 0;
    errno = ENOENT;
    fail(why, "exec", "stat", program, "it is in no folder of the container's PATH");
    why->kind = FAILURE_NOT_FOUND;
    return -1;
  }
  if (is_program(program)) return 0;
  errno = exists(program) || errno == EACCES ? EACCES : ENOENT;
  return verdict(program, why);
}
