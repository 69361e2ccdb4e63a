/* dates.h - when a file was changed. */
#ifndef DMX_BASE_DATES_H
#define DMX_BASE_DATES_H

#include <sys/stat.h>
#include <time.h>

/* Its content, and besides its name, mode and links; without parts of a second where POSIX's names for them are not
 * there. */
static inline struct timespec dmx_date_of_content(const struct stat *info)
{
#ifdef __APPLE__
    return (struct timespec){.tv_sec = info->st_mtime};
#else
    return info->st_mtim;
#endif
}

static inline struct timespec dmx_date_of_status(const struct stat *info)
{
#ifdef __APPLE__
    return (struct timespec){.tv_sec = info->st_ctime};
#else
    return info->st_ctim;
#endif
}

/* Below, at or above 0 as `one` is before, at or after `other`. */
static inline int dmx_date_compare(struct timespec one, struct timespec other)
{
    if (one.tv_sec != other.tv_sec) return one.tv_sec < other.tv_sec ? -1 : 1;
    return (one.tv_nsec > other.tv_nsec) - (one.tv_nsec < other.tv_nsec);
}

#endif
