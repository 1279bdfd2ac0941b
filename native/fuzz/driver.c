// Runs a target on seeds and on what becomes of them. Inputs that reach code which none reached before
// are kept and changed further (the compiler calls __sanitizer_cov_trace_pc at every branch). The same
// seed gives the same inputs.
//
//     fuzz-NAME [--seed N] [--seconds S] [--runs N] [--crash FILE] FOLDER   seeds are the folder's files
//     fuzz-NAME FILE…                                                       these once, to look at a crash
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <sanitizer/asan_interface.h>
#include <sanitizer/lsan_interface.h>

#include "fuzz.h"

enum {
  SIZE_MAX_BYTES = 1 << 16,
  CORPUS_MAX = 4096,
  COVERAGE_BITS = 1 << 18,
  SECONDS_PER_INPUT_MAX = 20,
  LEAK_CHECK_RUNS = 5000,
};

struct input {
  uint8_t *data;
  size_t size;
};

static struct input corpus[CORPUS_MAX];
static size_t corpus_count;
static uint8_t current[SIZE_MAX_BYTES];
static size_t current_size;
static const char *crash_file = "crash";

// ---- coverage ------------------------------------------------------------------------------

static uint8_t covered[COVERAGE_BITS / 8];
static size_t reached;
static uintptr_t last_place;

void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void) {
  // Relative, as the program is loaded somewhere else each time.
  uintptr_t place = (uintptr_t)__builtin_return_address(0) - (uintptr_t)&__sanitizer_cov_trace_pc;
  size_t edge = (place ^ (last_place >> 1)) * 0x9e3779b97f4a7c15u >> 46;  // 18 bits
  last_place = place;
  uint8_t bit = (uint8_t)(1 << (edge & 7));
  if (covered[edge >> 3] & bit) return;
  covered[edge >> 3] |= bit;
  reached++;
}

// ---- when it goes wrong --------------------------------------------------------------------

const char *__asan_default_options(void);
const char *__asan_default_options(void) {
  return "handle_abort=1:allocator_may_return_null=1:detect_stack_use_after_return=1";
}

static void save_input(void) {
  int file = open(crash_file, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file < 0 || write(file, current, current_size) != (ssize_t)current_size)
    fprintf(stderr, "the input cannot be written to %s\n", crash_file);
  else
    fprintf(stderr, "the input is in %s\n", crash_file);
  if (file >= 0) close(file);
}

static void on_alarm(int number) {
  (void)number;
  static const char text[] = "this input takes too long\n";
  if (write(2, text, sizeof text - 1) < 0) _exit(1);
  abort();  // the sanitizer prints where, and calls save_input
}

static void run(void) {
  // A copy of its exact size, so that one byte too far is seen.
  uint8_t *exact = malloc(current_size ? current_size : 1);
  must(exact);
  memcpy(exact, current, current_size);
  last_place = 0;
  alarm(SECONDS_PER_INPUT_MAX);
  LLVMFuzzerTestOneInput(exact, current_size);
  alarm(0);
  free(exact);
}

static void check_leaks(void) {
  if (__lsan_do_recoverable_leak_check() == 0) return;
  fprintf(stderr, "memory was lost by one of the last %d inputs\n", LEAK_CHECK_RUNS);
  save_input();
  _exit(1);
}

// ---- changing inputs -----------------------------------------------------------------------

static uint64_t random_state;

static size_t below(size_t limit) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return limit ? (size_t)(random_state % limit) : 0;
}

static void replace(size_t at, size_t removed, const void *data, size_t size) {
  size_t rest = current_size - at - removed;
  if (at + size + rest > SIZE_MAX_BYTES) return;
  uint8_t copy[256];
  // The data may lie in what is about to move.
  if (size > sizeof copy) size = sizeof copy;
  memcpy(copy, data, size);
  memmove(current + at + size, current + at + removed, rest);
  memcpy(current + at, copy, size);
  current_size = at + size + rest;
}

static size_t word_count(void) {
  size_t count = 0;
  while (fuzz_words[count]) count++;
  return count;
}

