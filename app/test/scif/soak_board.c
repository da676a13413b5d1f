/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "soak.h"
#include "test.h"

struct soak_board *soak;
__thread struct soak_self soak_self;

#define OP_NAME(name, text) [SOAK_##name] = text,
const char *const soak_op_name[SOAK_NB_OPS] = {SOAK_OPS(OP_NAME)};

int
soak_board_make(void)
{
	/* As much as could be needed: what nobody touches costs nothing. */
	soak = mmap(NULL, sizeof(*soak), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return soak == MAP_FAILED ? -1 : 0;
}

/* ---- Chance ---- */

uint64_t
soak_mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

uint64_t
soak_pick(uint64_t n)
{
	soak_self.random = soak_mix(soak_self.random);
	return soak_self.random % n;
}

bool
soak_chance(unsigned int n)
{
	return soak_pick(n) == 0;
}

/* ---- Tasks ---- */

struct soak_task *
soak_task(void)
{
	return &soak->worker[soak_self.worker].task[soak_self.task];
}

void
soak_task_take(unsigned int worker, unsigned int task)
{
	struct soak_worker *w = &soak->worker[worker];

	soak_self = (struct soak_self){
		.worker = worker,
		.task = task,
		.generation = atomic_load(&w->generation),
		.node = (uint16_t)atomic_load(&w->node),
	};
	soak_self.random = soak_mix(soak->seed ^ soak_mix((uint64_t)worker << 40 | task << 24 |
							  soak_self.generation));
	atomic_store(&soak_task()->op, SOAK_IDLE);
}

void
soak_begin(enum soak_op op)
{
	struct soak_task *task = soak_task();

	atomic_store_explicit(&task->since, now_ns(), memory_order_relaxed);
	/* Pairs with the main process, which looks at it first. */
	atomic_store_explicit(&task->op, op, memory_order_release);
	errno = 0;
}

long
soak_done(enum soak_op op, long ret)
{
	struct soak_task *task = soak_task();

	atomic_store_explicit(&task->op, SOAK_IDLE, memory_order_release);
	atomic_fetch_add_explicit(&task->done[op], 1, memory_order_relaxed);
	if (ret == -1 && errno > 0 && errno < SOAK_ERRNOS)
		atomic_fetch_add_explicit(&task->failed[op][errno], 1, memory_order_relaxed);
	return ret;
}

void
soak_bytes(uint64_t n)
{
	atomic_fetch_add_explicit(&soak_task()->bytes, n, memory_order_relaxed);
}

/* ---- Failures ---- */

const char *
soak_errno_name(int error)
{
	const char *name = strerrorname_np(error);

	return name != NULL ? name : error == 0 ? "none" : "unknown";
}

/* The connection that a thread is at. */
static int
conn_say(char *text, size_t room)
{
	const struct soak_conn *conn = soak_self.conn;

	if (conn == NULL)
		return 0;
	return snprintf(text, room,
			"connection %ld of worker %d on node %u with worker %d on node %u: ",
			(long)(conn - soak->conn), (int)atomic_load(&conn->end[0].worker) - 1,
			conn->node[0], (int)atomic_load(&conn->end[1].worker) - 1, conn->node[1]);
}

static bool
failure_take(void)
{
	uint32_t none = 0;

	return atomic_compare_exchange_strong(&soak->failed, &none, 1);
}

void
soak_failed(const char *format, ...)
{
	va_list args;

	if (!failure_take())
		return;
	va_start(args, format);
	vsnprintf(soak->failure, sizeof(soak->failure), format, args);
	va_end(args);
	atomic_store(&soak->failed, 2);
}

_Noreturn void
soak_fail(const char *format, ...)
{
	size_t room = sizeof(soak->failure);
	va_list args;
	int n;

	if (failure_take()) {
		n = snprintf(soak->failure, room,
			     "worker %u, generation %u, process %d on node %u, thread %u: ",
			     soak_self.worker, soak_self.generation, getpid(), soak_self.node,
			     soak_self.task);
		n += conn_say(soak->failure + n, room - (size_t)n);
		va_start(args, format);
		vsnprintf(soak->failure + n, room - (size_t)n, format, args);
		va_end(args);
		atomic_store(&soak->failed, 2);
	}
	/* The main process looks around first, and then ends all. */
	for (;;)
		pause();
}
