/* ffmpeg_extent.c - see ffmpeg_extent.h
 *
 *     "RIFF" size "WAVE"   chunk   chunk   "data" size samples   chunk   chunk
 *                                                     start^  end^
 *
 * A chunk is a name, a size and so many bytes. The size of "data" is wrong where
 *
 *     it wrapped       beyond 4 GiB: then more chunks, or the end of the file, are found some times 4 GiB further on
 *     it is not known  0, or as large as can be, as writers to a pipe leave it, and recorders that lost power
 *     it is too small  what follows are no chunks
 *
 * FFmpeg takes a wrapped or small one at its word, and what follows it for the end; of an unknown one it goes on to the
 * end of the file, and plays the chunks that stand there. A size that is larger than the file is handed on as
 * announced: how much is missing is told by whoever compares it with what was read. */
#include "audio/ffmpeg_extent.h"

#include <string.h>

#define MAX_CHUNKS 1000            /* before the samples */
#define MAX_TAIL   100             /* behind them, where a hostile file may have one begin at every other byte */
#define MOST       (INT64_MAX / 2) /* of a size, so that it can be added to a place in a file */
#define WRAP       (INT64_C(1) << 32)
#define SEARCHED   (INT64_C(1) << 20) /* bytes at the end of the file in which chunks are looked for */

/* How a format writes its chunks. */
typedef struct dialect {
    const char *demuxer;
    const char *data;             /* name of the chunk of samples */
    int64_t first;                /* where the first chunk stands */
    int name_bytes, size_bytes;   /* of a chunk's head; w64 has GUIDs, whose first four bytes are the name */
    int64_t before, alignment;    /* bytes before the samples in "data"; chunks begin at multiples of it */
    bool big_endian, counts_head; /* of a size */
} dialect;

static const dialect dialects[] = {
    {"wav", "data", 12, 4, 4, 0, 2, false, false},
    {"w64", "data", 40, 16, 8, 0, 8, false, true},
    {"aiff", "SSND", 12, 4, 4, 8, 2, true, false},
};

typedef struct chunk {
    char name[5];
    int64_t body, size; /* where its bytes stand, and how many they are, as it says */
} chunk;

static int64_t bounded(uint64_t size) { return size > (uint64_t)MOST ? MOST : (int64_t)size; }

static bool read_chunk(AVIOContext *io, const dialect *d, int64_t at, chunk *out)
{
    unsigned char name[16];
    if (avio_seek(io, at, SEEK_SET) < 0 || avio_read(io, name, d->name_bytes) != d->name_bytes) return false;
    const uint64_t size = d->size_bytes == 8 ? avio_rl64(io) : d->big_endian ? avio_rb32(io) : avio_rl32(io);
    const int64_t head = d->name_bytes + d->size_bytes, counted = d->counts_head ? head : 0;
    memcpy(out->name, name, 4);
    out->name[4] = '\0';
    out->body = at + head;
    out->size = bounded(size) - counted;
    return !avio_feof(io);
}

static int64_t after(const dialect *d, const chunk *c)
{
    return (c->body + c->size + d->alignment - 1) / d->alignment * d->alignment;
}

static bool is_name(const char *name)
{
    for (int i = 0; i < 4; i++)
        if (name[i] < ' ' || name[i] > '~') return false;
    return true;
}

/* Names of chunks that stand behind samples: believed wherever they stand. */
static bool is_known(const char *name)
{
    static const char known[] =
        "LIST list id3  ID3  bext _PMX iXML cue  smpl fact JUNK junk PAD  inst acid axml chna data "
        "COMM MARK ANNO NAME AUTH APPL INST MIDI COMT levl bext summ ";
    for (const char *at = known; *at != '\0'; at += 5)
        if (memcmp(at, name, 4) == 0) return true;
    return false;
}

/* Whether nothing but chunks stands from here to the end of the file. */
static bool only_chunks(AVIOContext *io, const dialect *d, int64_t at, int64_t file_end)
{
    chunk c;
    for (int count = 0; count < MAX_TAIL; count++) {
        if (at + d->name_bytes + d->size_bytes > file_end) return true; /* the end, and what pads it */
        if (!read_chunk(io, d, at, &c) || !is_name(c.name) || c.size < 0 || c.body + c.size > file_end) return false;
        at = after(d, &c);
    }
    return false;
}

/* Whether chunks, or the tags that players write behind everything, stand here. */
static bool is_followed(AVIOContext *io, const dialect *d, int64_t at, int64_t file_end)
{
    unsigned char tag[8] = {0};
    chunk c;
    if (only_chunks(io, d, at, file_end) || (read_chunk(io, d, at, &c) && is_known(c.name))) return true;
    if (avio_seek(io, at, SEEK_SET) < 0 || avio_read(io, tag, 8) != 8) return true;
    return memcmp(tag, "ID3", 3) == 0 || memcmp(tag, "APETAGEX", 8) == 0 ||
           (memcmp(tag, "TAG", 3) == 0 && file_end - at == 128);
}

