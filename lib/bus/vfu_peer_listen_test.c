/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * A server that listens: who may come, and one after the other.
 */
#include "vfu_peer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static struct vfu_server *
another(struct peer *p, const char *path, int error)
{
	struct vfu_server_config config = p->config;
	struct vfu_server *server = NULL;
	unsigned int lines = p->lines;
	int ret;

	config.path = path;
	ret = vfu_server_open(&config, &server);

	/* Two errors say that a name is taken. */
	assert_int_equal(ret == -EEXIST ? -EADDRINUSE : ret, error);
	/* A refusal is one line. */
	if (error < 0)
		assert_int_equal(p->lines, lines + 1);
	return server;
}

static void
socket_has_its_permissions(void **state)
{
	struct peer *p = *state;
	struct stat st;

	assert_int_equal(stat(p->path, &st), 0);
	assert_true(S_ISSOCK(st.st_mode));
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void
socket_is_removed_at_close(void **state)
{
	struct peer *p = *state;
	struct vfu_server *server;
	char path[96];

	snprintf(path, sizeof(path), "%s-more", p->path);
	server = another(p, path, 0);
	assert_int_equal(access(path, F_OK), 0);
	vfu_server_close(server);
	assert_int_equal(access(path, F_OK), -1);
}

static void
socket_somebody_listens_on_is_left_alone(void **state)
{
	struct peer *p = *state;

	another(p, p->path, -EADDRINUSE);
	peer_still_there(p);
	peer_reopen(p);
}

static void
socket_nobody_listens_on_is_replaced(void **state)
{
	struct peer *p = *state;
	struct vfu_server *server, *next;
	char path[96], kept[96];
	int fd;

	snprintf(path, sizeof(path), "%s-old", p->path);
	snprintf(kept, sizeof(kept), "%s-kept", p->path);
	server = another(p, path, 0);
	/* As if its server had been killed: the name stays. */
	assert_int_equal(rename(path, kept), 0);
	vfu_server_close(server);
	assert_int_equal(rename(kept, path), 0);
	next = another(p, path, 0);
	fd = peer_connect(path);
	assert_true(fd >= 0);
	close(fd);
	vfu_server_close(next);
}

static void
files_are_not_replaced(void **state)
{
	struct peer *p = *state;
	struct stat st;
	char path[96];
	int fd;

	snprintf(path, sizeof(path), "%s-file", p->path);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "precious", 8), 8);
	close(fd);
	another(p, path, -EADDRINUSE);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 8);
	unlink(path);
}

static void
paths_that_cannot_be_are_refused(void **state)
{
	struct peer *p = *state;
	char path[200];

	another(p, "/nowhere/at/all", -ENOENT);
	memset(path, 'x', sizeof(path) - 1);
	memcpy(path, "/tmp/", 5);
	path[sizeof(path) - 1] = '\0';
	another(p, path, -ENAMETOOLONG);
}

/* Not a word until the first one is gone: then it is served, or told so by the end of the line. */
static void
second_client_does_not_disturb_the_first(void **state)
{
	struct peer *p = *state;
	int second = peer_connect(p->path);
	struct pollfd fd = {.fd = second, .events = POLLIN};

	assert_true(second >= 0);
	peer_pump(p);
	peer_still_there(p);
	if (poll(&fd, 1, 0) > 0) {
		assert_true((fd.revents & POLLHUP) != 0);
		close(second);
		return;
	}
	close(p->fd);
	p->fd = second;
	p->closed = false;
	peer_pump(p);
	peer_version(p, NULL);
	peer_still_there(p);
}

static void
clients_come_one_after_the_other(void **state)
{
	struct peer *p = *state;
	uint64_t clients = vfu_server_stats(p->server)->clients;
	unsigned int came = p->came, gone = p->gone;

	for (unsigned int i = 0; i < 10; i++) {
		peer_reopen(p);
		assert_true(vfu_server_has_client(p->server));
		peer_still_there(p);
	}
	assert_int_equal(vfu_server_stats(p->server)->clients, clients + 10);
	assert_int_equal(p->came, came + 10);
	assert_int_equal(p->gone, gone + 10);
	peer_hang_up(p);
	assert_false(vfu_server_has_client(p->server));
}

/* One that breaks the protocol is let go; the next one is welcome. */
static void
next_client_is_welcome_after_a_bad_one(void **state)
{
	struct peer *p = *state;
	uint64_t dropped = vfu_server_stats(p->server)->dropped;
	unsigned int lines = p->lines;

	peer_send_raw(p, "GET / HTTP/1.1\r\n\r\n", 18, NULL, 0);
	peer_hung_up(p);
	assert_int_equal(vfu_server_stats(p->server)->dropped, dropped + 1);
	assert_true(p->lines > lines);
	peer_reopen(p);
	peer_still_there(p);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, peer_setup_listens, peer_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(socket_has_its_permissions),
		TEST(socket_is_removed_at_close),
		TEST(socket_somebody_listens_on_is_left_alone),
		TEST(socket_nobody_listens_on_is_replaced),
		TEST(files_are_not_replaced),
		TEST(paths_that_cannot_be_are_refused),
		TEST(second_client_does_not_disturb_the_first),
		TEST(clients_come_one_after_the_other),
		TEST(next_client_is_welcome_after_a_bad_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
