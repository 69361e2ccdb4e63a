/* sha256.c - the sums of the standard's examples, in pieces of any size, by the plain code and by the CPU's own. */
#include "base/sha256.h"

#include "kernels/sha256.h"
#include "support/test.h"

#include <string.h>

static void sum_of(dmx_sha256_fn take, const unsigned char *bytes, size_t count, size_t piece, char hex[65])
{
    dmx_sha256 sha;
    unsigned char sum[DMX_SHA256_BYTES];
    dmx_sha256_begin(&sha, take);
    for (size_t done = 0; done < count; done += piece)
        dmx_sha256_add(&sha, bytes + done, count - done < piece ? count - done : piece);
    dmx_sha256_end(&sha, sum);
    dmx_sha256_hex(sum, hex);
}

/* FIPS 180-4 and the examples that go with it. */
static void test_examples(void)
{
    static unsigned char million[1000000];
    memset(million, 'a', sizeof million);
    static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    const struct {
        const void *bytes;
        size_t count;
        const char *sum;
    } examples[] = {{"", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
                    {"abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
                    {two_blocks, 56, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
                    {million, sizeof million, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"}};
    const dmx_sha256_fn ways[] = {dmx_sha256_plain, dmx_kernels_sha256()};
    for (int way = 0; way < 2; way++)
        for (int i = 0; i < 4; i++) {
            char hex[65];
            sum_of(ways[way], examples[i].bytes, examples[i].count, 777, hex);
            CHECK(strcmp(hex, examples[i].sum) == 0, "way %d, example %d: %s", way, i, hex);
        }
}

/* Every length round the end of a block, in pieces of every size: both ways, and in one piece. */
static void test_pieces(void)
{
    unsigned char bytes[300];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)(i * 131 + 7);
    for (size_t count = 0; count <= sizeof bytes; count += count < 130 ? 1 : 17) {
        char whole[65], plain[65], own[65];
        sum_of(dmx_sha256_plain, bytes, count, sizeof bytes, whole);
        for (size_t piece = 1; piece < 140; piece += 3) {
            sum_of(dmx_sha256_plain, bytes, count, piece, plain);
            sum_of(dmx_kernels_sha256(), bytes, count, piece, own);
            CHECK(strcmp(plain, whole) == 0 && strcmp(own, whole) == 0, "%zu bytes in pieces of %zu", count, piece);
        }
    }
}

TEST_MAIN(test_examples, test_pieces)
