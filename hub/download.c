/* download.c - HTTP; the only file that knows libcurl.
 *
 * A transfer writes into a file that outlives it: when the line is cut, the next attempt asks for the rest by a range
 * request. The server may answer with the rest (206), with the whole file (200: start over), or say that there is no
 * rest (416: all was there). Whether the pieces make the right file is for the checksum to say, not for this file.
 *
 * libcurl reads the usual proxy variables (https_proxy, all_proxy, no_proxy) by itself. */
#include "hub/download.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONNECT_TIMEOUT_S   15L
#define STALLED_BYTES_PER_S 1024L /* less than this for ... */
#define STALLED_S           30L   /* ... so long ends an attempt */
#define MAX_REDIRECTS       10L
#define MAX_ATTEMPTS        8 /* only as long as each brings new bytes */

typedef struct transfer {
    hub_download *download;
    CURL *curl;
    int fd;
    uint64_t offset;      /* bytes in the file before this attempt */
    uint64_t written;     /* bytes that this attempt added */
    uint64_t range_start; /* from Content-Range */
    bool started;         /* the body has begun */
    bool stopped;
    demucs_error trouble; /* why our own callback gave up */
    char text[CURL_ERROR_SIZE];
} transfer;

/* ------------------------------------------------------------------------------------------ libcurl's callbacks ----
 */

static void cannot_write(demucs_error *error, int failure)
{
    char reason[DMX_REASON];
    dmx_fail(error, DEMUCS_ERROR_IO, "cannot write to the cache: %s", dmx_reason(reason, failure));
}

/* If `line` is the header `name`, copy its value without blanks and quotes. */
static bool header_value(const char *line, size_t length, const char *name, char *value, size_t size)
{
    size_t name_length = strlen(name);
    if (length <= name_length || strncasecmp(line, name, name_length) != 0 || line[name_length] != ':') return false;
    size_t used = 0;
    for (size_t i = name_length + 1; i < length && used + 1 < size; i++)
        if (strchr(" \t\r\n\"", line[i]) == NULL) value[used++] = line[i];
    value[used] = '\0';
    return true;
}

/* Called for the headers of redirects too: X-Linked-Etag comes with the first one, from the hub itself. */
static size_t take_header(char *line, size_t size, size_t count, void *user)
{
    transfer *t = user;
    size_t length = size * count;
    char value[128];
    unsigned long long start;
    if (length >= 5 && strncmp(line, "HTTP/", 5) == 0) {
        t->range_start = 0;
        t->download->measured = length >= 6 && line[5] >= '2'; /* its frames say where a body ends */
    }
    if (header_value(line, length, "Content-Length", value, sizeof value) ||
        header_value(line, length, "Transfer-Encoding", value, sizeof value))
        t->download->measured = true;
    if (header_value(line, length, "X-Linked-Etag", value, sizeof value)) {
        char *sum = t->download->linked_sha256;
        if (sum[0] == '\0' && strlen(value) == 64 && hub_is_hex(value, 64)) strcpy(sum, value);
    }
    if (header_value(line, length, "Content-Range", value, sizeof value) && sscanf(value, "bytes%llu-", &start) == 1)
        t->range_start = start;
    return length;
}

/* The first bytes of a body: does it go on where the file ends? */
static bool begin_body(transfer *t)
{
    long code = 0;
    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &code);
    t->started = true;
    if (t->offset == 0) return true;
    if (code == 206 && t->range_start == t->offset) return true;
    if (code == 206) {
        dmx_fail(&t->trouble, DEMUCS_ERROR_IO, "the server sent another range than the one asked for");
        return false;
    }
    if (ftruncate(t->fd, 0) != 0 || lseek(t->fd, 0, SEEK_SET) != 0) return false;
    t->offset = 0;
    t->download->resumed = false;
    return true;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *user)
{
    transfer *t = user;
    size_t length = size * count;
    if (!t->started && !begin_body(t)) return 0;
    if (length > t->download->limit_bytes || t->offset + t->written > t->download->limit_bytes - length) {
        dmx_fail(&t->trouble, DEMUCS_ERROR_FORMAT, "the file is longer than %llu bytes",
                 (unsigned long long)t->download->limit_bytes);
        return 0;
    }
    for (size_t done = 0; done < length;) {
        ssize_t got = write(t->fd, bytes + done, length - done);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) {
            cannot_write(&t->trouble, errno);
            return 0;
        }
        done += (size_t)got;
        t->written += (size_t)got;
    }
    return length;
}

/* libcurl calls this about once a second even when nothing moves, so a stop is noticed. */
static int take_progress(void *user, curl_off_t total, curl_off_t now, curl_off_t up_total, curl_off_t up_now)
{
    transfer *t = user;
    const hub_options *options = t->download->options;
    (void)up_total, (void)up_now, (void)now;
    if (options == NULL || options->progress == NULL) return 0;
    uint64_t whole = t->started && total > 0 ? t->offset + (uint64_t)total : 0;
    t->stopped = options->progress(t->download->label, t->offset + t->written, whole, options->progress_user);
    return t->stopped;
}

/* --------------------------------------------------------------------------------------------------- one attempt -- */

/* https only, unless the user's own mirror is a plain http one: then http too, also after a redirect. */
static void set_protocols(CURL *curl, const char *url)
{
    bool plain = strncmp(url, "http://", 7) == 0;
#if LIBCURL_VERSION_NUM >= 0x075500
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, plain ? "http,https" : "https");
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, plain ? "http,https" : "https");
#else
    long allowed = plain ? CURLPROTO_HTTP | CURLPROTO_HTTPS : CURLPROTO_HTTPS;
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS, allowed);
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS, allowed);
#endif
}

