/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "scif_host_rig.h"
#include "scif_priv.h"
#include "scif_test_rig.h"

/* What somebody at the other end of a link may pass, and when he may say nothing. */

static void
pass(const struct link_rig *r, enum link_kind kind, uint64_t address, uint64_t size, int fd)
{
	const struct link_packet p = {
		.kind = kind, .version = 1, .node = r->node, .address = address, .size = size};

	assert_int_equal(link_rig_send(r->socket, &p, sizeof(p), &fd, fd >= 0), 0);
	if (fd >= 0)
		close(fd);
	host_rig_serve();
}

/* ---- Descriptors ---- */

static void
what_came_with_an_empty_packet_is_closed(void **state)
{
	int fd[2] = {0, 1}, client;
	unsigned int descriptors;
	struct link_rig r;

	(void)state;
	host_rig_come(&r);
	client = host_rig_client();
	descriptors = rig_descriptors();
	assert_int_equal(link_rig_send(client, "", 0, fd, 2), 0);
	assert_int_equal(link_rig_send(r.socket, "", 0, fd, 2), 0);
	host_rig_serve();
	assert_null(host_rig.host->links);
	assert_int_equal(rig_descriptors(), descriptors);
	link_rig_end(&r);
	close(client);
}

/* Its first bytes may be a request. */
static void
a_packet_that_is_no_request_ends_a_client(void **state)
{
	const struct scif_request hello[2] = {{.op = SCIF_REQUEST_HELLO, .arg = {1}}};
	const size_t len[] = {1, sizeof(hello[0]) - 1, sizeof(hello[0]) + 1, sizeof(hello)};
	unsigned int descriptors = rig_descriptors();
	int good = host_rig_client(), bad, pipes[2];
	struct scif_reply reply;

	(void)state;
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	for (unsigned int i = 0; i < 4; i++) {
		bad = host_rig_client();
		assert_int_equal(link_rig_send(bad, hello, len[i], pipes, 2), 0);
		host_rig_serve();
		assert_int_equal(recv(bad, &reply, sizeof(reply), MSG_DONTWAIT), 0);
		assert_int_equal(host_rig.lines, i + 1);
		assert_non_null(
			strstr(host_rig.said, i < 2 ? "too few bytes is" : "too many bytes is"));
		close(bad);
	}
	assert_int_equal(link_rig_send(good, hello, sizeof(hello[0]), NULL, 0), 0);
	host_rig_serve();
	assert_int_equal(recv(good, &reply, sizeof(reply), MSG_DONTWAIT), sizeof(reply));
	assert_int_equal(reply.error, 0);
	close(good);
	close(pipes[0]);
	close(pipes[1]);
	host_rig_serve();
	assert_int_equal(rig_descriptors(), descriptors);
}

/* Descriptors on their way are limited, for all of this user together. */
static void
who_asks_has_read_what_was_sent(void **state)
{
	const struct scif_request hello = {.op = SCIF_REQUEST_HELLO, .arg = {1}};
	const struct scif_request open_one = {.op = SCIF_REQUEST_OPEN};
	unsigned int descriptors = rig_descriptors();
	int good = host_rig_client(), bad = host_rig_client();
	struct scif_reply reply;

	(void)state;
	/* Of those without it does not matter. */
	assert_int_equal(link_rig_send(bad, &open_one, sizeof(open_one), NULL, 0), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(link_rig_send(good, &hello, sizeof(hello), NULL, 0), 0);
		host_rig_serve();
		assert_int_equal(recv(good, &reply, sizeof(reply), MSG_DONTWAIT), sizeof(reply));
		assert_int_equal(reply.error, 0);
	}
	assert_int_equal(host_rig.lines, 0);
	assert_int_equal(link_rig_send(bad, &hello, sizeof(hello), NULL, 0), 0);
	host_rig_serve();
	assert_int_equal(recv(bad, &reply, sizeof(reply), MSG_DONTWAIT), sizeof(reply));
	assert_int_equal(recv(bad, &reply, sizeof(reply), MSG_DONTWAIT), 0);
	assert_int_equal(host_rig.lines, 1);
	assert_non_null(strstr(host_rig.said, "does not read answers"));
	close(good);
	close(bad);
	host_rig_serve();
	assert_int_equal(rig_descriptors(), descriptors);
}

static void
a_page_is_memory_that_stays_and_can_be_written(void **state)
{
	unsigned int descriptors = rig_descriptors();
	struct link_rig r;
	int fd;

	(void)state;
	for (enum link_rig_kind kind = 1; kind < LINK_RIG_KINDS; kind++) {
		host_rig.lines = 0;
		host_rig_come(&r);
		fd = link_rig_fd(kind, LINK_PAGE_BYTES);
		assert_true(fd >= 0 || kind == LINK_RIG_HUGE);
		pass(&r, LINK_HELLO, 0, 0, fd);
		assert_null(host_rig.host->links);
		assert_null(host_rig.host->engine->node[HOST_RIG_OTHER]);
		assert_int_equal(host_rig.lines, 1);
		assert_string_equal(host_rig.said, "link: node 1 is not taken, errno 71");
		link_rig_end(&r);
	}
	assert_int_equal(rig_descriptors(), descriptors);
}

