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
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "scif_link_rig.h"
#include "scif_priv.h"
#include "scif_test_rig.h"

/* Nodes that join in any order, both of them in this process, or that end at any step of it. */

#define OTHER 1u

static struct scif_host *host[2];
static char said[2][512]; /* the last line of each */
static unsigned int lines[2];

static void
log_line(void *arg, const char *line)
{
	unsigned int node = (unsigned int)(uintptr_t)arg;

	lines[node]++;
	snprintf(said[node], sizeof(said[node]), "%s", line);
}

static void
create(uint16_t node, bool joins)
{
	const struct scif_host_config config = {
		.log = log_line,
		.arg = (void *)(uintptr_t)node,
		.engine = {.node = node, .quiet = true},
		.joins = joins,
		.join = 1 - node,
	};

	lines[node] = 0;
	said[node][0] = '\0';
	assert_int_equal(scif_host_create(&config, &host[node]), 0);
}

static void
serve(unsigned int node)
{
	/* A second has passed. */
	host[node]->next_join = 0;
	scif_host_serve(host[node], 0);
}

static unsigned int before;

static int
begin(void **state)
{
	(void)state;
	before = rig_descriptors();
	return rig_place(&rig_node);
}

static int
end(void **state)
{
	struct rig other = rig_node;

	(void)state;
	other.node = OTHER;
	rig_clean(&other);
	rig_clean(&rig_node);
	return rig_descriptors() == before ? 0 : -1;
}

static unsigned int
links(unsigned int node)
{
	unsigned int n = 0;

	for (const struct host_link *link = host[node]->links; link != NULL; link = link->next)
		n++;
	return n;
}

static bool
are_joined(void)
{
	return scif_engine_node_online(host[0]->engine, 1) &&
	       scif_engine_node_online(host[1]->engine, 0);
}

/* ---- Both join ---- */

/* One of them goes while the other answers. */
static void
end_both(void)
{
	scif_engine_stop(host[1]->engine);
	for (int i = 0; i < 20 && !scif_engine_stopped(host[1]->engine); i++)
		scif_host_serve(host[i % 2], 0);
	assert_true(scif_engine_stopped(host[1]->engine));
	scif_host_destroy(host[1]);
	for (int i = 0; i < 5; i++)
		scif_host_serve(host[0], 0);
	scif_host_destroy(host[0]);
}

static void
join_each_other(uint32_t order)
{
	unsigned int settled[2];

	create(0, true);
	if (order % 2 != 0)
		serve(0);
	create(1, true);
	for (unsigned int i = 0; i < 16; i++)
		serve(order >> i & 1);
	for (unsigned int i = 0; i < 40; i++)
		serve(i % 2);
	assert_true(are_joined());
	assert_int_equal(links(0), 1);
	assert_int_equal(links(1), 1);
	memcpy(settled, lines, sizeof(settled));
	for (unsigned int i = 0; i < 20; i++)
		serve(i % 2);
	assert_int_equal(settled[0], lines[0]);
	assert_int_equal(settled[1], lines[1]);
	/* What there is to say of a link too many. */
	assert_in_range(lines[0] + lines[1], 0, 3);
	end_both();
}

static void
nodes_that_join_each_other_have_one_link(void **state)
{
	uint32_t order = 1;

	(void)state;
	for (unsigned int i = 0; i < 60; i++) {
		order = order * UINT32_C(1664525) + UINT32_C(1013904223);
		join_each_other(order >> 16);
	}
}

static void
a_socket_that_nobody_serves_is_no_node(void **state)
{
	(void)state;
	create(0, true);
	close(link_rig_listen(OTHER));
	for (int i = 0; i < 10; i++)
		serve(0);
	assert_int_equal(links(0), 0);
	assert_int_equal(lines[0], 0);
	create(1, false);
	for (int i = 0; i < 20; i++)
		serve(i % 2 != 0);
	assert_true(are_joined());
	end_both();
}

/* ---- The other one ends at any step ---- */

