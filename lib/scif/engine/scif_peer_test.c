/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scif_bus_loop.h"
#include "scif_engine_test_rig.h"
#include "scif_priv.h"

/* A host and cards, of which it introduces two to each other. */

#define PORT   2050
#define NODES  4
#define LENGTH UINT64_C(0x5000)

static struct bench node[NODES];
static struct scif_client *client[NODES];
static struct scif_loop to_host[NODES], between;

static void
settle(void)
{
	for (int i = 0; i < 8 * NODES; i++)
		bench_step(&node[i % NODES], 0);
}

static void
pass_ms(uint64_t ms)
{
	for (int i = 0; i < NODES; i++)
		bench_step(&node[i], ms);
	settle();
}

static void
link_to_host(uint16_t id)
{
	scif_loop_init(&to_host[id]);
	to_host[id].end[0].length = LENGTH + id;
	assert_int_equal(scif_engine_link_add(node[0].engine, id, &to_host[id].end[0].bus), 0);
	assert_int_equal(scif_engine_link_add(node[id].engine, 0, &to_host[id].end[1].bus), 0);
}

static int
begin_nodes(bool no_peers)
{
	for (uint16_t i = 0; i < NODES; i++) {
		const struct scif_engine_config config = {
			.node = i, .page_poll_ms = 10, .alive_ms = 1000, .no_peers = no_peers};

		scif_loop_init(&to_host[i]);
		bench_begin(&node[i], &config);
		client[i] = bench_client(&node[i], true, NULL);
	}
	scif_loop_init(&between);
	link_to_host(1);
	return 0;
}

static int
begin(void **state)
{
	(void)state;
	return begin_nodes(false);
}

static int
begin_without(void **state)
{
	(void)state;
	return begin_nodes(true);
}

static int
end(void **state)
{
	(void)state;
	for (int i = 0; i < NODES; i++)
		scif_engine_client_remove(node[i].engine, client[i]);
	settle();
	pass_ms(2000);
	for (int i = 0; i < NODES; i++) {
		assert_true(scif_list_empty(&node[i].engine->endpoints));
		scif_engine_destroy(node[i].engine);
	}
	for (int i = 0; i < NODES; i++) {
		assert_int_equal(node[i].memories, 0);
		scif_loop_free(&to_host[i]);
	}
	for (int i = 0; i < 2; i++) {
		assert_int_equal(between.end[i].maps, 0);
		assert_int_equal(between.end[i].memories, 0);
	}
	scif_loop_free(&between);
	return 0;
}

static int
add_peer(uint16_t id)
{
	return scif_engine_peer_add(node[id].engine, 3 - id, &between.end[id - 1].bus);
}

/* Node 2 comes, and both are told of each other. */
static void
introduce(void)
{
	link_to_host(2);
	pass_ms(10);
	pass_ms(10);
	assert_int_equal(node[1].peer, 2);
	assert_int_equal(node[2].peer, 1);
	/* The length of the other's aperture is node 0's to say. */
	assert_int_equal(node[1].said, LENGTH + 1);
}

static int
connect_cards(void)
{
	bench_ask(&node[2], client[2], SCIF_REQUEST_OPEN, 0, 0, 0, 0);
	bench_ask(&node[2], client[2], SCIF_REQUEST_BIND, 0, PORT, 0, 0);
	bench_ask(&node[2], client[2], SCIF_REQUEST_LISTEN, 0, 2, 0, 0);
	bench_ask(&node[1], client[1], SCIF_REQUEST_OPEN, 0, 0, 0, 0);
	return bench_ask(&node[1], client[1], SCIF_REQUEST_CONNECT, 0, 2, PORT, 0);
}

static uint32_t
state_of_1(void)
{
	return atomic_load(&client[1]->desk->board->ctl[0].state);
}

static void
make_peers(void)
{
	introduce();
	assert_int_equal(add_peer(1), 0);
	assert_int_equal(add_peer(2), 0);
	pass_ms(1);
	assert_int_equal(node[1].nodes, 2);
	assert_int_equal(node[2].nodes, 2);
}

