/* Ctrl-C and its like for an operation that must not just end: a flag instead. */
#ifndef KVMCTL_HOST_INTERRUPT_H
#define KVMCTL_HOST_INTERRUPT_H

/* From now on SIGINT, SIGTERM and SIGHUP only set the flag that is returned (to the signal's number); those that the caller ignores (nohup) stay
 * ignored. For the rest of the process. */
const volatile int *interrupt_catch(void);
/* In a fork that goes on as something else: those that were caught end it again. */
void interrupt_default(void);

#endif
