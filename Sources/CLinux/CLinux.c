/* CLinux is its header; a C target needs one source file. */
#include "CLinux.h"