/* How far it comes. */
enum step { CONNECTED, HALF_SAID, SAID, PUBLISHED, STEPS };

/* Takes the socket. `slowly`: this node sees each step before the next. */
static void
come_and_go(int socket, enum step last, bool slowly)
{
	struct link_rig r;

	assert_true(socket >= 0);
	assert_int_equal(link_rig_begin(&r, socket, OTHER), 0);
	for (enum step step = 0; step <= last; step++) {
		if (step == HALF_SAID && step == last)
			link_rig_send(r.socket, "hello", 5, &r.page_fd, 1);
		else if (step == SAID)
			link_rig_hello(&r);
		else if (step == PUBLISHED)
			link_rig_publish(&r);
		for (int i = 0; slowly && i < 5; i++)
			scif_host_serve(host[0], 0);
		link_rig_hear(&r);
	}
	link_rig_end(&r);
	for (int i = 0; i < 10; i++)
		scif_host_serve(host[0], 0);
	assert_null(host[0]->engine->node[OTHER]);
}

/* Of who has gone before this node answers there is nothing to say, unless this one came. */
static void
says_how_it_ended(enum step last, bool joined, bool slowly)
{
	static const char *const line[STEPS] = {
		[HALF_SAID] = "is not taken, errno 71",
		[SAID] = "link to node 1: ended before that was online",
		[PUBLISHED] = "link to node 1: ended before that was online",
	};
	const char *wanted = line[last];

	if (last == CONNECTED && joined)
		wanted = "link to node 1: ended at once";
	if (!slowly && !joined)
		wanted = NULL;
	else if (!slowly && last >= SAID)
		wanted = "link: node 1 is not taken, errno 19";
	assert_int_equal(lines[0], wanted != NULL);
	if (wanted != NULL)
		assert_non_null(strstr(said[0], wanted));
	lines[0] = 0;
}

static void
joins_well(int socket)
{
	struct link_rig r;

	assert_int_equal(link_rig_begin(&r, socket, OTHER), 0);
	assert_true(link_rig_join(&r, host[0]));
	link_rig_end(&r);
	for (int i = 0; i < 10; i++)
		scif_host_serve(host[0], 0);
	assert_null(host[0]->engine->node[OTHER]);
}

static void
a_node_that_joins_may_end_at_any_step(void **state)
{
	(void)state;
	create(0, false);
	for (unsigned int i = 0; i < 2 * STEPS; i++) {
		come_and_go(link_rig_connect(0), i / 2, i % 2 != 0);
		assert_int_equal(links(0), 0);
		says_how_it_ended(i / 2, false, i % 2 != 0);
		joins_well(link_rig_connect(0));
		assert_int_equal(lines[0], 0);
	}
	scif_host_destroy(host[0]);
}

static void
a_node_that_is_joined_may_end_at_any_step(void **state)
{
	int listener;

	(void)state;
	create(0, true);
	listener = link_rig_listen(OTHER);
	for (unsigned int i = 0; i < 2 * STEPS; i++) {
		serve(0);
		come_and_go(accept(listener, NULL, NULL), i / 2, i % 2 != 0);
		says_how_it_ended(i / 2, true, i % 2 != 0);
		serve(0);
		joins_well(accept(listener, NULL, NULL));
		assert_int_equal(lines[0], 0);
	}
	close(listener);
	scif_host_destroy(host[0]);
}

static void
who_was_joined_is_no_other_node(void **state)
{
	struct link_rig r;
	int listener;

	(void)state;
	create(0, true);
	listener = link_rig_listen(OTHER);
	serve(0);
	assert_int_equal(link_rig_begin(&r, accept(listener, NULL, NULL), OTHER + 1), 0);
	assert_false(link_rig_join(&r, host[0]));
	assert_string_equal(said[0], "link: node 2 is not taken, errno 71");
	assert_int_equal(lines[0], 1);
	link_rig_end(&r);
	close(listener);
	scif_host_destroy(host[0]);
}

