#ifndef SALLYPORT_CARCHIVE_H
#define SALLYPORT_CARCHIVE_H

#include <archive.h>
#include <archive_entry.h>

#endif
