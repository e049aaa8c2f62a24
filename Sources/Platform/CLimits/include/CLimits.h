#ifndef SALLYPORT_CLIMITS_H
#define SALLYPORT_CLIMITS_H

#include <stddef.h>

/* How often a loop has turned; for sp_end_if_not_turning. */
extern volatile unsigned long sp_turns;

static inline void sp_turned(void) {
    sp_turns++;
}

/* Limits the memory that this process can write to (RLIMIT_DATA, setrlimit(2)), unless a lower limit is set already, and the
   stack of each further thread; there are no core files, and one arena for all threads (mallopt(3)). Call this before any
   library starts a thread. -1 and errno on failure. */
int sp_limit_memory(size_t bytes, size_t stack);

/* Whenever this process has computed for so many seconds while no loop has turned, it writes a text to stderr and exits with
   that status: the processor's time, not the clock's, so that a process that waits costs nothing (ITIMER_VIRTUAL,
   setitimer(2)). The text must stay where it is. -1 and errno on failure. */
int sp_end_if_not_turning(int seconds, int status, const char *text, size_t length);

#endif
