// slipway-cgroups: the launcher's cgroup code on machines that are folders (cgroupfs.c), and its pure
// functions, for test/runtime/cgroup-*.test.ts. Errors are one line: "stage call path errno hint".
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup-devices.h"
#include "cgroup-values.h"
#include "cgroups.h"
#include "cleanup.h"
#include "imitation.h"
#include "json.h"
#include "memory.h"
#include "spec-resources.h"

// Not every C library can say them.
static const char *name_of(int error) {
  switch (error) {
    case EACCES: return "EACCES";
    case EBUSY: return "EBUSY";
    case ENOENT: return "ENOENT";
    case EOPNOTSUPP: return "EOPNOTSUPP";
    case ETIMEDOUT: return "ETIMEDOUT";
    default: return strerror(error);
  }
}

static int report(const struct failure *why) {
  printf("%s %s %s %s %s\n", why->stage, why->call, why->path, name_of(why->error),
         why->hint);
  return 1;
}

static struct json_document *read_file(const char *path, struct resources *resources,
                                       struct failure *why) {
  struct json_document *document = json_read(AT_FDCWD, path, why);
  if (document && resources_read(json_root(document), resources, why) < 0) {
    json_free(document);
    return NULL;
  }
  return document;
}

// create MACHINE RESOURCES [PATH [NAME]]: an empty PATH is none. Prints the paths of the groups. `keep`:
// and leaves them; with `all` in every hierarchy.
static int create(int argc, char **argv, bool is_kept, enum cgroups_reach reach) {
  struct failure why = {0};
  struct resources resources = {0};
  imitation_begin(argv[2]);
  cleanup_json struct json_document *document = read_file(argv[3], &resources, &why);
  if (!document) return report(&why);
  const struct cgroups_place place = {
      .path = argc > 4 && argv[4][0] ? argv[4] : NULL,
      .name = argc > 5 ? argv[5] : NULL,
      .reach = reach,
  };
  struct cgroups made;
  int result = cgroups_create(&place, &resources, &made, &why) < 0 ? report(&why) : 0;
  for (size_t i = 0; i < made.count; i++) puts(made.groups[i].path + strlen(argv[2]));
  if (result == 0 && cgroups_enter(&made, 77, false, &why) < 0) result = report(&why);
  if (is_kept) cgroups_close(&made);
  else if (cgroups_remove(&made, &why) < 0) result = report(&why);
  resources_free(&resources);
  return result;
}

// enter|freeze|thaw MACHINE GROUP: a process joins, as exec brings one; pause and resume.
static int on_group(char **argv) {
  struct failure why = {0};
  struct cgroups found;
  imitation_begin(argv[2]);
  if (cgroups_open((const char *const *)&argv[3], 1, &found, &why) < 0) return report(&why);
  int done = strcmp(argv[1], "enter") == 0 ? cgroups_enter(&found, 88, false, &why)
                                           : cgroups_freeze(&found, argv[1][0] == 'f', &why);
  int result = done < 0 ? report(&why) : 0;
  cgroups_close(&found);
  return result;
}

static int update(char **argv) {
  struct failure why = {0};
  struct resources resources = {0};
  struct cgroups found;
  imitation_begin(argv[2]);
  cleanup_json struct json_document *document = read_file(argv[3], &resources, &why);
  if (!document) return report(&why);
  if (cgroups_open((const char *const *)&argv[4], 1, &found, &why) < 0) return report(&why);
  int result = cgroups_update(&found, &resources, &why) < 0 ? report(&why) : 0;
  cgroups_close(&found);
  resources_free(&resources);
  return result;
}

// Instructions as "code dst src off imm".
static void print_program(const struct device_rule *rules, size_t count) {
  size_t length;
  struct bpf_insn *program = device_program(rules, count, &length);
  for (size_t i = 0; i < length; i++)
    printf("%d %d %d %d %d\n", program[i].code, program[i].dst_reg, program[i].src_reg,
           program[i].off, program[i].imm);
  free(program);
}

// program|lines RESOURCES: the device rules, without the default ones, as either version gets them.
static int devices(char **argv) {
  struct failure why = {0};
  struct resources resources = {0};
  cleanup_json struct json_document *document = read_file(argv[2], &resources, &why);
  if (!document) return report(&why);
  int result = 0;
  cleanup_bytes struct bytes lines = {0};
  if (strcmp(argv[1], "program") == 0)
    print_program(resources.devices, resources.device_count);
  else if (device_lines(resources.devices, resources.device_count, &lines, &why) < 0)
    result = report(&why);
  else
    fwrite(lines.data, 1, lines.length, stdout);
  resources_free(&resources);
  return result;
}

// numbers shares|block|swap NUMBER…: converted, one a line. swap takes pairs.
static int numbers(int argc, char **argv) {
  for (int i = 3; i < argc; i++) {
    long long number = atoll(argv[i]);
    if (strcmp(argv[2], "shares") == 0)
      printf("%llu\n", (unsigned long long)weight_of_shares((unsigned long long)number));
    else if (strcmp(argv[2], "block") == 0)
      printf("%llu\n", (unsigned long long)weight_of_block_weight((unsigned long long)number));
    else if (++i < argc)
      printf("%lld\n", (long long)swap_alone(number, atoll(argv[i])));
  }
  return 0;
}

int main(int argc, char **argv) {
  const char *command = argc > 2 ? argv[1] : "";
  if (strcmp(command, "numbers") == 0) return numbers(argc, argv);
  if (strcmp(command, "program") == 0 || strcmp(command, "lines") == 0) return devices(argv);
  if (argc > 3 && strcmp(command, "create") == 0) return create(argc, argv, false, CGROUPS_NEEDED);
  if (argc > 3 && strcmp(command, "keep") == 0) return create(argc, argv, true, CGROUPS_NEEDED);
  if (argc > 3 && strcmp(command, "all") == 0) return create(argc, argv, true, CGROUPS_ALL);
  if (argc > 3 && strstr("enter freeze thaw", command)) return on_group(argv);
  if (argc > 4 && strcmp(command, "update") == 0) return update(argv);
  fprintf(stderr, "usage: slipway-cgroups create|keep|all|update MACHINE RESOURCES … | enter|freeze|thaw MACHINE GROUP |"
                  " program|lines RESOURCES | numbers KIND NUMBER…\n");
  return 2;
}
