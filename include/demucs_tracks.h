/* demucs_tracks.h - from a file to the files of its stems, as a C library on top of demucs.h.
 *
 *   song.mp3 -> decode, resample, measure -> network -> mix, prevent clipping -> drums.wav bass.wav ...
 *
 * One request, one call, one result:
 *
 *   demucs_tracks_request request;
 *   demucs_tracks_result *result = NULL;
 *   demucs_tracks_request_init(&request, sizeof request);
 *   request.engine = engine;            (demucs_engine_create)
 *   request.input = "song.mp3";
 *   request.folder = "stems";
 *   if (demucs_tracks_separate(&request, &result, &error) != DEMUCS_OK) fprintf(stderr, "%s\n", error.message);
 *   demucs_tracks_result_free(result);
 *
 * A track of any length takes little memory: the decoded track, and stems that wait for their gain, lie in unnamed
 * temporary files. The files of a track appear together, when all of them are whole, or not at all: whatever fails, and
 * a cancelled track, leave neither files nor folders of their own behind, and older files as they were. (One case is
 * out of reach: if a file cannot get its name in the end, when others of the track already have theirs, those are
 * removed again, and the older files that had these names are gone.) An output that is a link stays one: the file that
 * it leads to is written, unless somebody else may have made the link, in a folder that others can write to.
 *
 * Conventions are those of demucs.h: functions that can fail return a demucs_status and take, last, a demucs_error that
 * may be NULL. Its sentence says what to do where there is something to do. Nothing here prints, ends the process,
 * touches signals or holds state of its own between calls, but for a record of the temporary files that are open (see
 * demucs_tracks_unlink_partial) and for FFmpeg's log, which is told to be quiet. Texts are UTF-8 or whatever the file
 * system has; the library keeps no pointer of a caller's after a call unless it says so.
 */
#ifndef DEMUCS_TRACKS_H
#define DEMUCS_TRACKS_H

#include "demucs.h"
#include "demucs_cache.h"
#include "demucs_quality.h"
#include "demucs_video.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------------------------- events ---- */

typedef enum demucs_tracks_phase {
    DEMUCS_TRACKS_READ = 0, /* decode, resample, measure: the first pass over the track */
    DEMUCS_TRACKS_SEPARATE, /* the network */
    DEMUCS_TRACKS_WRITE,    /* what is left to write once the network is done, and to bring it to the disk */
    DEMUCS_TRACKS_PHASES
} demucs_tracks_phase;

typedef enum demucs_tracks_event_kind {
    DEMUCS_TRACKS_EVENT_PHASE = 0,  /* a phase begins */
    DEMUCS_TRACKS_EVENT_PROGRESS,   /* `done` of `total` in the phase under way */
    DEMUCS_TRACKS_EVENT_DAMAGED,    /* warning: `count` places of the input are damaged, and silent */
    DEMUCS_TRACKS_EVENT_NOT_FINITE, /* warning: `count` samples of the input are no numbers and were taken as silence */
    DEMUCS_TRACKS_EVENT_CLIPPED,    /* warning: `count` samples of the output `path` were too loud and were cut off */
    DEMUCS_TRACKS_EVENT_SHORT,      /* warning: the input ends after `done` of the `total` frames that it announces;
                                       `count` are missing: a download that broke off, say */
    DEMUCS_TRACKS_EVENT_CHANNELS,   /* warning: of the `total` channels of the input the first `count` are taken */
    DEMUCS_TRACKS_EVENT_COLLISION,  /* warning: another track of the batch has the output `path`, and what `collision`
                                       says is done; `count` is the number that RENAME chose, else 1 */
    DEMUCS_TRACKS_EVENT_CACHE_WAITING, /* another track is computing the same result for the cache, and this one waits
                                          for it: told again and again */
    DEMUCS_TRACKS_EVENT_CACHE_DAMAGED, /* warning: what the cache had was damaged; it is computed again */
    DEMUCS_TRACKS_EVENT_CACHE_FAILED,  /* warning: the cache could not be used, or the result not be kept; the track is
                                          none the worse for it */
    DEMUCS_TRACKS_EVENT_OUTLIER,       /* warning: a figure of the quality, `outlier`, is above its limit */
    DEMUCS_TRACKS_EVENT_RATE, /* warning: with KEEP_RATE, the format of the output `path` does not have the `total` Hz
                                of the input; it has `count` Hz. Opus, which always does, is not told of */
    DEMUCS_TRACKS_EVENT_CUT,  /* warning: the narration `path` is longer than the track: its last `count` frames, at the
                                 rate of the file, are not in it */
    DEMUCS_TRACKS_EVENT_STREAMS, /* warning: `count` streams of a video are in the copy `path` as they were, or are
                                   not in it: the text says which */
    DEMUCS_TRACKS_EVENT_NOTE,   /* no warning, but for those who want to know: `text` says what of the tags of the input
                                  is   not carried over. It is not in the result */
    DEMUCS_TRACKS_EVENT_BLOCKED /* whoever reads from the request's descriptor takes nothing: told ten times a second */
} demucs_tracks_event_kind;

