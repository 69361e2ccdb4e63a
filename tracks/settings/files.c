/* files.c - the files of settings: where they are, which are trusted, and what they say; and the variables.
 *
 * A project's file is found by looking upward from a folder, as git finds its own, and so may be one that somebody else
 * has put into a shared folder. It could send results, and their names, wherever it likes. So it counts only when the
 * user or root could have written it and nobody else. */
#define _XOPEN_SOURCE 700 /* realpath */

#include "base/alloc.h"
#include "tracks/settings/conf.h"
#include "tracks/settings/settings.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char file_name[] = "demucs.conf";

static bool no_memory(demucs_error *error)
{
    return !dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory for the settings");
}

/* "FIRST/SECOND"; NULL without memory. */
static char *join(const char *first, const char *second)
{
    const size_t size = strlen(first) + strlen(second) + 2;
    char *path = dmx_alloc(size, 1);
    if (path != NULL) snprintf(path, size, "%s/%s", strcmp(first, "/") == 0 ? "" : first, second);
    return path;
}

/* ---------------------------------------------------------------------------------------------------- where ---- */

static const char *home_folder(void)
{
    const char *home = getenv("HOME");
    return home != NULL && home[0] == '/' ? home : NULL;
}

/* As the XDG base directory specification has it: a relative path there does not count. */
static bool locate_user(char **path, demucs_error *error)
{
    const char *xdg = getenv("XDG_CONFIG_HOME"), *home = home_folder();
    if (xdg != NULL && xdg[0] == '/')
        *path = join(xdg, "demucs/demucs.conf");
    else if (home != NULL)
        *path = join(home, ".config/demucs/demucs.conf");
    else
        return true;
    return *path != NULL || no_memory(error);
}

/* The nearest file from `folder` up. A folder that cannot be looked into has none. */
static bool locate_project(char **path, const char *folder, demucs_error *error)
{
    char whole[PATH_MAX];
    struct stat info;
    if (folder == NULL || realpath(folder, whole) == NULL) return true;
    for (;;) {
        char *candidate = join(whole, file_name), *slash = strrchr(whole, '/');
        if (candidate == NULL) return no_memory(error);
        if (lstat(candidate, &info) == 0 && (S_ISREG(info.st_mode) || S_ISLNK(info.st_mode))) {
            *path = candidate;
            return true;
        }
        dmx_free(candidate);
        if (whole[1] == '\0') return true;
        slash[slash == whole] = '\0';
    }
}

static bool locate(demucs_settings *self, demucs_settings_source source, const char *folder, demucs_error *error)
{
    char *path = NULL;
    const bool done = source == DEMUCS_SETTINGS_USER ? locate_user(&path, error) : locate_project(&path, folder, error);
    dmx_free(self->paths[source]);
    self->paths[source] = path;
    return done;
}

demucs_status demucs_settings_locate(demucs_settings *self, demucs_settings_source source, const char *folder,
                                     demucs_error *error)
{
    demucs_error why = {DEMUCS_OK, ""};
    if (self == NULL || (source != DEMUCS_SETTINGS_USER && source != DEMUCS_SETTINGS_PROJECT))
        dmx_fail(&why, DEMUCS_ERROR_ARGUMENT, "there are no settings, or this source has no file");
    else
        locate(self, source, folder, &why);
    if (error != NULL) *error = why;
    return why.status;
}

/* ----------------------------------------------------------------------------------------------- what they say ---- */

/* The value that a line of the file `path` stands for: paths in it may begin with "~/", and those of a project with
 * nothing. A model is a path when it has a slash. Free with dmx_free; NULL without memory. */
static char *meant(const char *path, demucs_settings_source source, const demucs_settings_key *key, char *text)
{
    const bool model = strcmp(key->name, "model") == 0;
    const bool is_path = key->type == DEMUCS_SETTINGS_PATH ||
                         (model && strchr(text, '/') != NULL && strncmp(text, "hf://", strlen("hf://")) != 0);
    if (!is_path || text[0] == '/' || text[0] == '\0') return dmx_strdup(text);
    if (text[0] == '~' && (text[1] == '/' || text[1] == '\0') && home_folder() != NULL)
        return text[1] == '/' ? join(home_folder(), text + 2) : dmx_strdup(home_folder());
    if (source != DEMUCS_SETTINGS_PROJECT) return dmx_strdup(text);
    const char *slash = strrchr(path, '/');
    char *folder = dmx_strndup(path, slash == path ? 1 : (size_t)(slash - path));
    char *whole = folder != NULL ? join(folder, text) : NULL;
    dmx_free(folder);
    return whole;
}

