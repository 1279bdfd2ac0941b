// config.json: it is read or refused, with a stage and a reason that fit, and nothing is lost.
#include <errno.h>
#include <string.h>

#include "fuzz.h"
#include "spec.h"

const char *const fuzz_words[] = {
    "{}", "[]", "null", "true", "false", "-1", "0", "1", "4294967295", "4294967296", "\"\"", "\"/\"",
    "\"path\"", "\"type\"", "\"terminal\":true,", "\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":1,\"hard\":1}],",
    "\"hooks\":{\"prestart\":[{\"path\":\"/x\"}]},", "\"annotations\":{\"a\":\"b\"},", "\"umask\":7,",
    "\"additionalGids\":[1,2],", "\"oomScoreAdj\":-1000,", "\"devices\":[],", "\"resources\":{},",
    "\"sysctl\":{},", "\"uidMappings\":[{\"containerID\":0,\"hostID\":0,\"size\":1}],",
    "\"rootfsPropagation\":\"shared\",", "{\"type\":\"user\"}", "{\"type\":\"network\",\"path\":\"/x\"}",
    "\"CAP_CHOWN\"", "\"CAP_X\"", "\"rbind\"", "\"ro\"", "\"dev\"", "\"size=1\"", "\"SCMP_ACT_KILL\"",
    "\"SCMP_CMP_EQ\"", ",", NULL,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  int folder = fuzz_folder_with("config.json", data, size);
  struct spec spec;
  struct failure why = {0};
  if (spec_read(folder, &spec, &why) < 0) {
    must(strcmp(why.stage, "spec") == 0 && why.call[0] && why.path[0]);
    must(why.error == EINVAL || why.error == EOPNOTSUPP);
    must(strlen(why.path) < sizeof why.path && strlen(why.hint) < sizeof why.hint);
  } else {
    must(spec.root_path);
  }
  spec_free(&spec);
  return 0;
}
