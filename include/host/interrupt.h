/* Ctrl-C and its like for an operation that must not just end: a flag instead. */
#ifndef KVMCTL_HOST_INTERRUPT_H
#define KVMCTL_HOST_INTERRUPT_H

/* From now on SIGINT, SIGTERM and SIGHUP only set the flag that is returned (to the signal's number); those that the caller ignores (nohup) stay
 * ignored. For the rest of the process. */
const volatile int *interrupt_catch(void);
/* They wait, for a process that becomes a program which reads them itself (keep_blocked of host/child.h). -1 with errno. */
int interrupt_hold(void);

#endif
