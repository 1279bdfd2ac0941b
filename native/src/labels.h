// Labels of SELinux and AppArmor: which of the two the host has, and a process's own.
#ifndef SLIPWAY_LABELS_H
#define SLIPWAY_LABELS_H

#include "failure.h"
#include "json.h"
#include "spec-process.h"

// A label that is not empty where the host cannot apply it is refused by its JSON pointer.
int label_check_selinux(const struct json *value, const char *label, struct failure *why);
int label_check_apparmor(const struct json *value, const char *profile, struct failure *why);
// What the next exec gets. Inside the root, while this process is root there.
int labels_set(const struct process_spec *process, struct failure *why);

#endif
