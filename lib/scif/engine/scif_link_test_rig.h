/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SCIF_LINK_TEST_RIG_H
#define SLIPWAY_SCIF_LINK_TEST_RIG_H

/**
 * @file
 * Two engines without processes around them, and a link between them.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scif_bus_loop.h"
#include "scif_engine_test_rig.h"
#include "scif_priv.h"

#define PORT       2050
#define CONNECT_MS 100

static struct bench host, card;
static struct scif_client *ours, *theirs;
static struct scif_loop loop;

static inline void
begin_node(struct bench *b, uint16_t node, struct scif_client **client)
{
	const struct scif_engine_config config = {
		.node = node,
		.connect_ms = CONNECT_MS,
		.accept_ms = 50,
		.alive_ms = 1000,
		.page_poll_ms = 10,
		.send_retry_ms = 300,
	};

	bench_begin(b, &config);
	*client = bench_client(b, true, NULL);
}

/* Let both work until neither has anything to do. */
static inline void
settle(void)
{
	for (int i = 0; i < 8; i++) {
		bench_step(&host, 0);
		bench_step(&card, 0);
	}
}

static inline void
pass_ms(uint64_t ms)
{
	bench_step(&host, ms);
	bench_step(&card, ms);
	settle();
}

static inline int
begin(void **state)
{
	(void)state;
	begin_node(&host, 0, &ours);
	begin_node(&card, 1, &theirs);
	scif_loop_init(&loop);
	assert_int_equal(scif_engine_link_add(host.engine, 1, &loop.end[0].bus), 0);
	assert_int_equal(scif_engine_link_add(card.engine, 0, &loop.end[1].bus), 0);
	pass_ms(10);
	return 0;
}

static inline int
end(void **state)
{
	(void)state;
	scif_engine_client_remove(host.engine, ours);
	scif_engine_client_remove(card.engine, theirs);
	settle();
	pass_ms(2000);
	assert_true(scif_list_empty(&host.engine->endpoints));
	assert_true(scif_list_empty(&card.engine->endpoints));
	scif_engine_destroy(host.engine);
	scif_engine_destroy(card.engine);
	assert_int_equal(host.memories, 0);
	assert_int_equal(card.memories, 0);
	assert_int_equal(loop.end[0].maps, 0);
	assert_int_equal(loop.end[1].maps, 0);
	assert_int_equal(loop.end[0].memories, 0);
	scif_loop_free(&loop);
	return 0;
}

static inline uint32_t
state_of(const struct scif_client *client, uint32_t index)
{
	return atomic_load(&client->desk->board->ctl[index].state);
}

/* Endpoint 0 of theirs listens, endpoint 1 of ours asks for a connection. */
static inline int
request_one(void)
{
	bench_ask(&card, theirs, SCIF_REQUEST_OPEN, 0, 0, 0, 0);
	bench_ask(&card, theirs, SCIF_REQUEST_BIND, 0, PORT, 0, 0);
	assert_int_equal(bench_ask(&card, theirs, SCIF_REQUEST_LISTEN, 0, 2, 0, 0), 0);
	bench_ask(&host, ours, SCIF_REQUEST_OPEN, 1, 0, 0, 0);
	return bench_ask(&host, ours, SCIF_REQUEST_CONNECT, 1, 1, PORT, 0);
}

static inline void
connect_them(void)
{
	assert_int_equal(request_one(), -EINPROGRESS);
	settle();
	assert_int_equal(bench_ask(&card, theirs, SCIF_REQUEST_ACCEPT, 0, 1, 0, 0), 0);
	assert_int_equal(card.reply.value[0], 0);
	settle();
	assert_int_equal(state_of(ours, 1), SCIF_CONNECTED);
	assert_int_equal(state_of(theirs, 1), SCIF_CONNECTED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

#endif /* SLIPWAY_SCIF_LINK_TEST_RIG_H */
