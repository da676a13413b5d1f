/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "shared.h"

#include <sys/stat.h>

#include "fds.h"
#include "ranges.h"
#include "say.h"
#include "sys.h"

/* Mappings of files, as many as DPDK has pages. */
#define MAPPINGS 65535u

/* A file, once however often it is mapped. */
static struct file {
	dev_t device;
	ino_t number;
	int fd;
	unsigned int mappings; /* 0: free */
} files[SHARED_FILES];

/* What is mapped: offset in the file, and the file's index as tag. */
static struct ranges maps;

/* ---- Files ---- */

/* The index of a file, or -1. */
static int
file_find(const struct stat *st)
{
	for (int i = 0; i < SHARED_FILES; i++)
		if (files[i].mappings > 0 && files[i].number == st->st_ino &&
		    files[i].device == st->st_dev)
			return i;
	return -1;
}

static int
file_add(const struct stat *st, int fd)
{
	static bool said;
	int copy = -EMFILE;

	for (int i = 0; i < SHARED_FILES; i++) {
		if (files[i].mappings > 0)
			continue;
		copy = fds_copy(fd);
		if (copy < 0)
			break;
		files[i] = (struct file){.device = st->st_dev, .number = st->st_ino, .fd = copy};
		return i;
	}
	if (!said)
		say("no descriptor is left for memory that a served device is to map; it goes by "
		    "messages, which is slow: raise ulimit -n, or use --single-file-segments");
	said = true;
	return -1;
}

/* Take a descriptor back whose file is mapped nowhere any more. */
static void
file_settle(unsigned int index)
{
	struct range r;
	uint64_t at = 0;

	files[index].mappings = 0;
	while (ranges_next(&maps, at, &r)) {
		files[index].mappings += r.tag == index;
		if (range_last(&r) == UINT64_MAX)
			break;
		at = range_last(&r) + 1;
	}
	if (files[index].mappings == 0)
		fds_close(files[index].fd);
}

/* ---- Mappings ---- */

static bool
is_ready(void)
{
	if (maps.slots == NULL) {
		/* Not from the heap: 2 MB of which most programs touch a page. */
		void *p = sys_mmap(NULL, MAPPINGS * sizeof(struct range_slot),
				   PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			return false;
		maps.slots = p;
		maps.max = MAPPINGS;
	}
	return true;
}

void
shared_note(const void *addr, size_t len, int fd, off_t off)
{
	struct range r = {.start = (uintptr_t)addr, .size = len, .to = (uint64_t)off};
	struct stat st;
	int index;

	shared_forget(addr, len);
	/* Devices are mapped shared as well, and are no memory. */
	if (syscall(SYS_fstat, fd, &st) < 0 || !S_ISREG(st.st_mode) || !is_ready())
		return;
	index = file_find(&st);
	if (index < 0)
		index = file_add(&st, fd);
	if (index < 0)
		return;
	r.tag = (unsigned int)index;
	if (ranges_insert(&maps, &r) == 0)
		files[index].mappings++;
	else
		file_settle((unsigned int)index);
}

void
shared_forget(const void *addr, size_t len)
{
	uint64_t start = (uintptr_t)addr;
	struct range r;

	/* File by file, so that each is settled once its last mapping is gone. */
	while (shared_covers(addr, len) && ranges_next(&maps, start, &r)) {
		uint64_t from = r.start > start ? r.start : start;
		uint64_t last = range_last(&r) - start < len - 1 ? range_last(&r) : start + len - 1;

		ranges_cut(&maps, from, last - from + 1);
		file_settle((unsigned int)r.tag);
	}
}

bool
shared_covers(const void *addr, size_t len)
{
	struct range r;

	if (len == 0 || !ranges_next(&maps, (uintptr_t)addr, &r))
		return false;
	return r.start <= (uintptr_t)addr || r.start - (uintptr_t)addr < len;
}

bool
shared_next(const void *addr, struct shared_part *part)
{
	struct range r;

	if (!ranges_next(&maps, (uintptr_t)addr, &r))
		return false;
	*part = (struct shared_part){
		.start = r.start,
		.size = r.size,
		.fd = files[r.tag].fd,
		.offset = r.to,
	};
	return true;
}
