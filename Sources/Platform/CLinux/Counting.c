#define _GNU_SOURCE 1
#include "CLinux.h"

#include <errno.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

/* Whoever holds the lock needs it for two system calls. */
static const int attempts = 20;
static const struct timespec pause_between = {.tv_nsec = 100000};

int sp_count_in_file(int fd, size_t index) {
    for (int attempt = 1; flock(fd, LOCK_EX | LOCK_NB) != 0; attempt++) {
        if (errno != EWOULDBLOCK || attempt == attempts) {
            return -1;
        }
        nanosleep(&pause_between, NULL);
    }
    uint64_t number = 0;
    off_t place = (off_t)(index * sizeof number);
    ssize_t count = pread(fd, &number, sizeof number, place);
    int result = -1;
    if (count >= 0) {
        /* After the end of the file there are zeros. */
        number = count == (ssize_t)sizeof number ? number + 1 : 1;
        result = pwrite(fd, &number, sizeof number, place) == (ssize_t)sizeof number ? 0 : -1;
    }
    flock(fd, LOCK_UN);
    return result;
}