static void set_options(transfer *t)
{
    CURL *curl = t->curl;
    set_protocols(curl, t->download->url);
    curl_easy_setopt(curl, CURLOPT_URL, t->download->url);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "demucs.c");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, MAX_REDIRECTS);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT_S);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, STALLED_BYTES_PER_S);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, STALLED_S);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, t->text);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, take_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, t);
    /* The curl program honours these; the library leaves them to us. Companies that inspect TLS need them. */
    const char *certificates = getenv("CURL_CA_BUNDLE");
    if (certificates == NULL || certificates[0] == '\0') certificates = getenv("SSL_CERT_FILE");
    if (certificates != NULL && certificates[0] != '\0') curl_easy_setopt(curl, CURLOPT_CAINFO, certificates);
}

/* What an attempt came to, without its reason. */
static hub_outcome outcome_of(const transfer *t, CURLcode code, long status)
{
    if (code == CURLE_OK) return HUB_GOT;
    if (t->stopped) return HUB_STOPPED;
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE: return HUB_UNREACHABLE;
    case CURLE_OPERATION_TIMEDOUT: return t->started ? HUB_BROKEN : HUB_UNREACHABLE;
    case CURLE_HTTP_RETURNED_ERROR: break;
    default: return HUB_BROKEN;
    }
    if (status == 416 && t->offset > 0) return HUB_GOT; /* there is no rest: the sum decides */
    return status == 401 || status == 403 || status == 404 || status == 410 ? HUB_ABSENT : HUB_BROKEN;
}

static hub_outcome judge(const transfer *t, CURLcode code, demucs_error *why)
{
    long status = 0;
    curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
    const hub_outcome outcome = outcome_of(t, code, status);
    if (outcome == HUB_GOT) return HUB_GOT;
    if (t->trouble.status != DEMUCS_OK)
        *why = t->trouble;
    else if (code == CURLE_HTTP_RETURNED_ERROR && status == 404)
        dmx_fail(why, DEMUCS_ERROR_IO, "not there (404)");
    else if (code == CURLE_HTTP_RETURNED_ERROR)
        dmx_fail(why, DEMUCS_ERROR_IO, "the server answered %ld", status);
    else
        dmx_fail(why, DEMUCS_ERROR_IO, "%s", t->text[0] ? t->text : curl_easy_strerror(code));
    return outcome;
}

static hub_outcome attempt(transfer *t, demucs_error *why)
{
    off_t end = lseek(t->fd, 0, SEEK_END);
    char range[32];
    t->offset = end > 0 ? (uint64_t)end : 0;
    t->written = 0;
    t->started = false;
    t->text[0] = '\0';
    dmx_error_clear(&t->trouble);
    dmx_error_clear(why);
    t->curl = curl_easy_init();
    if (t->curl == NULL) {
        dmx_fail(why, DEMUCS_ERROR_MEMORY, "libcurl cannot be started");
        return HUB_BROKEN;
    }
    set_options(t);
    if (t->offset > 0) {
        snprintf(range, sizeof range, "%llu-", (unsigned long long)t->offset);
        curl_easy_setopt(t->curl, CURLOPT_RANGE, range);
    }
    hub_outcome outcome = judge(t, curl_easy_perform(t->curl), why);
    curl_easy_cleanup(t->curl);
    return outcome;
}

/* -------------------------------------------------------------------------------------------------- the transfer -- */

static void start_libcurl(void) { curl_global_init(CURL_GLOBAL_DEFAULT); }

hub_outcome hub_download_run(hub_download *download, demucs_error *why)
{
    dmx_error_clear(why);
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start_libcurl);
    int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
    transfer t = {.download = download, .fd = open(download->path, flags, 0666)};
    struct stat info = {0};
    if (t.fd >= 0 && (fstat(t.fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_nlink != 1)) {
        close(t.fd);
        dmx_fail(why, DEMUCS_ERROR_IO, "cannot write to the cache: %s is %s", download->path,
                 S_ISREG(info.st_mode) ? "a file that has other names too" : "not a file");
        return HUB_BROKEN;
    }
    if (t.fd >= 0 && !download->resume && ftruncate(t.fd, 0) != 0) { /* not before it is known what it is */
        cannot_write(why, errno);
        close(t.fd);
        return HUB_BROKEN;
    }
    if (t.fd < 0) {
        cannot_write(why, errno);
        return HUB_BROKEN;
    }
    download->linked_sha256[0] = '\0';
    download->measured = false;
    download->resumed = lseek(t.fd, 0, SEEK_END) > 0;
    hub_outcome outcome = HUB_BROKEN;
    for (int i = 0; i < MAX_ATTEMPTS; i++) {
        outcome = attempt(&t, why);
        if (outcome != HUB_BROKEN || t.written == 0 || t.trouble.status != DEMUCS_OK) break;
        hub_note(download->options, "%s: the connection was cut, going on where it ended", download->label);
    }
    bool empty = lseek(t.fd, 0, SEEK_END) == 0;
    if (close(t.fd) != 0 && outcome == HUB_GOT) {
        cannot_write(why, errno);
        outcome = HUB_BROKEN;
    }
    if (empty && outcome != HUB_GOT) unlink(download->path);
    return outcome;
}
