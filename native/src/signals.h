// Signals by name, as people write them.
#ifndef SLIPWAY_SIGNALS_H
#define SLIPWAY_SIGNALS_H

// `15`, `TERM`, `SIGTERM`, `sigterm`, `RTMIN+3`; -1 when there is no such signal.
int signal_number(const char *text);

#endif
