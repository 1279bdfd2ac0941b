// The helper's own program file, out of reach of containers. A process of ours that enters a
// container's namespaces shows there as /proc/PID/exe, and a container's root that can open that link
// for writing owns the next container that anybody starts (CVE-2019-5736). docs/adr/0016.
#ifndef SLIPWAY_SEALED_EXE_H
#define SLIPWAY_SEALED_EXE_H

#include "failure.h"

// Executes this program again with the same arguments, from a read-only mount of its file that no
// namespace contains, or from a sealed copy in memory where mounting is not allowed. Returns 0 when
// it runs from such a place already.
int sealed_exe_enter(char **argv, struct failure *why);

#endif
