#ifndef SALLYPORT_CPROCESSES_H
#define SALLYPORT_CPROCESSES_H

/* What a process needs to end another one, or to work in its namespaces. Not in CLinux: fork(2) brings the look-up of accounts into a static program. */

#include <sys/types.h>

/* When a process started, in clock ticks since boot: field 22 of /proc/PID/stat, proc(5). 0: there is none. name becomes the
   beginning of its program's name. */
unsigned long long sp_start_of(pid_t process, char name[16]);

/* Ends a process after some seconds, with SIGTERM. Returns at once: a process of its own waits, with nothing else open.
   -1 and errno on failure. */
int sp_end_later(pid_t process, unsigned seconds);

/* A descriptor that can be read when the process has ended: pidfd_open(2). -1 and errno on failure. */
int sp_process_descriptor(pid_t process);

/* Gives this process another name, as ps(1) and pgrep(1) show it, of at most 15 bytes. From now on nobody but root can look
   into it or trace it, whatever namespaces its children enter: PR_SET_DUMPABLE. */
void sp_become_helper(const char *name);

/* Starts a child that enters a user namespace and its network namespace, connects to that port on the loopback there, and
   sends the connection to the client with a byte 0, or the errno of the failure as a byte. It needs ten seconds at most. Its
   pid; -1 and errno on failure. With -1 for the namespaces it stays where it is. */
pid_t sp_hand_over(int client, int user, int network, unsigned short port);

#endif
