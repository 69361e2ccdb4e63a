/* demucs_settings.h - the settings of a separation by name: what there are, where their values come from, and into
 * which request they go.
 *
 *     program    demucs --shifts 3        strongest
 *     variable   DEMUCS_SHIFTS=2
 *     project    demucs.conf, in the working folder or the nearest one above it
 *     user       $XDG_CONFIG_HOME/demucs/demucs.conf, else ~/.config/demucs/demucs.conf
 *     default                             weakest
 *
 *   demucs_settings *settings = NULL;
 *   if (demucs_settings_create(&settings, &error) ||
 *       demucs_settings_load_user(settings, &error) ||
 *       demucs_settings_load_project(settings, ".", &error) ||
 *       demucs_settings_load_environment(settings, &error) ||
 *       demucs_settings_set(settings, DEMUCS_SETTINGS_PROGRAM, "shifts", "3", "--shifts", &error))
 *       fprintf(stderr, "%s\n", error.message);
 *   demucs_settings_apply(settings, &request, &engine_options, &stream_options);
 *
 * The strongest source that names a key gives its value, in whatever order the sources were read. A preset is several
 * values under a name. `preset` is a key like the others, so one preset is in effect at most; its values count as set
 * by the source that named it, and are weaker than all that this source sets by itself.
 *
 * Keys that exclude each other (two_stems and stems; split and segment): the stronger source wins, and the other key
 * has its default. One source cannot set both.
 *
 * The format of a file: lines of "key = value", blank lines, and comments, which begin with # at the start of a line or
 * after a blank. A value that holds " #", or blanks at an end, stands in double quotes. UTF-8, at most 64 KiB. An
 * unknown key, a value that is none, a key that is there twice: the whole file is refused, with the line.
 *
 * Conventions are those of demucs.h. An object is used by one thread at a time. Texts that functions return belong to
 * the object and last until it is changed or freed; those of keys and presets last for ever. What a key is called and
 * what it means stays the same between versions; keys, presets and fields at the ends of structs may come.
 */
#ifndef DEMUCS_SETTINGS_H
#define DEMUCS_SETTINGS_H

#include "demucs_fit.h"
#include "demucs_tracks.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------------ keys ---- */

typedef enum demucs_settings_type {
    DEMUCS_SETTINGS_TEXT = 0,
    DEMUCS_SETTINGS_PATH,    /* in a file "~/" at its front is the home folder, and in a project's file a relative one
                                begins at the folder of that file; elsewhere it begins at the working folder */
    DEMUCS_SETTINGS_INTEGER, /* decimal */
    DEMUCS_SETTINGS_NUMBER,  /* with a point, whatever the locale */
    DEMUCS_SETTINGS_SWITCH,  /* "on" or "off"; yes, no, true, false, 1 and 0 become these */
    DEMUCS_SETTINGS_LIST,    /* names, with commas between them */
    DEMUCS_SETTINGS_SIZE     /* bytes: a number, and K, M, G or T for thousands of them: 500M, 1.5GB */
} demucs_settings_type;

/* What there is to know about a key. */
typedef struct demucs_settings_key {
    const char *name; /* "mp3_bitrate"; its variable is DEMUCS_MP3_BITRATE */
    demucs_settings_type type;
    const char *choices;     /* NULL, or the values allowed, "wav, flac, mp3" */
    double minimum, maximum; /* range of a number, both included; both 0: any */
    bool nearest;            /* a number beyond the range stands for the nearest in it */
    const char *unit;        /* NULL, or the unit of a number: "kbit/s" */
    const char *initial;     /* the default; "" where that is no value at all */
    const char *meaning;     /* NULL, or what the default stands for: "one for each core" */
    const char *help;        /* for people, in a sentence or a few */
} demucs_settings_key;

/* The number of keys, and each; `index` in [0, keys), else NULL. In an order that a person can read. */
DEMUCS_API size_t demucs_settings_keys(void);
DEMUCS_API const demucs_settings_key *demucs_settings_key_at(size_t index);

/* The key of this name, or NULL. */
DEMUCS_API const demucs_settings_key *demucs_settings_find_key(const char *name);

/* --------------------------------------------------------------------------------------------------- presets ---- */

/* A value of a preset. These two fields are all that it will ever have. */
typedef struct demucs_settings_pair {
    const char *key, *value;
} demucs_settings_pair;

typedef struct demucs_settings_preset {
    const char *name;    /* "archive" */
    const char *summary; /* for people: what it is for */
    const demucs_settings_pair *values;
    size_t values_count;
    double time; /* how long a track takes, as a multiple of the time by default; docs/settings.md says how it was
                    measured. It is the same on another machine only as far as networks, encoders and disks are */
} demucs_settings_preset;

/* The number of presets, and each; `index` in [0, presets), else NULL. */
DEMUCS_API size_t demucs_settings_presets(void);
DEMUCS_API const demucs_settings_preset *demucs_settings_preset_at(size_t index);

/* ---------------------------------------------------------------------------------------------------- values ---- */