static void
what_is_no_memory_ends_a_link(void **state)
{
	struct link_rig r;

	(void)state;
	for (enum link_rig_kind kind = LINK_RIG_PIPE; kind < LINK_RIG_KINDS; kind++) {
		host_rig.lines = 0;
		host_rig_join(&r);
		pass(&r, LINK_SHARE, LINK_MEMORY_SPAN, LINK_PAGE_BYTES,
		     link_rig_fd(kind, LINK_PAGE_BYTES));
		assert_null(host_rig.host->links);
		assert_int_equal(host_rig.lines, 1);
		assert_string_equal(host_rig.said,
				    "link to node 1: packet of kind 2 refused, errno 71");
		link_rig_end(&r);
	}
	host_rig_join(&r);
	pass(&r, LINK_COPIES, LINK_MEMORY_SPAN, LINK_PAGE_BYTES, -1);
	assert_null(host_rig.host->links);
	link_rig_end(&r);
}

static int
check_as(int flags)
{
	int fd = link_rig_fd(LINK_RIG_SEALED, SCIF_PAGE), other, ret;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	other = open(path, flags | O_CLOEXEC);
	assert_true(other >= 0);
	ret = scif_host_ops.memory_check(host_rig.host, other, SCIF_PAGE);
	close(other);
	close(fd);
	return ret;
}

/* The node opens it once more for others, with permissions of its own. */
static void
memory_is_what_its_client_may_read(void **state)
{
	(void)state;
	assert_int_equal(check_as(O_RDWR), 1);
	assert_int_equal(check_as(O_RDONLY), 1);
	assert_int_equal(check_as(O_WRONLY), -EACCES);
	assert_int_equal(check_as(O_PATH), -EACCES);
}

/* What this node does not touch itself is there for clients, who know. */
static void
memory_is_touched_where_nothing_can_fault(void **state)
{
	struct link_rig r;
	struct scif_bus *bus = host_rig_join(&r);
	struct scif_view view;

	(void)state;
	for (enum link_rig_kind kind = 0; kind < LINK_RIG_PIPE; kind++) {
		uint64_t address = (kind + 1) * LINK_MEMORY_SPAN;
		int fd = link_rig_fd(kind, LINK_PAGE_BYTES);

		if (fd < 0)
			continue;
		pass(&r, LINK_SHARE, address, LINK_PAGE_BYTES, fd);
		assert_int_equal(bus->ops->map(bus, address, LINK_PAGE_BYTES, &view), 0);
		assert_int_equal(view.base != NULL, kind == LINK_RIG_SEALED);
		assert_int_equal(view.steady, kind == LINK_RIG_SEALED || kind == LINK_RIG_READER ||
						      kind == LINK_RIG_FIXED);
		bus->ops->unmap(bus, &view);
	}
	link_rig_end(&r);
}

static void
a_queue_pair_that_lets_nobody_write_is_none(void **state)
{
	char path[64];
	struct link_rig r;
	int fd;

	(void)state;
	host_rig_join(&r);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", r.half_fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	close(r.half_fd);
	r.half_fd = fd;
	link_rig_publish(&r);
	host_rig_serve();
	assert_non_null(strstr(host_rig.said, "no queue pair"));
	link_rig_end(&r);
}

/* Each of them is another one, and each is looked at. */
static void
publish_none(struct link_rig *r, uint64_t first, uint64_t count)
{
	const struct link_packet ring = {.kind = LINK_RING, .version = 1};

	for (uint64_t i = first; i < first + count; i++) {
		atomic_store(&r->theirs->qp, i);
		assert_int_equal(link_rig_send(r->socket, &ring, sizeof(ring), NULL, 0), 0);
		scif_host_serve(host_rig.host, 0);
		link_rig_hear(r);
	}
}

static void
what_is_no_queue_pair_fills_no_disk(void **state)
{
	struct link_rig r;

	(void)state;
	host_rig_join(&r);
	publish_none(&r, 1, 5000);
	assert_non_null(strstr(host_rig.said, "no queue pair"));
	assert_in_range(host_rig.lines, 10, 1500);
	/* Time has passed. */
	host_rig.lines = 0;
	for (unsigned int i = 0; i < HOST_LINE_KINDS; i++)
		host_rig.host->lines[i].at -= 1000000;
	publish_none(&r, 6000, 10);
	assert_in_range(host_rig.lines, 11, 12);
	link_rig_end(&r);
}

/* Whoever has one line said again and again keeps no other from being said. */
static void
what_else_is_said_is_not_left_out(void **state)
{
	struct link_rig r;
	int client = host_rig_client();

	(void)state;
	host_rig_join(&r);
	publish_none(&r, 1, 2000);
	assert_int_equal(link_rig_send(client, "", 1, NULL, 0), 0);
	host_rig_serve();
	assert_non_null(strstr(host_rig.said, "too few bytes is no request"));
	assert_non_null(strstr(host_rig.before, " lines were left out"));
	link_rig_end(&r);
	host_rig_serve();
	assert_string_equal(host_rig.said, "link to node 1: ended before that was online");
	close(client);
}

