/* test_cache_processes.c - several processes on one cache: each key is computed once, whoever is killed.
 *
 * The number of kills is small, for the fast tests; DEMUCS_TEST_KILLS has another. */
#include "tracks.h"

#include "../audio/audio_test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { TRACKS = 5, WORKERS = 8 };
static char *const tracks[TRACKS] = {"a.wav", "b.wav", "c.wav", "d.wav", "e.wav"};
static demucs_error error;

static void make_all(size_t frames)
{
    for (int i = 0; i < TRACKS; i++)
        tracks_make(tracks[i], 2, TRACKS_RATE_HZ, frames + 500 * (size_t)i, 0.1F * (float)(i + 1));
}

/* Start a worker on all tracks, which writes to out<number>, with what it says in log<number>. */
static pid_t start(int number, const char *limit)
{
    char out[32], log[32];
    char *arguments[5 + TRACKS] = {CACHE_WORKER, "cache", out, (char *)limit};
    posix_spawn_file_actions_t actions;
    pid_t process = -1;
    snprintf(out, sizeof out, "out%d", number);
    snprintf(log, sizeof log, "log%d", number);
    for (int i = 0; i < TRACKS; i++) arguments[4 + i] = tracks[i];
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (posix_spawn(&process, CACHE_WORKER, &actions, NULL, arguments, environ) != 0) abort();
    posix_spawn_file_actions_destroy(&actions);
    return process;
}

static int end(pid_t process)
{
    int status = -1;
    while (waitpid(process, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

/* Lines of all logs that begin with `word`. */
static int lines_with(const char *word)
{
    char command[64], text[32] = "";
    snprintf(command, sizeof command, "cat log* | grep -c '^%s'", word);
    FILE *pipe = popen(command, "r");
    if (pipe == NULL || fgets(text, sizeof text, pipe) == NULL) return -1;
    pclose(pipe);
    return atoi(text);
}

static bool same_files(int one, int other)
{
    bool same = true;
    for (int i = 0; i < TRACKS; i++) {
        char a[64], b[64];
        snprintf(a, sizeof a, "out%d/%c/vocals.wav", one, tracks[i][0]);
        snprintf(b, sizeof b, "out%d/%c/vocals.wav", other, tracks[i][0]);
        same = same && tracks_same(a, b);
    }
    return same;
}

/* The cache has so many whole entries (-1: any number), and nothing else. */
static void check_whole(int entries)
{
    demucs_cache *cache = NULL;
    demucs_cache_report report = {.struct_size = sizeof report};
    size_t damaged = 0;
    char command[128];
    REQUIRE(demucs_cache_open(&cache, "cache", NULL, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(demucs_cache_verify(cache, NULL, NULL, NULL, &damaged, &error) == DEMUCS_OK && damaged == 0,
          "%zu damaged, %s", damaged, error.message);
    CHECK(demucs_cache_prune(cache, UINT64_MAX, 0, &report, &error) == DEMUCS_OK, "%s", error.message);
    CHECK(entries < 0 || report.entries == (uint64_t)entries, "%llu entries", (unsigned long long)report.entries);
    snprintf(command, sizeof command, "test $(ls cache/entries | wc -l) = %llu -a $(ls -A cache/locks | wc -l) = 0",
             (unsigned long long)report.entries);
    CHECK(system(command) == 0, "folders without an entry, or locks: %s", command);
    CHECK(system("test -z \"$(find cache -name '*partial*')\"") == 0, "temporary files");
    demucs_cache_free(cache);
}

static void test_at_once(void)
{
    pid_t workers[WORKERS];
    tracks_begin();
    make_all(40000);
    for (int i = 0; i < WORKERS; i++) workers[i] = start(i, "0");
    for (int i = 0; i < WORKERS; i++) CHECK(end(workers[i]) == 0, "worker %d", i);
    CHECK(lines_with("computed") == TRACKS, "%d tracks were computed", lines_with("computed"));
    CHECK(lines_with("cached") == (WORKERS - 1) * TRACKS, "%d were not", lines_with("cached"));
    CHECK(lines_with("warning") == 0 && lines_with("failed") == 0, "warnings");
    for (int i = 1; i < WORKERS; i++) CHECK(same_files(0, i), "worker %d has other files", i);
    check_whole(TRACKS);
}

/* With room for two results of five, entries go while others copy them. */
static void test_no_room(void)
{
    pid_t workers[WORKERS];
    tracks_begin();
    make_all(20000);
    for (int i = 0; i < WORKERS; i++) workers[i] = start(i, "800000");
    for (int i = 0; i < WORKERS; i++) CHECK(end(workers[i]) == 0, "worker %d", i);
    CHECK(lines_with("failed") == 0 && lines_with("warning") == 0, "warnings");
    for (int i = 1; i < WORKERS; i++) CHECK(same_files(0, i), "worker %d has other files", i);
    check_whole(-1);
}

static void sleep_microseconds(long long microseconds)
{
    const struct timespec time = {.tv_sec = microseconds / 1000000, .tv_nsec = microseconds % 1000000 * 1000};
    nanosleep(&time, NULL);
}

/* Whoever waits for one that is killed goes on in its place. */
static void test_dead_owner(void)
{
    tracks_begin();
    make_all(200000);
    const pid_t first = start(0, "0");
    for (int i = 0; i < 500 && system("test $(ls cache/locks 2>/dev/null | wc -l) = 1") != 0; i++)
        sleep_microseconds(10000);
    const pid_t second = start(1, "0");
    sleep_microseconds(300000);
    kill(first, SIGKILL);
    CHECK(WIFSIGNALED(end(first)), "it was killed");
    CHECK(end(second) == 0, "the second one went on");
    CHECK(lines_with("failed") == 0 && lines_with("warning") == 0, "warnings");
    check_whole(TRACKS);
}

/* Two workers, killed again and again at any moment. Of what was said to be computed nothing is lost. */
static void test_kills(void)
{
    const char *wanted = getenv("DEMUCS_TEST_KILLS");
    const int kills = wanted != NULL ? atoi(wanted) : 12;
    unsigned seed = (unsigned)time(NULL);
    long long longest = 60000;
    tracks_begin();
    make_all(4000); /* so short that keeping takes its share of the time */
    printf("    %d kills, seed %u\n", kills, seed);
    for (int i = 0; i < kills; i++) {
        if (i % 10 == 9) CHECK(system("rm -rf cache/entries/*-1 out0 log0") == 0, "rm"); /* and some are damaged */
        const pid_t one = start(0, "0"), two = start(1, "0");
        seed = seed * 1664525u + 1013904223u;
        sleep_microseconds((long long)(seed >> 8) * longest >> 24);
        kill(one, SIGKILL);
        kill(two, SIGKILL);
        end(one);
        const int status = end(two);
        longest = WIFSIGNALED(status) ? longest + 10000 : longest / 2; /* some of them should nearly be done */
    }
    const pid_t last = start(2, "0"), after = start(3, "0");
    CHECK(end(last) == 0 && end(after) == 0, "the last ones");
    CHECK(lines_with("failed") == 0, "failures");
    CHECK(same_files(2, 3), "the same files");
    check_whole(TRACKS);
    CHECK(system("test -z \"$(find out2 out3 -name '*partial*')\"") == 0, "temporary files");
}

TRACKS_MAIN(test_at_once, test_no_room, test_dead_owner, test_kills)