static void change_once(void) {
  static const uint64_t numbers[] = {0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff,
                                     0x80000000, 0xffffffff, INT64_MAX, UINT64_MAX};
  size_t at = below(current_size + 1);
  size_t removed = below(current_size - at < 32 ? current_size - at + 1 : 32);
  const char *word = fuzz_words[0] ? fuzz_words[below(word_count())] : "";
  switch (below(8)) {
    case 0:
      if (at < current_size) current[at] ^= (uint8_t)(1 << below(8));
      break;
    case 1:
      if (at < current_size) current[at] = (uint8_t)below(256);
      break;
    case 2:
      replace(at, removed, "", 0);
      break;
    case 3:
      replace(at, 0, current + at, removed);
      break;
    case 4:
      replace(at, below(2) ? removed : 0, word, strlen(word));
      break;
    case 5: {
      size_t width = (size_t)1 << below(4);
      const uint64_t *number = &numbers[below(sizeof numbers / sizeof numbers[0])];
      if (current_size - at >= width) memcpy(current + at, number, width);
      break;
    }
    case 6: {
      const struct input *other = &corpus[below(corpus_count)];
      size_t from = below(other->size + 1), length = below(other->size - from + 1);
      replace(at, removed, other->data + from, length < 256 ? length : 256);
      break;
    }
    default:
      current_size = below(16) ? current_size : at;
  }
}

static void keep(void) {
  if (corpus_count == CORPUS_MAX) return;
  struct input *one = &corpus[corpus_count++];
  *one = (struct input){.data = malloc(current_size + 1), .size = current_size};
  must(one->data);
  memcpy(one->data, current, current_size);
}

// ---- the program ---------------------------------------------------------------------------

static bool load(const char *path) {
  int file = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t got = file < 0 ? -1 : read(file, current, sizeof current);
  if (file >= 0) close(file);
  current_size = got < 0 ? 0 : (size_t)got;
  return got >= 0;
}

static int not_hidden(const struct dirent *entry) { return entry->d_name[0] != '.'; }

// By name, so that the order is the same everywhere.
static void load_folder(const char *folder) {
  struct dirent **names;
  int count = scandir(folder, &names, not_hidden, alphasort);
  for (int i = 0; i < count; i++) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
    if (load(path)) {
      run();
      keep();
    }
    free(names[i]);
  }
  if (count >= 0) free(names);
}

static void fuzz(double seconds, unsigned long runs_max) {
  struct timespec begin, now;
  clock_gettime(CLOCK_MONOTONIC, &begin);
  unsigned long runs = 0;
  for (; runs < runs_max; runs++) {
    if (runs % 256 == 0) {
      clock_gettime(CLOCK_MONOTONIC, &now);
      if ((double)(now.tv_sec - begin.tv_sec) + (double)(now.tv_nsec - begin.tv_nsec) / 1e9 > seconds)
        break;
    }
    const struct input *from = &corpus[below(corpus_count)];
    memcpy(current, from->data, from->size);
    current_size = from->size;
    for (size_t changes = below(6) + 1; changes > 0; changes--) change_once();
    size_t before = reached;
    run();
    if (reached > before) keep();
    if (runs % LEAK_CHECK_RUNS == LEAK_CHECK_RUNS - 1) check_leaks();
  }
  check_leaks();
  printf("%lu inputs, %zu kept, %zu places\n", runs, corpus_count, reached);
}

int main(int argc, char **argv) {
  double seconds = 5;
  unsigned long runs = (unsigned long)-1, seed = 1;
  int i = 1;
  for (; i + 1 < argc && strncmp(argv[i], "--", 2) == 0; i += 2) {
    if (strcmp(argv[i], "--seed") == 0) seed = strtoul(argv[i + 1], NULL, 10);
    else if (strcmp(argv[i], "--seconds") == 0) seconds = strtod(argv[i + 1], NULL);
    else if (strcmp(argv[i], "--runs") == 0) runs = strtoul(argv[i + 1], NULL, 10);
    else if (strcmp(argv[i], "--crash") == 0) crash_file = argv[i + 1];
    else return 2;
  }
  __sanitizer_set_death_callback(save_input);
  signal(SIGALRM, on_alarm);
  random_state = seed * 0x9e3779b97f4a7c15u | 1;
  struct stat facts;
  if (i < argc && stat(argv[i], &facts) == 0 && S_ISDIR(facts.st_mode)) {
    load_folder(argv[i]);
    if (corpus_count == 0) keep();  // begin with nothing
    fuzz(seconds, runs);
    return 0;
  }
  for (; i < argc; i++) {
    if (!load(argv[i])) return 2;
    run();
  }
  check_leaks();
  return 0;
}
