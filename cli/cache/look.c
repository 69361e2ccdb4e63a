/* look.c - `demucs-cache ls`, `show` and `verify`. */
#include "base/size.h"
#include "commands.h"
#include "common/interrupt.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { SHORT_KEY = 12, DATE = 32 };

static const char *date(char out[DATE], int64_t unix_seconds)
{
    const time_t at = (time_t)unix_seconds;
    struct tm local;
    out[0] = '\0';
    if (localtime_r(&at, &local) != NULL) strftime(out, DATE, "%Y-%m-%d %H:%M", &local);
    return out;
}

/* A path of foreign origin, whole: it may be long. */
static const char *shown(char out[4096], const char *text) { return dmx_printable(out, 4096, text, strlen(text)); }

/* ---- ls ---- */

static bool print_line(const demucs_cache_entry *entry, void *user)
{
    char size[DMX_SIZE_TEXT], computed[DATE], used[DATE], input[4096];
    (void)user;
    printf("%.*s  %9s  %5llu  %-16s  %-16s  %7.1f  %s\n", SHORT_KEY, entry->key, dmx_size_text(size, entry->bytes),
           (unsigned long long)entry->hits, date(computed, entry->created_unix), date(used, entry->used_unix),
           entry->seconds, shown(input, entry->input));
    return interrupt_signal() != 0;
}

static int print_total(demucs_cache *cache)
{
    char size[DMX_SIZE_TEXT];
    demucs_error why = {0};
    demucs_cache_report report = {.struct_size = sizeof report};
    if (demucs_cache_prune(cache, UINT64_MAX, 0, &report, &why) != DEMUCS_OK) return cache_error(&why);
    printf("%llu %s, %s\n", (unsigned long long)report.entries, report.entries == 1 ? "result" : "results",
           dmx_size_text(size, report.bytes));
    return 0;
}

int cache_ls(const cache_options *options)
{
    demucs_error why = {0};
    int status = 0;
    demucs_cache *cache = cache_open(options);
    if (cache == NULL) return 1;
    printf("%-*s  %9s  %5s  %-16s  %-16s  %7s  %s\n", SHORT_KEY, "KEY", "SIZE", "HITS", "COMPUTED", "USED", "TOOK s",
           "FROM");
    if (demucs_cache_list(cache, NULL, print_line, NULL, &why) != DEMUCS_OK) status = cache_error(&why);
    if (status == 0) status = print_total(cache);
    demucs_cache_free(cache);
    return status;
}

/* ---- show ---- */

static bool print_entry(const demucs_cache_entry *entry, void *user)
{
    int *count = user;
    char size[DMX_SIZE_TEXT], when[DATE], text[4096];
    if ((*count)++ > 0) putchar('\n');
    printf("key       %s\n", entry->key);
    printf("from      %s\n", shown(text, entry->input));
    printf("computed  %s in %.1f s\n", date(when, entry->created_unix), entry->seconds);
    printf("used      %s, %llu %s\n", date(when, entry->used_unix), (unsigned long long)entry->hits,
           entry->hits == 1 ? "hit" : "hits");
    printf("size      %s\n", dmx_size_text(size, entry->bytes));
    for (size_t i = 0; i < entry->files_count; i++)
        printf("file      %s  %9llu  %s\n", entry->files[i]->sha256, (unsigned long long)entry->files[i]->bytes,
               shown(text, entry->files[i]->name));
    for (const char *line = entry->settings; *line != '\0'; line += strcspn(line, "\n"), line += *line == '\n')
        printf("setting   %s\n", dmx_printable(text, sizeof text, line, strcspn(line, "\n")));
    return interrupt_signal() != 0;
}

int cache_show(const cache_options *options)
{
    demucs_error why = {0};
    int status = 0, count = 0;
    demucs_cache *cache = cache_open(options);
    if (cache == NULL) return 1;
    for (int i = 0; i < options->count && status == 0; i++) {
        const int before = count;
        if (demucs_cache_list(cache, options->keys[i], print_entry, &count, &why) != DEMUCS_OK) {
            status = cache_error(&why);
        } else if (count == before) {
            fprintf(stderr, "error: there is no result whose key begins with %s\n", options->keys[i]);
            status = 1;
        }
    }
    demucs_cache_free(cache);
    return status;
}

/* ---- verify ---- */

static bool print_verdict(const demucs_cache_entry *entry, void *user)
{
    char text[4096];
    (void)user;
    if (entry->damage != NULL)
        printf("%.*s  %s: removed  (%s)\n", SHORT_KEY, entry->key, entry->damage, shown(text, entry->input));
    else
        printf("%.*s  ok\n", SHORT_KEY, entry->key);
    fflush(stdout);
    return interrupt_signal() != 0;
}

int cache_verify(const cache_options *options)
{
    demucs_error why = {0};
    size_t damaged = 0;
    demucs_cache *cache = cache_open(options);
    if (cache == NULL) return 1;
    int status = 0;
    if (options->count == 0 && demucs_cache_verify(cache, NULL, print_verdict, NULL, &damaged, &why) != DEMUCS_OK)
        status = cache_error(&why);
    for (int i = 0; i < options->count && status == 0; i++) {
        size_t some = 0;
        if (demucs_cache_verify(cache, options->keys[i], print_verdict, NULL, &some, &why) != DEMUCS_OK)
            status = cache_error(&why);
        damaged += some;
    }
    if (status == 0) status = print_total(cache);
    demucs_cache_free(cache);
    return status != 0 || damaged > 0;
}
