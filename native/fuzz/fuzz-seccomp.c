// The filter compiler: whatever program comes out, the kernel would take it, every path through it ends
// in a verdict, and a call of another architecture never gets past the first instructions.
#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>

#include "fuzz.h"
#include "seccomp.h"

const char *const fuzz_words[] = {
    "\"defaultAction\":\"SCMP_ACT_ERRNO\",", "\"SCMP_ACT_ALLOW\"", "\"SCMP_ACT_KILL_PROCESS\"",
    "\"SCMP_ACT_LOG\"", "\"SCMP_ACT_TRACE\"", "\"SCMP_ACT_NOTIFY\"", "\"SCMP_ACT_TRAP\"",
    "\"errnoRet\":38,", "\"errnoRet\":4096,", "\"architectures\":[\"SCMP_ARCH_X86_64\"],", "\"names\":[",
    "\"read\"", "\"clone\"", "\"openat2\"", "\"no_such_call\"", "\"args\":[", "\"index\":0,", "\"index\":6,",
    "\"value\":18446744073709551615,", "\"valueTwo\":4294967296,", "\"op\":\"SCMP_CMP_NE\"",
    "\"op\":\"SCMP_CMP_LT\"", "\"op\":\"SCMP_CMP_LE\"", "\"op\":\"SCMP_CMP_EQ\"", "\"op\":\"SCMP_CMP_GE\"",
    "\"op\":\"SCMP_CMP_GT\"", "\"op\":\"SCMP_CMP_MASKED_EQ\"", "\"flags\":[", "{", "}", "[", "]", ",", NULL,
};

// What the kernel's own checks want: loads within the data, jumps forward and within, a verdict last.
static void check_program(const struct sock_filter *code, size_t count) {
  must(count > 0 && count <= 4096);
  for (size_t at = 0; at < count; at++) {
    const struct sock_filter *one = &code[at];
    size_t left = count - at - 1;
    switch (BPF_CLASS(one->code)) {
      case BPF_LD:
        must(one->k % 4 == 0 && one->k < sizeof(struct seccomp_data));
        break;
      case BPF_JMP:
        if (BPF_OP(one->code) == BPF_JA) must(one->k < left);
        else must(one->jt < left && one->jf < left);
        break;
      case BPF_RET:
      case BPF_ALU:
        break;
      default:
        must(!"an instruction of a class that is never made");
    }
  }
  must(BPF_CLASS(code[count - 1].code) == BPF_RET);
}

static uint32_t decide(const struct sock_filter *code, const struct seccomp_data *call) {
  uint32_t a = 0;
  for (const struct sock_filter *at = code;; at++) {
    switch (at->code) {
      case BPF_LD | BPF_W | BPF_ABS:
        memcpy(&a, (const char *)call + at->k, sizeof a);
        break;
      case BPF_ALU | BPF_AND | BPF_K:
        a &= at->k;
        break;
      case BPF_JMP | BPF_JA:
        at += at->k;
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        at += a == at->k ? at->jt : at->jf;
        break;
      case BPF_JMP | BPF_JGT | BPF_K:
        at += a > at->k ? at->jt : at->jf;
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        at += a >= at->k ? at->jt : at->jf;
        break;
      case BPF_RET | BPF_K:
        return at->k;
      default:
        must(!"an instruction that is never made");
    }
  }
}

static void check_verdicts(const struct seccomp_program *program) {
  for (int number = -1; number < 1100; number += 1) {
    struct seccomp_data call = {.nr = number};  // of no architecture
    must(decide(program->instructions, &call) == SECCOMP_RET_KILL_PROCESS);
    for (unsigned value = 0; value < 3; value++) {
      for (int i = 0; i < 6; i++) call.args[i] = value == 2 ? UINT64_MAX : value;
#if defined(__x86_64__)
      call.arch = 0xc000003e;
#else
      call.arch = 0xc00000b7;
#endif
      decide(program->instructions, &call);
      call.arch = 0;
    }
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const char *problem;
  size_t offset;
  cleanup_json struct json_document *document =
      json_parse((const char *)data, size, &problem, &offset);
  if (!document) return 0;
  struct seccomp_program program = {0};
  struct failure why = {0};
  if (seccomp_compile(json_root(document), &program, &why) == 0) {
    check_program(program.instructions, program.count);
    check_verdicts(&program);
  } else {
    must(why.error == EINVAL || why.error == EOPNOTSUPP);
  }
  free(program.instructions);
  return 0;
}
