// process of config.json, and the same object as the command exec takes it (config.md §Process).
#ifndef SLIPWAY_SPEC_PROCESS_H
#define SLIPWAY_SPEC_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "failure.h"
#include "json.h"
#include "rlimits.h"
#include "scheduling.h"

struct capability_masks {
  uint64_t bounding, effective, permitted, inheritable, ambient;
};

struct process_spec {
  const char **args, **env;  // NULL-terminated
  const char *cwd;
  uid_t uid;
  gid_t gid;
  gid_t *groups;
  size_t group_count;
  mode_t umask;
  bool no_new_privileges;
  bool has_oom_score;
  int oom_score;
  bool has_terminal;
  unsigned short console_rows, console_columns;  // 0: the kernel's default
  struct capability_masks capabilities;
  struct rlimits rlimits;
  struct scheduling scheduling;
  const char *apparmor_profile, *selinux_label;  // NULL or empty: none
};

// Reads the object into zeroed `process`; free it also after a failure. Strings live as long as the
// JSON document. What is not implemented is refused by JSON pointer.
int process_read(const struct json *value, struct process_spec *process, struct failure *why);
void process_free(struct process_spec *process);

#endif
