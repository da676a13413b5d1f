/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "client_convert.h"
#include "scif.h"

/* Shared memory would stay shared with a child; so a child gets a copy of its own, as of the fork.
 *
 * The heap is left alone meanwhile: it may have been moved, too, and given back by the program
 * since. What is allocated while it is copied would be missing in the copy, and what a child frees
 * before it has the copy would be freed for its parent.
 */

/* Pages are copied in such parts, which stay in a cache. */
#define PART 65536u

/* Memory of this process as a child will have it: a copy, and behind that what is known of it. */
struct snapshot {
	struct snapshot *next;
	struct client_converted of; /* this part of it */
	uint32_t prot;
	char *copy;
};

static struct snapshot *snapshots;

static void
snapshot_plan(const struct client_converted *m, const struct client_area *area)
{
	size_t size = area->end - area->start;
	char *copy = MAP_FAILED;
	struct snapshot *s;

	/* What cannot be read would not be missed; and without memory a child has none of it. */
	if ((area->prot & SCIF_PROT_READ) != 0)
		copy = mmap(NULL, size + CLIENT_PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (copy == MAP_FAILED) {
		madvise((void *)area->start, size, MADV_DONTFORK);
		return;
	}
	s = (void *)(copy + size);
	*s = (struct snapshot){snapshots, *m, area->prot, copy};
	s->of.start = area->start;
	s->of.size = size;
	snapshots = s;
}

static void
snapshot_all(const struct client_converted *m)
{
	struct client_area area;
	uintptr_t at = m->start;

	while (client_convert_area(m, &at, &area) > 0)
		snapshot_plan(m, &area);
}

/* Pages of it, or their errno negative. */
static ssize_t
read_pages(char *to, uintptr_t from, size_t n)
{
	struct iovec here = {to, n}, there = {(void *)from, n};
	ssize_t got = process_vm_readv(getpid(), &here, 1, &there, 1, 0);

	return got < 0 ? -errno : got / CLIENT_PAGE * CLIENT_PAGE;
}

/* Other threads may unmap it meanwhile: what is gone is left out, as nobody reads it here. Where the
 * system call is not to be had, who does so is not borne.
 */
static void
snapshot_take(const struct snapshot *s)
{
	static _Alignas(64) char part[PART];
	ssize_t got;
	size_t n;

	for (size_t at = 0; at < s->of.size; at += n) {
		n = s->of.size - at < PART ? s->of.size - at : PART;
		got = read_pages(part, s->of.start + at, n);
		if (got > 0) {
			n = (size_t)got;
			client_copy_pages(s->copy + at, part, n);
		} else if (got == 0 || got == -EFAULT) {
			n = CLIENT_PAGE;
		} else {
			client_copy_pages(s->copy + at, (const char *)s->of.start + at, n);
		}
	}
}

static void
fork_prepare(void)
{
	client_lock(&client_convert_lock);
	client_convert_each(snapshot_all);
	/* As late as can be: other threads go on. */
	for (struct snapshot *s = snapshots; s != NULL; s = s->next)
		snapshot_take(s);
}

/* Where a process has as many mappings as it may, none is moved, but one may come in the place of
 * another. If that is not to be had either, the child has none: it would be its parent's.
 */
static void
place_bytes(const char *copy, uintptr_t start, size_t size)
{
	void *at = mmap((void *)start, size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	if (at == MAP_FAILED)
		munmap((void *)start, size);
	else
		client_copy_pages(at, copy, size);
}

static void
place(const struct snapshot *s, uintptr_t start, uintptr_t end, uint32_t prot)
{
	char *copy = s->copy + (start - s->of.start);
	size_t size = end - start;

	if (mremap(copy, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)start) == MAP_FAILED)
		place_bytes(copy, start, size);
	mprotect((void *)start, size, (int)prot);
}

/* In a child: what is still there. Another thread may have unmapped it since, and have something
 * else there. Where nobody can look, all of it is put back.
 */
static void
snapshot_place(const struct snapshot *s)
{
	uintptr_t at = s->of.start;
	struct client_area area;
	int ret;

	while ((ret = client_convert_area(&s->of, &at, &area)) > 0)
		place(s, area.start, area.end, area.prot);
	if (ret < 0)
		place(s, at, s->of.start + s->of.size, s->prot);
}

static void
snapshots_end(bool child)
{
	for (struct snapshot *s = snapshots, *next; s != NULL; s = next) {
		next = s->next;
		if (child)
			snapshot_place(s);
		munmap(s->copy, s->of.size + CLIENT_PAGE);
	}
	snapshots = NULL;
}

static void
fork_parent(void)
{
	snapshots_end(false);
	client_unlock(&client_convert_lock);
}

static void
fork_child(void)
{
	/* It has other areas than its parent. */
	client_area_forget();
	snapshots_end(true);
	client_convert_forget();
	client_convert_lock = (struct client_lock){0};
}

static void
watch(void)
{
	pthread_atfork(fork_prepare, fork_parent, fork_child);
}

void
client_convert_watch_forks(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, watch);
}
