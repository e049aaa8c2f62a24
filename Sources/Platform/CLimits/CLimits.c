#define _GNU_SOURCE 1
#include "CLimits.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

volatile unsigned long sp_turns;

int sp_limit_memory(size_t bytes, size_t stack) {
    const struct rlimit none = {0, 0};
    struct rlimit memory;
    pthread_attr_t attributes;
    int error;

    mallopt(M_ARENA_MAX, 1);
    pthread_attr_init(&attributes);
    error = pthread_attr_setstacksize(&attributes, stack);
    if (error == 0)
        error = pthread_setattr_default_np(&attributes);
    pthread_attr_destroy(&attributes);
    if (error != 0) {
        errno = error;
        return -1;
    }
    if (getrlimit(RLIMIT_DATA, &memory) != 0)
        return -1;
    /* A lower limit is someone's intention, and only root can raise it. */
    if (memory.rlim_max > bytes)
        memory.rlim_max = bytes;
    if (memory.rlim_cur > bytes)
        memory.rlim_cur = bytes;
    return setrlimit(RLIMIT_CORE, &none) == 0 && setrlimit(RLIMIT_DATA, &memory) == 0 ? 0 : -1;
}

static struct {
    int seconds, status;
    const char *text;
    size_t length;
} end;

/* After each second of computing. */
static void look(int signal) {
    static unsigned long seen;
    static int seconds;
    const unsigned long turns = sp_turns;

    (void)signal;
    if (turns != seen) {
        seen = turns;
        seconds = 0;
    } else if (++seconds >= end.seconds) {
        (void)!write(STDERR_FILENO, end.text, end.length);
        _exit(end.status);
    }
}

int sp_end_if_not_turning(int seconds, int status, const char *text, size_t length) {
    const struct itimerval second = {{1, 0}, {1, 0}};
    struct sigaction action = {.sa_handler = look, .sa_flags = SA_RESTART};
    sigset_t set;

    end.seconds = seconds;
    end.status = status;
    end.text = text;
    end.length = length;
    sigemptyset(&set);
    sigaddset(&set, SIGVTALRM);
    return sigaction(SIGVTALRM, &action, NULL) == 0 && sigprocmask(SIG_UNBLOCK, &set, NULL) == 0
                   && setitimer(ITIMER_VIRTUAL, &second, NULL) == 0
               ? 0
               : -1;
}
