/* clock.h - how long things take. */
#ifndef DMX_BASE_CLOCK_H
#define DMX_BASE_CLOCK_H

/* Seconds of a clock that only runs forward, from some moment on. */
double dmx_clock_seconds(void);

#endif
