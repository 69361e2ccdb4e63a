/* edit.c - change one line of a file of settings, and leave the others as they are.
 *
 * The new text is put together in memory and appears under the file's name at once. Who changes a file holds a lock on
 * its folder meanwhile, since the file itself is replaced. */
#define _XOPEN_SOURCE 700 /* realpath */

#include "base/alloc.h"
#include "base/file.h"
#include "base/folder.h"
#include "tracks/settings/conf.h"
#include "tracks/settings/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct edit {
    char path[PATH_MAX]; /* of the file itself, where the caller's is a link */
    int lock;            /* the folder, or -1 */
    dmx_conf conf;       /* what it holds; empty where it is new */
    bool is_new;
} edit;

static bool no_memory(demucs_error *error)
{
    return !dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory for the settings");
}

static bool make_folder(const char *path, demucs_error *error)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL || slash == path) return true;
    char *folder = dmx_strndup(path, (size_t)(slash - path));
    const bool done = folder != NULL ? dmx_folder_make(folder, NULL, error) == DEMUCS_OK : no_memory(error);
    dmx_free(folder);
    return done;
}

/* Wait until nobody else changes a file in the folder. Where there are no locks, go on without. */
static void lock_folder(edit *self)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(self->path, '/');
    const size_t length = slash == NULL ? 1 : slash == self->path ? 1 : (size_t)(slash - self->path);
    snprintf(folder, sizeof folder, "%.*s", (int)length, slash == NULL ? "." : self->path);
    self->lock = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (self->lock >= 0 && flock(self->lock, LOCK_EX) != 0 && errno == EINTR) continue;
}

/* A file of somebody else would become ours by being replaced, and a link of somebody else may lead to any file. */
static bool check_owner(const char *path, const char *target, demucs_error *error)
{
    struct stat given, info;
    const bool ours = lstat(path, &given) != 0 || given.st_uid == geteuid();
    return (ours && (stat(target, &info) != 0 || info.st_uid == geteuid())) ||
           !dmx_refuse(path, error, DEMUCS_ERROR_IO, "the file belongs to another user and is left alone");
}

static bool begin(edit *self, const char *path, bool create, demucs_error *error)
{
    self->lock = -1;
    if (path == NULL || path[0] == '\0' || strlen(path) >= sizeof self->path)
        return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "the path of the file is %s",
                         path == NULL || path[0] == '\0' ? "empty" : "too long");
    if (create && !make_folder(path, error)) return false;
    if (realpath(path, self->path) == NULL) snprintf(self->path, sizeof self->path, "%s", path);
    lock_folder(self);
    demucs_error why = {DEMUCS_OK, ""};
    if (!check_owner(path, self->path, error)) return false;
    if (dmx_conf_read(&self->conf, self->path, false, &self->is_new, &why)) return true;
    if (!self->is_new) return !dmx_fail(error, why.status, "%s", why.message);
    self->conf.text = dmx_strdup("");
    return self->conf.text != NULL || no_memory(error);
}

static void end(edit *self)
{
    dmx_free(self->conf.text);
    if (self->lock >= 0) close(self->lock);
}

/* Find the line that sets a key. A second one would be a mistake that only a person can put right. */
static bool find_line(const edit *self, const char *key, dmx_conf_line *found, demucs_error *error)
{
    int number = 0, first = 0;
    *found = (dmx_conf_line){.start = NULL};
    for (const char *at = self->conf.text; at < self->conf.text + self->conf.size;) {
        dmx_conf_line line;
        dmx_conf_line_read(&line, &self->conf, at);
        at = line.next;
        number++;
        if (line.key == NULL || line.key_length != strlen(key) || strncmp(line.key, key, line.key_length) != 0)
            continue;
        if (first > 0)
            return !dmx_refuse(self->path, error, DEMUCS_ERROR_ARGUMENT, "%s is set in line %d and in line %d", key,
                               first, number);
        first = number;
        *found = line;
    }
    return true;
}

