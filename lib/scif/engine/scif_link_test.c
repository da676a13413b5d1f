/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <string.h>

#include "scif_link_test_rig.h"

/* Two nodes, and what passes between them. */

/* ---- Tests ---- */

static void
both_know_of_each_other(void **state)
{
	(void)state;
	assert_int_equal(host.nodes, 1);
	assert_int_equal(card.nodes, 1);
	assert_int_equal(bench_ask(&card, theirs, SCIF_REQUEST_NODES, 0, 0, 0, 0), 0);
	assert_int_equal(card.reply.value[0], 2);
	assert_int_equal(card.reply.value[1], 1);
	assert_int_equal(card.reply.value[3], 3);
}

static void
a_connection_takes_three_messages_and_a_close_two(void **state)
{
	const struct scif_counters *h = scif_engine_counters(host.engine);
	const struct scif_counters *c = scif_engine_counters(card.engine);

	(void)state;
	connect_them();
	assert_int_equal(c->received[SCIF_CNCT_REQ], 1);
	assert_int_equal(h->received[SCIF_CNCT_GNT], 1);
	assert_int_equal(c->received[SCIF_CNCT_GNTACK], 1);
	assert_int_equal(bench_ask(&host, ours, SCIF_REQUEST_OUTCOME, 1, 0, 0, 0), 0);
	assert_int_equal(bench_ask(&host, ours, SCIF_REQUEST_ATTACH, 1, 0, 0, 0), 0);
	assert_true((host.reply.value[4] & SCIF_REQUEST_FAR) != 0);
	bench_ask(&host, ours, SCIF_REQUEST_CLOSE, 1, 0, 0, 0);
	settle();
	assert_int_equal(state_of(theirs, 1), SCIF_DISCONNECTED);
	assert_int_equal(c->received[SCIF_DISCNCT], 1);
	assert_int_equal(h->received[SCIF_DISCNT_ACK], 1);
	assert_true(scif_list_empty(&host.engine->endpoints));
}

static void
halves_know_where_the_other_is(void **state)
{
	const struct scif_endpoint *ep;
	const struct scif_half *half;

	(void)state;
	connect_them();
	ep = scif_endpoint_of(ours, 1);
	half = ep->peer_qp.base;
	assert_ptr_equal(half, scif_endpoint_half(scif_endpoint_of(theirs, 1)));
	assert_int_equal(half->magic, SCIF_QP_MAGIC);
	assert_int_equal(ep->peer_ring_size, SCIF_RING_SIZE);
	assert_ptr_equal(ep->peer_ring.base, half->ring);
}

static void
what_is_told_becomes_a_message_for_each_chunk(void **state)
{
	struct scif_ctl *ctl;

	(void)state;
	connect_them();
	ctl = &ours->desk->board->ctl[1];
	atomic_store(&ctl->sent, 3);
	atomic_store(&ctl->received, 2);
	atomic_store(&ours->desk->board->tell[0], 1 << 1);
	atomic_store(&ours->desk->board->tell_words[0], 1);
	settle();
	assert_int_equal(card.engine->counters.received[SCIF_CLIENT_SENT], 3);
	assert_int_equal(card.engine->counters.received[SCIF_CLIENT_RCVD], 2);
	/* Whatever a client counts, it is not told for ever. */
	atomic_store(&ctl->sent, UINT32_MAX / 2);
	atomic_store(&ours->desk->board->tell[0], 1 << 1);
	atomic_store(&ours->desk->board->tell_words[0], 1);
	settle();
	assert_true(card.engine->counters.received[SCIF_CLIENT_SENT] < 100);
}

static void
nobody_listens_there(void **state)
{
	(void)state;
	bench_ask(&host, ours, SCIF_REQUEST_OPEN, 1, 0, 0, 0);
	assert_int_equal(bench_ask(&host, ours, SCIF_REQUEST_CONNECT, 1, 1, PORT, 0), -EINPROGRESS);
	settle();
	assert_int_equal(bench_ask(&host, ours, SCIF_REQUEST_OUTCOME, 1, 0, 0, 0), -ECONNREFUSED);
	assert_int_equal(host.engine->counters.received[SCIF_CNCT_REJ], 1);
	assert_int_equal(bench_ask(&host, ours, SCIF_REQUEST_CONNECT, 1, 2, PORT, 0), -ENODEV);
}