/* What happens on the way. A later version may add kinds, and fields at the end. */
typedef struct demucs_tracks_event {
    demucs_tracks_event_kind kind;
    demucs_tracks_phase phase; /* the one under way */
    const char *input;         /* the request's */
    const char *path;          /* the file that a warning is about */
    const char *text;          /* of a warning or a note: one sentence for people; else NULL */
    double seconds;            /* length of the track; 0 while it is read */
    uint64_t done, total;      /* READ: frames, total 0 when unknown; SEPARATE: segments; WRITE: frames of all files;
                                  SHORT: frames of the input; CHANNELS: channels of the input; RATE: Hz */
    uint64_t count;            /* of a warning */
    const demucs_progress *segment;        /* SEPARATE, PROGRESS: where the stream stands; else NULL */
    const demucs_quality_outlier *outlier; /* OUTLIER: which; else NULL */
} demucs_tracks_event;

/* Called in the thread that called demucs_tracks_separate; what it points to lasts for the call. Return true to cancel:
 * the track then ends with DEMUCS_ERROR_CANCELLED. */
typedef bool (*demucs_tracks_event_fn)(const demucs_tracks_event *event, void *user);

/* A flag that cancels the tracks whose requests name it. */
typedef struct demucs_tracks_cancel demucs_tracks_cancel;

/* Create a flag that is not set. Errors: MEMORY. It is freed when no track that names it is under way. */
DEMUCS_API demucs_status demucs_tracks_cancel_create(demucs_tracks_cancel **cancel, demucs_error *error);
DEMUCS_API void demucs_tracks_cancel_free(demucs_tracks_cancel *cancel);

/* Set it: from any thread, and from a signal handler. Tracks under way end with DEMUCS_ERROR_CANCELLED within a tenth
 * of a second and what demucs_stream_cancel takes; those that begin later end at once. NULL is fine, and is never set.
 */
DEMUCS_API void demucs_tracks_cancel_set(demucs_tracks_cancel *cancel);
DEMUCS_API bool demucs_tracks_cancel_is_set(const demucs_tracks_cancel *cancel);

/* --------------------------------------------------------------------------------------------------- request ---- */

/* What a file holds. `stem` below is a stem of the model. */
typedef enum demucs_tracks_kind {
    DEMUCS_TRACKS_STEM = 0, /* the stem */
    DEMUCS_TRACKS_OTHERS,   /* the sum of all stems but this one; called no_STEM */
    DEMUCS_TRACKS_REST,     /* the track minus this stem; called minus_STEM */
    DEMUCS_TRACKS_MIX,      /* a weighted sum; of a target `stem` is then an expression and no stem */
    DEMUCS_TRACKS_STEMS     /* the track and the four stems of the model, each a stereo stream of a .stem.mp4, which a
                               DJ's program plays together; of a target `stem` plays no part */
} demucs_tracks_kind;

/* An expression says what a mix holds: "drums + other - 0.5*vocals", "mix + -6dB*no_vocals". It has terms with + and -
 * between them, each a name, with a factor and a * before it if need be. Names: a stem of the model; no_STEM and
 * minus_STEM, as above; mix, the track (the model's own stems of these names come first). Factors: a number with a
 * point, -1000..1000; or a gain of -200..60 dB, whose sign is its own: "drums + -6dB*vocals" adds the vocals with half
 * their level, "mix - +6dB*vocals" takes them away twice, and "mix -6dB*vocals", which could be either, is refused.
 * What the same stem has in several terms is added up. Equal sums give equal bits, those of the other kinds too:
 * "mix-vocals" is minus_vocals. 1000 characters at most. */

