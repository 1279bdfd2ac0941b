// What is known of a container that outlives the command that made it (runtime.md §State): a folder
// ROOT/ID with
//   state.json   written by rename, so it is whole or as it was before
//   config.json  the bundle's, as it was at create: exec, start and delete need it
//   start        the socket on which a created container waits for start; absent once it runs
// and the folder's lock, held by create for as long as it works. A process is known by its pid, the
// time it started and the boot it belongs to: a pid that was given again is never taken for it.
#ifndef SLIPWAY_STATE_H
#define SLIPWAY_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "cgroups.h"
#include "failure.h"
#include "json.h"

#define START_SOCKET "start"

enum { CONTAINER_ID_MAX = 128 };

enum container_status {
  CONTAINER_CREATING,
  CONTAINER_CREATED,
  CONTAINER_RUNNING,
  CONTAINER_PAUSED,
  CONTAINER_STOPPED,
};

struct container_state {
  char id[CONTAINER_ID_MAX + 1];
  int folder;                     // of the container; its lock belongs to this descriptor
  int root;                       // the folder above
  pid_t pid;                      // 0: there is no process yet
  unsigned long long start_time;  // of the process, in ticks since boot
  const char *boot;               // boot_id of the kernel
  const char *bundle;             // absolute
  const char *created;            // RFC 3339
  const char **cgroups;           // paths of its groups, NULL-terminated, or NULL
  struct json_document *document; // owns the strings of one that was read
};

// The folder of --root; NULL: the default one. Made when missing. A descriptor, or -1 after saying why.
int state_root_open(const char *given);

// All of these return -1 after saying why not (oci-log.h).
// Claims the name. Nobody else can; the lock is held until state_close.
int state_claim(int root, const char *id, struct container_state *state);
int state_open(int root, const char *id, struct container_state *state);
int state_save(const struct container_state *state);
// A name for cgroups: that of the container, made unique among the roots. Returns `name`.
const char *state_group_name(const struct container_state *state, char *name, size_t size);
// Notes the groups: copies of their paths.
void state_set_cgroups(struct container_state *state, const struct cgroups *cgroups);
// Notes a process that is not reaped yet: its pid and start time.
int state_set_process(struct container_state *state, pid_t pid);
// Gives the lock up: it is no longer being created.
void state_unlock(const struct container_state *state);
// Removes everything, the name last. What is gone already is no error.
int state_remove(struct container_state *state);
void state_close(struct container_state *state);
#define cleanup_state __attribute__((cleanup(state_close)))

enum container_status state_status(const struct container_state *state);
const char *state_status_name(enum container_status status);
// A pidfd of the container's first process, or -1 when it has ended.
int state_open_process(const struct container_state *state);
// The groups of the container; release with cgroups_close.
int state_open_cgroups(const struct container_state *state, struct cgroups *cgroups,
                       struct failure *why);

// Calls `each` with every container below the root, in the order of their names, until it returns
// other than 0. Containers that vanish meanwhile or cannot be read are left out.
int state_each(int root, int (*each)(const struct container_state *state, void *context),
               void *context);

#endif
