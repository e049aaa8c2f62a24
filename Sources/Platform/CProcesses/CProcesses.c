#define _GNU_SOURCE
#include "CProcesses.h"

#include "CLinux.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
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

int sp_process_descriptor(pid_t process) {
    return (int)syscall(SYS_pidfd_open, process, 0);
}

void sp_become_helper(const char *name) {
    prctl(PR_SET_NAME, name);
    prctl(PR_SET_DUMPABLE, 0);
}

/* In a new namespace it is down. */
static int raise_loopback(void) {
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int result = descriptor < 0 ? -1 : ioctl(descriptor, SIOCSIFFLAGS, &request);
    if (descriptor >= 0) close(descriptor);
    return result;
}

static int connect_to_loopback(unsigned short port) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor >= 0 && connect(descriptor, (struct sockaddr *)&address, sizeof address) == 0) return descriptor;
    return -1;
}

pid_t sp_hand_over(int client, int user, int network, unsigned short port) {
    pid_t child = fork();
    if (child != 0) return child;
    /* The process can have threads: only signal-safety(7). */
    alarm(10);
    int connection = -1;
    if (user < 0 ||
        (setns(user, CLONE_NEWUSER) == 0 && setns(network, CLONE_NEWNET) == 0 && raise_loopback() == 0)) {
        connection = connect_to_loopback(port);
    }
    sp_send_descriptor(client, connection < 0 ? (unsigned char)errno : 0, connection);
    _exit(0);
}
