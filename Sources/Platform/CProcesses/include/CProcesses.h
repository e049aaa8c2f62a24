#ifndef SALLYPORT_CPROCESSES_H
#define SALLYPORT_CPROCESSES_H

/* What one process needs to end another. Not in CLinux: fork(2) brings the look-up of accounts into a static program. */

#include <sys/types.h>

/* When a process started, in clock ticks since boot: field 22 of /proc/PID/stat, proc(5). 0: there is none. name becomes the
   beginning of its program's name. */
unsigned long long sp_start_of(pid_t process, char name[16]);

/* Ends a process after some seconds, with SIGTERM. Returns at once: a process of its own waits, with nothing else open.
   -1 and errno on failure. */
int sp_end_later(pid_t process, unsigned seconds);

#endif
