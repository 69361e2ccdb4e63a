/* interrupt.h - Ctrl-C, twice.
 *
 * The first SIGINT, SIGTERM or SIGHUP sets a flag; whoever works in a loop asks interrupt_signal() and leaves by its
 * ordinary way out, cleaning up as after any failure. The second removes the temporary files (base/file.h) and ends the
 * process at once. Either way the process ends by the signal itself, not with a status of its own: only so the shell
 * that runs it in a loop stops too, and Python's subprocess sees -2. ($? in a shell is 130 for both.) */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

/* Install the handlers. */
void interrupt_install(void);

/* The first signal that came, or 0. */
int interrupt_signal(void);

/* The last call of main: `return interrupt_end(status)`. After a signal it ends the process by that signal and does not
 * return; functions registered with atexit are not run then, and what is buffered is written before. */
int interrupt_end(int status);

#endif
