/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "client.h"
#include "scif_link_test_rig.h"

/* A client that accepts what another node asks for, over a link that has to be asked before it
 * maps: with which errno accept fails, datasheet section 4.6.
 */

static struct client client;
static struct client_endpoint listener;
static void (*once_accepted)(void);

static void
step(void)
{
	loop.end[1].slow = 0;
	settle();
}

/* The engine is asked in this thread, and what comes of it has come when the call returns. */
static int
call(struct client_link *link, const struct scif_request *rq, int fd, struct scif_reply *reply,
     int fds[SCIF_REQUEST_FDS])
{
	(void)link;
	scif_engine_request(card.engine, theirs, rq, sizeof(*rq), &fd, reply, fds);
	if (rq->op == SCIF_REQUEST_ACCEPT && reply->error == 0)
		once_accepted();
	return 0;
}

static bool
alive(struct client_link *link)
{
	(void)link;
	return true;
}

static int
accept_with(int flags, void (*then)(void))
{
	static struct client_link link = {.call = call, .alive = alive};
	struct client_endpoint *made;
	struct scif_portID peer;

	client = (struct client){
		.link = &link, .board = theirs->desk->board, .node = 1, .ring_size = 4096};
	listener = (struct client_endpoint){
		.client = &client, .ctl = &theirs->desk->board->ctl[0], .name = 3};
	assert_int_equal(request_one(), -EINPROGRESS);
	settle();
	loop.end[1].slow = 1000;
	once_accepted = then;
	return client_accept(&listener, &peer, 4, flags, &made);
}

static void
spoil(void)
{
	settle();
	scif_endpoint_half(scif_endpoint_of(ours, 1))->magic = 1;
	step();
}

static void
a_connector_without_a_queue_pair_is_eio(void **state)
{
	(void)state;
	assert_int_equal(accept_with(0, spoil), -EIO);
}

static void
a_connector_without_a_queue_pair_is_eio_for_who_waits_too(void **state)
{
	(void)state;
	assert_int_equal(accept_with(SCIF_ACCEPT_SYNC, spoil), -EIO);
}

static void
give_up(void)
{
	bench_ask(&host, ours, SCIF_REQUEST_CANCEL, 1, 0, 0, 0);
	bench_step(&host, 60);
	step();
}

static void
a_connector_that_gave_up_is_eagain(void **state)
{
	(void)state;
	assert_int_equal(accept_with(0, give_up), -EAGAIN);
}

static void
lose(void)
{
	scif_engine_link_remove(host.engine, 1);
	pass_ms(10);
}

static void
a_connector_whose_node_is_lost_is_enodev(void **state)
{
	(void)state;
	assert_int_equal(accept_with(0, lose), -ENODEV);
}

static void
take_long(void)
{
	pass_ms(50);
}

static void
a_map_that_takes_too_long_is_eagain(void **state)
{
	(void)state;
	assert_int_equal(accept_with(0, take_long), -EAGAIN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_connector_without_a_queue_pair_is_eio),
		TEST(a_connector_without_a_queue_pair_is_eio_for_who_waits_too),
		TEST(a_connector_that_gave_up_is_eagain),
		TEST(a_connector_whose_node_is_lost_is_enodev),
		TEST(a_map_that_takes_too_long_is_eagain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
