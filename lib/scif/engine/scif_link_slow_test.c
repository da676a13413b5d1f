/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "scif_link_test_rig.h"

/* A link that has to be asked before it maps, one that cannot say yet what it shares, and a node
 * that has no memory.
 */

/* The connector's half is not mapped yet when its request is accepted. */
static void
accept_slowly(void)
{
	assert_int_equal(request_one(), -EINPROGRESS);
	settle();
	loop.end[1].slow = 1000;
	assert_int_equal(bench_ask(&card, theirs, SCIF_REQUEST_ACCEPT, 0, 1, 0, 0), 0);
	settle();
	assert_int_equal(state_of(theirs, 1), SCIF_CONNECTING);
	assert_int_equal(state_of(ours, 1), SCIF_CONNECTING);
}

static void
expect_rejected(void)
{
	const struct scif_counters *h = scif_engine_counters(host.engine);

	assert_int_equal(h->received[SCIF_CNCT_REJ], 1);
	assert_int_equal(h->received[SCIF_DISCNCT], 0);
	assert_int_equal(h->bad_token, 0);
	assert_int_equal(bench_ask(&host, ours, SCIF_REQUEST_OUTCOME, 1, 0, 0, 0), -ECONNREFUSED);
}

static void
a_slow_map_is_tried_again(void **state)
{
	(void)state;
	accept_slowly();
	loop.end[1].slow = 0;
	settle();
	assert_int_equal(state_of(theirs, 1), SCIF_CONNECTED);
	assert_int_equal(state_of(ours, 1), SCIF_CONNECTED);
}

static void
a_connector_learns_that_a_slow_map_has_failed(void **state)
{
	(void)state;
	accept_slowly();
	scif_endpoint_half(scif_endpoint_of(ours, 1))->magic = 1;
	loop.end[1].slow = 0;
	settle();
	assert_int_equal(state_of(theirs, 1), SCIF_UNBOUND);
	expect_rejected();
}

/* What accept fails with: once, as of a connect. */
static void
expect_outcome(int error)
{
	assert_int_equal(state_of(theirs, 1), SCIF_UNBOUND);
	assert_int_equal(bench_ask(&card, theirs, SCIF_REQUEST_OUTCOME, 1, 0, 0, 0), error);
	assert_int_equal(bench_ask(&card, theirs, SCIF_REQUEST_OUTCOME, 1, 0, 0, 0), -EINVAL);
	bench_ask(&card, theirs, SCIF_REQUEST_CLOSE, 1, 0, 0, 0);
	settle();
}

static void
a_slow_map_that_fails_has_the_errno_of_one_that_is_not_slow(void **state)
{
	struct scif_half *half;

	(void)state;
	accept_slowly();
	half = scif_endpoint_half(scif_endpoint_of(ours, 1));
	half->magic = 1;
	loop.end[1].slow = 0;
	settle();
	expect_outcome(-EIO);
	/* At once. */
	bench_ask(&host, ours, SCIF_REQUEST_OUTCOME, 1, 0, 0, 0);
	bench_ask(&host, ours, SCIF_REQUEST_CONNECT, 1, 1, PORT, 0);
	settle();
	scif_endpoint_half(scif_endpoint_of(ours, 1))->magic = 1;
	assert_int_equal(bench_ask(&card, theirs, SCIF_REQUEST_ACCEPT, 0, 1, 0, 0), -EIO);
}

static void
a_slow_map_of_a_ring_that_is_none_fails_with_eio(void **state)
{
	(void)state;
	accept_slowly();
	scif_endpoint_half(scif_endpoint_of(ours, 1))->ring_size = 100;
	loop.end[1].slow = 0;
	settle();
	expect_outcome(-EIO);
	expect_rejected();
}

/* Its half is gone: so is what would have been accepted. */
static void
a_connector_that_gave_up_before_its_map_is_none(void **state)
{
	(void)state;
	accept_slowly();
	bench_ask(&host, ours, SCIF_REQUEST_CLOSE, 1, 0, 0, 0);
	bench_step(&host, 60);
	loop.end[1].slow = 0;
	bench_step(&card, 0);
	settle();
	expect_outcome(-EAGAIN);
}

static void
a_node_that_is_lost_before_its_map_is_no_device(void **state)
{
	(void)state;
	accept_slowly();
	scif_engine_link_remove(host.engine, 1);
	pass_ms(10);
	expect_outcome(-ENODEV);
}

