/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_VFU_PEER_BAD_SERVER_H
#define SLIPWAY_VFU_PEER_BAD_SERVER_H

/**
 * @file
 * The vfio-user client in front of a server that means no good. Whatever that sends, no descriptor
 * is left behind.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "test_host.h"
#include "vfu_client.h"
#include "vfu_peer_server.h"

#define HOST_BYTES 0x4000u
/* What a client waits for an answer: where there is none, and where the machine may be busy. */
#define SILENCE_MS 100u
#define ANSWER_MS  10000u

/* The server's way of being bad. */
static struct {
	uint16_t command; /* what it answers in its own way */
	unsigned int kind;
	size_t cut;
} bad;

struct fixture {
	struct peer_server server;
	struct test_host host;
	struct vfu_client *client;
	struct bus_device *dev;
	unsigned int lines, fds, timeout_ms;
	bool share;
};

static inline unsigned int
open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n - 3;
}

static inline void
on_log(void *arg, const char *line)
{
	assert_null(strchr(line, '\n'));
	((struct fixture *)arg)->lines++;
}

static inline int
client_open(struct fixture *f)
{
	struct vfu_client_config config = {.path = f->server.path,
					   .timeout_ms = f->timeout_ms,
					   .share = f->share,
					   .log = on_log,
					   .arg = f};
	int ret = vfu_client_open(&config, &f->host.host, &f->client);

	if (ret == 0)
		f->dev = vfu_client_device(f->client);
	else
		f->client = NULL;
	return ret;
}

static inline int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	assert_int_equal(test_host_create(&f->host, HOST_BYTES, TEST_HOST_WHOLE), 0);
	memset(&bad, 0, sizeof(bad));
	f->timeout_ms = ANSWER_MS;
	f->fds = open_fds();
	*state = f;
	return 0;
}

static inline int
teardown(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(open_fds(), f->fds);
	test_host_destroy(&f->host);
	free(f);
	return 0;
}

static inline void
end(struct fixture *f)
{
	vfu_client_close(f->client);
	f->client = NULL;
	peer_server_stop(&f->server);
	assert_int_equal(open_fds(), f->fds);
}

/* Open an honest server, which then falls silent: by a client that waits for as short a time as the
 * machine allows.
 */
static inline void
open_before_silence(struct fixture *f)
{
	f->timeout_ms = SILENCE_MS;
	peer_server_start(&f->server, NULL);
	while (client_open(f) < 0) {
		end(f);
		f->timeout_ms *= 2;
		assert_true(f->timeout_ms < ANSWER_MS);
		peer_server_start(&f->server, NULL);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif /* SLIPWAY_VFU_PEER_BAD_SERVER_H */