/* One file to write. These three fields are all that it will ever have. */
typedef struct demucs_tracks_target {
    demucs_tracks_kind kind;
    const char *stem;
    const char *path;
} demucs_tracks_target;

/* What stands beside a single stem (`stem` in the request). */
typedef enum demucs_tracks_other {
    DEMUCS_TRACKS_OTHER_ADD = 0, /* no_STEM, the sum of the other stems */
    DEMUCS_TRACKS_OTHER_MINUS,   /* minus_STEM, the track minus the stem: needs no other stem */
    DEMUCS_TRACKS_OTHER_NONE     /* nothing */
} demucs_tracks_other;

typedef enum demucs_tracks_container {
    DEMUCS_TRACKS_WAV = 0,
    DEMUCS_TRACKS_FLAC,
    DEMUCS_TRACKS_MP3,
    DEMUCS_TRACKS_OGG,  /* Vorbis */
    DEMUCS_TRACKS_OPUS, /* at 48,000 Hz, whatever the model's rate: Opus has no other */
    DEMUCS_TRACKS_AAC,  /* .m4a */
    DEMUCS_TRACKS_ALAC, /* .m4a, without loss */
    DEMUCS_TRACKS_AIFF,
    DEMUCS_TRACKS_STEMS_AAC, /* .stem.mp4, one file a track, of the kind STEMS: the layout of Native Instruments. Needs
                                a model of four stems in stereo. Excludes stem, wanted, mixes, sum_to_mix and
                                output_channels */
    DEMUCS_TRACKS_STEMS_ALAC /* the same, without loss */
} demucs_tracks_container;
typedef enum demucs_tracks_sample {
    DEMUCS_TRACKS_INT16 = 0,
    DEMUCS_TRACKS_INT24,
    DEMUCS_TRACKS_FLOAT32
} demucs_tracks_sample;

/* What is done against samples beyond full scale. */
typedef enum demucs_tracks_clip {
    DEMUCS_TRACKS_CLIP_RESCALE = 0, /* a file that is too loud is turned down as a whole, by max(1.01 * peak, 1) */
    DEMUCS_TRACKS_CLIP_CLAMP,       /* samples are cut off at 0.99 */
    DEMUCS_TRACKS_CLIP_NONE,        /* integer formats cut off at full scale, float32 keeps what there is */
    DEMUCS_TRACKS_CLIP_COMMON /* all files of the track are turned down alike, by max(1.01 * the highest peak, 1): their
                                 balance stays, and they still add up */
} demucs_tracks_clip;

/* Paths that the tracks of one run have been given, so that none overwrites what another wrote without being told to.
 * What lay there before the run is replaced. Two paths are the same when their text is, or when what the first track
 * wrote is found under the second path (a folder that is a link; a file system that takes no notice of upper and lower
 * case). Serves any number of threads. */
typedef struct demucs_tracks_batch demucs_tracks_batch;

/* Create an empty batch. Errors: MEMORY. It is freed when no track that names it is under way. */
DEMUCS_API demucs_status demucs_tracks_batch_create(demucs_tracks_batch **batch, demucs_error *error);
DEMUCS_API void demucs_tracks_batch_free(demucs_tracks_batch *batch);

/* Name a file that no track of the batch may overwrite: the inputs of the run. The path is copied. Errors: MEMORY. */
DEMUCS_API demucs_status demucs_tracks_batch_protect(demucs_tracks_batch *batch, const char *path, demucs_error *error);

/* What becomes of a track that meets another one of its batch: an output of it has a path that the other has. A track
 * that fails gives its paths back; inputs are never overwritten, whatever is chosen. */
typedef enum demucs_tracks_collision {
    DEMUCS_TRACKS_COLLISION_FAIL = 0, /* it fails (ARGUMENT) before any work */
    DEMUCS_TRACKS_COLLISION_RENAME,   /* it gets a number: {track} of the pattern becomes TRACK-2, TRACK-3, ..., the
                                         first that no other track has; without {track} the number stands before the
                                         ending of the path */
    DEMUCS_TRACKS_COLLISION_SKIP,     /* it is left out: no work, DEMUCS_OK, and no files in the result */
    DEMUCS_TRACKS_COLLISION_OVERWRITE /* its files replace those of the other; it fails while that is under way */
} demucs_tracks_collision;

