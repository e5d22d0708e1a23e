/* What is said on stderr beside the one error that main prints: warnings, notices, debug (-v). */
#ifndef KVMCTL_BASE_LOG_H
#define KVMCTL_BASE_LOG_H

enum log_level {
	LOG_LEVEL_QUIET,   /* -q: nothing but the error */
	LOG_LEVEL_NORMAL,  /* warnings and notices */
	LOG_LEVEL_VERBOSE, /* -v: what is done, step by step */
	LOG_LEVEL_DEBUG,   /* -vv: each system of it */
};

void log_set_level(enum log_level level);
enum log_level log_get_level(void);
/* Each writes one line "kvmctl: ..." in one write(2). errno stays. */
void log_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_notice(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_verbose(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
