// The smallest layer there is, for trying out what the kernel does with one: an EROFS image of 4 KiB
// whose only file, `file`, lies in another file that stands for the tar (erofs-layout in docs).
#ifndef SLIPWAY_PROBE_IMAGE_H
#define SLIPWAY_PROBE_IMAGE_H

#define PROBE_TEXT "a layer is data\n"

// Writes both into the folder; returns -1 with errno.
int probe_image_write(int folder, const char *image, const char *tar);
// Writes one small file; returns -1 with errno.
int probe_file_write(int folder, const char *name, const void *content, unsigned size);

#endif
