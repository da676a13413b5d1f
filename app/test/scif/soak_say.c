/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "soak.h"
#include "test.h"

/* What all workers have done, of every generation. */

struct totals {
	uint64_t done[SOAK_NB_OPS];
	uint64_t failed[SOAK_NB_OPS][SOAK_ERRNOS];
	uint64_t calls, bytes;
};

static void
add_task(struct totals *t, const struct soak_task *task)
{
	uint64_t done;

	for (unsigned int op = 0; op < SOAK_NB_OPS; op++) {
		done = atomic_load(&task->done[op]);
		t->done[op] += done;
		t->calls += done;
		for (unsigned int error = 1; error < SOAK_ERRNOS; error++)
			t->failed[op][error] += atomic_load(&task->failed[op][error]);
	}
	t->bytes += atomic_load(&task->bytes);
}

static const struct totals *
add_all(void)
{
	static struct totals t;

	t = (struct totals){0};
	for (unsigned int i = 0; i < soak->workers; i++)
		for (unsigned int k = 0; k < SOAK_TASKS; k++)
			add_task(&t, &soak->worker[i].task[k]);
	return &t;
}

void
soak_say_progress(uint64_t began)
{
	const struct totals *t = add_all();

	printf("%5" PRIu64 " s: %" PRIu64 " calls, %" PRIu64 " connections, %" PRIu64
	       " MB compared; killed: %u processes, %u nodes\n",
	       (now_ns() - began) / 1000000000, t->calls,
	       t->done[SOAK_ACCEPT] - t->failed[SOAK_ACCEPT][EAGAIN], t->bytes / 1000000,
	       atomic_load(&soak->kills), soak->node_kills);
	fflush(stdout);
}

void
soak_say_summary(void)
{
	const struct totals *t = add_all();

	printf("\n%-12s %10s  %s\n", "CALL", "DONE", "FAILED");
	for (unsigned int op = 0; op < SOAK_NB_OPS; op++) {
		printf("%-12s %10" PRIu64 " ", soak_op_name[op], t->done[op]);
		for (unsigned int error = 1; error < SOAK_ERRNOS; error++)
			if (t->failed[op][error] > 0)
				printf(" %s:%" PRIu64, soak_errno_name((int)error),
				       t->failed[op][error]);
		printf("\n");
	}
}
