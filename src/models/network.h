/* network.h - what every family of networks offers to the separator.
 *
 * A family is a folder with a constructor (checkpoint -> network) and a forward pass. The separator knows nothing else
 * of it. */
#ifndef DMX_MODELS_NETWORK_H
#define DMX_MODELS_NETWORK_H

#include "checkpoint/checkpoint.h"
#include "nn/exec.h"

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
    int64_t numerator, denominator; /* denominator 0: use `seconds` */
    double seconds;                 /* the same as a number */
} dmx_segment;

/* int(segment * sample_rate) */
int64_t dmx_segment_frames(dmx_segment segment, int sample_rate_hz);

typedef struct dmx_network dmx_network;

/* The operations of a family. */
typedef struct dmx_family {
    const char *class_name;
    demucs_status (*load)(dmx_network **network, const dmx_checkpoint *checkpoint, dmx_warnings *warnings,
                          demucs_error *error);
    void (*free)(dmx_network *network);

    /* Give the weights back. What is left can say everything but run: forward only plans. */
    void (*drop_weights)(dmx_network *network);

    /* Make the weights in bfloat16 that exec->bf16 asks for, unless they are there. False when there is no memory. */
    bool (*add_bf16)(dmx_network *network, const dmx_kernels *kernels);

    /* The length that the network wants for a chunk of `frames` (the official valid_length), or -1 when it cannot run
     * on so many. */
    int64_t (*valid_length)(const dmx_network *network, int64_t frames);

    /* stems = network(mix). Takes memory from exec->arena and gives it back; only counts while exec->planning.
     *   mix     [channels][frames]
     *   wanted  [sources]
     *   stems   [sources][channels][frames]; those of unwanted sources are not touched */
    void (*forward)(const dmx_network *network, dmx_exec *exec, const float *mix, int64_t frames, const bool *wanted,
                    float *stems);
} dmx_family;

/* The part that all networks have in common; the family's own struct begins with it. */
struct dmx_network {
    const dmx_family *family;
    char *sources[DMX_MAX_SOURCES];
    int source_count;
    int channels; /* of the audio */
    int sample_rate_hz;
    dmx_segment segment;
    bool segment_is_limit; /* a transformer: refuses longer segments than its own, and pads chunks to the one asked for
                            */
    size_t parameters;     /* numbers in its tensors; their memory is about four bytes each */
};

/* Floating point operations of matrix products in one forward pass on `frames` frames, a multiplication and an addition
 * counted as two. */
double dmx_network_flops(const dmx_network *network, int64_t frames);

/* Build the network of a checkpoint, whatever its class. */
demucs_status dmx_network_load(dmx_network **network, const dmx_checkpoint *checkpoint, dmx_warnings *warnings,
                               demucs_error *error);
void dmx_network_free(dmx_network *network);

#endif
