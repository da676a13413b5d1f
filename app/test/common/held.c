/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <dirent.h>
#include <malloc.h>

#include <rte_malloc.h>

#include "common.h"

/* With `.` and `..`, which are always there. */
static unsigned int
entries_of(const char *path)
{
	DIR *dir = opendir(path);
	unsigned int n = 0;

	if (dir == NULL)
		return 0;
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static size_t
heap_in_use(void)
{
	struct rte_malloc_socket_stats stats;
	size_t sum = 0;
	int i;

	for (i = 0; i < RTE_MAX_NUMA_NODES; i++)
		if (rte_malloc_get_socket_stats(i, &stats) == 0)
			sum += stats.heap_allocsz_bytes;
	return sum;
}

/* What the C library has handed out. */
static size_t
malloc_in_use(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/** What this process holds now. */
struct test_held
held_now(void)
{
	return (struct test_held){
		.heap = heap_in_use(),
		.memory = malloc_in_use(),
		.files = entries_of("/proc/self/fd"),
		.threads = entries_of("/proc/self/task"),
	};
}

/** No more than before, but for what others keep of the C library's memory. */
void
held_expect(const struct test_held *before, size_t kept)
{
	struct test_held now = held_now();

	assert_int_equal(now.heap, before->heap);
	assert_int_equal(now.files, before->files);
	assert_int_equal(now.threads, before->threads);
	assert_in_range(now.memory, 0, before->memory + kept);
}