static void
a_connector_learns_that_a_map_takes_too_long(void **state)
{
	(void)state;
	accept_slowly();
	pass_ms(50);
	expect_outcome(-EAGAIN);
	expect_rejected();
}

static void
a_connector_learns_that_who_maps_has_gone(void **state)
{
	(void)state;
	accept_slowly();
	bench_ask(&card, theirs, SCIF_REQUEST_CLOSE, 1, 0, 0, 0);
	settle();
	assert_false(scif_endpoint_of(theirs, 1) != NULL);
	/* The listener is all there is: nothing was granted that would have to be taken back. */
	assert_ptr_equal(card.engine->endpoints.next->next, &card.engine->endpoints);
	expect_rejected();
}

/* It is the connector that cannot map yet; and gives up, or is closed. */
static void
an_accepter_learns_that_its_connector_has_given_up(void **state)
{
	static const enum scif_request_op how[] = {SCIF_REQUEST_CANCEL, SCIF_REQUEST_CLOSE};

	(void)state;
	request_one();
	for (unsigned int i = 0; i < 2; i++) {
		settle();
		loop.end[0].slow = 1000;
		assert_int_equal(bench_ask(&card, theirs, SCIF_REQUEST_ACCEPT, 0, 1, 0, 0), 0);
		settle();
		assert_int_equal(state_of(ours, 1), SCIF_MAPPING);
		bench_ask(&host, ours, how[i], 1, 0, 0, 0);
		settle();
		assert_int_equal(state_of(theirs, 1), SCIF_UNBOUND);
		bench_ask(&card, theirs, SCIF_REQUEST_CLOSE, 1, 0, 0, 0);
		loop.end[0].slow = 0;
		if (i > 0)
			break;
		assert_int_equal(bench_ask(&host, ours, SCIF_REQUEST_OUTCOME, 1, 0, 0, 0), -EINTR);
		bench_ask(&host, ours, SCIF_REQUEST_CONNECT, 1, 1, PORT, 0);
	}
	assert_int_equal(card.engine->counters.received[SCIF_CNCT_GNTNACK], 1);
	assert_int_equal(card.engine->counters.received[SCIF_DISCNCT], 1);
}

static void
messages_wait_for_memory_that_they_may_name(void **state)
{
	(void)state;
	loop.end[0].full = true;
	assert_int_equal(request_one(), -EINPROGRESS);
	settle();
	assert_int_equal(card.engine->counters.received[SCIF_CNCT_REQ], 0);
	loop.end[0].full = false;
	settle();
	assert_int_equal(card.engine->counters.received[SCIF_CNCT_REQ], 1);
	assert_int_equal(bench_ask(&card, theirs, SCIF_REQUEST_ACCEPT, 0, 1, 0, 0), 0);
	settle();
	assert_int_equal(state_of(ours, 1), SCIF_CONNECTED);
}

/* Ask for what takes time, by the slot of that number. */
static void
ask_slot(enum scif_request_op op, uint32_t slot, uint64_t a0, uint64_t a1)
{
	const struct scif_request rq = {
		.op = op,
		.endpoint = 1,
		.slot = slot,
		.ticket = 1,
		.arg = {a0, a1, 3, 0, a1, 7},
	};
	int fds[SCIF_REQUEST_FDS], fd = op == SCIF_REQUEST_REGISTER ? 50 : -1;

	scif_engine_request(host.engine, ours, &rq, sizeof(rq), &fd, &host.reply, fds);
	assert_int_equal(host.reply.error, EINPROGRESS);
}

static int
slot_error(uint32_t slot)
{
	const struct scif_slot *s = &ours->desk->board->slot[slot];

	return atomic_load(&s->done) == 1 ? s->error : -1;
}

static void
a_peer_without_memory_rejects_a_window(void **state)
{
	(void)state;
	connect_them();
	card.no_memory = true;
	ask_slot(SCIF_REQUEST_REGISTER, 1, 0x10000, SCIF_PAGE);
	settle();
	assert_int_equal(card.engine->counters.sent[SCIF_ALLOC_REJ], 1);
	assert_int_equal(slot_error(1), ENOMEM);
	assert_true(scif_list_empty(&host.engine->windows));
	card.no_memory = false;
	ask_slot(SCIF_REQUEST_REGISTER, 2, 0x10000, SCIF_PAGE);
	settle();
	assert_int_equal(slot_error(2), 0);
}

