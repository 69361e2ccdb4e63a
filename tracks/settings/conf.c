/* conf.c - see conf.h */
#include "tracks/settings/conf.h"

#include "base/alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_BYTES = 65536 };

/* ------------------------------------------------------------------------------------------------- the bytes ---- */

/* Plain text: UTF-8, no zeros, nothing that steers a terminal. The first line that is not, or 0. */
static int find_foreign_line(const dmx_conf *conf, demucs_error *error)
{
    char *copy = dmx_alloc(conf->size + 1, 1);
    int line = 1;
    if (copy == NULL) return (int)dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory for the settings");
    for (size_t i = 0; i < conf->size; i++)
        copy[i] = conf->text[i] == '\0' ? '\1' : memchr("\n\r\t", conf->text[i], 3) != NULL ? ' ' : conf->text[i];
    char *marked = dmx_strdup(copy);
    if (marked == NULL) line = (int)dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory for the settings");
    if (marked != NULL) {
        dmx_make_printable(marked, '?');
        size_t at = 0;
        for (; at < conf->size && marked[at] == copy[at]; at++) line += conf->text[at] == '\n';
        if (at == conf->size) line = 0;
    }
    dmx_free(copy);
    dmx_free(marked);
    return line;
}

/* What makes a file that somebody else may have put there worth nothing, or NULL. */
static const char *why_untrusted(const struct stat *info)
{
    if (info->st_uid != geteuid() && info->st_uid != 0)
        return "it belongs to another user, so its settings are ignored; a copy of your own would count";
    if ((info->st_mode & S_IWOTH) != 0)
        return "everybody may write to it, so its settings are ignored; after 'chmod o-w' they count";
    return NULL;
}

static bool read_open(dmx_conf *conf, int file, const char *path, bool trusted_only, demucs_error *error)
{
    struct stat info;
    char reason[DMX_REASON];
    if (fstat(file, &info) != 0)
        return !dmx_refuse(path, error, DEMUCS_ERROR_IO, "cannot read: %s", dmx_reason(reason, errno));
    const char *untrusted = trusted_only ? why_untrusted(&info) : NULL;
    if (untrusted != NULL) return !dmx_refuse(path, error, DEMUCS_ERROR_UNSUPPORTED, "%s", untrusted);
    if (!S_ISREG(info.st_mode)) return !dmx_refuse(path, error, DEMUCS_ERROR_FORMAT, "this is not a file");
    conf->text = dmx_alloc(MOST_BYTES + 2, 1);
    if (conf->text == NULL) return !dmx_refuse(path, error, DEMUCS_ERROR_MEMORY, "not enough memory to read the file");
    while (conf->size <= MOST_BYTES) {
        const ssize_t got = read(file, conf->text + conf->size, MOST_BYTES + 1 - conf->size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return !dmx_refuse(path, error, DEMUCS_ERROR_IO, "cannot read: %s", dmx_reason(reason, errno));
        if (got == 0) break;
        conf->size += (size_t)got;
    }
    if (conf->size > MOST_BYTES)
        return !dmx_refuse(path, error, DEMUCS_ERROR_FORMAT, "larger than 64 KiB, so no file of settings");
    const int foreign = find_foreign_line(conf, error);
    return foreign == 0 || !dmx_refuse(path, error, DEMUCS_ERROR_FORMAT,
                                       "line %d is not plain text in UTF-8: save the file as that", foreign);
}

bool dmx_conf_read(dmx_conf *conf, const char *path, bool trusted_only, bool *missing, demucs_error *error)
{
    char reason[DMX_REASON];
    *conf = (dmx_conf){.text = NULL};
    /* a FIFO must not keep us waiting for somebody who writes to it */
    const int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY | (trusted_only ? O_NOFOLLOW : 0));
    *missing = file < 0 && (errno == ENOENT || errno == ENOTDIR);
    if (file < 0 && trusted_only && (errno == ELOOP || errno == EMLINK))
        return !dmx_refuse(path, error, DEMUCS_ERROR_UNSUPPORTED,
                           "it is a link, so its settings are ignored; a copy would count");
    if (file < 0) return !dmx_refuse(path, error, DEMUCS_ERROR_IO, "cannot read: %s", dmx_reason(reason, errno));
    const bool done = read_open(conf, file, path, trusted_only, error);
    close(file);
    if (done) return true;
    dmx_free(conf->text);
    *conf = (dmx_conf){.text = NULL};
    return false;
}

/* ------------------------------------------------------------------------------------------------- the lines ---- */

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && is_blank(*at)) at++;
    return at;
}

/* Where a comment begins, or the end. */
static const char *find_comment(const char *at, const char *start, const char *end)
{
    for (; at < end; at++)
        if (*at == '#' && (at == start || is_blank(at[-1]))) return at;
    return end;
}

static void read_value(dmx_conf_line *line, const char *at)
{
    line->place = line->value = at;
    if (at < line->end && *at == '"') {
        const char *close = memchr(at + 1, '"', (size_t)(line->end - at - 1));
        const char *after = close != NULL ? skip_blanks(close + 1, line->end) : line->end;
        if (close == NULL || (after < line->end && *after != '#')) {
            line->wrong = "a value that begins with a quotation mark has to end with one";
            return;
        }
        line->value = at + 1;
        line->value_length = (size_t)(close - at - 1);
        line->place_length = line->value_length + 2;
        return;
    }
    const char *end = find_comment(at, line->start, line->end);
    while (end > at && is_blank(end[-1])) end--;
    line->value_length = line->place_length = (size_t)(end - at);
}

void dmx_conf_line_read(dmx_conf_line *line, const dmx_conf *conf, const char *at)
{
    const char *text_end = conf->text + conf->size;
    const char *end = memchr(at, '\n', (size_t)(text_end - at));
    *line = (dmx_conf_line){.start = at, .end = end != NULL ? end : text_end, .next = end != NULL ? end + 1 : text_end};
    if (line->end > at && line->end[-1] == '\r') line->end--;
    static const char mark[] = "\xEF\xBB\xBF"; /* some editors begin a file with it */
    if (at == conf->text && line->end - at >= 3 && memcmp(at, mark, 3) == 0) at += 3;
    at = skip_blanks(at, line->end);
    if (at == line->end || *at == '#') return;
    const char *equals = memchr(at, '=', (size_t)(line->end - at));
    const char *key_end = equals != NULL ? equals : line->end;
    while (key_end > at && is_blank(key_end[-1])) key_end--;
    line->key = at;
    line->key_length = (size_t)(key_end - at);
    if (equals == NULL || key_end == at)
        line->wrong = "neither \"key = value\" nor a comment, which begins with #";
    else if (memchr(line->start, '\r', (size_t)(line->end - line->start)) != NULL)
        line->wrong = "a carriage return in mid-line";
    else
        read_value(line, skip_blanks(equals + 1, line->end));
}

bool dmx_conf_quote(char *out, const char *value)
{
    const size_t length = strlen(value);
    const char *end = value + length;
    const bool blank_ends = length > 0 && (is_blank(value[0]) || is_blank(end[-1]));
    const bool quotes = blank_ends || value[0] == '"' || value[0] == '#' || find_comment(value, value, end) < end;
    if (strpbrk(value, "\n\r") != NULL || (quotes && strchr(value, '"') != NULL)) return false;
    out[0] = '"';
    memcpy(out + quotes, value, length);
    memcpy(out + quotes + length, "\"", 1);
    out[length + (quotes ? 2 : 0)] = '\0';
    return true;
}
