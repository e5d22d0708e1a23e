/* A supervisor sleeps nearly all its life, and there is one for each guest (so do learners). What it ran through at its
 * start (the dynamic linker, most of libc) would stay mapped for ever, and on a host where few others use
 * libc it would be counted as ours: so the code is let go before each sleep. It stays in the page cache;
 * waking up maps the few pages that are needed again, at the cost of some microseconds. */
#include "base/rest.h"

#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

void rest_prepare(void)
{
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_TOP_PAD, 0);
	mallopt(M_TRIM_THRESHOLD, 16 * 1024);
	mallopt(M_MMAP_THRESHOLD, 32 * 1024);
}

/* Code and constants of one object: mapped from a file and never written, so nothing is lost. */
static int let_go(struct dl_phdr_info *info, size_t size, void *arg)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	(void)size;
	(void)arg;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
		uintptr_t from = (info->dlpi_addr + segment->p_vaddr) & ~(page - 1);
		uintptr_t to = (info->dlpi_addr + segment->p_vaddr + segment->p_memsz + page - 1) & ~(page - 1);

		if (segment->p_type == PT_LOAD && !(segment->p_flags & PF_W))
			madvise((void *)from, to - from, MADV_DONTNEED);
	}
	return 0;
}

void rest(void)
{
	malloc_trim(0);
	dl_iterate_phdr(let_go, NULL);
}
