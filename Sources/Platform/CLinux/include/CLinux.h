#ifndef SALLYPORT_CLINUX_H
#define SALLYPORT_CLINUX_H

/* What Glibc's Swift module lacks: headers it leaves out and calls that are variadic or macros. */

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <syslog.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/* ioctl(2) and fcntl(2) are variadic. -1 and errno on failure. */
static inline int sp_get_window_size(int fd, struct winsize *size) {
    return ioctl(fd, TIOCGWINSZ, size);
}

static inline int sp_set_window_size(int fd, const struct winsize *size) {
    return ioctl(fd, TIOCSWINSZ, size);
}

static inline int sp_fcntl(int fd, int command, int argument) {
    return fcntl(fd, command, argument);
}

/* open(2) is variadic: close-on-exec. -1 and errno on failure. */
static inline int sp_open_to_read(const char *path) {
    return open(path, O_RDONLY | O_CLOEXEC);
}

/* environ(7), a mutable global that Swift does not import. Ends with NULL. */
static inline char **sp_environment(void) {
    extern char **environ;
    return environ;
}

/* Bytes that can be read without waiting; 0 on failure too. */
static inline int sp_readable(int fd) {
    int count = 0;
    return ioctl(fd, FIONREAD, &count) == 0 ? count : 0;
}

/* A record of facility authpriv: openlog(3), syslog(3). Of the program's name, at most 31 bytes. Where there is no
   syslog daemon, it is lost unless sp_log_also_to was called. */
void sp_log(const char *program, int priority, const char *text);

/* The same, to the system log alone. */
void sp_syslog(const char *program, int priority, const char *text);

/* From now on, sp_log appends each record to this file, too. A file that cannot be written is reported to the system log
   once, and is no failure. */
void sp_log_also_to(const char *path);

/* Appends one line to a file, which it makes if necessary: the time (UTC), the program, its pid and the text, in a single
   write(2). Control characters become spaces. Never waits. -1 and errno on failure. */
int sp_append_record(const char *path, const char *program, const char *text);

/* SIG_IGN for SIGPIPE, a macro with a cast: signal(2). */
void sp_ignore_broken_pipes(void);

/* What errno says, which is a macro: strerror(3). Good until the next call. */
const char *sp_last_error(void);

/* ppoll(2) without a signal mask; negative nanoseconds wait for ever. */
int sp_poll(struct pollfd *descriptors, nfds_t count, int64_t nanoseconds);

/* A pipe, both ends close-on-exec and non-blocking: pipe2(2). */
int sp_pipe(int ends[2]);

/* Enlarges a pipe: F_SETPIPE_SZ, fcntl(2). -1 and errno on failure, and if it is not a pipe. */
int sp_set_pipe_size(int fd, int bytes);

/* Moves bytes from where they can be read to where they can be written, one of the two a pipe: splice(2), never waiting
   for a pipe. 0: end of file. -1 and errno on failure. */
ssize_t sp_splice(int from, int to, size_t count);

/* Lets programs that compute go on when this one has something to do, instead of interrupting them: SCHED_BATCH, sched(7).
   Where that is not permitted nothing changes. */
void sp_set_batch_scheduling(void);

/* Sends one byte, and a descriptor with it unless that is negative: SCM_RIGHTS, unix(7). -1 and errno on failure. */
int sp_send_descriptor(int socket, unsigned char word, int descriptor);

/* Receives one byte, and the descriptor that came with it, close-on-exec; -1: none came. Further ones are closed. Returns 1; 0
   at the end of file; -1 and errno on failure. */
int sp_receive_descriptor(int socket, unsigned char *word, int *descriptor);

/* The same with two descriptors: what is read from, and what is written to. Fewer or more than two count as none. */
int sp_send_pair(int socket, unsigned char word, int first, int second);
int sp_receive_pair(int socket, unsigned char *word, int *first, int *second);

/* Listens on a Unix socket that it makes, for this user alone; close-on-exec and non-blocking. -1 and errno on failure. */
int sp_listen(const char *path, int backlog);

/* SOCK_STREAM or another type; -1: it is not a socket. */
int sp_socket_type(int descriptor);

/* Accepts a connection on a Unix socket, close-on-exec and non-blocking, and says whose it is: SO_PEERCRED. -1 and errno on
   failure. */
int sp_accept(int listener, uid_t *user);

/* Opens a pseudo-terminal of that size, both sides close-on-exec and neither anybody's controlling terminal.
   -1 and errno on failure. */
int sp_open_terminal(int *ours, int *theirs, const struct winsize *size);

/* Adds one to a 64-bit number of a file; beyond its end all numbers are zero. Any number of processes can do this at once: each
   locks the file (flock(2)), and gives up after a few milliseconds rather than wait. One that is killed leaves the file
   whole. No mmap(2): where the file system has no room for a changed page, that would be SIGBUS. -1: nothing was counted. */
int sp_count_in_file(int fd, size_t index);

#endif
