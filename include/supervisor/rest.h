/* Going to sleep with little memory. */
#ifndef KVMCTL_SUPERVISOR_REST_H
#define KVMCTL_SUPERVISOR_REST_H

/* At the begin: a heap that is given back. */
void rest_prepare(void);
/* Before each sleep. */
void rest(void);

#endif
