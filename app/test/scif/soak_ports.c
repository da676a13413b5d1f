/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "soak.h"
#include "test.h"

/* Ports: what nobody has open any more can be bound. */

#define PORT_FIRST 4000u
#define PORTS_EACH 100u /* of a connecting thread: the next worker goes on where it was */
#define PORTS      65536u
/* The first that a node gives out. */
#define PORT_GIVEN 1089

static uint32_t
own_first(unsigned int task)
{
	return PORT_FIRST + (soak_self.worker * SOAK_CONNECTORS + task) * PORTS_EACH;
}

void
soak_port_used(uint32_t port)
{
	atomic_store_explicit(&soak->port_used[soak_self.node][port], 1, memory_order_relaxed);
}

/* One that no other connection has had lately: by it the other side knows which one it is. */
long
soak_port_bind(scif_epd_t epd)
{
	static _Thread_local uint32_t next;
	uint32_t first = own_first(soak_self.task % SOAK_CONNECTORS);
	long ret;

	if (next == 0)
		next = (uint32_t)soak_pick(PORTS_EACH);
	/* A child that is about to end may have one still. */
	for (unsigned int i = 0; i < PORTS_EACH; i++) {
		ret = SOAK(BIND, scif_bind(epd, (uint16_t)(first + next++ % PORTS_EACH)));
		if (ret >= 0)
			soak_port_used((uint32_t)ret);
		if (ret >= 0 || errno != EINVAL)
			break;
	}
	return ret;
}

/* ---- Are they free? ---- */

/* The port, or a negative errno. */
static long
try_port(uint16_t port)
{
	scif_epd_t epd = (scif_epd_t)SOAK(OPEN, scif_open());
	long ret = -errno;

	if (epd < 0)
		return ret;
	ret = SOAK(BIND, scif_bind(epd, port));
	if (ret < 0)
		ret = -errno;
	if (SOAK(CLOSE, scif_close(epd)) != 0)
		soak_fail("close failed with %s", soak_errno_name(errno));
	return ret;
}

/* False: the engine has gone. */
static bool
port_comes_free(uint16_t port, const struct soak_since *since)
{
	uint64_t end = now_ns() + SOAK_GONE_MS * UINT64_C(1000000);
	long ret;

	/* What a child has is closed with it, as soon as the engine sees that. */
	while ((ret = try_port(port)) == -EINVAL && now_ns() < end)
		pause_ms(5);
	if (ret == port)
		return true;
	if (ret != -EINVAL && soak_node_died(soak_self.node, since))
		return false;
	soak_fail("bind to port %u, which nobody has open any more: %s", port,
		  ret >= 0 ? "another one" : soak_errno_name((int)-ret));
}

void
soak_ports_own(void)
{
	struct soak_since since = soak_since();
	uint32_t first = own_first(0);

	for (uint32_t i = 0; i < SOAK_CONNECTORS * PORTS_EACH; i++)
		if (!port_comes_free((uint16_t)(first + i), &since))
			return;
}

/* ---- All of a node ---- */

static _Noreturn void
check_all(unsigned int node)
{
	struct soak_since since = soak_since();
	char number[12];
	long given;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	soak_task_take(0, 0);
	soak_self.node = (uint16_t)node;
	snprintf(number, sizeof(number), "%u", node);
	setenv("SLIPWAY_SCIF_NODE", number, 1);
	for (uint32_t i = 1; i < PORTS; i++)
		if (atomic_load(&soak->port_used[node][i]) != 0 &&
		    !port_comes_free((uint16_t)i, &since))
			soak_fail("the engine has gone");
	given = try_port(0);
	if (given != PORT_GIVEN)
		soak_fail("bind to any port gave %ld, and nobody has one: it should be %d", given,
			  PORT_GIVEN);
	_exit(0);
}

void
soak_ports_all(unsigned int node)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		check_all(node);
	/* Who fails, stays. */
	while (pid > 0 && atomic_load(&soak->failed) == 0 && waitpid(pid, NULL, WNOHANG) == 0)
		pause_ms(5);
	if (pid > 0 && atomic_load(&soak->failed) != 0)
		kill(pid, SIGKILL);
}
