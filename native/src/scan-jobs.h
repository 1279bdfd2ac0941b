// What a scan has found and not reported yet, in the order of the walk. Files whose content has to be read
// are read by several threads meanwhile; what comes after them waits its turn.
#ifndef SLIPWAY_SCAN_JOBS_H
#define SLIPWAY_SCAN_JOBS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "memory.h"
#include "sha256.h"

#define SCAN_JOBS_MAX 256  // each may hold a descriptor
#define SCAN_THREADS_MAX 4

enum scan_job_state { JOB_READ, JOB_TAKEN, JOB_DONE };

struct scan_job {
  enum scan_job_state state;
  int fd;               // of a file to be read; the job closes it
  struct stat st;       // as the walk saw it
  struct bytes path;    // with a NUL
  struct bytes target;  // of a symlink
  struct bytes xattrs;  // in the form of scan-record.h
  uint8_t digest[SHA256_SIZE];
  bool known;    // from the stat cache
  bool changed;  // it was another while it was read
  bool failed;   // and reported
};

struct scan_jobs {
  struct scan_job jobs[SCAN_JOBS_MAX];
  uint64_t first, end;  // jobs [first, end) wait to be reported; under the lock: next to be read
  uint64_t next;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  pthread_t threads[SCAN_THREADS_MAX];
  unsigned thread_count;
  bool closed;
  char *buffer;  // of the thread that walks
};

void scan_jobs_open(struct scan_jobs *jobs);

// A free job, to be filled and handed over; NULL when there is none before the first is taken.
struct scan_job *scan_jobs_free(struct scan_jobs *jobs);

// `job` is the one that scan_jobs_free gave. With JOB_READ its file is read in the background.
void scan_jobs_add(struct scan_jobs *jobs, struct scan_job *job);

// The first of all, done, valid until scan_jobs_drop; NULL when there is none. Waits for it, or reads it.
struct scan_job *scan_jobs_first(struct scan_jobs *jobs);
void scan_jobs_drop(struct scan_jobs *jobs);

// Ends the threads and frees all.
void scan_jobs_close(struct scan_jobs *jobs);

#endif