/* What files may keep of their input, instead of having the form of the model. */
typedef enum demucs_tracks_keep {
    /* The sample rate, and with it the number of frames, to the frame; not with output_sample_rate_hz. Of an input that
     * changes its rate, that of its beginning. Opus files have 48,000 Hz; mp3 and AAC the lowest of their rates that is
     * not below, or their highest; a rate that another format cannot have is refused. With sum_to_mix the files add up
     * to the input as it is at its own rate. */
    DEMUCS_TRACKS_KEEP_RATE = 1,

    /* Instead of `sample`: INT16 for up to 16 valid bits of the input, INT24 for up to 24, FLOAT32 for floats and for
     * integers of 32 bits, to which no type comes nearer, or INT24 in flac and ALAC. Inputs coded with loss have no
     * depth: `sample` holds. */
    DEMUCS_TRACKS_KEEP_DEPTH = 2,

    /* What the input says of itself: title, artist, album, artist of the album, composer, numbers of track and disc,
     * date, genre, comment, copyright, the picture of its cover (JPEG or PNG, up to 10 MiB), and its chapters (the
     * first 255), which a section has as far as they lie in it. A title gets the name of the stem: "Song (vocals)".
     * Gains such as ReplayGain are left out, since they would be wrong, and so is what a program says of itself. Files
     * of an input without tags are as they would be without this. */
    DEMUCS_TRACKS_KEEP_TAGS = 4
} demucs_tracks_keep;

