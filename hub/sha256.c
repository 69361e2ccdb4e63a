/* sha256.c - checksums of files; the only file that knows OpenSSL's libcrypto.
 *
 * EVP picks the CPU's SHA instructions, so a checkpoint is hashed faster than most disks deliver it, and can be checked
 * at every start. */
#include "hub/sha256.h"

#include "base/alloc.h"
#include "hub/text.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_BYTES ((size_t)1 << 18)

/* Feed the whole file to the digest. 0, or errno. */
static int digest_descriptor(EVP_MD_CTX *context, int fd, unsigned char *block)
{
    for (;;) {
        ssize_t got = read(fd, block, BLOCK_BYTES);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return errno;
        if (got == 0) return 0;
        if (EVP_DigestUpdate(context, block, (size_t)got) != 1) return ENOTSUP;
    }
}

static void write_hex(const unsigned char *bytes, size_t count, char *hex)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < count; i++) {
        hex[2 * i] = digits[bytes[i] >> 4];
        hex[2 * i + 1] = digits[bytes[i] & 15];
    }
    hex[2 * count] = '\0';
}

bool hub_sha256_file(const char *path, char digest[65], demucs_error *error)
{
    dmx_error_clear(error);
    unsigned char sum[32];
    char reason[DMX_REASON];
    bool done = false;
    struct stat status;
    unsigned char *block = dmx_alloc(1, BLOCK_BYTES);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &status) != 0) {
        dmx_fail(error, DEMUCS_ERROR_IO, "cannot open %s: %s", path, dmx_reason(reason, errno));
        goto end;
    }
    if (!S_ISREG(status.st_mode)) {
        dmx_fail(error, DEMUCS_ERROR_IO, "%s is not a regular file", path);
        goto end;
    }
    if (block == NULL || context == NULL || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1) {
        dmx_fail(error, DEMUCS_ERROR_MEMORY, "cannot compute the sha256 of %s: not enough memory", path);
        goto end;
    }
    int failure = digest_descriptor(context, fd, block);
    if (failure != 0 || EVP_DigestFinal_ex(context, sum, NULL) != 1) {
        dmx_fail(error, DEMUCS_ERROR_IO, "cannot read %s: %s", path, dmx_reason(reason, failure));
        goto end;
    }
    write_hex(sum, sizeof sum, digest);
    done = true;
end:
    if (fd >= 0) close(fd);
    EVP_MD_CTX_free(context);
    dmx_free(block);
    return done;
}

bool hub_sha256_check(const char *path, const char *expected, demucs_error *error)
{
    char digest[65];
    demucs_error reading = {0};
    if (!hub_sha256_file(path, digest, &reading)) return !dmx_fail(error, reading.status, "%s", reading.message);
    size_t length = strlen(expected);
    if (length > 0 && length < sizeof digest && memcmp(digest, expected, length) == 0) return true;
    return !dmx_fail(error, DEMUCS_ERROR_FORMAT,
                     "%s is damaged or not the original: its sha256 should start with %s and is %.*s; fetch it again",
                     path, expected, length > 8 ? 64 : 16, digest);
}