/* Where samples of unknown number end: at the end of the file, or where known chunks stand that reach just up to it. */
static int64_t find_end(AVIOContext *io, const dialect *d, int64_t start, int64_t file_end)
{
    unsigned char window[4096 + 4];
    int64_t from = file_end - SEARCHED > start ? file_end - SEARCHED : start;
    for (from -= from % d->alignment; from < file_end; from += 4096) {
        if (avio_seek(io, from, SEEK_SET) < 0) return file_end;
        const int count = avio_read(io, window, sizeof window);
        for (int i = 0; i + 4 <= count && i < 4096; i += (int)d->alignment) {
            chunk c;
            if (from + i < start || !is_known((const char *)window + i)) continue;
            if (read_chunk(io, d, from + i, &c) && c.body + c.size <= file_end &&
                only_chunks(io, d, from + i, file_end))
                return from + i;
        }
    }
    return file_end;
}

/* The chunk of the samples, with the size that the file means: that of an RF64 stands in another chunk. */
static bool find_data(AVIOContext *io, const dialect *d, chunk *data)
{
    int64_t at = d->first, large = -1;
    for (int count = 0; count < MAX_CHUNKS; count++) {
        if (!read_chunk(io, d, at, data)) return false;
        if (strcmp(data->name, "ds64") == 0 && avio_skip(io, 8) >= 0) large = bounded(avio_rl64(io));
        if (strcmp(data->name, d->data) == 0) {
            if (large >= 0 && data->size == UINT32_MAX) data->size = large;
            data->body += d->before;
            data->size -= data->size >= d->before ? d->before : 0;
            return true;
        }
        if (data->size < 0) return false;
        at = after(d, data);
    }
    return false;
}

/* Whether a size stands for "not known": writers to a pipe put the largest number of 31 or 32 bits, or nearly. */
static bool is_unknown(const dialect *d, int64_t size)
{
    if (size <= 0 || size >= MOST - 24) return true;
    return d->size_bytes == 4 &&
           ((size >= 0x7FFF0000 && size <= INT32_MAX) || (size >= 0xFFFF0000 && size <= UINT32_MAX));
}

/* Whether the samples may end here: nothing to speak of follows, or chunks or tags. */
static bool may_end(AVIOContext *io, const dialect *d, int64_t at, int64_t file_end, int64_t little)
{
    const int64_t padded = (at + d->alignment - 1) / d->alignment * d->alignment;
    return file_end - at <= little || is_followed(io, d, padded, file_end) || is_followed(io, d, at, file_end);
}

static bool measure(ffmpeg_extent *extent, AVIOContext *io, const dialect *d, int64_t little)
{
    chunk data;
    const int64_t file_end = avio_size(io);
    if (file_end <= 0 || !find_data(io, d, &data) || data.body >= file_end) return false;
    const int64_t start = data.body, stated = start + data.size;
    *extent = (ffmpeg_extent){.start = start, .end = start};
    if (data.size <= 0 && only_chunks(io, d, start, file_end)) return true;
    if (data.size <= 0 || stated > file_end) {
        extent->end = find_end(io, d, start, file_end);
        extent->announced = is_unknown(d, data.size) ? 0 : data.size;
        return true;
    }
    if (may_end(io, d, stated, file_end, little)) return false;
    const int64_t furthest = stated + (file_end - stated) / WRAP * WRAP;
    const bool wrapped = d->size_bytes == 4 && furthest > stated && may_end(io, d, furthest, file_end, little);
    extent->end = wrapped ? furthest : find_end(io, d, start, file_end);
    return true;
}

bool ffmpeg_extent_find(ffmpeg_extent *extent, const AVFormatContext *container, const AVStream *stream)
{
    AVIOContext *io = container->pb;
    const AVCodecParameters *sound = stream->codecpar;
    if ((io->seekable & AVIO_SEEKABLE_NORMAL) == 0 || sound->block_align <= 0 || sound->sample_rate <= 0 ||
        av_get_bits_per_sample(sound->codec_id) == 0)
        return false;
    for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++) {
        const int64_t back = avio_tell(io), little = (int64_t)sound->sample_rate * sound->block_align / 2;
        if (strcmp(container->iformat->name, dialects[i].demuxer) != 0) continue;
        const bool found = measure(extent, io, &dialects[i], little);
        avio_seek(io, back, SEEK_SET);
        return found;
    }
    return false;
}