/* The last message of an opcode that a node's ring has had from node 0. */
static struct scif_message
last_from_host(uint16_t id, uint32_t op)
{
	const struct scif_half *half = to_host[id].end[1].memory[0].memory->base;
	uint32_t end = atomic_load(&half->local_write);
	struct scif_message m, last = {.op = 0};

	for (uint32_t at = 0; at + sizeof(m) <= end; at += sizeof(m)) {
		memcpy(&m, half->ring + at, sizeof(m));
		if (m.op == op)
			last = m;
	}
	return last;
}

static void
s222_cards_become_peers_and_connect(void **state)
{
	const struct scif_counters *host, *card;
	struct scif_message m;

	(void)state;
	make_peers();
	host = scif_engine_counters(node[0].engine);
	card = scif_engine_counters(node[1].engine);
	assert_int_equal(host->sent[SCIF_NODE_ADD], 2);
	assert_int_equal(host->received[SCIF_NODE_ADD_ACK], 2);
	assert_int_equal(host->sent[SCIF_NODE_ADD_ACK], 2);
	assert_int_equal(card->received[SCIF_NODE_ADD], 1);
	assert_int_equal(card->received[SCIF_NODE_ADD_ACK], 1);
	m = last_from_host(1, SCIF_NODE_ADD);
	assert_int_equal(m.src.node, 2);
	assert_int_equal(m.dst.node, 1);
	m = last_from_host(1, SCIF_NODE_ADD_ACK);
	assert_int_equal(m.src.node, 2);
	assert_int_equal(m.payload[0], between.end[1].memory[0].address);
	assert_int_equal(m.payload[1], 2);
	assert_int_equal(m.payload[3], LENGTH + 2);
	assert_int_equal(connect_cards(), -EINPROGRESS);
	settle();
	assert_int_equal(bench_ask(&node[2], client[2], SCIF_REQUEST_ACCEPT, 0, 1, 0, 0), 0);
	settle();
	assert_int_equal(state_of_1(), SCIF_CONNECTED);
	assert_int_equal(host->received[SCIF_CNCT_REQ], 0);
}

static void
a_link_may_come_before_word_of_it(void **state)
{
	(void)state;
	assert_int_equal(add_peer(1), 0);
	assert_int_equal(add_peer(2), 0);
	pass_ms(10);
	assert_int_equal(node[1].nodes, 1);
	link_to_host(2);
	pass_ms(10);
	pass_ms(10);
	assert_int_equal(node[1].nodes, 2);
	assert_int_equal(node[2].nodes, 2);
}

static void
one_side_alone_is_no_peer(void **state)
{
	(void)state;
	introduce();
	assert_int_equal(add_peer(1), 0);
	pass_ms(1);
	assert_int_equal(connect_cards(), -ENODEV);
	assert_int_equal(node[2].nodes, 1);
	assert_int_equal(node[1].nodes, 1);
}

/* It answers, and never says that it is online. */
static void
a_peer_that_says_nothing_is_given_up(void **state)
{
	(void)state;
	introduce();
	assert_int_equal(add_peer(1), 0);
	assert_int_equal(add_peer(2), 0);
	/* Node 2 stands still from here. */
	bench_step(&node[0], 1);
	for (int i = 0; i < 102; i++)
		bench_step(&node[1], 100);
	assert_int_equal(node[1].nodes, 1);
	bench_step(&node[0], 1);
	assert_int_equal(scif_engine_counters(node[0].engine)->received[SCIF_NODE_ADD_NACK], 1);
	settle();
	assert_int_equal(node[2].nodes, 1);
}

static void
a_card_that_cannot_reach_the_other_says_so(void **state)
{
	(void)state;
	node[1].no_peer = true;
	introduce();
	assert_int_equal(scif_engine_counters(node[0].engine)->received[SCIF_NODE_ADD_NACK], 1);
	assert_int_equal(scif_engine_counters(node[2].engine)->received[SCIF_NODE_ADD_NACK], 1);
	assert_int_equal(connect_cards(), -ENODEV);
}

static void
s222_cards_are_not_introduced_without_leave(void **state)
{
	(void)state;
	link_to_host(2);
	pass_ms(10);
	pass_ms(10);
	assert_int_equal(node[0].nodes, 2);
	assert_int_equal(node[1].peer, 0);
	assert_int_equal(connect_cards(), -ENODEV);
}

