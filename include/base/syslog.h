/* The system's log, for the programs that stay and have nobody to talk to. */
#ifndef KVMCTL_BASE_SYSLOG_H
#define KVMCTL_BASE_SYSLOG_H

/* priority: LOG_ERR ... of syslog(3); text: one line. Never waits; what nobody takes is lost. */
void syslog_send(int priority, const char *program, const char *text);

#endif
