/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "scif_test_far.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct rig far_host, far_card;
uint16_t far_self;
static uint16_t far_to;

pid_t
far_start(uint16_t node, uint16_t to)
{
	char self[8], other[8];
	pid_t pid;

	snprintf(self, sizeof(self), "%u", node);
	snprintf(other, sizeof(other), "%u", to);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl("/proc/self/exe", "visitor", "visit", self, other, NULL);
		_exit(8);
	}
	return pid;
}

pid_t
far_visitor(scif_epd_t listener, scif_epd_t *epd)
{
	struct scif_portID peer;
	pid_t pid = far_start(1, 0);

	assert_int_equal(scif_accept(listener, &peer, epd, SCIF_ACCEPT_SYNC), 0);
	assert_int_equal(peer.node, 1);
	return pid;
}

int
far_wait(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int
far_nodes(int wanted)
{
	uint16_t nodes[4], self;
	int n = 0;

	for (int i = 0; i < 400; i++) {
		n = scif_get_nodeIDs(nodes, 4, &self);
		if (n == wanted)
			break;
		usleep(5000);
	}
	return n;
}

int
far_begin(void **state)
{
	const struct scif_engine_config config = {.accept_ms = 200};

	(void)state;
	if (rig_begin(&far_host, &config) < 0 || rig_join(&far_card, &far_host, 1) < 0)
		return -1;
	return far_nodes(2) == 2 ? 0 : -1;
}

int
far_end(void **state)
{
	int ret = rig_end(&far_card);

	(void)state;
	return rig_end(&far_host) < 0 ? -1 : ret;
}

scif_epd_t
far_listen(void)
{
	scif_epd_t epd = scif_open();

	assert_int_equal(scif_bind(epd, FAR_PORT), FAR_PORT);
	assert_int_equal(scif_listen(epd, 4), 0);
	return epd;
}

bool
far_is_visitor(int argc, char **argv)
{
	if (argc < 4 || strcmp(argv[1], "visit") != 0)
		return false;
	far_self = (uint16_t)atoi(argv[2]);
	far_to = (uint16_t)atoi(argv[3]);
	setenv("SLIPWAY_SCIF_NODE", argv[2], 1);
	return true;
}

static scif_epd_t
accept_one(void)
{
	scif_epd_t listener = far_listen(), epd = -1;
	struct scif_portID peer;

	scif_accept(listener, &peer, &epd, SCIF_ACCEPT_SYNC);
	scif_close(listener);
	return epd;
}

/* Whoever it is may not be there yet. */
static scif_epd_t
connect_to(uint16_t node)
{
	struct scif_portID to = {node, FAR_PORT};
	scif_epd_t epd = scif_open();

	for (int i = 0; epd >= 0 && i < 400; i++) {
		if (scif_connect(epd, &to) > 0)
			return epd;
		usleep(5000);
	}
	return -1;
}

int
far_visit(int (*visit)(scif_epd_t epd))
{
	scif_epd_t epd = far_to == far_self ? accept_one() : connect_to(far_to);

	return epd < 0 ? 9 : visit(epd);
}
