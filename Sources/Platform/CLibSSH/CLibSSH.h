#ifndef SALLYPORT_CLIBSSH_H
#define SALLYPORT_CLIBSSH_H

#include <libssh/libssh.h>
#include <libssh/callbacks.h>
#include <libssh/server.h>

#endif
