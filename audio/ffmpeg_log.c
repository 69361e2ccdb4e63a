/* ffmpeg_log.c - see ffmpeg_log.h */
#include "audio/ffmpeg_log.h"

#include <libavutil/log.h>

#include <stdatomic.h>

void ffmpeg_quiet_log(void)
{
    static atomic_flag done = ATOMIC_FLAG_INIT;
    if (!atomic_flag_test_and_set(&done)) av_log_set_level(AV_LOG_QUIET);
}