static bool take_line(demucs_settings *self, demucs_settings_source source, const dmx_conf_line *line, int number,
                      demucs_error *error)
{
    if (line->wrong != NULL) return !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "%s", line->wrong);
    char *name = dmx_strndup(line->key, line->key_length), *text = dmx_strndup(line->value, line->value_length);
    const int key = name != NULL && text != NULL ? dmx_settings_find(name, error) : -1;
    bool done = key >= 0;
    if (name == NULL || text == NULL) no_memory(error);
    if (done && self->given[source][key].text != NULL)
        done = !dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "%s is set here and in line %d", name,
                         self->given[source][key].line);
    if (done) {
        char *value = meant(self->paths[source], source, &dmx_settings_row_at((size_t)key)->key, text);
        done = value != NULL ? dmx_settings_put(self, source, key, value, NULL, number, error) : no_memory(error);
        dmx_free(value);
    }
    dmx_free(name);
    dmx_free(text);
    return done;
}

static bool take_lines(demucs_settings *self, demucs_settings_source source, const dmx_conf *conf, demucs_error *error)
{
    int number = 0;
    for (const char *at = conf->text; at < conf->text + conf->size;) {
        dmx_conf_line line;
        demucs_error why = {DEMUCS_OK, ""};
        dmx_conf_line_read(&line, conf, at);
        number++;
        at = line.next;
        if (line.key == NULL || take_line(self, source, &line, number, &why)) continue;
        return !dmx_refuse(self->paths[source], error, why.status, "line %d: %s", number, why.message);
    }
    return true;
}

static bool warn(demucs_settings *self, const char *sentence, demucs_error *error)
{
    if (self->warnings_count == DMX_SETTINGS_WARNINGS) return true;
    char *copy = dmx_strdup(sentence);
    if (copy == NULL) return no_memory(error);
    self->warnings[self->warnings_count++] = copy;
    return true;
}

static bool load_file(demucs_settings *self, demucs_settings_source source, demucs_error *error)
{
    dmx_conf conf;
    bool missing;
    demucs_error why = {DEMUCS_OK, ""};
    if (self->paths[source] == NULL) return true;
    if (!dmx_conf_read(&conf, self->paths[source], source == DEMUCS_SETTINGS_PROJECT, &missing, &why)) {
        if (missing) return true;
        if (why.status == DEMUCS_ERROR_UNSUPPORTED) return warn(self, why.message, error);
        return !dmx_fail(error, why.status, "%s", why.message);
    }
    const bool done = take_lines(self, source, &conf, error);
    dmx_free(conf.text);
    return done;
}

/* One source, from a clean slate to all that it says, or to nothing. */
static demucs_status load(demucs_settings *self, demucs_settings_source source, const char *folder,
                          bool (*read)(demucs_settings *, demucs_settings_source, demucs_error *), demucs_error *error)
{
    demucs_error why = {DEMUCS_OK, ""};
    if (self == NULL)
        dmx_fail(&why, DEMUCS_ERROR_ARGUMENT, "settings is NULL");
    else if (!dmx_settings_forget(self, source, &why) ||
             (source != DEMUCS_SETTINGS_VARIABLE && !locate(self, source, folder, &why)) || !read(self, source, &why))
        dmx_settings_forget(self, source, NULL);
    if (error != NULL) *error = why;
    return why.status;
}

demucs_status demucs_settings_load_user(demucs_settings *self, demucs_error *error)
{
    return load(self, DEMUCS_SETTINGS_USER, NULL, load_file, error);
}

demucs_status demucs_settings_load_project(demucs_settings *self, const char *folder, demucs_error *error)
{
    return load(self, DEMUCS_SETTINGS_PROJECT, folder, load_file, error);
}

/* ------------------------------------------------------------------------------------------------- variables ---- */

static bool load_variables(demucs_settings *self, demucs_settings_source source, demucs_error *error)
{
    for (int key = 0; key < (int)demucs_settings_keys(); key++) {
        const dmx_settings_row *row = dmx_settings_row_at((size_t)key);
        char name[80];
        demucs_error why = {DEMUCS_OK, ""};
        snprintf(name, sizeof name, "DEMUCS_%s", row->key.name);
        for (char *at = name; *at != '\0'; at++)
            if (*at >= 'a' && *at <= 'z') *at = (char)(*at - 'a' + 'A');
        const char *text = getenv(name);
        if (text == NULL || text[0] == '\0') continue; /* as if it were not there */
        if (row->anything_is_on) text = strcmp(text, "0") == 0 ? "off" : "on";
        if (!dmx_settings_put(self, source, key, text, name, 0, &why))
            return !dmx_fail(error, why.status, "the variable %s: %s", name, why.message);
    }
    return true;
}

demucs_status demucs_settings_load_environment(demucs_settings *self, demucs_error *error)
{
    return load(self, DEMUCS_SETTINGS_VARIABLE, NULL, load_variables, error);
}
