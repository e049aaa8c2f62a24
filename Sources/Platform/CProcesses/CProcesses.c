#define _GNU_SOURCE
#include "CProcesses.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

unsigned long long sp_start_of(pid_t process, char name[16]) {
    char path[32], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)process);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t count = file < 0 ? -1 : read(file, text, sizeof text - 1);
    if (file >= 0) close(file);
    if (count <= 0) return 0;
    text[count] = 0;
    char *begin = strchr(text, '('), *end = strrchr(text, ')');
    if (!begin || !end) return 0;
    *end = 0;
    snprintf(name, 16, "%s", begin + 1);
    unsigned long long start = 0;
    /* Of the fields after the name, the twentieth. */
    sscanf(end + 1, "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu", &start);
    return start;
}

int sp_end_later(pid_t process, unsigned seconds) {
    /* It never means another process, which a number could by then. */
    int target = (int)syscall(SYS_pidfd_open, process, 0);
    if (target < 0) return -1;
    pid_t child = fork();
    if (child != 0) {
        int code = errno;
        close(target);
        errno = code;
        if (child < 0) return -1;
        int status = 0;
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
        /* The child ends with the errno of the second fork. */
        errno = WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD;
        return errno == 0 ? 0 : -1;
    }
    /* Twice, so that nobody has to wait for it. The process had threads: from here on only signal-safety(7). */
    pid_t waiter = fork();
    if (waiter != 0) _exit(waiter < 0 ? errno : 0);
    setsid();
    if (target != 0) dup2(target, 0);
    syscall(SYS_close_range, 1, ~0U, 0);
    struct timespec rest = {.tv_sec = seconds};
    while (nanosleep(&rest, &rest) != 0 && errno == EINTR) {}
    syscall(SYS_pidfd_send_signal, 0, SIGTERM, NULL, 0);
    _exit(0);
}
