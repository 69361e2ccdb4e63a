/* entry.c - see entry.h */
#include "tracks/cache/entry.h"

#include "base/alloc.h"
#include "base/folder.h"
#include "digest/digest.h"
#include "tracks/cache/lock.h"
#include "tracks/paths.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE_BYTES = 1 << 20, MAX_ATTEMPTS = 1000, KEY_DIGITS = 16 };

static bool no_memory(demucs_error *error)
{
    return !dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory to use the cache");
}

/* ---- making ---- */

/* KEY-PID-N, cut short; 0, or an errno. */
static int make_folder(const char *parent, const char *key, char folder[DMX_FOLDER_TEXT], int *lock)
{
    static atomic_uint counter;
    snprintf(folder, DMX_FOLDER_TEXT, "%.*s-%ld-%u", KEY_DIGITS, key, (long)getpid(), atomic_fetch_add(&counter, 1));
    char *path = dmx_path_print("%s/%s", parent, folder);
    if (path == NULL) return ENOMEM;
    int failure = mkdir(path, 0700) == 0 ? 0 : errno;
    if (failure == 0) {
        *lock = dmx_lock_try(path);
        if (*lock < 0) failure = EEXIST; /* a sweep was quicker, and removes it */
    }
    dmx_free(path);
    return failure;
}

int dmx_entry_begin(const char *parent, const char *key, char folder[DMX_FOLDER_TEXT], demucs_error *error)
{
    int lock = -1, failure = EEXIST;
    char reason[DMX_REASON];
    for (int attempt = 0; attempt < MAX_ATTEMPTS && failure == EEXIST; attempt++)
        failure = make_folder(parent, key, folder, &lock);
    if (failure != 0)
        dmx_refuse(parent, error, DEMUCS_ERROR_IO, "cannot make a folder here: %s", dmx_reason(reason, failure));
    return lock;
}

void dmx_entry_end(int lock)
{
    if (lock >= 0) close(lock);
}

/* ---- copying ---- */

/* A copy under way, with a sum of what goes through. */
typedef struct copying {
    int from;
    const char *link; /* the name of `from` where `to` may become a link to it, or NULL */
    dmx_file *to;     /* or NULL */
    digest_sum *sum;
    unsigned char *piece; /* [PIECE_BYTES] */
    bool (*give_up)(void *user, demucs_error *error);
    void *user;
    uint64_t bytes;
} copying;

/* All bytes of `from` to `to` and to the sum. */
static dmx_entry_read carry(copying *self, demucs_error *error)
{
    const bool shared = self->to != NULL && ((self->link != NULL && dmx_file_link(self->to, self->from, self->link)) ||
                                             dmx_file_clone(self->to, self->from));
    for (;;) {
        if (self->give_up != NULL && self->give_up(self->user, error)) return DMX_ENTRY_FAILED;
        const ssize_t got = read(self->from, self->piece, PIECE_BYTES);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return DMX_ENTRY_DAMAGED;
        if (got == 0) return DMX_ENTRY_WHOLE;
        self->bytes += (uint64_t)got;
        if (!digest_add(self->sum, self->piece, (size_t)got)) return DMX_ENTRY_FAILED;
        if (self->to == NULL || shared || dmx_file_write(self->to, self->piece, (size_t)got)) continue;
        dmx_file_fail(self->to, error);
        return DMX_ENTRY_FAILED;
    }
}

/* The same with what it needs; `hex` is the sum. */
static dmx_entry_read carry_all(copying *self, char hex[DIGEST_TEXT], demucs_error *error)
{
    dmx_entry_read result = DMX_ENTRY_FAILED;
    self->sum = digest_begin();
    self->piece = dmx_alloc(1, PIECE_BYTES);
    if (self->sum == NULL || self->piece == NULL)
        no_memory(error);
    else
        result = carry(self, error);
    if (result == DMX_ENTRY_WHOLE && !digest_end(self->sum, hex)) result = DMX_ENTRY_FAILED;
    digest_free(self->sum);
    dmx_free(self->piece);
    return result;
}

