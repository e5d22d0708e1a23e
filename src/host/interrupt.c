/* A flag that signals set. */
#include "host/interrupt.h"

#include <signal.h>

#include "base/cleanup.h"

static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };

/* A handler is given nothing but the number: it has to be here. */
static volatile int interrupted;

static void note(int number)
{
	interrupted = number;
}

int interrupt_hold(void)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ELEMENTS(numbers); i++)
		sigaddset(&set, numbers[i]);
	return sigprocmask(SIG_BLOCK, &set, NULL);
}

const volatile int *interrupt_catch(void)
{
	struct sigaction action = { .sa_handler = note }, before;

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < ELEMENTS(numbers); i++)
		if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
			sigaction(numbers[i], &action, NULL);
	return &interrupted;
}
