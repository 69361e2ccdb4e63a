/* sweep.h - temporary files of processes that were killed. Internal to base/.
 *
 * A temporary file is locked (flock) by whoever writes it for as long as it has that name. A kill ends the lock and
 * leaves the file; so what has the name of a temporary file and can be locked belongs to nobody. */
#ifndef DMX_BASE_SWEEP_H
#define DMX_BASE_SWEEP_H

#include <stdbool.h>

/* Lock the temporary file that was just created. False when a sweep took it first: then it is gone, or about to be. On
 * a file system without locks it stays as it is, and no sweep can take it. */
bool dmx_temporary_lock(int file);

/* Lock a file that is whole, and that is about to get the name of a temporary one besides its own: so can others, at
 * the same time. False when somebody else has locked it. */
bool dmx_temporary_share(int file);

/* Remove from the open folder what processes that are no more left there under names of temporary files, as far as it
 * is the user's own. The same folder is not looked through twice in a row. */
void dmx_temporary_sweep(int folder);

#endif
