/* target.h - where a file is to be written: its folder, open, and its name in it; behind links where that is wanted.
 *
 * Who writes through a link writes where the link's maker says, so the maker must be the user. A link is followed where
 * nobody else could have put it: in a folder of the user's that no group and no others can write to. Elsewhere it has
 * to belong to the user (root counts as the user, too), and where everybody may write and rename (no sticky bit) it is
 * never followed, since another may have brought it from somewhere else. This is what Linux does for links in sticky
 * folders (protected_symlinks), and more: a folder of a group counts as shared. */
#ifndef DMX_BASE_TARGET_H
#define DMX_BASE_TARGET_H

#define DMX_TARGET_UNSAFE (-1)

/* Open the folder that `path` lies in; *name is the rest, to be freed with dmx_free, empty where the path ends in a
 * slash. 0, or an errno: then *folder is -1 and *name NULL. */
int dmx_target_open(const char *path, int *folder, char **name);

/* While there is a link under the name, go where it leads: *folder and *name become those of the file itself, which
 * need not be there. 0, or an errno (ELOOP, ENOENT: no folder there, ...), or DMX_TARGET_UNSAFE at a link that somebody
 * else may have made. Both stay valid on failure. */
int dmx_target_follow(int *folder, char **name);

/* Remove the file that `path` leads to in this way, and no link. */
void dmx_target_remove(const char *path);

#endif