/* ---- Addresses, and time ---- */

/* QEMU's user mode asks for as much memory without a file first, and that is refused. */
static bool
can_map(uint64_t size)
{
	int fd = link_rig_fd(LINK_RIG_SEALED, size);
	void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	close(fd);
	return base != MAP_FAILED && munmap(base, size) == 0;
}

static void
a_link_has_no_more_mapped_than_its_share(void **state)
{
	uint64_t address, size = LINK_MAPPED_MAX / 2;
	struct scif_bus *bus;
	struct scif_view view;
	struct link_rig r;

	(void)state;
	if (!can_map(size))
		skip();
	bus = host_rig_join(&r);
	/* One of the halves has the page in it. */
	for (unsigned int i = 1; i <= 4; i++) {
		address = i * LINK_MEMORY_SPAN;
		if (i == 4)
			pass(&r, LINK_UNSHARE, LINK_MEMORY_SPAN, 0, -1);
		pass(&r, LINK_SHARE, address, size, link_rig_fd(LINK_RIG_SEALED, size));
		assert_int_equal(bus->ops->map(bus, address, size, &view), 0);
		assert_true(view.steady);
		assert_int_equal(view.base != NULL, i == 1 || i == 4);
		bus->ops->unmap(bus, &view);
	}
	link_rig_end(&r);
}

/* The other side keeps it until then, and what it is the memory of may be gone. */
static void
what_is_shared_no_more_is_told_once_there_is_room(void **state)
{
	struct scif_memory memory = {.size = SCIF_PAGE};
	struct link_rig r;
	struct scif_bus *bus = host_rig_join(&r);
	struct host_link *link = host_rig.host->links;
	uint64_t address[1000];
	uint32_t shared = link->nb_shared;

	(void)state;
	memory.fd = link_rig_fd(LINK_RIG_SEALED, memory.size);
	for (unsigned int i = 0; i < 1000; i++) {
		assert_int_equal(bus->ops->share(bus, &memory, &address[i]), 0);
		link_rig_hear(&r);
	}
	for (unsigned int i = 0; i < 1000; i++)
		bus->ops->unshare(bus, address[i]);
	assert_true(link->nb_owed > 0);
	for (unsigned int i = 0; i < 1000 && link->nb_owed > 0; i++) {
		link_rig_hear(&r);
		scif_host_serve(host_rig.host, 10);
	}
	assert_int_equal(link->nb_owed, 0);
	assert_int_equal(link->nb_shared, shared);
	close(memory.fd);
	link_rig_end(&r);
}

static void
who_says_nothing_has_to_go(void **state)
{
	int fd[SCIF_NODES_MAX + 1];
	struct link_rig r;
	uint64_t now;

	(void)state;
	host_rig_join(&r);
	for (unsigned int i = 0; i <= SCIF_NODES_MAX; i++) {
		fd[i] = link_rig_connect(0);
		assert_true(fd[i] >= 0);
		scif_host_serve(host_rig.host, 0);
		scif_host_serve(host_rig.host, 0);
	}
	now = host_rig_now_ns();
	assert_true(host_rig_is_over(fd[0]));
	assert_false(host_rig_is_over(fd[1]));
	assert_int_equal(host_rig.lines, 1);
	assert_true(scif_host_links_expire(host_rig.host, now + HOST_RIG_NS_PER_S) > now);
	assert_false(host_rig_is_over(fd[1]));
	scif_host_links_expire(host_rig.host, now + 4 * HOST_RIG_NS_PER_S);
	for (unsigned int i = 0; i <= SCIF_NODES_MAX; i++) {
		assert_true(host_rig_is_over(fd[i]));
		close(fd[i]);
	}
	assert_non_null(host_rig.host->engine->node[HOST_RIG_OTHER]);
	assert_null(host_rig.host->links->next);
	link_rig_end(&r);
}

static void
a_link_that_ends_too_early_is_told_of(void **state)
{
	struct link_rig r;

	(void)state;
	host_rig_join(&r);
	link_rig_end(&r);
	host_rig_serve();
	assert_null(host_rig.host->links);
	assert_string_equal(host_rig.said, "link to node 1: ended before that was online");
	assert_int_equal(host_rig.lines, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, host_rig_begin, host_rig_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_came_with_an_empty_packet_is_closed),
		TEST(a_packet_that_is_no_request_ends_a_client),
		TEST(who_asks_has_read_what_was_sent),
		TEST(a_page_is_memory_that_stays_and_can_be_written),
		TEST(what_is_no_memory_ends_a_link),
		TEST(memory_is_what_its_client_may_read),
		TEST(memory_is_touched_where_nothing_can_fault),
		TEST(a_queue_pair_that_lets_nobody_write_is_none),
		TEST(what_is_no_queue_pair_fills_no_disk),
		TEST(what_else_is_said_is_not_left_out),
		TEST(a_link_has_no_more_mapped_than_its_share),
		TEST(what_is_shared_no_more_is_told_once_there_is_room),
		TEST(who_says_nothing_has_to_go),
		TEST(a_link_that_ends_too_early_is_told_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
