/* interrupt.h - Ctrl-C, twice, and a model file that is cut while it is read.
 *
 * The first SIGINT, SIGTERM or SIGHUP sets a flag; whoever works in a loop asks interrupt_signal() and leaves by its
 * ordinary way out, cleaning up as after any failure. The second removes the temporary files (base/file.h) and ends the
 * process at once. SIGBUS, which is what reading a mapped file gives that has become shorter, does so with a sentence
 * and status 1. */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

/* Install the handlers. SIGPIPE and SIGXFSZ are ignored: a write then fails, and says so. */
void interrupt_install(void);

/* The first signal that came, or 0. */
int interrupt_signal(void);

/* The exit status of an interrupted program: 128 and the signal's number, 130 for Ctrl-C. */
int interrupt_exit_status(void);

#endif
