/* mixer.c - see mixer.h */
#include "mixer.h"

#include "models/loading/arguments.h"
#include "models/loading/weights.h"
#include "nn/audio.h"

typedef struct mixer {
    dmx_network network;
    dmx_conv mix;       /* channels -> sources * channels */
    const float *scale; /* [sources * channels] or NULL */
} mixer;

static void construct(dmx_network *network, dmx_arguments *a, dmx_weights *w)
{
    mixer *m = (mixer *)network;
    dmx_arguments_sources(a, network);
    network->channels = dmx_arguments_int(a, "audio_channels", 2, 1, DMX_MAX_CHANNELS);
    network->sample_rate_hz = dmx_arguments_int(a, "samplerate", 44100, 1, DMX_MAX_SAMPLE_RATE);
    dmx_arguments_segment(a, 1, network);
    const bool scaled = dmx_arguments_bool(a, "scaled", false);
    if (a->failed) return;
    const int planes = network->source_count * network->channels;
    if (scaled) m->scale = dmx_weights_vector(w, "scale", planes);
    m->mix = dmx_linear(network->channels, planes);
    dmx_weights_conv(w, &m->mix, DMX_AXES_CONV1D, "mix");
}

static int64_t valid_length(const dmx_network *network, int64_t frames)
{
    (void)network;
    return frames < DMX_MAX_FRAMES ? frames : -1;
}

static void forward(const dmx_network *network, dmx_exec *exec, int64_t frames, const bool *wanted)
{
    const mixer *m = (const mixer *)network;
    const size_t mark = exec->arena.used;
    const int channels = network->channels, length = (int)frames;
    const dmx_grid mix = dmx_planes_of_mix(channels, length), planes = dmx_planes_create(exec, channels, length);
    const dmx_grid x = dmx_grid_create(exec, 1, length, channels, (dmx_margin){0});
    const dmx_grid y = dmx_grid_create(exec, 1, length, m->mix.out_channels, (dmx_margin){0});
    dmx_planes_pad(exec, &mix, NULL, 0, &planes);
    dmx_planes_interleave(exec, &planes, NULL, &x);
    dmx_conv_run(exec, &m->mix, &x, &(dmx_epilogue){.scale = m->scale}, &y);
    for (int s = 0; s < network->source_count; s++) {
        if (!wanted[s]) continue;
        dmx_planes_take(exec, &y, s * channels, &planes);
        dmx_stem_write(exec, &planes, &(dmx_stem){.source = s, .frames = length});
    }
    exec->arena.used = mark;
}

static const char *const python_names[] = {"toys.mixer.Mixer", NULL};
static const char *const parameters[] = {"sources", "audio_channels", "samplerate", "segment", "scaled", NULL};

const dmx_family mixer_family = {
    .class = {.name = "Mixer", .python_names = python_names},
    .parameters = parameters,
    .size = sizeof(mixer),
    .construct = construct,
    .valid_length = valid_length,
    .forward = forward,
};
