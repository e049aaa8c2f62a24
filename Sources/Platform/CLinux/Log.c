#define _GNU_SOURCE 1
#include "CLinux.h"

#include <stdio.h>
#include <time.h>

/* Where records go as well; NULL: nowhere. */
static char *file = NULL;

void sp_log_also_to(const char *path) {
    free(file);
    file = strdup(path);
}

int sp_append_record(const char *path, const char *program, const char *text) {
    time_t now = time(NULL);
    struct tm utc;
    char stamp[32];
    char *record;
    int length, descriptor, error = 0;

    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    length = asprintf(&record, "%s %s[%d]: %s\n", stamp, program, (int)getpid(), text);
    if (length < 0) {
        return -1;
    }
    // One record is one line.
    for (int index = 0; index < length - 1; index++) {
        if ((unsigned char)record[index] < 0x20 || record[index] == 0x7f) {
            record[index] = ' ';
        }
    }
    // A fifo that nobody reads must not make anyone wait.
    descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
    if (descriptor < 0) {
        error = errno;
    } else {
        ssize_t written = write(descriptor, record, (size_t)length);
        if (written != length) {
            error = written < 0 ? errno : ENOSPC;
        }
        close(descriptor);
    }
    free(record);
    errno = error;
    return error == 0 ? 0 : -1;
}

void sp_syslog(const char *program, int priority, const char *text) {
    // openlog(3) keeps the pointer.
    static char name[32];
    snprintf(name, sizeof name, "%s", program);
    openlog(name, LOG_PID, LOG_AUTHPRIV);
    syslog(priority, "%s", text);
}

void sp_log(const char *program, int priority, const char *text) {
    static int complained = 0;
    sp_syslog(program, priority, text);
    if (file != NULL && sp_append_record(file, program, text) != 0 && !complained) {
        complained = 1;
        syslog(LOG_WARNING, "log_file %s cannot be written: %m", file);
    }
}
