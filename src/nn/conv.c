/* conv.c - the sizes of convolutions; see conv.h. Who computes them is none of its business. */
#include "nn/conv.h"

dmx_conv dmx_linear(int in_channels, int out_channels)
{
    return (dmx_conv){.in_channels = in_channels,
                      .out_channels = out_channels,
                      .kernel_bins = 1,
                      .kernel_steps = 1,
                      .stride = 1,
                      .dilation = 1};
}

int dmx_conv_overlap(const dmx_conv *conv) { return (conv->kernel_bins + conv->stride - 1) / conv->stride; }

int dmx_conv_output_bins(const dmx_conv *conv, int bins)
{
    if (conv->transposed) return (bins - 1) * conv->stride + conv->kernel_bins;
    return (bins + 2 * conv->padding - conv->kernel_bins) / conv->stride + 1;
}

dmx_margin dmx_conv_input_margin(const dmx_conv *conv)
{
    int around = conv->transposed ? dmx_conv_overlap(conv) - 1 : conv->padding;
    return (dmx_margin){around, around, conv->kernel_steps / 2 * conv->dilation};
}

dmx_margin dmx_conv_output_margin(const dmx_conv *conv, int bins, int output_bins)
{
    if (!conv->transposed) return (dmx_margin){0};
    int written = (bins + dmx_conv_overlap(conv) - 1) * conv->stride;
    int after = written - conv->padding - output_bins;
    return (dmx_margin){.bins_before = conv->padding, .bins_after = after > 0 ? after : 0};
}
