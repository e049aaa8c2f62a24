#ifndef SALLYPORT_CNOACCOUNTS_H
#define SALLYPORT_CNOACCOUNTS_H

/* For a static program that holds FoundationEssentials: functions that glibc would load modules for (nsswitch.conf(5)), which
   a static program cannot. Nobody calls them where JSON is all that is asked for; and so that nobody ever does, they are not
   glibc's here. They find nobody: ENOSYS. Nothing has to be imported. */

#endif