/* The regular file `path`, open, or -1 with errno. */
static int open_regular(const char *path, int flags)
{
    struct stat info;
    const int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | flags);
    if (file < 0 || (fstat(file, &info) == 0 && S_ISREG(info.st_mode))) return file;
    close(file);
    errno = EINVAL;
    return -1;
}

bool dmx_entry_add(const char *parent, const char *folder, size_t number, const char *path, bool links,
                   dmx_index_file *file, demucs_error *error)
{
    char reason[DMX_REASON];
    char *inside = dmx_path_print("%s/%s/%zu", parent, folder, number);
    copying copy = {.from = open_regular(path, 0), .link = links ? path : NULL}; /* it may be a link of the user's */
    bool done = false;
    if (inside == NULL)
        no_memory(error);
    else if (copy.from < 0)
        dmx_refuse(path, error, DEMUCS_ERROR_IO, "cannot read: %s", dmx_reason(reason, errno));
    else if (dmx_file_create(&copy.to, inside, error) == DEMUCS_OK) {
        const dmx_entry_read read = carry_all(&copy, file->sha256, error);
        if (read == DMX_ENTRY_DAMAGED) dmx_refuse(path, error, DEMUCS_ERROR_IO, "cannot read it again");
        done = read == DMX_ENTRY_WHOLE;
        if (!done) dmx_file_discard(copy.to);
        done = done && dmx_file_commit(copy.to, error) == DEMUCS_OK;
        file->bytes = copy.bytes;
    }
    if (copy.from >= 0) close(copy.from);
    dmx_free(inside);
    return done;
}

dmx_entry_read dmx_entry_copy(const char *parent, const dmx_index_entry *entry, size_t number, dmx_file *to, bool links,
                              bool (*give_up)(void *user, demucs_error *error), void *user, demucs_error *error)
{
    char sum[DIGEST_TEXT];
    const dmx_index_file *file = &entry->files[number];
    char *path = dmx_path_print("%s/%s/%zu", parent, entry->folder, number);
    if (path == NULL) {
        no_memory(error);
        return DMX_ENTRY_FAILED;
    }
    copying copy = {.from = open_regular(path, O_NOFOLLOW),
                    .link = links ? path : NULL,
                    .to = to,
                    .give_up = give_up,
                    .user = user};
    dmx_entry_read result = errno == ENOENT ? DMX_ENTRY_MISSING : DMX_ENTRY_DAMAGED;
    if (copy.from >= 0) {
        result = carry_all(&copy, sum, error);
        close(copy.from);
    }
    dmx_free(path);
    if (result == DMX_ENTRY_WHOLE && strcmp(sum, file->sha256) != 0) result = DMX_ENTRY_DAMAGED;
    return result;
}

/* ---- removing ---- */

void dmx_entry_remove(const char *parent, const char *folder)
{
    char *path = dmx_path_print("%s/%s", parent, folder);
    if (path != NULL && folder[0] != '\0' && folder[0] != '.') dmx_folder_remove(path);
    dmx_free(path);
}

/* Whoever makes an entry has the lock till the row is there: so the lock comes first and the question second. */
static void sweep_one(const char *parent, const char *name, dmx_index *index)
{
    bool has = true;
    char *path = dmx_path_print("%s/%s", parent, name);
    const int lock = path != NULL ? dmx_lock_try(path) : -1;
    if (lock >= 0 && dmx_index_has_folder(index, name, &has, NULL) && !has) dmx_folder_remove(path);
    if (lock >= 0) close(lock);
    dmx_free(path);
}

void dmx_entry_sweep(const char *parent, dmx_index *index)
{
    uint64_t rows, bytes, folders = 0;
    DIR *all = opendir(parent);
    const struct dirent *entry;
    while (all != NULL && (entry = readdir(all)) != NULL) folders += entry->d_name[0] != '.';
    if (all != NULL && dmx_index_total(index, &rows, &bytes, NULL) && folders > rows) { /* else there are none */
        rewinddir(all);
        while ((entry = readdir(all)) != NULL)
            if (entry->d_name[0] != '.') sweep_one(parent, entry->d_name, index);
    }
    if (all != NULL) closedir(all);
}
