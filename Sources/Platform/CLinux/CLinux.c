#define _GNU_SOURCE 1
#include "CLinux.h"

#include <sched.h>
#include <time.h>

void sp_ignore_broken_pipes(void) {
    signal(SIGPIPE, SIG_IGN);
}

const char *sp_last_error(void) {
    return strerror(errno);
}

int sp_poll(struct pollfd *descriptors, nfds_t count, int64_t nanoseconds) {
    struct timespec timeout = {
        .tv_sec = nanoseconds / 1000000000,
        .tv_nsec = nanoseconds % 1000000000,
    };
    return ppoll(descriptors, count, nanoseconds < 0 ? NULL : &timeout, NULL);
}

int sp_pipe(int ends[2]) {
    return pipe2(ends, O_CLOEXEC | O_NONBLOCK);
}

ssize_t sp_splice(int from, int to, size_t count) {
    return splice(from, NULL, to, NULL, count, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}

void sp_set_batch_scheduling(void) {
    const struct sched_param parameter = {0};
    sched_setscheduler(0, SCHED_BATCH, &parameter);
}

int sp_set_pipe_size(int fd, int bytes) {
    return fcntl(fd, F_SETPIPE_SZ, bytes);
}
