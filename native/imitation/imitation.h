// See cgroupfs.c.
#ifndef SLIPWAY_IMITATION_H
#define SLIPWAY_IMITATION_H

void imitation_begin(const char *folder);

#endif
