// See scan-jobs.h.
#include "scan-jobs.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report.h"
#include "scan-record.h"
#include "xattrs.h"

#define READ_SIZE (256u << 10)

static struct scan_job *job_at(struct scan_jobs *jobs, uint64_t number) {
  return &jobs->jobs[number % SCAN_JOBS_MAX];
}

static bool is_same(const struct stat *before, const struct stat *after) {
  return before->st_ino == after->st_ino && before->st_dev == after->st_dev &&
         before->st_size == after->st_size && before->st_mode == after->st_mode &&
         memcmp(&before->st_mtim, &after->st_mtim, sizeof before->st_mtim) == 0 &&
         memcmp(&before->st_ctim, &after->st_ctim, sizeof before->st_ctim) == 0;
}

// The first st_size bytes.
static int hash_content(struct scan_job *job, char *buffer) {
  struct sha256 hash;
  sha256_init(&hash);
  for (uint64_t left = (uint64_t)job->st.st_size; left > 0;) {
    ssize_t got = read(job->fd, buffer, left < READ_SIZE ? (size_t)left : READ_SIZE);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return report_system("read", job->path.data);
    if (got == 0)
      return report_error(REPORT_CHANGED, "the file changed while it was read", job->path.data);
    sha256_update(&hash, buffer, (size_t)got);
    left -= (uint64_t)got;
  }
  sha256_final(&hash, job->digest);
  return 0;
}

static int read_file(struct scan_job *job, char *buffer) {
  cleanup_xattrs struct xattrs xattrs = {0};
  struct stat after;
  if (hash_content(job, buffer) < 0) return -1;
  if (xattrs_read_open(job->fd, job->path.data, xattr_is_of_context, &xattrs) < 0) return -1;
  xattrs_encode(&job->xattrs, &xattrs);
  if (fstat(job->fd, &after) < 0) return report_system("fstat", job->path.data);
  job->changed = !is_same(&job->st, &after);
  return 0;
}

// With the lock, which is given away meanwhile.
static void do_job(struct scan_jobs *jobs, struct scan_job *job, char *buffer) {
  job->state = JOB_TAKEN;
  pthread_mutex_unlock(&jobs->lock);
  job->failed = read_file(job, buffer) < 0;
  close(job->fd);
  pthread_mutex_lock(&jobs->lock);
  job->state = JOB_DONE;
  pthread_cond_broadcast(&jobs->changed);
}

static void *run_reader(void *argument) {
  struct scan_jobs *jobs = argument;
  char *buffer = reallocate(NULL, READ_SIZE);
  pthread_mutex_lock(&jobs->lock);
  for (;;) {
    while (jobs->next < jobs->end && job_at(jobs, jobs->next)->state != JOB_READ) jobs->next++;
    if (jobs->next < jobs->end) do_job(jobs, job_at(jobs, jobs->next++), buffer);
    else if (jobs->closed) break;
    else pthread_cond_wait(&jobs->changed, &jobs->lock);
  }
  pthread_mutex_unlock(&jobs->lock);
  free(buffer);
  return NULL;
}

void scan_jobs_open(struct scan_jobs *jobs) {
  pthread_mutex_init(&jobs->lock, NULL);
  pthread_cond_init(&jobs->changed, NULL);
  jobs->buffer = reallocate(NULL, READ_SIZE);
}

struct scan_job *scan_jobs_free(struct scan_jobs *jobs) {
  if (jobs->end - jobs->first == SCAN_JOBS_MAX) return NULL;
  struct scan_job *job = job_at(jobs, jobs->end);
  job->path.length = job->target.length = job->xattrs.length = 0;
  job->known = job->changed = job->failed = false;
  job->state = JOB_DONE;
  return job;
}

// The first file to be read brings them: a scan that knows everything has none. Fewer are no failure.
static void start_threads(struct scan_jobs *jobs) {
  long wanted = sysconf(_SC_NPROCESSORS_ONLN);
  while (jobs->thread_count < SCAN_THREADS_MAX && jobs->thread_count < wanted) {
    if (pthread_create(&jobs->threads[jobs->thread_count], NULL, run_reader, jobs) != 0) return;
    jobs->thread_count++;
  }
}

void scan_jobs_add(struct scan_jobs *jobs, struct scan_job *job) {
  if (job->state == JOB_READ && jobs->thread_count == 0) start_threads(jobs);
  pthread_mutex_lock(&jobs->lock);
  jobs->end++;
  if (job->state == JOB_READ) pthread_cond_broadcast(&jobs->changed);
  pthread_mutex_unlock(&jobs->lock);
}

struct scan_job *scan_jobs_first(struct scan_jobs *jobs) {
  if (jobs->first == jobs->end) return NULL;
  struct scan_job *job = job_at(jobs, jobs->first);
  pthread_mutex_lock(&jobs->lock);
  if (job->state == JOB_READ) do_job(jobs, job, jobs->buffer);
  while (job->state != JOB_DONE) pthread_cond_wait(&jobs->changed, &jobs->lock);
  pthread_mutex_unlock(&jobs->lock);
  return job;
}

void scan_jobs_drop(struct scan_jobs *jobs) {
  pthread_mutex_lock(&jobs->lock);
  jobs->first++;
  if (jobs->next < jobs->first) jobs->next = jobs->first;
  pthread_mutex_unlock(&jobs->lock);
}

void scan_jobs_close(struct scan_jobs *jobs) {
  // After a failure some are left.
  while (scan_jobs_first(jobs)) scan_jobs_drop(jobs);
  pthread_mutex_lock(&jobs->lock);
  jobs->closed = true;
  pthread_cond_broadcast(&jobs->changed);
  pthread_mutex_unlock(&jobs->lock);
  for (unsigned i = 0; i < jobs->thread_count; i++) pthread_join(jobs->threads[i], NULL);
  for (size_t i = 0; i < SCAN_JOBS_MAX; i++) {
    bytes_free(&jobs->jobs[i].path);
    bytes_free(&jobs->jobs[i].target);
    bytes_free(&jobs->jobs[i].xattrs);
  }
  pthread_cond_destroy(&jobs->changed);
  pthread_mutex_destroy(&jobs->lock);
  free(jobs->buffer);
}
