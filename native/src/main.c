// slipway-native: one program, one subcommand a job. Spoken to over pipes; see native/README.md.
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "flags.h"
#include "oci-log.h"
#include "oci.h"
#include "sealed-exe.h"

static const struct command {
  const char *name;
  int (*run)(int argc, char **argv);                             // of its own kind
  int (*run_oci)(const struct oci *oci, int argc, char **argv);  // in the shape of runc's
  bool enters_containers;
  const char *summary;
} commands[] = {
    {"create", NULL, oci_create, true, "make a container from a bundle; its program waits for start"},
    {"start", NULL, oci_start, false, "execute the program of a created container"},
    {"run", NULL, oci_run, true, "create and start; in the foreground unless --detach"},
    {"exec", NULL, oci_exec, true, "run another process in a running container"},
    {"state", NULL, oci_state, false, "print the state of a container as JSON"},
    {"list", NULL, oci_list, false, "list containers"},
    {"ps", NULL, oci_ps, false, "list the processes of a container"},
    {"kill", NULL, oci_kill, false, "send a signal (default: TERM) to a container"},
    {"delete", NULL, oci_delete, false, "remove a stopped container; --force stops it first"},
    {"pause", NULL, oci_pause, false, "freeze all processes of a container"},
    {"resume", NULL, oci_resume, false, "let them run again"},
    {"update", NULL, oci_update, false, "change the limits of a container"},
    {"features", NULL, oci_features, false, "print what is implemented as JSON"},
    {"serve", command_serve, NULL, true, "the resident helper of one build"},
    {"mounted", command_mounted, NULL, true, "mount the root of a bundle and execute another runtime"},
    {"netns", command_netns, NULL, false, "keep a network namespace, and carry its packets"},
    {"chroot", command_chroot, NULL, true, "one container without namespaces"},
    {"userns", command_userns, NULL, false, "become root of a new user namespace, then a program"},
    {"probe", command_probe, NULL, false, "print what this kernel can do with a store"},
    {"scan", command_scan, NULL, false, "walk a build context"},
    {"pack", command_pack, NULL, false, "a folder to a tar"},
    {"unpack", command_unpack, NULL, false, "a tar to a folder"},
    {"record", command_record, NULL, false, "note what a folder holds"},
    {"changes", command_changes, NULL, false, "make of a folder what has changed in it since then"},
    {"remove", command_remove, NULL, false, "delete folders, without hurry"},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

// A caller may have closed stdin, stdout or stderr. The next descriptor opened would take the place
// and be given to a container, or written to, as if it were that.
static int fill_stdio(void) {
  for (int fd = 0; fd <= 2; fd++)
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd) return -1;
  return 0;
}

static void print_help(FILE *stream) {
  fprintf(stream, "usage: slipway-native [FLAGS] COMMAND [FLAGS] [ID] ...\n\ncommands:\n");
  for (size_t i = 0; i < COMMANDS; i++)
    fprintf(stream, "  %-9s %s\n", commands[i].name, commands[i].summary);
  fprintf(stream,
          "\nflags:\n"
          "  --root DIR          where the state of containers is kept (default: /run/slipway,\n"
          "                      or $XDG_RUNTIME_DIR/slipway for users)\n"
          "  --log FILE          errors go there, too\n"
          "  --log-format FORMAT text or json\n"
          "  --version, --help\n");
}

static void print_version(void) {
  printf("slipway-native version " SLIPWAY_VERSION "\nspec: 1.2.0\n");
}

struct globals {
  struct oci oci;
  const char *log, *log_format;
  bool is_systemd, wants_version, wants_help;
};

// The words before the command. How many they were, or -1.
static int parse_globals(int argc, char **argv, struct globals *globals) {
  bool is_debug = false;
  const char *ignored = NULL;
  const struct flag flags[] = {
      {.name = "--root", .value = &globals->oci.root},
      {.name = "--log", .value = &globals->log},
      {.name = "--log-format", .value = &globals->log_format},
      {.name = "--debug", .is_set = &is_debug},          // there is no more to say than the errors
      {.name = "--rootless", .value = &ignored},         // found out, never told
      {.name = "--systemd-cgroup", .is_set = &globals->is_systemd},
      {.name = "--version", .letter = "-v", .is_set = &globals->wants_version},
      {.name = "--help", .letter = "-h", .is_set = &globals->wants_help},
  };
  return flags_parse(argc, argv, flags, sizeof flags / sizeof *flags);
}

static const struct command *command_named(const char *name) {
  for (size_t i = 0; i < COMMANDS; i++)
    if (strcmp(commands[i].name, name) == 0) return &commands[i];
  return NULL;
}

static int run_oci(const struct command *command, const struct globals *globals, int argc,
                   char **argv) {
  if (oci_log_open(globals->log, globals->log_format) < 0) return 1;
  if (globals->is_systemd)
    return oci_error("--systemd-cgroup is not supported: let the engine use cgroupfs (podman: "
                     "--cgroup-manager cgroupfs)"), 1;
  return command->run_oci(&globals->oci, argc, argv);
}

int main(int argc, char **argv) {
  if (fill_stdio() < 0) return 125;
  struct globals globals = {0};
  int used = parse_globals(argc, argv, &globals);
  if (used < 0) return 2;
  if (globals.wants_version) return print_version(), 0;
  if (globals.wants_help) return print_help(stdout), 0;
  const struct command *command = used + 1 < argc ? command_named(argv[used + 1]) : NULL;
  if (!command) return print_help(stderr), 2;
  struct failure why = {0};
  if (command->enters_containers && sealed_exe_enter(argv, &why) < 0)
    return oci_failure(&why), 125;
  argc -= used + 1;
  argv += used + 1;
  return command->run ? command->run(argc, argv) : run_oci(command, &globals, argc, argv);
}
