// The subcommands that are not of runc's shape (oci.h). argv[0] is the subcommand's name; the result is the exit status.
#ifndef SLIPWAY_COMMANDS_H
#define SLIPWAY_COMMANDS_H

int command_serve(int argc, char **argv);   // serve.c: the resident helper of one build
int command_mounted(int argc, char **argv); // mounted.c: mount a root for another runtime
int command_probe(int argc, char **argv);   // probe.c: what this kernel and store can do
int command_scan(int argc, char **argv);    // scan.c: walk a folder with the stat cache
int command_pack(int argc, char **argv);    // pack.c: folder or overlay upper to a tar
int command_unpack(int argc, char **argv);  // unpack.c: tar to a folder, beneath a root
int command_netns(int argc, char **argv);   // netns.c: a network namespace with a way out
int command_chroot(int argc, char **argv);  // chroot.c: a container without namespaces
int command_record(int argc, char **argv);  // records.c: what a folder is before a step
int command_changes(int argc, char **argv); // changes.c: what the step has changed in it
int command_remove(int argc, char **argv);  // remove.c: delete folders, without hurry
int command_userns(int argc, char **argv);  // userns.c: root of a user namespace, then a program

#endif
