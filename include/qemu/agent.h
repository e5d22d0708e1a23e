/* The guest agent, as far as kvmctl needs it (QEMU: docs/interop/qemu-ga-ref): one JSON document a line each way. */
#ifndef KVMCTL_QEMU_AGENT_H
#define KVMCTL_QEMU_AGENT_H

#include <stdint.h>

#include "base/deadline.h"
#include "base/error.h"

/* Sets the guest's clock to Unix time ns. fd: connected to the agent's channel, non-blocking, the caller's. Answers to what others asked before
 * are passed over. ERROR_TIMEOUT: nobody answers (no agent runs in the guest); ERROR_QEMU: it refuses, or speaks nonsense. */
int agent_set_time(int fd, int64_t ns, struct deadline deadline, struct error *err);

#endif