static void
who_waits_for_what_could_not_be_sent_is_told(void **state)
{
	(void)state;
	connect_them();
	ask_slot(SCIF_REQUEST_REGISTER, 1, 0x10000, SCIF_PAGE);
	settle();
	assert_int_equal(slot_error(1), 0);
	loop.end[0].full = true;
	ask_slot(SCIF_REQUEST_REGISTER, 2, 0x20000, SCIF_PAGE);
	ask_slot(SCIF_REQUEST_UNREGISTER, 3, 0x10000, SCIF_PAGE);
	ask_slot(SCIF_REQUEST_MARK, 4, 0, 0);
	ask_slot(SCIF_REQUEST_WAIT, 5, 1, 0);
	bench_step(&host, 299);
	for (uint32_t i = 2; i < 6; i++)
		assert_int_equal(slot_error(i), -1);
	bench_step(&host, 1);
	for (uint32_t i = 2; i < 6; i++)
		assert_int_equal(slot_error(i), ENODEV);
	assert_true(scif_list_empty(&host.engine->windows));
	assert_true(scif_list_empty(&host.engine->cookies));
	loop.end[0].full = false;
}

/* A client has sent and received, and says nothing any more. */
static void
tell(uint32_t sent, uint32_t received)
{
	struct scif_ctl *ctl = &ours->desk->board->ctl[1];

	atomic_store(&ctl->sent, sent);
	atomic_store(&ctl->received, received);
	atomic_store(&ours->desk->board->tell[0], 1 << 1);
	atomic_store(&ours->desk->board->tell_words[0], 1);
	bench_step(&host, 0);
}

static void
a_peer_hears_of_bytes_however_late(void **state)
{
	const uint64_t *received = card.engine->counters.received;

	(void)state;
	connect_them();
	loop.end[0].full = true;
	tell(3, 2);
	bench_step(&host, 299);
	bench_step(&host, 100);
	settle();
	assert_int_equal(received[SCIF_CLIENT_SENT], 0);
	loop.end[0].full = false;
	settle();
	assert_int_equal(received[SCIF_CLIENT_SENT], 3);
	assert_int_equal(received[SCIF_CLIENT_RCVD], 2);
	/* Told once. */
	pass_ms(1);
	assert_int_equal(received[SCIF_CLIENT_SENT], 3);
	/* There is nobody to tell any more. */
	loop.end[0].full = true;
	tell(4, 2);
	bench_ask(&card, theirs, SCIF_REQUEST_CLOSE, 1, 0, 0, 0);
	settle();
	loop.end[0].full = false;
	pass_ms(1);
	assert_int_equal(received[SCIF_CLIENT_SENT], 3);
}

/* Of a ring that was full because nobody read it. */
static void
a_node_that_stood_still_hears_of_bytes(void **state)
{
	const struct scif_message m = {.src = {0, 9}, .dst = {1, 9}, .op = SCIF_MARK};
	struct scif_node *node = host.engine->node[1];

	(void)state;
	connect_them();
	for (int i = 0; i < 1600; i++)
		assert_int_equal(scif_message_send(node, &m), 0);
	tell(1, 1);
	bench_step(&host, 299);
	bench_step(&host, 300);
	assert_int_equal(card.engine->counters.received[SCIF_CLIENT_SENT], 0);
	for (int i = 0; i < 1489 / 64; i++)
		settle();
	pass_ms(1);
	assert_int_equal(card.engine->counters.received[SCIF_MARK], 1489);
	assert_int_equal(card.engine->counters.received[SCIF_CLIENT_SENT], 1);
	assert_int_equal(card.engine->counters.received[SCIF_CLIENT_RCVD], 1);
}

static void
a_peer_hears_of_the_end_however_late(void **state)
{
	(void)state;
	connect_them();
	loop.end[0].full = true;
	bench_ask(&host, ours, SCIF_REQUEST_CLOSE, 1, 0, 0, 0);
	/* The closer waits for its answer no longer than for others. */
	for (int i = 0; i < 11; i++)
		bench_step(&host, 100);
	settle();
	assert_false(scif_endpoint_of(ours, 1) != NULL);
	assert_int_equal(state_of(theirs, 1), SCIF_CONNECTED);
	loop.end[0].full = false;
	settle();
	assert_int_equal(state_of(theirs, 1), SCIF_DISCONNECTED);
}