static void
s219_a_card_that_stops_is_removed_from_all_before_it_goes(void **state)
{
	const struct scif_counters *host, *card;

	(void)state;
	make_peers();
	connect_cards();
	settle();
	bench_ask(&node[2], client[2], SCIF_REQUEST_ACCEPT, 0, 1, 0, 0);
	settle();
	host = scif_engine_counters(node[0].engine);
	card = scif_engine_counters(node[1].engine);
	scif_engine_stop(node[2].engine);
	bench_step(&node[2], 0);
	bench_step(&node[0], 0);
	/* The one that leaves waits until the others know. */
	assert_int_equal(host->received[SCIF_EXIT], 1);
	assert_int_equal(host->sent[SCIF_NODE_REMOVE], 1);
	assert_int_equal(host->sent[SCIF_EXIT_ACK], 0);
	bench_step(&node[1], 0);
	assert_int_equal(card->received[SCIF_NODE_REMOVE], 1);
	assert_int_equal(state_of_1(), SCIF_DISCONNECTED);
	assert_int_equal(node[1].nodes, 1);
	settle();
	assert_int_equal(host->received[SCIF_NODE_REMOVE_ACK], 1);
	assert_int_equal(host->sent[SCIF_EXIT_ACK], 1);
	assert_true(scif_engine_stopped(node[2].engine));
}

static unsigned int ended;

static void
count_end(struct scif_bus *bus)
{
	(void)bus;
	ended++;
}

/* Node 1 stands still while node 2 is lost and comes back: it hears of both at once, and of the end
 * of the link between them later.
 */
static void
lose_and_find_node_2(void)
{
	scif_engine_link_remove(node[0].engine, 2);
	scif_engine_link_remove(node[2].engine, 0);
	scif_loop_free(&to_host[2]);
	link_to_host(2);
	for (int i = 0; i < 8; i++) {
		bench_step(&node[0], 10);
		bench_step(&node[2], 10);
	}
	assert_int_equal(node[0].nodes, 2);
	ended = 0;
	node[1].peer = 0;
	bench_step(&node[1], 10);
}

static void
what_is_said_of_a_node_that_was_removed_is_of_its_next_link(void **state)
{
	static struct scif_bus_ops ending;

	(void)state;
	make_peers();
	ending = *between.end[0].bus.ops;
	ending.end = count_end;
	between.end[0].bus.ops = &ending;
	lose_and_find_node_2();
	assert_int_equal(ended, 1);
	assert_int_equal(node[1].peer, 2);
	assert_int_equal(scif_engine_counters(node[1].engine)->sent[SCIF_NODE_ADD_ACK], 1);
	scif_engine_link_remove(node[1].engine, 2);
	scif_engine_link_remove(node[2].engine, 1);
	scif_loop_free(&between);
	scif_loop_init(&between);
	assert_int_equal(add_peer(1), 0);
	pass_ms(1);
	assert_int_equal(scif_engine_counters(node[1].engine)->sent[SCIF_NODE_ADD_ACK], 2);
}

/* Node 2 leaves; nodes 1 and 3 are asked to forget it. */
static const struct scif_counters *
stop_node_2(void)
{
	make_peers();
	link_to_host(3);
	pass_ms(10);
	pass_ms(10);
	assert_int_equal(node[0].nodes, 3);
	scif_engine_stop(node[2].engine);
	bench_step(&node[2], 0);
	bench_step(&node[0], 0);
	assert_int_equal(node[0].engine->counters.sent[SCIF_NODE_REMOVE], 2);
	assert_int_equal(node[0].engine->counters.sent[SCIF_EXIT_ACK], 0);
	return scif_engine_counters(node[0].engine);
}

static void
acknowledge(uint16_t from, uint64_t gone)
{
	const struct scif_message m = {
		.src = {from, 0}, .op = SCIF_NODE_REMOVE_ACK, .payload = {gone}};

	scif_message_deliver(node[0].engine->node[from], &m);
}