/* Where values come from; a later one is stronger. */
typedef enum demucs_settings_source {
    DEMUCS_SETTINGS_DEFAULT = 0,
    DEMUCS_SETTINGS_USER,
    DEMUCS_SETTINGS_PROJECT,
    DEMUCS_SETTINGS_VARIABLE,
    DEMUCS_SETTINGS_PROGRAM
} demucs_settings_source;

typedef struct demucs_settings demucs_settings;

/* Create settings that all have their defaults. Errors: MEMORY. On failure *settings is NULL. */
DEMUCS_API demucs_status demucs_settings_create(demucs_settings **settings, demucs_error *error);
DEMUCS_API void demucs_settings_free(demucs_settings *settings);

/* Set a key on behalf of a source other than DEFAULT; what that source said of it before is replaced.
 *   value  as it would stand in a file; NULL: this source says nothing of the key
 *   where  what demucs_settings_origin calls it ("--shifts"), or NULL. Copied
 * Errors: ARGUMENT (no such key; a value that is none: the sentence says what is allowed), MEMORY. */
DEMUCS_API demucs_status demucs_settings_set(demucs_settings *settings, demucs_settings_source source, const char *key,
                                             const char *value, const char *where, demucs_error *error);

/* The value of a key, in the form it would have in a file; "" for none, NULL for no such key. */
DEMUCS_API const char *demucs_settings_get(const demucs_settings *settings, const char *key);

/* What one source says of a key, presets aside; NULL when it says nothing. */
DEMUCS_API const char *demucs_settings_get_from(const demucs_settings *settings, demucs_settings_source source,
                                                const char *key);

/* The source of a key's value, and the same for people, written into `out` of `size` > 0 bytes and cut if need be:
 * "default", "user file, line 3", "project file, line 1", "DEMUCS_SHIFTS", "--shifts", "preset draft (user file, line
 * 1)". `out` may be NULL. */
DEMUCS_API demucs_settings_source demucs_settings_origin(const demucs_settings *settings, const char *key, char *out,
                                                         size_t size);

/* Write the values into the structs of a separation, each of which may be NULL and, else, is initialised by the caller.
 * request->separation is not touched. What request then points to belongs to the settings. Keys that are no part of
 * these structs are the caller's to get: of the model and the program (model, repo, device, offline, progress), of a
 * run (log, log_names, summary, timeout), the cache (result_cache, cache_limit), and what is measured (quality, and
 * quality_limits for demucs_quality_options_parse). */
DEMUCS_API void demucs_settings_apply(const demucs_settings *settings, demucs_tracks_request *request,
                                      demucs_engine_options *engine, demucs_stream_options *separation);

/* The same for what demucs_fit.h asks for. */
DEMUCS_API void demucs_settings_apply_fit(const demucs_settings *settings, demucs_fit_options *fit);

/* ----------------------------------------------------------------------------------------------------- files ---- */

/* Read the user's file, the file of the project that `folder` lies in (NULL: none), the variables. What they said
 * before is forgotten. That there is no such file is no error.
 *
 * A project's file lies where others may be able to write, and says where results go. One that belongs to somebody else
 * than the user and root, that everybody may write to, or that is a link, is not read; a warning says so. No other is
 * looked for above it.
 *
 * Errors: ARGUMENT (with the file and the line, or the variable), FORMAT (no text, too large, no regular file), IO,
 * MEMORY. On failure the source says nothing. Variables are read with getenv, which is not safe while another thread
 * changes the environment. */
DEMUCS_API demucs_status demucs_settings_load_user(demucs_settings *settings, demucs_error *error);
DEMUCS_API demucs_status demucs_settings_load_project(demucs_settings *settings, const char *folder,
                                                      demucs_error *error);
DEMUCS_API demucs_status demucs_settings_load_environment(demucs_settings *settings, demucs_error *error);

/* Things worth telling a person that did not stop the loading. `warning` in [0, warnings). */
DEMUCS_API int demucs_settings_warnings(const demucs_settings *settings);
DEMUCS_API const char *demucs_settings_warning(const demucs_settings *settings, int warning);

/* Find out where the file of a source (USER or PROJECT) is, without reading it; `folder` as above. The load functions
 * do it too. Then: its path, whether it is there or not for USER; NULL where there is none for PROJECT, or no home
 * folder for USER. Errors: ARGUMENT, MEMORY. */
DEMUCS_API demucs_status demucs_settings_locate(demucs_settings *settings, demucs_settings_source source,
                                                const char *folder, demucs_error *error);
DEMUCS_API const char *demucs_settings_path(const demucs_settings *settings, demucs_settings_source source);

/* Set a key in a file, or remove it: the other lines, comments and the order stay. The file appears whole or stays as
 * it was, is made when it is not there, with its folder, and two that change it at the same time wait for each other.
 * Lines that are wrong are left alone, so that a file can be put right. unset removes a line of any name; *was (may be
 * NULL) tells whether there was one. Errors: ARGUMENT (no such key; a value that is none), FORMAT, IO (a file of
 * somebody else), MEMORY. */
DEMUCS_API demucs_status demucs_settings_file_set(const char *path, const char *key, const char *value,
                                                  demucs_error *error);
DEMUCS_API demucs_status demucs_settings_file_unset(const char *path, const char *key, bool *was, demucs_error *error);

#ifdef __cplusplus
}
#endif

#endif
