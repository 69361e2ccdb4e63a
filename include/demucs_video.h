/* demucs_video.h - a video with another sound: a copy of the file in which a stem, or a narration over it, takes the
 * place of the audio stream that was separated.
 *
 *   demucs_video_options video;
 *   demucs_video_options_init(&video, sizeof video);
 *   const char *const wanted[] = {"no_vocals"};
 *   demucs_tracks_target target = {DEMUCS_TRACKS_OTHERS, "vocals", "out.mp4"};
 *   request.input = "in.mp4";                     (a request of demucs_tracks.h)
 *   request.targets = &target;
 *   request.targets_count = 1;
 *   request.video = &video;
 *   demucs_tracks_separate(&request, &result, &error);
 *
 * Pictures, subtitles, chapters, attached files, tags, and the other audio streams are copied as they are, packet by
 * packet, with their times. The new sound begins when the old one does, to the sample, and goes on when the old one
 * does: where its times jump, there is silence. It has the old one's rate, or the nearest that the codec knows, the
 * channels of the model, and the old one's language, title and disposition. docs/video.md says more.
 */
#ifndef DEMUCS_VIDEO_H
#define DEMUCS_VIDEO_H

#include "demucs.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The codec of the new sound is that which is usual in the container. */
enum { DEMUCS_VIDEO_USUAL = -1 };

typedef struct demucs_video_options {
    size_t struct_size; /* set by demucs_video_options_init */
    int codec; /* Default DEMUCS_VIDEO_USUAL: AAC in mp4, m4v, mov and mkv (in mkv Opus where the old sound was Opus),
                  Opus in webm. Or the codec of a demucs_tracks_container: mp4 and m4v hold AAC, ALAC, MP3, OPUS, FLAC;
                  mov AAC, ALAC, MP3, WAV; mkv AAC, OPUS, FLAC, OGG, MP3, WAV; webm OPUS, OGG */
    bool drop_other_audio; /* leave the other audio streams out. Default false: they are copied as they are, and may
                              hold what was taken out of the new one */

    /* A narration over the sound, such as the voices of another language over no_vocals. It begins when the picture
     * does. It and the track are each brought to the loudness; where there is narration, the rest is turned down; and
     * the whole is brought to the loudness once more, under the true peak. The file may then also be one of sound: its
     * path has one of the endings of demucs_tracks.h. */
    const char *narration; /* NULL (default): none; or an audio file, of any rate and channels. What goes on after the
                              end of picture and sound is cut off, with a warning */
    double loudness_lufs;  /* integrated, by EBU R128. -40..-5. Default -16, which AES TD1004 has for streams; -23
                              is that of European broadcasts */
    double true_peak_db;   /* dBTP. -20..0. Default -1; of codecs with loss 1 dB less goes in, since they bring back
                              more */
    double duck_db;        /* by how much the rest is turned down. 0..60. Default 12 */
    double duck_attack_seconds;  /* how long that takes; it is done when the narration begins. 0..10. Default 0.1 */
    double duck_hold_seconds;    /* how long it stays down after the narration. 0..10. Default 0.5 */
    double duck_release_seconds; /* how long the way up takes. 0..10. Default 0.8 */
} demucs_video_options;

/* Fill in the defaults. `struct_size` is the caller's sizeof(demucs_video_options); a struct that is longer than this
 * library's is refused when it is used. */
DEMUCS_API void demucs_video_options_init(demucs_video_options *options, size_t struct_size);

/* Whether these options are some that a request can have; NULL is fine. Errors: ARGUMENT. */
DEMUCS_API demucs_status demucs_video_options_check(const demucs_video_options *options, demucs_error *error);

/* Whether a path has an ending with which a video is written: .mp4, .m4v, .mov, .mkv, .webm. */
DEMUCS_API bool demucs_video_is_name(const char *path);

#ifdef __cplusplus
}
#endif

#endif
