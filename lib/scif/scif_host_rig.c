/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include <cmocka.h>

#include "scif_host_rig.h"
#include "scif_path.h"
#include "scif_priv.h"
#include "scif_test_rig.h"

struct host_rig host_rig;

static void
log_line(void *arg, const char *line)
{
	(void)arg;
	host_rig.lines++;
	memcpy(host_rig.before, host_rig.said, sizeof(host_rig.before));
	snprintf(host_rig.said, sizeof(host_rig.said), "%s", line);
}

int
host_rig_create(void)
{
	const struct scif_host_config config = {.log = log_line, .engine.quiet = true};

	return scif_host_create(&config, &host_rig.host);
}

int
host_rig_begin(void **state)
{
	(void)state;
	host_rig.lines = 0;
	host_rig.said[0] = '\0';
	assert_int_equal(rig_place(&rig_node), 0);
	return host_rig_create();
}

int
host_rig_end(void **state)
{
	(void)state;
	scif_host_destroy(host_rig.host);
	rig_clean(&rig_node);
	return 0;
}

void
host_rig_serve(void)
{
	for (int i = 0; i < 10; i++)
		scif_host_serve(host_rig.host, 0);
}

uint64_t
host_rig_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * HOST_RIG_NS_PER_S + (uint64_t)ts.tv_nsec;
}

int
host_rig_client(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	assert_int_equal(scif_path(address.sun_path, 0, "sock"), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

bool
host_rig_is_over(int socket)
{
	char bytes[256];
	ssize_t n;

	do
		n = recv(socket, bytes, sizeof(bytes), MSG_DONTWAIT);
	while (n > 0);
	return n == 0 || errno != EAGAIN;
}

void
host_rig_come(struct link_rig *r)
{
	int fd = link_rig_connect(0);

	assert_true(fd >= 0);
	assert_int_equal(link_rig_begin(r, fd, HOST_RIG_OTHER), 0);
}

struct scif_bus *
host_rig_join(struct link_rig *r)
{
	host_rig_come(r);
	link_rig_hello(r);
	host_rig_serve();
	link_rig_hear(r);
	assert_non_null(host_rig.host->engine->node[HOST_RIG_OTHER]);
	return host_rig.host->engine->node[HOST_RIG_OTHER]->bus;
}
