// See id-map.h.
#include "id-map.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

int id_map_read(const char *file, struct id_range ranges[ID_RANGES_MAX]) {
  FILE *stream = fopen(file, "re");
  if (!stream) return -1;
  int count = 0;
  while (count < ID_RANGES_MAX && fscanf(stream, "%u %u %u", &ranges[count].inside,
                                         &ranges[count].outside, &ranges[count].count) == 3)
    count++;
  fclose(stream);
  return count;
}

bool id_is_mapped(const char *file, uint32_t id) {
  static struct id_range ranges[ID_RANGES_MAX];
  int count = id_map_read(file, ranges);
  for (int i = 0; i < count; i++)
    if (id - ranges[i].inside < ranges[i].count && id >= ranges[i].inside) return true;
  return count < 0;
}

bool in_user_namespace(void) {
  // The first one has a fixed number; a map says nothing, as it may be the same in another.
  static const char first[] = "user:[4026531837]";
  char name[sizeof first] = "";
  return readlink("/proc/self/ns/user", name, sizeof name - 1) > 0 && strcmp(name, first) != 0;
}

bool setgroups_is_denied(void) {
  char word[8] = "";
  FILE *stream = fopen("/proc/self/setgroups", "re");
  if (!stream) return false;
  bool is_denied = fscanf(stream, "%7s", word) == 1 && strcmp(word, "deny") == 0;
  fclose(stream);
  return is_denied;
}
