/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "soak.h"
#include "test.h"

/* Nodes and workers, as the main process keeps them: started, killed, looked after, ended. */

#define NODE_FIRST 2 /* of those that are killed, this one is a node */
#define SLACK_NS   UINT64_C(5000000000) /* who waits says so first */
#define WATCHDOG_S 120

/* ---- Nodes ---- */

/* Rings are of one size here and of another there. */
static const char *
draw_node(void)
{
	static const char *const args[] = {
		"--connect-timeout 3000",
		"--connect-timeout 3000 --ring 256",
		"--connect-timeout 3000 --ring 65536",
	};

	return args[soak_pick(3)];
}

int
soak_node_start(unsigned int node)
{
	if (node_start(node, draw_node()) < 0) {
		soak_failed("node %u does not start, or does not find the other", node);
		return -1;
	}
	atomic_fetch_add(&soak->turns[node], 1);
	return 0;
}

static void
node_kill(unsigned int node)
{
	atomic_fetch_add(&soak->turns[node], 1);
	node_signal(node, soak_chance(4) ? SIGTERM : SIGKILL);
	pause_ms((unsigned int)soak_pick(300));
	soak_node_start(node);
	soak->node_kills++;
}

/* ---- Workers ---- */

void
soak_worker_start(unsigned int at)
{
	struct soak_worker *w = &soak->worker[at];
	pid_t pid;

	atomic_fetch_add(&w->generation, 1);
	atomic_store(&w->node, (uint32_t)soak_pick(SOAK_NODES));
	for (unsigned int i = 0; i < SOAK_TASKS; i++)
		atomic_store(&w->task[i].op, SOAK_IDLE);
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		soak_worker_run(at);
	if (pid < 0)
		soak_failed("fork: %s", strerror(errno));
	atomic_store(&w->pid, (uint32_t)pid);
}

static void
worker_kill(unsigned int at)
{
	struct soak_worker *w = &soak->worker[at];
	pid_t pid = (pid_t)atomic_load(&w->pid);

	/* In this order: whoever sees it dead finds out that it was killed. */
	atomic_store(&w->killed, atomic_load(&w->generation));
	atomic_fetch_add(&soak->kills, 1);
	atomic_store(&w->port, 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	atomic_store(&w->pid, 0);
	soak_check_gone(atomic_load(&w->node), pid);
	soak_worker_start(at);
}

void
soak_kill_somebody(unsigned int node_every)
{
	static unsigned int kills;
	/* A short run has one, too, early enough for programs that live on to rest afterwards. */
	bool is_first = ++kills == NODE_FIRST;

	if (node_every > 0 && (is_first || soak_chance(node_every)))
		node_kill((unsigned int)soak_pick(SOAK_NODES));
	else
		worker_kill((unsigned int)soak_pick(soak->workers));
}

/* ---- Looking after them ---- */

static void
check_task(unsigned int at, unsigned int i)
{
	const struct soak_task *task = &soak->worker[at].task[i];
	/* Pairs with who begins: what it began at is there. */
	uint32_t op = atomic_load_explicit(&task->op, memory_order_acquire);
	uint64_t since = atomic_load(&task->since), now = now_ns();

	if (op >= SOAK_IDLE || op == SOAK_REST || now < since ||
	    now - since < soak->deadline_ns + SLACK_NS)
		return;
	/* It may have begun something else meanwhile. */
	if (atomic_load(&task->op) != op || atomic_load(&task->since) != since)
		return;
	soak_failed("worker %u, generation %u, process %u on node %u, thread %u: %s does not "
		    "return, for %" PRIu64 " s",
		    at, atomic_load(&soak->worker[at].generation),
		    atomic_load(&soak->worker[at].pid), atomic_load(&soak->worker[at].node), i,
		    soak_op_name[op], (now - since) / 1000000000);
}

/* Who has ended, and was not told to. */
static void
check_ended(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (unsigned int i = 0; i < SOAK_NODES; i++)
			if (pid == node_pid(i))
				soak_failed("node %u ended by itself, status %x", i,
					    (unsigned int)status);
		for (unsigned int i = 0; i < soak->workers; i++) {
			if (pid != (pid_t)atomic_load(&soak->worker[i].pid))
				continue;
			atomic_store(&soak->worker[i].pid, 0);
			if (status != 0 || atomic_load(&soak->ending) == 0)
				soak_failed("worker %u, process %d, ended by itself, status %x", i,
					    pid, (unsigned int)status);
		}
	}
}

void
soak_look(void)
{
	alarm(WATCHDOG_S);
	check_ended();
	for (unsigned int i = 0; i < soak->workers; i++)
		for (unsigned int k = 0; k < SOAK_TASKS; k++)
			check_task(i, k);
}

/* ---- Their end ---- */

bool
soak_workers_left(void)
{
	for (unsigned int i = 0; i < soak->workers; i++)
		if (atomic_load(&soak->worker[i].pid) != 0)
			return true;
	return false;
}

void
soak_end_all(void)
{
	for (unsigned int i = 0; i < soak->workers; i++)
		if (atomic_load(&soak->worker[i].pid) != 0)
			kill((pid_t)atomic_load(&soak->worker[i].pid), SIGKILL);
	nodes_end();
	while (waitpid(-1, NULL, 0) > 0)
		;
}
