/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "site_patch.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sys.h"

#define PAGE 4096
#define INT3 0xcc
/* A jump's reach, less what code and stub take. */
#define REACH (UINT64_C(0x7fffffff) - 2 * STUB_BYTES)
/* Of a line of /proc/self/maps all but the end of a long path is looked at. */
#define LINE_BYTES 128

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

/* ---- Finding a place ---- */

/* What is looked for in the maps, and what was found so far. */
struct search {
	uint64_t addr, end; /* the code */
	uint64_t covered;   /* as far as this, the code was found, all with `prot` */
	int prot;           /* -1 before */
	bool shared;        /* the code is not this program's alone */
	uint64_t below;     /* the nearest free page below the code, 0 for none */
	uint64_t above;     /* and above */
	uint64_t last_end;  /* of the mapping before */
	bool after_heap;    /* which grows upwards */
};

struct mapping {
	uint64_t start, end;
	int prot;
	bool shared, heap, stack;
};

static const char *
parse_hex(const char *s, uint64_t *value)
{
	*value = 0;
	for (;; s++) {
		if (*s >= '0' && *s <= '9')
			*value = *value << 4 | (unsigned int)(*s - '0');
		else if (*s >= 'a' && *s <= 'f')
			*value = *value << 4 | (unsigned int)(*s - 'a' + 10);
		else
			return s;
	}
}

/* start-end rwxp offset device inode path */
static bool
parse_line(const char *line, struct mapping *m)
{
	const char *s = parse_hex(line, &m->start);

	if (*s != '-')
		return false;
	s = parse_hex(s + 1, &m->end);
	if (*s != ' ' || strlen(s) < 5)
		return false;
	m->prot = (s[1] == 'r' ? PROT_READ : 0) | (s[2] == 'w' ? PROT_WRITE : 0) |
		  (s[3] == 'x' ? PROT_EXEC : 0);
	m->shared = s[4] == 's';
	m->heap = strstr(s, "[heap]") != NULL;
	m->stack = strstr(s, "[stack]") != NULL;
	return true;
}

static void
search_code(struct search *f, const struct mapping *m)
{
	if (m->start > f->covered || m->end <= f->covered || f->covered >= f->end)
		return;
	if (f->prot >= 0 && f->prot != m->prot)
		return;
	f->prot = m->prot;
	f->shared |= m->shared;
	f->covered = m->end;
}

/* In a gap, the page at its upper end is taken; where a stack grows into that, at the lower. */
static void
search_gap(struct search *f, const struct mapping *m)
{
	uint64_t page;

	if (m->start - f->last_end < 2 * PAGE || f->last_end == 0 || (m->stack && f->after_heap))
		return;
	page = m->stack ? f->last_end : m->start - PAGE;
	if (page < f->addr && f->addr - page < REACH)
		f->below = page;
	else if (page > f->addr && page - f->addr < REACH && f->above == 0)
		f->above = page;
}

static void
search_line(struct search *f, const char *line)
{
	struct mapping m;

	if (!parse_line(line, &m))
		return;
	search_code(f, &m);
	search_gap(f, &m);
	f->last_end = m.end;
	f->after_heap = m.heap;
}

static int
search_maps(struct search *f)
{
	char text[1024], line[LINE_BYTES];
	size_t used = 0;
	ssize_t n;
	int fd = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	while ((n = syscall(SYS_read, fd, text, sizeof(text))) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			if (text[i] == '\n') {
				line[used] = '\0';
				search_line(f, line);
				used = 0;
			} else if (used < sizeof(line) - 1) {
				line[used++] = text[i];
			}
		}
	}
	sys_close(fd);
	return n < 0 ? -EIO : 0;
}

static uint8_t *
map_at(uint64_t addr)
{
	void *page;

	if (addr == 0)
		return NULL;
	page = sys_mmap((void *)(uintptr_t)addr, STUB_BYTES, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (page == MAP_FAILED)
		return NULL;
	if ((uintptr_t)page == addr)
		return page;
	/* A kernel that takes the address as no more than a wish. */
	sys_munmap(page, STUB_BYTES);
	return NULL;
}

uint8_t *
site_map_near(uint64_t addr, unsigned int len, int *prot)
{
	struct search f = {.addr = addr, .end = addr + len, .covered = addr, .prot = -1};
	uint8_t *page;

	if (search_maps(&f) != 0 || f.covered < f.end || f.shared || (f.prot & PROT_EXEC) == 0)
		return NULL;
	*prot = f.prot;
	page = map_at(f.below);
	return page != NULL ? page : map_at(f.above);
}

/* ---- Writing ---- */

void
site_put_jmp(uint8_t *from, uint64_t at, uint64_t to)
{
	uint32_t distance = (uint32_t)(to - (at + JMP_BYTES));

	from[0] = 0xe9;
	memcpy(from + 1, &distance, sizeof(distance));
}

/* Every CPU that runs this program has thrown away what it had fetched before. */
static int
sync_cores(void)
{
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0) == 0)
		return 0;
	if (errno != EPERM ||
	    syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0) != 0)
		return -errno;
	return syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, 0, 0) == 0
		       ? 0
		       : -errno;
}

static int
protect(uint64_t addr, int prot)
{
	uint64_t first = addr & ~(uint64_t)(PAGE - 1);
	uint64_t last = (addr + JMP_BYTES - 1) & ~(uint64_t)(PAGE - 1);

	return syscall(SYS_mprotect, first, last - first + PAGE, prot) == 0 ? 0 : -errno;
}

int
site_overwrite(uint64_t addr, uint64_t to, int prot)
{
	volatile uint8_t *code = (volatile uint8_t *)(uintptr_t)addr;
	uint8_t jmp[JMP_BYTES];
	int ret = sync_cores();

	if (ret == 0)
		ret = protect(addr, PROT_READ | PROT_WRITE | PROT_EXEC);
	if (ret != 0)
		return ret;
	site_put_jmp(jmp, addr, to);
	/* After each step all CPUs have seen it: none puts together a jump from old bytes and new
	 * ones. The call worked a moment ago, and has no other reason to fail.
	 */
	code[0] = INT3;
	(void)sync_cores();
	for (unsigned int i = 1; i < JMP_BYTES; i++)
		code[i] = jmp[i];
	(void)sync_cores();
	code[0] = jmp[0];
	(void)sync_cores();
	/* Should this fail, the program runs on with code that it could write to. */
	(void)protect(addr, prot);
	return 0;
}
