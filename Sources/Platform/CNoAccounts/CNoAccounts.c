#include "CNoAccounts.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stddef.h>
#include <stdlib.h>

int getpwnam_r(const char *name, struct passwd *entry, char *buffer, size_t size, struct passwd **result) {
    *result = NULL;
    return ENOSYS;
}

int getpwuid_r(uid_t uid, struct passwd *entry, char *buffer, size_t size, struct passwd **result) {
    *result = NULL;
    return ENOSYS;
}

int getgrnam_r(const char *name, struct group *entry, char *buffer, size_t size, struct group **result) {
    *result = NULL;
    return ENOSYS;
}

int getgrgid_r(gid_t gid, struct group *entry, char *buffer, size_t size, struct group **result) {
    *result = NULL;
    return ENOSYS;
}

/* Of another kind, but nobody's here either: a name that someone else can take before its file is made. */
char *mktemp(char *template) {
    errno = ENOSYS;
    template[0] = 0;
    return template;
}