static void
a_request_whose_time_is_over_does_not_hold_up_accept(void **state)
{
	(void)state;
	request_one();
	settle();
	pass_ms(CONNECT_MS);
	assert_int_equal(bench_ask(&host, ours, SCIF_REQUEST_OUTCOME, 1, 0, 0, 0), -ECONNREFUSED);
	assert_int_equal(bench_ask(&card, theirs, SCIF_REQUEST_ACCEPT, 0, 1, 0, 0), 0);
	settle();
	assert_int_equal(state_of(theirs, 1), SCIF_UNBOUND);
	assert_int_equal(card.engine->counters.received[SCIF_CNCT_GNTNACK], 1);
}

/* The grant comes when nobody waits for its answer any more. */
static void
an_accept_that_is_over_ends_at_both(void **state)
{
	(void)state;
	request_one();
	bench_step(&card, 0);
	bench_ask(&card, theirs, SCIF_REQUEST_ACCEPT, 0, 1, 0, 0);
	bench_step(&card, 50);
	assert_int_equal(state_of(theirs, 1), SCIF_UNBOUND);
	settle();
	assert_int_equal(state_of(ours, 1), SCIF_DISCONNECTED);
	assert_int_equal(host.engine->counters.received[SCIF_DISCNCT], 1);
}

static void
a_node_that_is_lost_ends_what_was_with_it(void **state)
{
	(void)state;
	connect_them();
	bench_ask(&host, ours, SCIF_REQUEST_OPEN, 2, 0, 0, 0);
	bench_ask(&host, ours, SCIF_REQUEST_CONNECT, 2, 1, PORT, 0);
	scif_engine_link_remove(host.engine, 1);
	assert_int_equal(host.nodes, 0);
	assert_int_equal(state_of(ours, 1), SCIF_DISCONNECTED);
	assert_int_equal(bench_ask(&host, ours, SCIF_REQUEST_OUTCOME, 2, 0, 0, 0), -ENODEV);
	assert_int_equal(bench_ask(&host, ours, SCIF_REQUEST_CONNECT, 2, 1, PORT, 0), -ENODEV);
	bench_ask(&host, ours, SCIF_REQUEST_NODES, 0, 0, 0, 0);
	assert_int_equal(host.reply.value[0], 1);
	assert_int_equal(host.reply.value[2], 1);
	/* The other side notices that the queue pair is gone. */
	pass_ms(10);
	assert_int_equal(state_of(theirs, 1), SCIF_DISCONNECTED);
	/* And there it is again. */
	assert_int_equal(scif_engine_link_add(host.engine, 1, &loop.end[0].bus), 0);
	pass_ms(10);
	pass_ms(10);
	assert_int_equal(host.nodes, 1);
	assert_int_equal(card.nodes, 1);
	assert_int_equal(bench_ask(&host, ours, SCIF_REQUEST_CONNECT, 2, 1, PORT, 0), -EINPROGRESS);
}

static void
a_node_that_stops_says_so(void **state)
{
	(void)state;
	connect_them();
	scif_engine_stop(card.engine);
	assert_false(scif_engine_stopped(card.engine));
	settle();
	assert_true(scif_engine_stopped(card.engine));
	assert_int_equal(host.engine->counters.received[SCIF_EXIT], 1);
	assert_int_equal(card.engine->counters.received[SCIF_EXIT_ACK], 1);
	assert_int_equal(state_of(ours, 1), SCIF_DISCONNECTED);
	assert_int_equal(host.nodes, 0);
	/* And does not come back by looking around. */
	scif_engine_link_look(card.engine, 0);
	pass_ms(10);
	assert_int_equal(card.engine->counters.sent[SCIF_INIT], 1);
	assert_int_equal(card.nodes, 0);
}