typedef struct demucs_tracks_request {
    size_t struct_size;                      /* set by demucs_tracks_request_init */
    demucs_engine *engine;                   /* what separates; tracks in several threads may share it */
    const demucs_stream_options *separation; /* NULL (default: the defaults), or shifts, overlap, seed and so on. Its
                                                `wanted` plays no part: what is computed follows from the files */
    const char
        *input; /* path of the track: whatever FFmpeg reads. Mono is copied to all channels of the model. Of more
                   channels than the model's the first are taken (see `downmix`), or, for a mono model, their mean
                 */
    int stream; /* which audio stream of the file, from 0. Default 0 */

    /* Which files. Either a pattern, for the stems of the model or some of them: */
    const char *folder;        /* folder of the files, made when it is not there. Default "." */
    const char *pattern;       /* their paths inside it, or an absolute path: a Python format string of {track} and
                                  {trackext} (of the input's name), {stem}, {ext}, and {{ or }} for a brace. A name that
                                  would lead elsewhere, ".." of a track called "...wav", gets a "_" before it. The ending
                                  that comes out, .wav, .flac, .mp3, .ogg, .opus, .m4a, .aiff or .aif, decides on the
                                  container: .m4a on AAC, or on ALAC where `container` is that. Default
                                  "{track}/{stem}.{ext}"; where `container` is one of the .stem.mp4 that means
                                  "{track}.{ext}" */
    const char *stem;          /* NULL (default: all stems), or one stem, beside which `other` stands */
    demucs_tracks_other other; /* Default ADD */
    const char *const *wanted; /* [wanted_count] NULL (default: all), or names of what to write: a stem, or the rest
                                  beside one, no_STEM (the sum of the others) or minus_STEM (the track minus the stem);
                                  not with `stem` */
    size_t wanted_count;       /* 0, with a `wanted` that is not NULL: no stems, `mixes` alone */
    /* Or each file by itself; then folder, pattern, stem, wanted and mixes play no part. A path with another ending
     * than those above gets `container`. */
    const demucs_tracks_target *targets; /* [targets_count] NULL (default), or the files */
    size_t targets_count;

    /* How they are written. */
    demucs_tracks_container container; /* {ext} of the pattern. Default WAV */
    demucs_tracks_sample sample;       /* FLOAT32 is for wav and aiff (flac and ALAC then have 16 bits); mp3, ogg, opus
                                          and AAC take no notice. Default INT16 */
    int mp3_bitrate_kbps;              /* 8..320. Default 320 */
    int mp3_quality;                   /* LAME's: 2 best .. 7 fastest. Default 2 */
    demucs_tracks_clip clip;           /* Default RESCALE */

    const char *spool_folder;     /* where temporary files lie: the track in float32, with RESCALE each file once more,
                                     and what comes through a pipe. Default NULL: $TMPDIR where it is a folder, else
                                     `folder`, or that of the first target */
    demucs_tracks_batch *batch;   /* NULL (default), or the run that the track belongs to */
    demucs_tracks_cancel *cancel; /* NULL (default), or a flag that cancels the track */
    demucs_tracks_event_fn event; /* NULL (default), or a function that is told what happens */
    void *event_user;             /* handed to it */
    const char *folder_setting;   /* what sentences call `folder` and `pattern`, for a program whose users know them by
                                     other names, such as "--out". Default "request.folder" */
    const char *pattern_setting;  /* Default "request.pattern" */
    bool downmix; /* of an input of more than 2 channels (and more than the model's), mix all by the usual coefficients
                     (ITU-R BS.775: the centre and the surrounds at -3 dB, without the bass channel) instead of taking
                     the first. Default false, as the official program */
    bool sum_to_mix; /* the files add up to the track: to what was decoded and brought to the model's channels and rate
                        (with KEEP_RATE to its channels), times the gain that all files have. What the stems leave of it
                        is added to them, to each by its share of the energy of the last 50 ms. The sum of the samples
                        that a reader gives back (integers divided by 2^15 or 2^23) is off by at most one step of the
                        format: 2^-15 with INT16, 2^-23 with INT24, 2^-23 with FLOAT32. For that integers are rounded to
                        the nearest, where they are cut off else. Needs files that hold each stem once (all stems; or
                        one, and no_STEM or minus_STEM), wav, flac, ALAC or aiff, with the same `sample`; and `clip`
                        COMMON, or NONE, with which samples beyond full scale are cut off and do not add up. Default
                        false */
    const char *downmix_setting;       /* what sentences call it. Default "request.downmix" */
    demucs_tracks_collision collision; /* with `batch`. Default FAIL */
    int bitrate_kbps; /* of ogg, opus and AAC files, of a .stem.mp4 each stream, 8..1024; what an encoder cannot do is
                         refused. Default 0: what sounds well, in stereo some 224 (ogg), 160 (opus), 256 (AAC) */
    demucs_cache *cache; /* NULL (default), or where results are kept (demucs_cache.h). An input that is no
                            regular file, such as a pipe, is computed without it */
    bool skip_existing;  /* true: leave a track alone whose files are all there, newer than the input, of one
                            length and whole, for which they are read. What else they were made with is not
                            known. Default false */

    /* What else the files are, for readers that want it so. */
    int output_sample_rate_hz; /* 1..768000, by the resampler of demucs.h. Default 0: the rate of the model */
    int output_channels;       /* 1: the mean of all channels. Default 0: the channels of the model */
    const demucs_quality_options *quality; /* NULL (default): nothing is measured; or the limits of the figures, which
                                              then are in the result. They are gathered while the stems go by, and what
                                              is above its limit is told as an event before the files appear */

    /* A section of the track: what would come of a file with these frames and no others, to the sample. Both are
     * rounded to frames of the input. It is decoded from the beginning, since only that is exact for all formats. */
    double start_seconds;    /* 0..1e9. Default 0. A track that ends before is refused (ARGUMENT) */
    double duration_seconds; /* 0..1e9. Default 0: to the end. What goes beyond the end ends there */

    int descriptor; /* an open descriptor, such as that of a pipe, that the only file of the track is written to, the
                       same bytes as a file would have; nothing appears under a path, and nothing but the ending of the
                       path plays a part. wav, ogg and opus go out as they are made where `clip` is CLAMP or NONE; all
                       else at the end, and a track that fails before has written nothing. More files than one are
                       refused (ARGUMENT). `cache` and `skip_existing` play no part. It stays open; a reader that is
                       gone is an IO error where SIGPIPE is ignored. Default -1: none */

    const char *const *mixes; /* [mixes_count] NULL (default), or further files of the pattern, after the stems, each
                                 "NAME=EXPRESSION" (see demucs_tracks_kind): "practice=drums+other-0.5*vocals". NAME is
                                 the {stem} of the pattern, and neither that of another mix nor one of a stem or of the
                                 rest beside one. Among targets a mix is of the kind MIX */
    size_t mixes_count;

    unsigned keep; /* what the files keep of the input: bits of demucs_tracks_keep. Default 0: nothing */

    /* Not samples, but a video. */
    const demucs_video_options *video; /* NULL (default), or: the one file that the request names is a copy of the
                                          input, a video (mp4, mov, mkv or webm), with this sound in place of the audio
                                          stream that was separated. The ending of its path decides: .mp4, .m4v, .mov,
                                          .mkv or .webm. `sample` and `bitrate_kbps` are for codecs that have them.
                                          `clip` is RESCALE; `cache`, `container`, `mp3_bitrate_kbps`,
                                          `output_sample_rate_hz` and `keep` play no part; start_seconds,
                                          duration_seconds and sum_to_mix are refused (ARGUMENT) */

    bool cache_links; /* with `cache`. true: files and cache have one copy of the bytes, by hard links, where both lie
                         on one file system and a new file would have the mode and owner of the old one: a hit takes no
                         room, and the time of the sums. But a program that writes into a file changes it in all folders
                         that have this result, and the cache's is damaged: computed again when it is next asked for. A
                         file that is replaced, as demucs and most programs do it, changes nowhere else. Dates are those
                         of the computation. Default false: edits leave the cache as it is */
} demucs_tracks_request;

