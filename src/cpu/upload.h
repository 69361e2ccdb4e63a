/* upload.h - the CPU's form of the weights: see nn/upload.h, and pack.h for what lies where. */
#ifndef DMX_CPU_UPLOAD_H
#define DMX_CPU_UPLOAD_H

#include "nn/upload.h"

extern const dmx_upload dmx_cpu_upload;

#endif