/* And may connect. */
static void
who_is_accepted_in_vain_connects_like_others(void **state)
{
	(void)state;
	assert_int_equal(request_one(), -EINPROGRESS);
	settle();
	assert_int_equal(bench_ask(&card, theirs, SCIF_REQUEST_ACCEPT, 0, 1, 0, 0), 0);
	bench_ask(&host, ours, SCIF_REQUEST_CLOSE, 1, 0, 0, 0);
	settle();
	assert_int_equal(bench_ask(&card, theirs, SCIF_REQUEST_OUTCOME, 1, 0, 0, 0), -EAGAIN);
	bench_ask(&host, ours, SCIF_REQUEST_OPEN, 2, 0, 0, 0);
	bench_ask(&host, ours, SCIF_REQUEST_BIND, 2, PORT + 1, 0, 0);
	bench_ask(&host, ours, SCIF_REQUEST_LISTEN, 2, 1, 0, 0);
	assert_int_equal(bench_ask(&card, theirs, SCIF_REQUEST_CONNECT, 1, 0, PORT + 1, 0),
			 -EINPROGRESS);
	settle();
	assert_int_equal(bench_ask(&host, ours, SCIF_REQUEST_ACCEPT, 2, 3, 0, 0), 0);
	settle();
	assert_int_equal(state_of(theirs, 1), SCIF_CONNECTED);
	assert_int_equal(state_of(ours, 3), SCIF_CONNECTED);
}

static struct scif_message
hostile(uint32_t op, uint64_t p0)
{
	return (struct scif_message){
		.src = {1, 9}, .dst = {0, 10}, .op = op, .payload = {p0, 1, 2, 3}};
}

static void
s203_a_ring_takes_1489_messages_and_then_they_wait(void **state)
{
	const struct scif_message m = hostile(SCIF_MARK, 0);
	struct scif_node *node = host.engine->node[1];

	(void)state;
	for (int i = 0; i < 1489; i++)
		assert_int_equal(scif_message_send(node, &m), 0);
	assert_int_equal(host.engine->counters.ring_full, 0);
	assert_int_equal(scif_message_send(node, &m), 0);
	assert_int_equal(host.engine->counters.ring_full, 1);
	bench_step(&host, 299);
	assert_int_equal(host.lines, 1);
	bench_step(&host, 1);
	/* Given up. */
	assert_int_equal(host.lines, 2);
	for (int i = 0; i < 1489 / 64; i++)
		settle();
	assert_int_equal(card.engine->counters.received[SCIF_MARK], 1489);
}

static void
who_has_left_knocks_in_vain(void **state)
{
	const struct scif_message request = {.src = {1, 9}, .dst = {0, PORT}, .op = SCIF_CNCT_REQ};
	const struct scif_message leave = {.src = {1, 0}, .dst = {0, 0}, .op = SCIF_EXIT};
	struct scif_node *node = host.engine->node[1];

	(void)state;
	bench_ask(&host, ours, SCIF_REQUEST_OPEN, 0, 0, 0, 0);
	bench_ask(&host, ours, SCIF_REQUEST_BIND, 0, PORT, 0, 0);
	bench_ask(&host, ours, SCIF_REQUEST_LISTEN, 0, 2, 0, 0);
	scif_message_deliver(node, &request);
	assert_int_equal(atomic_load(&ours->desk->board->ctl[0].pending), 1);
	scif_message_deliver(node, &leave);
	scif_message_deliver(node, &request);
	assert_int_equal(atomic_load(&ours->desk->board->ctl[0].pending), 0);
	assert_int_equal(bench_ask(&host, ours, SCIF_REQUEST_ACCEPT, 0, 1, 0, 0), -EAGAIN);
}