/* Fill in the defaults. `struct_size` is the caller's sizeof(demucs_tracks_request): nothing beyond it is written, and
 * fields that a later version adds keep their defaults for a caller that does not know them. A struct that is longer
 * than this library's is refused when it is used. */
DEMUCS_API void demucs_tracks_request_init(demucs_tracks_request *request, size_t struct_size);

/* Whether a request can be carried out, as far as that can be told without its input: the numbers, the enums, the
 * pattern, and, with `model` not NULL, the stems. `engine` and `input` need not be set. Errors: ARGUMENT; UNSUPPORTED
 * when the model has a stem whose name cannot be the name of a file; MEMORY. */
DEMUCS_API demucs_status demucs_tracks_check(const demucs_tracks_request *request, const demucs_model *model,
                                             demucs_error *error);

/* Which stems of `model` the files of a request need: true in needed[sources] for those, false for the others. Work
 * that only serves the others is left out. Errors: those of demucs_tracks_check. */
DEMUCS_API demucs_status demucs_tracks_needs(const demucs_tracks_request *request, const demucs_model *model,
                                             bool *needed, demucs_error *error);

/* ---------------------------------------------------------------------------------------------------- result ---- */

/* A file that was written. */
typedef struct demucs_tracks_file {
    const char *path; /* "-" where it went to a descriptor */
    const char *name; /* "drums", "no_drums", "minus_drums"; the name of a mix, or, of a target, its expression; "stems"
                       */
    demucs_tracks_kind kind;
    int source; /* the stem's number in the model; -1 of MIX and STEMS */
    demucs_tracks_container container;
    uint64_t frames;
    double seconds;
    double peak, rms;   /* of the samples that went to the encoder, all channels together; 1 is full scale */
    double gain;        /* what they were multiplied with: below 1 where RESCALE turned the file down */
    uint64_t clipped;   /* samples that CLAMP or an integer format cut off */
    int sample_rate_hz; /* of the file; frames are counted at it */
} demucs_tracks_file;

/* What was told of a track on the way, once more: so that who separates many can say in the end which were not whole.
 */
typedef struct demucs_tracks_warning {
    demucs_tracks_event_kind kind;
    const char *text; /* the event's sentence */
    uint64_t count;   /* the event's */
} demucs_tracks_warning;

/* Where the files of a track come from. */
typedef enum demucs_tracks_outcome {
    DEMUCS_TRACKS_COMPUTED = 0,
    DEMUCS_TRACKS_CACHED, /* the cache had them: the result is what it was when they were computed */
    DEMUCS_TRACKS_SKIPPED /* they were there (request.skip_existing): the result has their levels, and nothing that only
                             the input could tell */
} demucs_tracks_outcome;

/* What became of a track. It belongs to itself: it outlasts engine, model and request. A later version may add fields
 * at the ends of these structs. */
