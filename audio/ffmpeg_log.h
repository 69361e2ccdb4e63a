/* ffmpeg_log.h - FFmpeg's own messages. */
#ifndef DEMUCS_AUDIO_FFMPEG_LOG_H
#define DEMUCS_AUDIO_FFMPEG_LOG_H

/* FFmpeg reports on stderr, for the whole process and not per file. What matters reaches our caller as a sentence, so
 * it is told to be quiet: once, so that a program that sets another level afterwards keeps it. */
void ffmpeg_quiet_log(void);

#endif