/* Give the file a new text: what is there with the bytes from `from` to `to` replaced by `with`. */
static bool replace(edit *self, size_t from, size_t to, const char *with, demucs_error *error)
{
    dmx_file *file = NULL;
    struct stat info;
    const bool there = stat(self->path, &info) == 0;
    if (dmx_file_create(&file, self->path, error) != DEMUCS_OK) return false;
    if (!dmx_file_write(file, self->conf.text, from) || !dmx_file_write(file, with, strlen(with)) ||
        !dmx_file_write(file, self->conf.text + to, self->conf.size - to)) {
        dmx_file_fail(file, error);
        dmx_file_discard(file);
        return false;
    }
    if (dmx_file_commit(file, error) != DEMUCS_OK) return false;
    if (there) (void)!chmod(self->path, info.st_mode & 0777); /* as it was, as far as that is allowed */
    return true;
}

/* "key = value" in place of the line's value, or in a line of its own at the end. */
static bool write_value(edit *self, const char *key, const char *quoted, demucs_error *error)
{
    dmx_conf_line line;
    const char *text = self->conf.text;
    const size_t size = self->conf.size;
    if (!find_line(self, key, &line, error)) return false;
    if (line.key != NULL && line.wrong == NULL) {
        const size_t from = (size_t)(line.place - text);
        return replace(self, from, from + line.place_length, quoted, error);
    }
    const size_t room = strlen(key) + strlen(quoted) + 8;
    const bool open_end = line.key == NULL && size > 0 && text[size - 1] != '\n';
    char *fresh = dmx_alloc(room, 1);
    if (fresh == NULL) return no_memory(error);
    snprintf(fresh, room, "%s%s = %s%s", open_end ? "\n" : "", key, quoted, line.key == NULL ? "\n" : "");
    const size_t from = line.key != NULL ? (size_t)(line.key - text) : size;
    const bool done = replace(self, from, line.key != NULL ? (size_t)(line.end - text) : size, fresh, error);
    dmx_free(fresh);
    return done;
}

demucs_status demucs_settings_file_set(const char *path, const char *key, const char *value, demucs_error *error)
{
    demucs_error why = {DEMUCS_OK, ""};
    edit self = {.lock = -1};
    dmx_settings_value read = {.text = NULL};
    const int number = dmx_settings_find(key, &why);
    char *quoted = value != NULL ? dmx_alloc(strlen(value) + 3, 1) : NULL;
    if (number >= 0 && value == NULL) dmx_fail(&why, DEMUCS_ERROR_ARGUMENT, "%s has no value", key);
    if (number >= 0 && value != NULL && quoted == NULL) no_memory(&why);
    if (number >= 0 && quoted != NULL &&
        dmx_settings_row_read(dmx_settings_row_at((size_t)number), &read, value, &why)) {
        if (!dmx_conf_quote(quoted, value))
            dmx_fail(&why, DEMUCS_ERROR_ARGUMENT, "a file of settings cannot hold this value of %s", key);
        else if (begin(&self, path, true, &why))
            write_value(&self, key, quoted, &why);
    }
    end(&self);
    dmx_settings_value_clear(&read);
    dmx_free(quoted);
    if (error != NULL) *error = why;
    return why.status;
}

demucs_status demucs_settings_file_unset(const char *path, const char *key, bool *was, demucs_error *error)
{
    demucs_error why = {DEMUCS_OK, ""};
    edit self = {.lock = -1};
    dmx_conf_line line = {.key = NULL};
    if (was != NULL) *was = false;
    if (key == NULL)
        dmx_fail(&why, DEMUCS_ERROR_ARGUMENT, "there is no key");
    else if (begin(&self, path, false, &why) && find_line(&self, key, &line, &why) && line.key != NULL &&
             replace(&self, (size_t)(line.start - self.conf.text), (size_t)(line.next - self.conf.text), "", &why) &&
             was != NULL)
        *was = true;
    end(&self);
    if (error != NULL) *error = why;
    return why.status;
}