typedef struct demucs_tracks_result {
    const demucs_tracks_file *const *files; /* [files_count] */
    size_t files_count;
    int input_channels, input_sample_rate_hz; /* of the file that was read. A rate over 768,000, such as that of DSD, is
                                                 halved as often as needed first: this is what remains, and frames of
                                                 the input are counted at it */
    uint64_t input_frames;
    double seconds;               /* length of the track */
    int channels, sample_rate_hz; /* of the files, as far as their formats have them (demucs_tracks_file) */
    size_t damaged;               /* places of the input that are damaged, and silent */
    uint64_t not_finite;          /* samples of the input that are no numbers and were taken as silence */
    double phase_seconds[3];      /* how long each demucs_tracks_phase took */
    uint64_t missing_frames;      /* of the input: it announces so many more than it has; 0 when it is whole */
    const demucs_tracks_warning *const *warnings; /* [warnings_count] in the order of the events */
    size_t warnings_count;
    demucs_tracks_outcome outcome;
    int64_t computed_unix;         /* of CACHED: when it was computed, in seconds since 1970; else 0 */
    const demucs_quality *quality; /* figures of all stems that were computed, in the order of the model; NULL when the
                                      request did not ask, or they were not computed. The result frees it */
    const char *input_sha256; /* of the bytes of the input, 64 hexadecimal digits, where a cache was asked for them;
                                 else NULL */
} demucs_tracks_result;

/* Decode the track, separate it, write its files. Returns when all is done; any number of threads may call it at once,
 * with requests that share engine, batch and cancel flag: each track is a stream of the engine.
 *   result  NULL, or where to store what came out; to be freed with demucs_tracks_result_free; NULL on failure
 * Errors: ARGUMENT (the request; paths that exclude each other), IO and FORMAT (the track, a file, a temporary file),
 * UNSUPPORTED, MEMORY, CANCELLED, and those of a stream. */
DEMUCS_API demucs_status demucs_tracks_separate(const demucs_tracks_request *request, demucs_tracks_result **result,
                                                demucs_error *error);
DEMUCS_API void demucs_tracks_result_free(demucs_tracks_result *result);

/* Say ahead of the work that this track of a batch will come. What it would meet is found now, and told now: as a
 * failure or an event, by request->collision. Its paths are kept for it, whatever the order in which the tracks come
 * then; demucs_tracks_separate with the same input and batch takes them, and is silent about what was told here. No
 * file is read or made.
 *   result  NULL, or where to store which files it will be, without figures: no files where SKIP leaves it out
 * Errors: ARGUMENT (also without a batch), UNSUPPORTED, MEMORY; CANCELLED by the event function. */
DEMUCS_API demucs_status demucs_tracks_reserve(const demucs_tracks_request *request, demucs_tracks_result **result,
                                               demucs_error *error);

/* The key under which a cache has the result of a request (demucs_cache.h): reads the input, and writes nothing. Its
 * `cache` plays no part. Errors: those of a request; IO (the input). On failure `key` is "". */
DEMUCS_API demucs_status demucs_tracks_cache_key(const demucs_tracks_request *request, char key[65],
                                                 demucs_error *error);

/* Remove the temporary files beside the targets of all tracks of this process that are under way. Async-signal-safe,
 * and only for a handler that is about to end the process: the tracks cannot be finished after it. */
DEMUCS_API void demucs_tracks_unlink_partial(void);

/* -------------------------------------------------------------------------------------------------- measures ---- */

/* The level of an audio file, and its distance from another. */
typedef struct demucs_tracks_measures {
    size_t struct_size; /* set by the caller: sizeof(demucs_tracks_measures) */
    int channels, sample_rate_hz;
    uint64_t frames;
    double peak, rms; /* all channels together; 1 is full scale */
    bool compared;    /* a reference was given */
    double sdr_db;    /* infinite when the files are the same */
} demucs_tracks_measures;

/* Measure the audio file `path`. With `reference` not NULL also its signal to distortion ratio as in the Music Demixing
 * Challenge (Mitsufuji et al. 2022), over the whole track and all channels:
 *
 *     SDR = 10 log10(sum reference^2 / sum (reference - file)^2)
 *
 * Rates and channels have to be the same, and the lengths: a missing end would count as an error of the separation. A
 * reference that is silent has no SDR (NaN). The files are read side by side in small pieces: memory does not grow with
 * their length. Errors: ARGUMENT (files that cannot be compared), IO, FORMAT, MEMORY. */
DEMUCS_API demucs_status demucs_tracks_measure(const char *path, const char *reference,
                                               demucs_tracks_measures *measures, demucs_error *error);

#ifdef __cplusplus
}
#endif

#endif