static void
a_node_is_there_once(void **state)
{
	struct link_rig r, again;

	(void)state;
	create(0, false);
	assert_int_equal(link_rig_begin(&r, link_rig_connect(0), OTHER), 0);
	assert_true(link_rig_join(&r, host[0]));
	assert_int_equal(link_rig_begin(&again, link_rig_connect(0), OTHER), 0);
	link_rig_hello(&again);
	for (int i = 0; i < 10; i++)
		scif_host_serve(host[0], 0);
	assert_string_equal(said[0], "link: node 1 is not taken, errno 16");
	assert_int_equal(lines[0], 1);
	assert_int_equal(links(0), 1);
	assert_true(scif_engine_node_online(host[0]->engine, OTHER));
	link_rig_end(&again);
	link_rig_end(&r);
	/* The end of one, and another that comes at the same time. */
	joins_well(link_rig_connect(0));
	assert_int_equal(lines[0], 1);
	scif_host_destroy(host[0]);
}

/* ---- A bell that rings while the engine is at something else ---- */

static struct link_rig ringer;
static uint64_t rung_at;

static uint64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* Somebody who waited is woken, when rings have been looked at. */
static void
ring_and_map(void *arg, _Atomic uint32_t *word)
{
	const struct scif_message m = {.src.node = 0, .op = SCIF_CLIENT_SENT};
	struct scif_bus *bus = host[1]->engine->node[0]->bus;
	struct scif_view view;

	(void)arg, (void)word;
	link_rig_message(&ringer, &m);
	/* Takes the bell, on the way to what is not there. */
	assert_int_equal(bus->ops->map(bus, 1, 1, &view), -EFAULT);
	rung_at = now_ms();
}

static void
a_bell_that_was_taken_meanwhile_is_heard(void **state)
{
	const struct scif_host_config config = {
		.engine = {.node = 1, .quiet = true, .alive_ms = 1, .page_poll_ms = 100000}};
	const struct scif_request rq = {.op = SCIF_REQUEST_NODES, .arg = {1}};
	const struct scif_credentials who = {0};
	struct scif_host_ops ops = scif_host_ops;
	int fds[SCIF_REQUEST_FDS], fd = -1;
	struct scif_client *client;
	struct scif_reply reply;

	(void)state;
	assert_int_equal(scif_host_create(&config, &host[1]), 0);
	assert_int_equal(link_rig_begin(&ringer, link_rig_connect(1), 0), 0);
	assert_true(link_rig_join(&ringer, host[1]));
	assert_int_equal(scif_engine_client_add(host[1]->engine, &who, NULL, &client), 0);
	ops.wake = ring_and_map;
	host[1]->engine->ops = &ops;
	assert_true(scif_engine_request(host[1]->engine, client, &rq, sizeof(rq), &fd, &reply,
					fds));
	assert_int_equal(reply.error, EINPROGRESS);
	usleep(2000);
	rung_at = 0;
	scif_host_serve(host[1], 3000);
	assert_true(rung_at != 0 && now_ms() - rung_at < 1500);
	assert_int_equal(host[1]->engine->counters.received[SCIF_CLIENT_SENT], 1);
	host[1]->engine->ops = &scif_host_ops;
	scif_engine_client_remove(host[1]->engine, client);
	link_rig_end(&ringer);
	scif_host_destroy(host[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nodes_that_join_each_other_have_one_link, begin,
						end),
		cmocka_unit_test_setup_teardown(a_socket_that_nobody_serves_is_no_node, begin, end),
		cmocka_unit_test_setup_teardown(a_node_that_joins_may_end_at_any_step, begin, end),
		cmocka_unit_test_setup_teardown(a_node_that_is_joined_may_end_at_any_step, begin,
						end),
		cmocka_unit_test_setup_teardown(who_was_joined_is_no_other_node, begin, end),
		cmocka_unit_test_setup_teardown(a_node_is_there_once, begin, end),
		cmocka_unit_test_setup_teardown(a_bell_that_was_taken_meanwhile_is_heard, begin,
						end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
