/* video.h - what `demucs` does with a video instead of stems: --replace-audio. */
#ifndef SEPARATE_VIDEO_H
#define SEPARATE_VIDEO_H

#include "options.h"

/* What goes with --replace-audio and what does not; -o may name the video itself. */
arguments_result video_check(separate_options *options, const argument_parser *parser);

/* The folder that the videos of a model go to, to be freed with free(); NULL where the options ask for none. */
char *video_folder(const separate_options *options);

#endif