static void
a_removal_is_known_by_all_who_were_told(void **state)
{
	const struct scif_counters *host = stop_node_2();
	uint64_t bad = host->bad_token;

	(void)state;
	acknowledge(1, 2);
	/* Once more, of others, and from who was not asked. */
	acknowledge(1, 2);
	acknowledge(3, 1);
	acknowledge(3, UINT64_MAX);
	acknowledge(2, 2);
	assert_int_equal(host->bad_token, bad + 4);
	assert_int_equal(host->sent[SCIF_EXIT_ACK], 0);
	acknowledge(3, 2);
	assert_int_equal(host->sent[SCIF_EXIT_ACK], 1);
}

static void
a_removal_does_not_wait_for_who_is_lost(void **state)
{
	const struct scif_counters *host = stop_node_2();

	(void)state;
	acknowledge(1, 2);
	scif_engine_link_remove(node[0].engine, 3);
	scif_engine_link_remove(node[3].engine, 0);
	assert_int_equal(host->sent[SCIF_EXIT_ACK], 1);
}

static void
a_card_that_is_lost_is_removed_and_introduced_again(void **state)
{
	(void)state;
	make_peers();
	/* Links to a card that is gone go one by one. */
	scif_engine_link_remove(node[0].engine, 2);
	settle();
	assert_int_equal(node[1].nodes, 1);
	scif_engine_link_remove(node[1].engine, 2);
	scif_engine_link_remove(node[2].engine, 0);
	scif_engine_link_remove(node[2].engine, 1);
	node[1].peer = 0;
	node[2].peer = 0;
	scif_loop_free(&to_host[2]);
	scif_loop_free(&between);
	scif_loop_init(&between);
	make_peers();
}

static void
only_node_0_introduces(void **state)
{
	struct scif_message m = {.src = {5, 0}, .dst = {1, 0}, .op = SCIF_NODE_ADD};
	uint64_t bad;

	(void)state;
	make_peers();
	bad = node[1].engine->counters.bad_token;
	node[1].peer = 0;
	scif_message_deliver(node[1].engine->node[2], &m);
	m.src.node = 0;
	scif_message_deliver(node[1].engine->node[0], &m);
	m.src.node = 1;
	scif_message_deliver(node[1].engine->node[0], &m);
	m.src.node = SCIF_NODES_MAX;
	scif_message_deliver(node[1].engine->node[0], &m);
	assert_int_equal(node[1].peer, 0);
	/* Nor may a peer end anything but itself. */
	for (uint32_t op = SCIF_INIT; op <= SCIF_NODE_REMOVE_ACK; op++) {
		m = (struct scif_message){.src = {2, 0}, .dst = {1, 0}, .op = op};
		scif_message_deliver(node[1].engine->node[2], &m);
	}
	assert_int_equal(node[1].engine->counters.bad_token, bad + 4 + 8);
	assert_int_equal(node[1].nodes, 2);
	/* A card that answers for another one is not believed. */
	m = (struct scif_message){.src = {1, 0}, .dst = {2, 0}, .op = SCIF_NODE_ADD_ACK};
	scif_message_deliver(node[0].engine->node[2], &m);
	m.dst.node = 1;
	scif_message_deliver(node[0].engine->node[2], &m);
	assert_int_equal(node[0].engine->counters.sent[SCIF_NODE_ADD_ACK], 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(s222_cards_become_peers_and_connect),
		TEST(a_link_may_come_before_word_of_it),
		TEST(one_side_alone_is_no_peer),
		TEST(a_peer_that_says_nothing_is_given_up),
		TEST(a_card_that_cannot_reach_the_other_says_so),
		cmocka_unit_test_setup_teardown(s222_cards_are_not_introduced_without_leave,
						begin_without, end),
		TEST(s219_a_card_that_stops_is_removed_from_all_before_it_goes),
		TEST(what_is_said_of_a_node_that_was_removed_is_of_its_next_link),
		TEST(a_removal_is_known_by_all_who_were_told),
		TEST(a_removal_does_not_wait_for_who_is_lost),
		TEST(a_card_that_is_lost_is_removed_and_introduced_again),
		TEST(only_node_0_introduces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
