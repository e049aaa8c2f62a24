#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "CLinux.h"

int sp_open_terminal(int *ours, int *theirs, const struct winsize *size) {
    char name[128];
    int saved;
    int other = -1;
    int one = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (one < 0) {
        return -1;
    }
    if (grantpt(one) != 0 || unlockpt(one) != 0 || (errno = ptsname_r(one, name, sizeof name)) != 0) {
        goto failed;
    }
    other = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (other < 0 || ioctl(one, TIOCSWINSZ, size) != 0) {
        goto failed;
    }
    *ours = one;
    *theirs = other;
    return 0;

failed:
    saved = errno;
    close(one);
    if (other >= 0) {
        close(other);
    }
    errno = saved;
    return -1;
}
