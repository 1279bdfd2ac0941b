// Why a container could not be set up: a fixed record without pointers, so that the child can send
// it through a pipe in one write and the parent can put it into a status line or a frame.
#ifndef SLIPWAY_FAILURE_H
#define SLIPWAY_FAILURE_H

// What the record means for the exit status.
enum failure_kind {
  FAILURE_NONE,
  FAILURE_SETUP,           // 125: everything before exec
  FAILURE_NOT_EXECUTABLE,  // 126
  FAILURE_NOT_FOUND,       // 127
};

struct failure {
  enum failure_kind kind;
  int error;       // errno, 0 when no system call is to blame
  char stage[16];  // "spec", "rootfs", "mount", "user", "exec" …
  char call[32];   // the system call, or the file that was read
  char path[512];  // the path or JSON pointer it was about; cut when longer
  char hint[256];  // what a person can do about it; may be empty
};

// Fills the record (set-up kind, errno as it stands now) and returns -1, so that a step can say
// `return fail(why, "mount", "fsmount", path, NULL)`. `path` and `hint` may be NULL.
int fail(struct failure *why, const char *stage, const char *call, const char *path,
         const char *hint);

// The exit status for a failure: 125, 126 or 127.
int failure_status(const struct failure *why);

#endif