/* One of each kind: a window that is allocated, one that is registered, the end of one, fences. */
static void
ask_all(void)
{
	ask_slot(SCIF_REQUEST_REGISTER, 1, 0x10000, SCIF_PAGE);
	settle();
	assert_int_equal(slot_error(1), 0);
	ask_slot(SCIF_REQUEST_REGISTER, 6, 0x30000, SCIF_PAGE);
	bench_step(&card, 0);
	bench_step(&host, 0);
	ask_slot(SCIF_REQUEST_REGISTER, 2, 0x20000, SCIF_PAGE);
	ask_slot(SCIF_REQUEST_UNREGISTER, 3, 0x10000, SCIF_PAGE);
	ask_slot(SCIF_REQUEST_MARK, 4, 0, 0);
	ask_slot(SCIF_REQUEST_WAIT, 5, 0, 0);
}

static void
expect_all(int error)
{
	for (uint32_t i = 2; i < 7; i++)
		assert_int_equal(slot_error(i), error);
}

static void
answers_come_however_late(void **state)
{
	(void)state;
	connect_them();
	ask_all();
	loop.end[1].full = true;
	/* The node reads what it is sent: it is waited for, slice after slice. */
	for (int i = 0; i < 25; i++)
		pass_ms(100);
	expect_all(-1);
	loop.end[1].full = false;
	pass_ms(1);
	expect_all(0);
}

static void
who_waits_for_a_node_that_reads_nothing_is_told(void **state)
{
	(void)state;
	connect_them();
	ask_all();
	for (int i = 0; i < 9; i++)
		bench_step(&host, 111);
	expect_all(-1);
	bench_step(&host, 1);
	expect_all(ENODEV);
	assert_true(scif_list_empty(&host.engine->cookies));
	assert_int_equal(state_of(ours, 1), SCIF_CONNECTED);
	/* It goes on, and answers: nobody wants that now. */
	settle();
	assert_true(scif_list_empty(&host.engine->windows));
	assert_true(scif_list_empty(&card.engine->windows));
	ask_slot(SCIF_REQUEST_REGISTER, 7, 0x20000, SCIF_PAGE);
	ask_slot(SCIF_REQUEST_REGISTER, 8, 0x30000, SCIF_PAGE);
	settle();
	assert_int_equal(slot_error(7), 0);
	assert_int_equal(slot_error(8), 0);
}

static void
a_node_that_reads_no_more_is_noticed(void **state)
{
	const struct scif_message m = {.src = {0, 9}, .dst = {1, 9}, .op = SCIF_WAIT};

	(void)state;
	connect_them();
	ask_all();
	loop.end[1].full = true;
	for (int i = 0; i < 15; i++)
		pass_ms(100);
	assert_int_equal(scif_message_send(host.engine->node[1], &m), 0);
	for (int i = 0; i < 20; i++)
		bench_step(&host, 100);
	expect_all(ENODEV);
	loop.end[1].full = false;
}

/* The place of a window that came to nothing is free, also before that is known there. */
static void
a_place_is_free_when_nobody_waits_for_it(void **state)
{
	(void)state;
	connect_them();
	ask_all();
	bench_step(&host, 1000);
	expect_all(ENODEV);
	ask_slot(SCIF_REQUEST_REGISTER, 7, 0x20000, SCIF_PAGE);
	ask_slot(SCIF_REQUEST_REGISTER, 8, 0x30000, SCIF_PAGE);
	settle();
	assert_int_equal(slot_error(7), 0);
	assert_int_equal(slot_error(8), 0);
	assert_false(scif_list_empty(&card.engine->windows));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_slow_map_is_tried_again),
		TEST(a_connector_learns_that_a_slow_map_has_failed),
		TEST(a_slow_map_that_fails_has_the_errno_of_one_that_is_not_slow),
		TEST(a_slow_map_of_a_ring_that_is_none_fails_with_eio),
		TEST(a_connector_that_gave_up_before_its_map_is_none),
		TEST(a_node_that_is_lost_before_its_map_is_no_device),
		TEST(a_connector_learns_that_a_map_takes_too_long),
		TEST(a_connector_learns_that_who_maps_has_gone),
		TEST(an_accepter_learns_that_its_connector_has_given_up),
		TEST(messages_wait_for_memory_that_they_may_name),
		TEST(a_peer_without_memory_rejects_a_window),
		TEST(who_waits_for_what_could_not_be_sent_is_told),
		TEST(a_peer_hears_of_bytes_however_late),
		TEST(a_node_that_stood_still_hears_of_bytes),
		TEST(a_peer_hears_of_the_end_however_late),
		TEST(answers_come_however_late),
		TEST(who_waits_for_a_node_that_reads_nothing_is_told),
		TEST(a_node_that_reads_no_more_is_noticed),
		TEST(a_place_is_free_when_nobody_waits_for_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
