/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <inttypes.h>
#include <stdio.h>

#include "soak.h"
#include "test.h"

/* What nodes have that nobody uses, as the main process sees it. */

#define KILOBYTES 16384 /* that a node may have more than at first: what malloc keeps */
#define HEAP_NOISE 512 /* bytes of its heap */

static struct soak_left first[SOAK_NODES];
static struct soak_names files;
static int64_t heap[SOAK_NODES]; /* after the last round; 0: none */

void
soak_check_begin(void)
{
	for (unsigned int i = 0; i < SOAK_NODES; i++)
		soak_left_of(node_pid(i), &first[i]);
	soak_files_list(node_directory(), &files);
}

/* Nothing of a process that was killed is left on its node. */
void
soak_check_gone(unsigned int node, pid_t pid)
{
	uint64_t end = now_ns() + SOAK_GONE_MS * UINT64_C(1000000);
	int64_t held;

	while ((held = node_held_by(node, pid)) != 0) {
		if (now_ns() > end) {
			soak_failed("process %d was killed %u s ago, and node %u has %" PRId64
				    " endpoints and windows of it",
				    pid, SOAK_GONE_MS / 1000, node, held);
			return;
		}
		pause_ms(5);
	}
}

/* Records of every kind: connections that other nodes may know rest for a while. */
static void
check_held(unsigned int node)
{
	uint64_t end = now_ns() + SOAK_GONE_MS * UINT64_C(1000000);
	char text[300];
	int64_t held;

	while ((held = node_holds(node, text, sizeof(text))) != 0 && now_ns() < end)
		pause_ms(20);
	if (held != 0)
		soak_failed("node %u holds something, and nobody uses it:%s", node, text);
}

static void
check_process(unsigned int node)
{
	uint64_t end = now_ns() + SOAK_GONE_MS * UINT64_C(1000000);
	struct soak_left left = {0};
	char text[700];

	do {
		if (soak_left_of(node_pid(node), &left) == 0 &&
		    !soak_left_is_more(&left, &first[node]))
			break;
		pause_ms(20);
	} while (now_ns() < end);
	if (soak_left_is_more(&left, &first[node])) {
		soak_left_say(node_pid(node), &left, &first[node], text, sizeof(text));
		soak_failed("node %u has more than at first: %s", node, text);
	}
	if (left.kilobytes > first[node].kilobytes + KILOBYTES)
		soak_failed("node %u has %ld KB more memory than at first", node,
			    left.kilobytes - first[node].kilobytes);
}

/* What is on no list: has it grown since the last round? */
static bool
look_at_heap(unsigned int node)
{
	int64_t before = heap[node];

	heap[node] = node_stat(node, "held.heap");
	printf("node %u: %" PRId64 " bytes in its heap\n", node, heap[node]);
	return heap[node] > before + HEAP_NOISE;
}

bool
soak_check_nodes(void)
{
	bool grown = false;
	const char *name;

	for (unsigned int i = 0; i < SOAK_NODES && atomic_load(&soak->failed) == 0; i++) {
		soak_ports_all(i);
		check_held(i);
		check_process(i);
		grown |= look_at_heap(i);
		if (node_stat(i, "unknown") != 0)
			soak_failed("node %u had messages of kinds that it does not know", i);
	}
	name = soak_files_left(node_directory(), &files);
	if (name != NULL)
		soak_failed("a file that was not there at first: %s", name);
	return grown;
}