/* What came to nothing is Unbound, and may be bound. */
static void
who_is_accepted_in_vain_leaves_no_port(void **state)
{
	struct scif_held held;

	(void)state;
	assert_int_equal(request_one(), -EINPROGRESS);
	settle();
	assert_int_equal(bench_ask(&card, theirs, SCIF_REQUEST_ACCEPT, 0, 1, 0, 0), 0);
	bench_ask(&host, ours, SCIF_REQUEST_CLOSE, 1, 0, 0, 0);
	settle();
	assert_int_equal(state_of(theirs, 1), SCIF_UNBOUND);
	scif_engine_held(card.engine, &held);
	assert_int_equal(held.ports, 1);
	assert_int_equal(bench_ask(&card, theirs, SCIF_REQUEST_BIND, 1, 0, 0, 0), 0);
	bench_ask(&card, theirs, SCIF_REQUEST_CLOSE, 1, 0, 0, 0);
	bench_ask(&card, theirs, SCIF_REQUEST_CLOSE, 0, 0, 0, 0);
	settle();
	scif_engine_held(card.engine, &held);
	assert_int_equal(held.ports, 0);
}

static void
s207_messages_that_mean_nothing_do_nothing(void **state)
{
	uint64_t random = 3;

	(void)state;
	connect_them();
	for (uint32_t n = 0; n < 40000; n++) {
		struct scif_message m;

		random = random * 6364136223846793005u + 1442695040888963407u;
		m = hostile((uint32_t)(random >> 33) % 42, random % 5 == 0 ? random : n % 16);
		/* Those would end it, as they should. */
		if (m.op == SCIF_EXIT)
			continue;
		m.payload[1] = (random >> 20) % 3;
		m.dst.port = (uint16_t)(random >> 40);
		scif_message_deliver(host.engine->node[1], &m);
		scif_message_loop(host.engine);
		if (n % 100 == 0)
			settle();
	}
	assert_true(host.engine->counters.unknown > 0);
	assert_true(host.engine->counters.bad_token > 1000);
	assert_int_equal(state_of(ours, 1), SCIF_CONNECTED);
	for (uint32_t i = 0; i < 8; i++)
		settle();
}

static void
s209_rings_full_of_anything_are_read_and_not_believed(void **state)
{
	struct scif_half *half;
	uint64_t random = 11;

	(void)state;
	connect_them();
	/* The other side's mapping of it is the memory itself. */
	half = loop.end[0].memory[0].memory->base;
	for (int n = 0; n < 300; n++) {
		for (size_t i = 0; i < 2000; i++) {
			random = random * 6364136223846793005u + 1442695040888963407u;
			half->ring[(random >> 20) % SCIF_NODE_RING_SIZE] = (uint8_t)(random >> 56);
		}
		atomic_store(&half->local_write, (uint32_t)(random >> 30));
		atomic_store(&half->local_read, (uint32_t)(random >> 10));
		bench_step(&host, 1);
	}
	assert_int_equal(bench_ask(&host, ours, SCIF_REQUEST_CLOSE, 1, 0, 0, 0), 0);
}

static void
s204_a_queue_pair_without_its_magic_is_none(void **state)
{
	struct scif_half *half = loop.end[1].memory[0].memory->base;

	(void)state;
	scif_engine_link_remove(host.engine, 1);
	half->magic = 1;
	assert_int_equal(scif_engine_link_add(host.engine, 1, &loop.end[0].bus), 0);
	pass_ms(10);
	assert_int_equal(host.nodes, 0);
	bench_ask(&host, ours, SCIF_REQUEST_OPEN, 1, 0, 0, 0);
	assert_int_equal(bench_ask(&host, ours, SCIF_REQUEST_CONNECT, 1, 1, PORT, 0), -ENODEV);
}

/* Ask which nodes there are, on the card; the outcome by that slot. */
static void
ask_nodes(uint32_t slot)
{
	const struct scif_request rq = {
		.op = SCIF_REQUEST_NODES, .slot = slot, .ticket = 7, .arg = {1}};
	int fds[SCIF_REQUEST_FDS], fd = -1;

	scif_engine_request(card.engine, theirs, &rq, sizeof(rq), &fd, &card.reply, fds);
	assert_int_equal(card.reply.error, EINPROGRESS);
	assert_int_not_equal(atomic_load(&theirs->desk->board->slot[slot].done), 7);
}

static bool
is_told(uint32_t slot)
{
	return atomic_load(&theirs->desk->board->slot[slot].done) == 7 &&
	       theirs->desk->board->slot[slot].error == 0;
}

