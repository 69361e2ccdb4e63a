/* sha256.c - see digest.h; the only file that knows OpenSSL's libcrypto. */
#include "digest/digest.h"

#include "base/alloc.h"
#include "base/sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_BYTES ((size_t)1 << 18)

struct digest_sum {
    EVP_MD_CTX *context;
};

digest_sum *digest_begin(void)
{
    digest_sum *self = dmx_alloc(1, sizeof *self);
    if (self == NULL) return NULL;
    self->context = EVP_MD_CTX_new();
    if (self->context != NULL && EVP_DigestInit_ex(self->context, EVP_sha256(), NULL) == 1) return self;
    digest_free(self);
    return NULL;
}

bool digest_add(digest_sum *self, const void *bytes, size_t count)
{
    return EVP_DigestUpdate(self->context, bytes, count) == 1;
}

bool digest_end(digest_sum *self, char hex[DIGEST_TEXT])
{
    unsigned char sum[DMX_SHA256_BYTES];
    if (EVP_DigestFinal_ex(self->context, sum, NULL) != 1) return false;
    dmx_sha256_hex(sum, hex);
    return true;
}

void digest_free(digest_sum *self)
{
    if (self == NULL) return;
    EVP_MD_CTX_free(self->context);
    dmx_free(self);
}

/* Take the whole file. 0, or errno. */
static int take_file(digest_sum *self, int file, unsigned char *block)
{
    for (;;) {
        ssize_t got = read(file, block, BLOCK_BYTES);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return errno;
        if (got == 0) return 0;
        if (!digest_add(self, block, (size_t)got)) return ENOTSUP;
    }
}

bool digest_file(const char *path, char hex[DIGEST_TEXT], demucs_error *error)
{
    char reason[DMX_REASON];
    bool done = false;
    struct stat status;
    unsigned char *block = dmx_alloc(1, BLOCK_BYTES);
    digest_sum *self = digest_begin();
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    dmx_error_clear(error);
    if (file < 0 || fstat(file, &status) != 0) {
        dmx_fail(error, DEMUCS_ERROR_IO, "cannot open %s: %s", path, dmx_reason(reason, errno));
        goto end;
    }
    if (!S_ISREG(status.st_mode)) {
        dmx_fail(error, DEMUCS_ERROR_IO, "%s is not a regular file", path);
        goto end;
    }
    if (block == NULL || self == NULL) {
        dmx_fail(error, DEMUCS_ERROR_MEMORY, "cannot compute the sha256 of %s: not enough memory", path);
        goto end;
    }
    int failure = take_file(self, file, block);
    done = failure == 0 && digest_end(self, hex);
    if (!done) dmx_fail(error, DEMUCS_ERROR_IO, "cannot read %s: %s", path, dmx_reason(reason, failure));
end:
    if (file >= 0) close(file);
    digest_free(self);
    dmx_free(block);
    return done;
}
