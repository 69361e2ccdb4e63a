/* guard.c - see guard.h */
#include "tracks/guard.h"

#include <signal.h>
#include <time.h>

enum { LOOK_MILLISECONDS = 100 };

static void wait_for_a_while(dmx_guard *self)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += LOOK_MILLISECONDS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_cond_timedwait(&self->moved, &self->lock, &until);
}

static void *look(void *user)
{
    dmx_guard *self = user;
    pthread_mutex_lock(&self->lock);
    while (!self->dismissed) {
        /* again and again: a stream without a track under way takes no notice */
        if (demucs_tracks_cancel_is_set(self->flag)) demucs_stream_cancel(self->stream);
        wait_for_a_while(self);
    }
    pthread_mutex_unlock(&self->lock);
    return NULL;
}

/* A thread that no signal is delivered to: those are for the program's own threads. */
static bool start(dmx_guard *self)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    const bool started = pthread_create(&self->thread, NULL, look, self) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

bool dmx_guard_begin(dmx_guard *self, const demucs_tracks_cancel *flag, demucs_stream *stream, demucs_error *error)
{
    *self = (dmx_guard){.stream = stream};
    if (flag == NULL) return true;
    bool started = pthread_mutex_init(&self->lock, NULL) == 0;
    if (started && pthread_cond_init(&self->moved, NULL) != 0) {
        pthread_mutex_destroy(&self->lock);
        started = false;
    }
    self->flag = flag;
    if (started && !start(self)) {
        pthread_cond_destroy(&self->moved);
        pthread_mutex_destroy(&self->lock);
        started = false;
    }
    if (started) return true;
    self->flag = NULL;
    return !dmx_fail(error, DEMUCS_ERROR_MEMORY, "not enough memory to start a thread");
}

void dmx_guard_end(dmx_guard *self)
{
    if (self->flag == NULL) return;
    pthread_mutex_lock(&self->lock);
    self->dismissed = true;
    pthread_cond_signal(&self->moved);
    pthread_mutex_unlock(&self->lock);
    pthread_join(self->thread, NULL);
    pthread_cond_destroy(&self->moved);
    pthread_mutex_destroy(&self->lock);
    self->flag = NULL;
}