static void
node_0_is_asked_which_nodes_there_are(void **state)
{
	struct scif_message m = {.src = {0, 0}, .op = SCIF_GET_NODE_INFO};

	(void)state;
	host.engine->max_id = 9;
	ask_nodes(1);
	settle();
	assert_int_equal(host.engine->counters.received[SCIF_GET_NODE_INFO], 1);
	assert_true(is_told(1));
	assert_int_equal(card.engine->max_id, 9);
	/* An answer to nothing. */
	scif_message_deliver(card.engine->node[0], &m);
	assert_int_equal(card.engine->counters.bad_token, 1);
	/* It says nothing, for too long; and then it is gone. */
	ask_nodes(2);
	bench_step(&card, 999);
	assert_false(is_told(2));
	bench_step(&card, 1);
	assert_true(is_told(2));
	ask_nodes(3);
	scif_engine_link_remove(card.engine, 0);
	bench_step(&card, 0);
	assert_true(is_told(3));
	assert_true(scif_list_empty(&card.engine->askers));
	assert_int_equal(bench_ask(&card, theirs, SCIF_REQUEST_NODES, 0, 1, 0, 0), 0);
	assert_int_equal(card.reply.value[0], 1);
	scif_engine_link_remove(host.engine, 1);
}

/* ---- Every order of a connect, an accept, the closes of both, and what passes between ---- */

enum { CONNECT, CLOSE_OURS, ACCEPT, CLOSE_THEIRS, CLOSE_LISTENER, STEP_HOST, STEP_CARD, ACTS };

static void
act(int what)
{
	switch (what) {
	case CONNECT:
		bench_ask(&host, ours, SCIF_REQUEST_OPEN, 1, 0, 0, 0);
		assert_int_equal(bench_ask(&host, ours, SCIF_REQUEST_CONNECT, 1, 1, PORT, 0),
				 -EINPROGRESS);
		break;
	case ACCEPT:
		bench_ask(&card, theirs, SCIF_REQUEST_ACCEPT, 0, 1, 0, 0);
		break;
	case CLOSE_OURS:
		bench_ask(&host, ours, SCIF_REQUEST_CLOSE, 1, 0, 0, 0);
		break;
	case CLOSE_THEIRS:
		bench_ask(&card, theirs, SCIF_REQUEST_CLOSE, 1, 0, 0, 0);
		break;
	case CLOSE_LISTENER:
		bench_ask(&card, theirs, SCIF_REQUEST_CLOSE, 0, 0, 0, 0);
		break;
	default:
		bench_step(what == STEP_HOST ? &host : &card, 0);
		break;
	}
}

static void
listen_there(void)
{
	assert_int_equal(bench_ask(&card, theirs, SCIF_REQUEST_OPEN, 0, 0, 0, 0), 0);
	assert_int_equal(bench_ask(&card, theirs, SCIF_REQUEST_BIND, 0, PORT, 0, 0), 0);
	assert_int_equal(bench_ask(&card, theirs, SCIF_REQUEST_LISTEN, 0, 2, 0, 0), 0);
}

static bool
is_there(const struct scif_client *client, uint32_t index)
{
	return scif_endpoint_of(client, index) != NULL;
}

/* Whatever the order was: nobody is between two states once the time for that is over, and who is
 * connected is so on both sides.
 */
