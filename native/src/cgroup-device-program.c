// Device rules as a BPF program (BPF_PROG_TYPE_CGROUP_DEVICE); see cgroup-devices.h. The kernel asks
// it for each open and mknod; 1 allows. Rules are tried from the last to the first, and R3 holds the
// rights that no rule has decided yet: a rule that forbids one of them refuses, one that allows takes
// its own away, and when none is left the answer is yes.
#include <linux/bpf.h>

#include "cgroup-devices.h"

enum { R0, R1, TYPE, RIGHTS, MAJOR, MINOR, R6 };  // R1: the context; later scratch

enum {
  ANSWER = 2,    // instructions of an answer
  RULE_MAX = 8,  // … of one rule, at most
};

struct program {
  struct bpf_insn *instructions;
  size_t count;
};

static void emit(struct program *program, int code, int to, int from, int offset, int value) {
  program->instructions[program->count++] = (struct bpf_insn){
      .code = (__u8)code,
      .dst_reg = (__u8)(to & 15),
      .src_reg = (__u8)(from & 15),
      .off = (__s16)offset,
      .imm = value,
  };
}

static void load(struct program *program, int to, size_t offset) {
  emit(program, BPF_LDX | BPF_MEM | BPF_W, to, R1, (int)offset, 0);
}

static void answer(struct program *program, int is_allowed) {
  emit(program, BPF_ALU64 | BPF_MOV | BPF_K, R0, 0, 0, is_allowed);
  emit(program, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static void begin(struct program *program) {
  load(program, TYPE, offsetof(struct bpf_cgroup_dev_ctx, access_type));
  emit(program, BPF_ALU64 | BPF_MOV | BPF_X, RIGHTS, TYPE, 0, 0);
  emit(program, BPF_ALU64 | BPF_AND | BPF_K, TYPE, 0, 0, 0xffff);
  emit(program, BPF_ALU64 | BPF_RSH | BPF_K, RIGHTS, 0, 0, 16);
  load(program, MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major));
  load(program, MINOR, offsetof(struct bpf_cgroup_dev_ctx, minor));
}

static int access_bits(unsigned access) {
  return (access & DEVICE_READ ? BPF_DEVCG_ACC_READ : 0) |
         (access & DEVICE_WRITE ? BPF_DEVCG_ACC_WRITE : 0) |
         (access & DEVICE_MKNOD ? BPF_DEVCG_ACC_MKNOD : 0);
}

// Leaves to the next rule unless the register has the value; the distance is filled in at the end.
static void require(struct program *program, int reg, int value) {
  emit(program, BPF_JMP | BPF_JNE | BPF_K, reg, 0, 0, value);
}

static void append_rule(struct program *program, const struct device_rule *rule) {
  size_t first = program->count;
  int access = access_bits(rule->access);
  if (rule->type != 'a')
    require(program, TYPE, rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
  if (rule->major >= 0) require(program, MAJOR, (int)rule->major);
  if (rule->minor >= 0) require(program, MINOR, (int)rule->minor);
  size_t matched = program->count;
  if (rule->is_allowed) {
    emit(program, BPF_ALU64 | BPF_AND | BPF_K, RIGHTS, 0, 0, ~access);
    emit(program, BPF_JMP | BPF_JNE | BPF_K, RIGHTS, 0, ANSWER, 0);
  } else {
    emit(program, BPF_ALU64 | BPF_MOV | BPF_X, R6, RIGHTS, 0, 0);
    emit(program, BPF_ALU64 | BPF_AND | BPF_K, R6, 0, 0, access);
    emit(program, BPF_JMP | BPF_JEQ | BPF_K, R6, 0, ANSWER, 0);
  }
  answer(program, rule->is_allowed);
  for (size_t i = first; i < matched; i++)
    program->instructions[i].off = (__s16)(program->count - i - 1);
}

struct bpf_insn *device_program(const struct device_rule *rules, size_t count,
                                size_t *instruction_count) {
  struct program program = {allocate((8 + RULE_MAX * count) * sizeof(struct bpf_insn)), 0};
  begin(&program);
  for (size_t i = count; i-- > 0;) append_rule(&program, &rules[i]);
  answer(&program, 0);
  *instruction_count = program.count;
  return program.instructions;
}
