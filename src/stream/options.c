/* options.c - see options.h */
#include "stream/options.h"

#include "base/options.h"

demucs_stream_options dmx_stream_defaults(void)
{
    return (demucs_stream_options){.struct_size = sizeof(demucs_stream_options),
                                   .shifts = 1,
                                   .overlap = 0.25,
                                   .transition_power = 1,
                                   .split = true,
                                   .normalize = true};
}

static demucs_status check_segment(const demucs_model *model, const demucs_stream_options *o, demucs_error *error)
{
    if (o->segment_seconds == 0) return DEMUCS_OK;
    if (!(o->segment_seconds > 0) || o->segment_seconds > 3600)
        return dmx_options_range(error, "segment_seconds", o->segment_seconds, "from 0 to 3600");
    const double longest = dmx_model_longest_segment(model);
    if (o->segment_seconds > longest)
        return dmx_fail(error, DEMUCS_ERROR_ARGUMENT,
                        "Cannot use a Transformer model with a longer segment than it was trained for. "
                        "Maximum segment is: %g",
                        longest);
    if ((int64_t)(o->segment_seconds * model->sample_rate_hz) < 1)
        return dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "The option segment_seconds is %g, less than one sample.",
                        o->segment_seconds);
    return DEMUCS_OK;
}

static demucs_status check_shift_offsets(const demucs_model *model, const demucs_stream_options *o, demucs_error *error)
{
    if (o->shift_offsets == NULL) return DEMUCS_OK;
    if (o->shift_offsets_count != (size_t)model->count * (size_t)o->shifts)
        return dmx_fail(error, DEMUCS_ERROR_ARGUMENT,
                        "There should be %zu shift_offsets, one for each member and shift, not %zu.",
                        (size_t)model->count * (size_t)o->shifts, o->shift_offsets_count);
    for (size_t i = 0; i < o->shift_offsets_count; i++)
        if (o->shift_offsets[i] < 0 || o->shift_offsets[i] > model->sample_rate_hz / 2)
            return dmx_options_range(error, "shift_offsets", o->shift_offsets[i], "from 0 to half the sample rate");
    return DEMUCS_OK;
}

static demucs_status check_wanted(const demucs_model *model, const demucs_stream_options *o, demucs_error *error)
{
    if (o->wanted == NULL) return DEMUCS_OK;
    for (int s = 0; s < model->source_count; s++)
        if (o->wanted[s]) return DEMUCS_OK;
    return dmx_fail(error, DEMUCS_ERROR_ARGUMENT, "The option wanted asks for no stem at all.");
}

demucs_status dmx_stream_options_check(demucs_stream_options *o, const demucs_model *model,
                                       const demucs_stream_options *options, demucs_error *error)
{
    *o = dmx_stream_defaults();
    if (options != NULL && !dmx_options_take(o, sizeof *o, options, options->struct_size))
        return dmx_options_unknown("demucs_default_stream_options", error);
    if (o->shifts < 0 || o->shifts > 100000) return dmx_options_range(error, "shifts", o->shifts, "from 0 to 100000");
    if (!(o->overlap >= 0 && o->overlap <= 0.99))
        return dmx_options_range(error, "overlap", o->overlap, "from 0 to 0.99");
    if (!(o->transition_power >= 1 && o->transition_power <= 100))
        return dmx_options_range(error, "transition_power", o->transition_power, "from 1 to 100");
    demucs_status status = check_segment(model, o, error);
    if (status == DEMUCS_OK) status = check_shift_offsets(model, o, error);
    if (status == DEMUCS_OK) status = check_wanted(model, o, error);
    return status;
}