static void
look_at_end(void)
{
	bool a, b;

	settle();
	pass_ms(CONNECT_MS);
	pass_ms(CONNECT_MS);
	a = is_there(ours, 1) && state_of(ours, 1) == SCIF_CONNECTED;
	b = is_there(theirs, 1) && state_of(theirs, 1) == SCIF_CONNECTED;
	assert_int_equal(a, b);
	for (uint32_t state = SCIF_CONNECTING; state <= SCIF_CLOSING; state++) {
		assert_false(is_there(ours, 1) && state_of(ours, 1) == state);
		assert_false(is_there(theirs, 1) && state_of(theirs, 1) == state);
	}
	bench_ask(&host, ours, SCIF_REQUEST_CLOSE, 1, 0, 0, 0);
	bench_ask(&card, theirs, SCIF_REQUEST_CLOSE, 1, 0, 0, 0);
	/* Who asked and went away still waits there, and is found to be gone. */
	while (is_there(theirs, 0) && atomic_load(&theirs->desk->board->ctl[0].pending) > 0) {
		bench_ask(&card, theirs, SCIF_REQUEST_ACCEPT, 0, 2, 0, 0);
		settle();
		assert_true(!is_there(theirs, 2) || state_of(theirs, 2) == SCIF_UNBOUND);
		bench_ask(&card, theirs, SCIF_REQUEST_CLOSE, 2, 0, 0, 0);
	}
	settle();
	/* The listener is all there is; its port is free where it has gone. */
	if (!is_there(theirs, 0))
		listen_there();
	assert_true(scif_list_empty(&host.engine->endpoints));
	assert_ptr_equal(card.engine->endpoints.next->next, &card.engine->endpoints);
	pass_ms(CONNECT_MS);
	assert_true(scif_list_empty(&host.engine->arenas));
	assert_true(scif_list_empty(&card.engine->arenas));
}

/* Every order from here on: how many there were. */
static uint32_t
all_orders(int order[], int count, int left[ACTS], bool connected)
{
	uint32_t orders = 0;
	bool last = true;

	for (int what = 0; what < ACTS; what++) {
		/* Nobody closes what was not opened. */
		if (left[what] == 0 || (what == CLOSE_OURS && !connected))
			continue;
		last = false;
		left[what]--;
		order[count] = what;
		orders += all_orders(order, count + 1, left, connected || what == CONNECT);
		left[what]++;
	}
	if (!last)
		return orders;
	for (int i = 0; i < count; i++)
		act(order[i]);
	look_at_end();
	return 1;
}

/* `left` is how often each is done: a step too few leaves messages on the way. */
static void
in_any_order(int left[ACTS], uint32_t orders)
{
	int order[16];

	listen_there();
	assert_int_equal(all_orders(order, 0, left, false), orders);
}

static void
connect_accept_and_close_may_come_in_any_order(void **state)
{
	int left[ACTS] = {[CONNECT] = 1, [CLOSE_OURS] = 1, [ACCEPT] = 1, [CLOSE_THEIRS] = 1,
			  [STEP_HOST] = 3, [STEP_CARD] = 2};

	(void)state;
	in_any_order(left, 15120);
}

/* Who asked is refused, or has been accepted, and then the connection outlives the listener. */
static void
a_listener_may_close_at_any_time(void **state)
{
	int left[ACTS] = {[CONNECT] = 1, [ACCEPT] = 1, [CLOSE_THEIRS] = 1, [CLOSE_LISTENER] = 1,
			  [STEP_HOST] = 3, [STEP_CARD] = 2};

	(void)state;
	in_any_order(left, 30240);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(both_know_of_each_other),
		TEST(a_connection_takes_three_messages_and_a_close_two),
		TEST(halves_know_where_the_other_is),
		TEST(what_is_told_becomes_a_message_for_each_chunk),
		TEST(nobody_listens_there),
		TEST(a_request_whose_time_is_over_does_not_hold_up_accept),
		TEST(an_accept_that_is_over_ends_at_both),
		TEST(a_node_that_is_lost_ends_what_was_with_it),
		TEST(a_node_that_stops_says_so),
		TEST(connect_accept_and_close_may_come_in_any_order),
		TEST(a_listener_may_close_at_any_time),
		TEST(s203_a_ring_takes_1489_messages_and_then_they_wait),
		TEST(who_has_left_knocks_in_vain),
		TEST(who_is_accepted_in_vain_leaves_no_port),
		TEST(who_is_accepted_in_vain_connects_like_others),
		TEST(s207_messages_that_mean_nothing_do_nothing),
		TEST(s209_rings_full_of_anything_are_read_and_not_believed),
		TEST(s204_a_queue_pair_without_its_magic_is_none),
		TEST(node_0_is_asked_which_nodes_there_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
