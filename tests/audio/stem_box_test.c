/* stem_box_test.c - the box that names the stems of an MP4, put into files of boxes that are made by hand. */
#include "audio_test.h"

#include "audio/stem_box.h"

#include <stdlib.h>
#include <string.h>

/* A file under way, in memory. */
typedef struct made {
    unsigned char bytes[400];
    size_t size;
} made;

static void put(made *to, const void *from, size_t count)
{
    memcpy(to->bytes + to->size, from, count);
    to->size += count;
}

static void put_size(made *to, size_t size)
{
    const unsigned char digits[4] = {(unsigned char)(size >> 24), (unsigned char)(size >> 16),
                                     (unsigned char)(size >> 8), (unsigned char)size};
    put(to, digits, 4);
}

/* A box that holds `inside`. */
static made box(const char *name, const void *inside, size_t count)
{
    made out = {.size = 0};
    put_size(&out, 8 + count);
    put(&out, name, 4);
    put(&out, inside, count);
    return out;
}

static made join(made a, made b)
{
    put(&a, b.bytes, b.size);
    return a;
}

/* The same with a size of 64 bits. */
static made long_box(const char *name, const char *inside)
{
    made out = {.size = 0};
    put_size(&out, 1);
    put(&out, name, 4);
    put_size(&out, 0);
    put_size(&out, 16 + strlen(inside));
    put(&out, inside, strlen(inside));
    return out;
}

static bool add(const made *file, const char *text, demucs_error *error)
{
    dmx_file *to = NULL;
    *error = (demucs_error){DEMUCS_OK, ""};
    if (dmx_file_create(&to, "x.stem.mp4", error) != DEMUCS_OK) return false;
    const bool done = dmx_file_write(to, file->bytes, file->size) && audio_stem_box_add(to, text, error);
    if (done) return dmx_file_commit(to, error) == DEMUCS_OK;
    dmx_file_discard(to);
    return false;
}

static void check_file(const made *expected)
{
    bytes is = load_bytes("x.stem.mp4");
    CHECK(is.data != NULL && is.size == expected->size && memcmp(is.data, expected->bytes, is.size) == 0,
          "%zu bytes, and not the %zu expected", is.size, expected->size);
    free(is.data);
}

static void test_added(void)
{
    demucs_error error;
    scratch_enter();
    const made head = join(box("ftyp", "M4A ", 4), long_box("mdat", "samples")), mvhd = box("mvhd", "12345", 5),
               stem = box("stem", "{\"a\":1}", 7), meta = box("meta", "tags", 4);
    /* without udta: a new one */
    made file = join(head, box("moov", mvhd.bytes, mvhd.size)), udta = box("udta", stem.bytes, stem.size),
         inside = join(mvhd, udta), expected = join(head, box("moov", inside.bytes, inside.size));
    CHECK(add(&file, "{\"a\":1}", &error), "%s", error.message);
    check_file(&expected);
    /* behind what is in it */
    udta = box("udta", meta.bytes, meta.size);
    inside = join(mvhd, udta);
    file = join(head, box("moov", inside.bytes, inside.size));
    const made both = join(meta, stem);
    udta = box("udta", both.bytes, both.size);
    inside = join(mvhd, udta);
    expected = join(head, box("moov", inside.bytes, inside.size));
    CHECK(add(&file, "{\"a\":1}", &error), "%s", error.message);
    check_file(&expected);
    scratch_leave();
}

/* Where a box would shift samples, or nobody knows where it would go, nothing is written. */
static void test_refused(void)
{
    demucs_error error;
    scratch_enter();
    const made mvhd = box("mvhd", "12345", 5), movie = box("moov", mvhd.bytes, mvhd.size),
               samples = box("mdat", "samples", 7), none = {.size = 0};
    made broken = join(samples, movie), inner = join(samples, movie);
    broken.bytes[3] = 200;               /* mdat is longer than the file */
    inner.bytes[samples.size + 11] = 99; /* mvhd is longer than moov */
    const made short_end = join(join(samples, movie), (made){.bytes = {0, 0, 0}, .size = 3});
    const made files[] = {join(movie, samples), samples, none, broken, inner, short_end};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        CHECK(!add(&files[i], "{}", &error) && error.status == DEMUCS_ERROR_UNSUPPORTED &&
                  strstr(error.message, "'x.stem.mp4': this FFmpeg puts the parts of an MP4 file in an order") != NULL,
              "file %zu: %s", i, error.message);
        CHECK(scratch_count() == 0, "something was left");
    }
    scratch_leave();
}

TEST_MAIN(test_added, test_refused)
