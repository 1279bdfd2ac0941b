// In the place of src/report.c: a million refusals need no words.
#include "report.h"

int report_system(const char *call, const char *path) { return (void)call, (void)path, -1; }
int report_error(enum report_kind kind, const char *message, const char *path) {
  return (void)kind, (void)message, (void)path, -1;
}
void report_warning(const char *message, const char *path) { (void)message, (void)path; }
