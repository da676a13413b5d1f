/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "scif_test_far.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct rig far_host, far_card;

pid_t
far_visitor(scif_epd_t listener, scif_epd_t *epd)
{
	struct scif_portID peer;
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl("/proc/self/exe", "visitor", "visit", NULL);
		_exit(8);
	}
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
	return argc > 1 && strcmp(argv[1], "visit") == 0;
}

int
far_visit(int (*visit)(scif_epd_t epd))
{
	struct scif_portID to = {0, FAR_PORT};
	scif_epd_t epd;

	setenv("SLIPWAY_SCIF_NODE", "1", 1);
	epd = scif_open();
	if (epd < 0 || scif_connect(epd, &to) < 0)
		return 9;
	return visit(epd);
}
