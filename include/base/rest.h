/* Going to sleep with little memory: for the programs that stay. */
#ifndef KVMCTL_BASE_REST_H
#define KVMCTL_BASE_REST_H

/* At the begin: a heap that is given back. */
void rest_prepare(void);
/* Before each sleep. */
void rest(void);

#endif
