/* network.h - what every family of networks offers to engine and streams, and to the readers of checkpoints.
 *
 * A family is a folder with a constructor (checkpoint -> network), a forward pass, and one row in the table of
 * network.c. Nobody knows anything else of it. */
#ifndef DMX_MODELS_NETWORK_H
#define DMX_MODELS_NETWORK_H

#include "checkpoint/checkpoint.h"
#include "nn/record.h"
#include "nn/upload.h"

enum { DMX_MAX_SOURCES = 64, DMX_MAX_CHANNELS = 16, DMX_MAX_SAMPLE_RATE = 768000 };

/* Frames of one forward pass: longer than any segment anybody runs, and short enough for every size to fit its type. */
enum { DMX_MAX_FRAMES = 1 << 28 };

/* Sentences for a person, gathered while loading. */
typedef struct dmx_warnings {
    char **texts;
    int count;
} dmx_warnings;

void dmx_warnings_add(dmx_warnings *warnings, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;
void dmx_warnings_clear(dmx_warnings *warnings);

/* A length of time as the checkpoint has it: Python multiplies Fractions exactly and floats in double, and the number
 * of frames depends on it. */
typedef struct dmx_segment {
    int64_t numerator, denominator; /* neither is negative; denominator 0: use `seconds` */
    double seconds;                 /* the same as a number */
} dmx_segment;

/* int(segment * sample_rate) */
int64_t dmx_segment_frames(dmx_segment segment, int sample_rate_hz);

typedef struct dmx_network dmx_network;
typedef struct dmx_arguments dmx_arguments; /* loading/arguments.h */
typedef struct dmx_weights dmx_weights;     /* loading/weights.h */

/* What a family is. */
typedef struct dmx_family {
    dmx_class class;               /* its Python class; first, so that a checkpoint's class leads to the family */
    const char *const *parameters; /* names of the constructor's parameters in order, NULL at the end */
    size_t size;                   /* bytes of its own struct, which begins with a dmx_network */

    /* Read the arguments and load the tensors into `network`, which is zeroed. Tensors are asked for in the order in
     * which PyTorch lists them (state_dict). Failures are kept in `arguments` and `weights`. The same code lists names
     * and shapes of the tensors: in such a dry run all pointers to weights stay NULL. */
    void (*construct)(dmx_network *network, dmx_arguments *arguments, dmx_weights *weights);

    /* Make what the network needs besides weights, once those are there; free that again, however much was made. NULL
     * where there is nothing. */
    demucs_status (*complete)(dmx_network *network, demucs_error *error);
    void (*release)(dmx_network *network);

    /* The length that the network wants for a chunk of `frames` (the official valid_length), or -1 when it cannot run
     * on so many. */
    int64_t (*valid_length)(const dmx_network *network, int64_t frames);

    /* Hand the operations of stems = network(mix) to exec->ops, one after the other; see dmx_network_run. Takes memory
     * from exec->arena and gives it back. It looks at nothing that is computed, so the operations are the same for
     * every mix of `frames` frames. */
    void (*forward)(const dmx_network *network, dmx_exec *exec, int64_t frames, const bool *wanted);
} dmx_family;

/* The part that all networks have in common; the family's own struct begins with it. */
struct dmx_network {
    const dmx_family *family;
    const dmx_upload *upload; /* who has its weights, and made them */
    dmx_store store;          /* where they lie */
    char *sources[DMX_MAX_SOURCES];
    int source_count;
    int channels; /* of the audio */
    int sample_rate_hz;
    dmx_segment segment;
    bool segment_is_limit; /* a transformer: refuses longer segments than its own, and pads chunks to the one asked for
                            */
    size_t parameters;     /* numbers in its tensors; their memory is about four bytes each */
    unsigned char arguments_digest[32]; /* of the class and what its constructor was given: network_digest.h */
};

/* stems = network(mix), or what exec->ops makes of such a pass: while planning, mix and stems are NULL. exec->arena
 * must have the room that planning found.
 *
 *   mix     [channels][frames]
 *   wanted  [sources]
 *   stems   [sources][channels][frames]; those of unwanted sources are not touched */
void dmx_network_run(const dmx_network *network, dmx_exec *exec, const float *mix, int64_t frames, const bool *wanted,
                     float *stems);

/* The same pass as a list of operations (nn/record.h), appended to `list`, on activations from arena->block on, where
 * nothing is looked at. With arena->block NULL nothing is recorded (`list` may be NULL): afterwards arena->peak is how
 * many bytes there must be, arena->size. False when there is no memory for the list, or never could be for the arena.
 *   wanted  [sources] */
bool dmx_network_record(const dmx_network *network, int64_t frames, const bool *wanted, dmx_arena *arena,
                        dmx_op_list *list);

/* Build the network of a checkpoint, with its weights in the form that `upload` gives them. Warnings are added to
 * `warnings`. */
demucs_status dmx_network_load(dmx_network **network, const dmx_checkpoint *checkpoint, const dmx_upload *upload,
                               dmx_warnings *warnings, demucs_error *error);
void dmx_network_free(dmx_network *network);

/* List the tensors of a network without loading any: the list_parameters of dmx_classes, for all families. */
demucs_status dmx_network_list_parameters(dmx_parameters *parameters, const dmx_checkpoint *checkpoint,
                                          demucs_error *error);

/* Give the weights back. What is left can say everything but run: forward only plans. */
void dmx_network_drop_weights(dmx_network *network);

/* Make the weights in bfloat16 that exec->bf16 asks for, unless they are there. False when there is no memory. */
bool dmx_network_add_bf16(dmx_network *network, const dmx_kernels *kernels);

/* The families that there are, for dmx_checkpoint_open. */
extern const dmx_classes dmx_families;

#endif
