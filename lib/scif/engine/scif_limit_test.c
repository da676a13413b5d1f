/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <sys/resource.h>

#include "scif_link_test_rig.h"
#include "scif_window.h"
#include "scif_window_wire.h"

/* Each limit: what is one too many is refused, what there is goes on, and nothing is left. */

#define WAITING 1489u  /* messages, as many as a ring holds */
#define STAYING 65536u /* messages that are not given up */

static void
expect_held(const struct bench *b, struct scif_held expected)
{
	struct scif_held held;

	scif_engine_held(b->engine, &held);
	assert_memory_equal(&held, &expected, sizeof(held));
}

static int
ask(enum scif_request_op op, uint32_t endpoint, uint64_t a0, uint64_t a1)
{
	return bench_ask(&card, theirs, op, endpoint, a0, a1, 0);
}

static void
endpoints_of_a_client(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < SCIF_BOARD_ENDPOINTS; i++)
		assert_int_equal(ask(SCIF_REQUEST_OPEN, i, 0, 0), 0);
	assert_int_equal(ask(SCIF_REQUEST_OPEN, SCIF_BOARD_ENDPOINTS, 0, 0), -EINVAL);
	assert_int_equal(ask(SCIF_REQUEST_OPEN, 7, 0, 0), -EBUSY);
	expect_held(&card, (struct scif_held){.clients = 1,
					      .endpoints = SCIF_BOARD_ENDPOINTS,
					      .tokens = SCIF_BOARD_ENDPOINTS});
	assert_int_equal(ask(SCIF_REQUEST_CLOSE, 7, 0, 0), 0);
	assert_int_equal(ask(SCIF_REQUEST_OPEN, 7, 0, 0), 0);
	for (uint32_t i = 0; i < SCIF_BOARD_ENDPOINTS; i++)
		assert_int_equal(ask(SCIF_REQUEST_CLOSE, i, 0, 0), 0);
	expect_held(&card, (struct scif_held){.clients = 1});
}

static void
requests_at_a_listener(void **state)
{
	const uint32_t one_too_many = 1 + SCIF_BACKLOG_MAX;
	struct scif_held held;

	(void)state;
	ask(SCIF_REQUEST_OPEN, 0, 0, 0);
	ask(SCIF_REQUEST_BIND, 0, PORT, 0);
	assert_int_equal(ask(SCIF_REQUEST_LISTEN, 0, 100000, 0), 0);
	for (uint32_t i = 1; i <= one_too_many; i++) {
		ask(SCIF_REQUEST_OPEN, i, 0, 0);
		assert_int_equal(ask(SCIF_REQUEST_CONNECT, i, 1, PORT), -EINPROGRESS);
	}
	assert_int_equal(ask(SCIF_REQUEST_OUTCOME, one_too_many, 0, 0), -ECONNREFUSED);
	scif_engine_held(card.engine, &held);
	assert_int_equal(held.requests, SCIF_BACKLOG_MAX);
	assert_int_equal(held.halves, 0);
	/* One is accepted, and another may wait. */
	assert_int_equal(ask(SCIF_REQUEST_ACCEPT, 0, one_too_many + 1, 0), 0);
	assert_int_equal(ask(SCIF_REQUEST_CONNECT, one_too_many, 1, PORT), -EINPROGRESS);
	assert_int_equal(ask(SCIF_REQUEST_OUTCOME, one_too_many, 0, 0), -EINPROGRESS);
	for (uint32_t i = 0; i <= one_too_many + 1; i++)
		ask(SCIF_REQUEST_CLOSE, i, 0, 0);
	expect_held(&card, (struct scif_held){.clients = 1});
}

/* A request about a piece of memory, or all of a window. */
static int
ask_window(enum scif_request_op op, uint64_t length, uint64_t piece)
{
	const struct scif_request rq = {
		.op = op,
		.endpoint = 1,
		.slot = 3,
		.ticket = 1,
		.arg = {UINT64_MAX, length, 3, 0, piece, 7},
	};
	int fds[SCIF_REQUEST_FDS], fd = 50;

	scif_engine_request(host.engine, ours, &rq, sizeof(rq), &fd, &host.reply, fds);
	return -host.reply.error;
}

static void
pieces_of_a_window(void **state)
{
	struct scif_held before, held;

	(void)state;
	connect_them();
	scif_engine_held(host.engine, &before);
	for (uint32_t i = 0; i < SCIF_RUNS_MAX; i++)
		assert_int_equal(ask_window(SCIF_REQUEST_RUN, 0, SCIF_PAGE), 0);
	scif_engine_held(host.engine, &held);
	assert_int_equal(held.forming, 1);
	assert_int_equal(ask_window(SCIF_REQUEST_REGISTER, (SCIF_RUNS_MAX + 1) * SCIF_PAGE,
				    SCIF_PAGE),
			 -ENOMEM);
	expect_held(&host, before);
	/* As many as there may be. */
	for (uint32_t i = 1; i < SCIF_RUNS_MAX; i++)
		assert_int_equal(ask_window(SCIF_REQUEST_RUN, 0, SCIF_PAGE), 0);
	assert_int_equal(ask_window(SCIF_REQUEST_REGISTER, SCIF_RUNS_MAX * SCIF_PAGE, SCIF_PAGE),
			 -EINPROGRESS);
	settle();
	scif_engine_held(host.engine, &held);
	assert_int_equal(held.windows, 1);
}

/* A window of that many pieces: the outcome. */
static int
register_pieces(uint32_t pieces)
{
	for (uint32_t i = 1; i < pieces; i++)
		assert_int_equal(ask_window(SCIF_REQUEST_RUN, 0, SCIF_PAGE), 0);
	assert_int_equal(ask_window(SCIF_REQUEST_REGISTER, pieces * SCIF_PAGE, SCIF_PAGE),
			 -EINPROGRESS);
	settle();
	return -ours->desk->board->slot[3].error;
}

/* Of windows that another node has here. */
static void
pieces_of_a_node(void **state)
{
	struct scif_node *from = card.engine->node[0];

	(void)state;
	connect_them();
	from->nb_runs = SCIF_RUNS_OF_NODE - 2;
	assert_int_equal(register_pieces(3), -ENOTCONN);
	assert_int_equal(card.engine->counters.sent[SCIF_REGISTER_NACK], 1);
	assert_int_equal(register_pieces(2), 0);
	assert_int_equal(from->nb_runs, SCIF_RUNS_OF_NODE);
	assert_int_equal(register_pieces(1), -ENOTCONN);
	bench_ask(&host, ours, SCIF_REQUEST_CLOSE, 1, 0, 0, 0);
	settle();
	assert_int_equal(from->nb_runs, SCIF_RUNS_OF_NODE - 2);
}

/* Its answers may never come. */
static void
windows_that_wait_after_their_endpoint(void **state)
{
	struct scif_node *node = host.engine->node[1];

	(void)state;
	connect_them();
	node->nb_left = SCIF_WINDOWS_OF_NODE;
	assert_int_equal(ask_window(SCIF_REQUEST_REGISTER, SCIF_PAGE, SCIF_PAGE), -ENOMEM);
	node->nb_left = 0;
	assert_int_equal(register_pieces(1), 0);
	assert_int_equal(register_pieces(1), 0);
	assert_int_equal(ours->nb_windows, 2);
	bench_ask(&host, ours, SCIF_REQUEST_CLOSE, 1, 0, 0, 0);
	assert_int_equal(ours->nb_windows, 0);
	assert_int_equal(node->nb_left, 2);
	settle();
	assert_int_equal(ours->nb_windows, 0);
	assert_int_equal(node->nb_left, 0);
}

/* What a client of the other node has mapped is its maker's. */
static void
windows_that_are_mapped_after_their_endpoint(void **state)
{
	struct scif_node *node = host.engine->node[1];
	uint64_t offset, token;

	(void)state;
	connect_them();
	assert_int_equal(register_pieces(1), 0);
	offset = (uint64_t)ours->desk->board->slot[3].value;
	assert_int_equal(bench_ask(&card, theirs, SCIF_REQUEST_MAP, 1, offset, SCIF_PAGE, 3), 0);
	token = card.reply.value[5];
	assert_int_equal(bench_ask(&host, ours, SCIF_REQUEST_UNREGISTER, 1, offset, SCIF_PAGE, 0),
			 -EINPROGRESS);
	bench_ask(&host, ours, SCIF_REQUEST_CLOSE, 1, 0, 0, 0);
	assert_int_equal(node->nb_left, 1);
	settle();
	assert_int_equal(node->nb_left, 0);
	assert_int_equal(ours->nb_windows, 1);
	assert_int_equal(bench_ask(&card, theirs, SCIF_REQUEST_UNMAP, 1, token, SCIF_PAGE, 0), 0);
	settle();
	assert_int_equal(ours->nb_windows, 0);
}

static void
pages_of_a_window(void **state)
{
	const uint64_t length = (SCIF_WINDOW_PAGES_MAX + 1) * SCIF_PAGE;
	struct scif_held before;

	(void)state;
	connect_them();
	scif_engine_held(host.engine, &before);
	assert_int_equal(ask_window(SCIF_REQUEST_RUN, 0, SCIF_PAGE), 0);
	assert_int_equal(ask_window(SCIF_REQUEST_REGISTER, length, length - SCIF_PAGE), -ENOMEM);
	expect_held(&host, before);
}

/* Windows that another node has here. */
static void
windows_of_a_node(void **state)
{
	const struct scif_message m = {
		.src = {1, 9}, .dst = {0, 10}, .op = SCIF_ALLOC_REQ, .payload = {0, 1, 2}};
	struct scif_node *from = host.engine->node[1];

	(void)state;
	from->nb_windows = SCIF_WINDOWS_OF_NODE - 1;
	scif_message_deliver(from, &m);
	assert_int_equal(host.engine->counters.sent[SCIF_ALLOC_GNT], 1);
	scif_message_deliver(from, &m);
	assert_int_equal(host.engine->counters.sent[SCIF_ALLOC_GNT], 1);
	assert_int_equal(host.engine->counters.sent[SCIF_ALLOC_REJ], 1);
	settle();
	scif_node_leave(from);
	assert_int_equal(from->nb_windows, SCIF_WINDOWS_OF_NODE - 1);
	scif_engine_link_remove(host.engine, 1);
	expect_held(&host, (struct scif_held){.clients = 1});
}

/* Pages of windows that another node may write, until it has registered them. */
static void
pages_that_are_not_registered(void **state)
{
	struct scif_message m = {.src = {1, 9},
				 .dst = {0, 10},
				 .op = SCIF_ALLOC_REQ,
				 .payload = {0, SCIF_WINDOW_PAGES_MAX, 2}};
	const uint64_t *granted = &host.engine->counters.sent[SCIF_ALLOC_GNT];
	struct scif_node *from = host.engine->node[1];
	uint64_t most = SCIF_UNREGISTERED_PAGES_MAX / SCIF_WINDOW_PAGES_MAX;

	(void)state;
	for (uint64_t i = 0; i <= most; i++)
		scif_message_deliver(from, &m);
	assert_int_equal(*granted, most);
	m.payload[1] = 1;
	scif_message_deliver(from, &m);
	assert_int_equal(*granted, most);
	assert_int_equal(host.engine->counters.sent[SCIF_ALLOC_REJ], 2);
	scif_window_free(scif_list_entry(host.engine->windows.next, struct scif_window, link));
	m.payload[1] = SCIF_WINDOW_PAGES_MAX;
	scif_message_deliver(from, &m);
	assert_int_equal(*granted, most + 1);
	settle();
	scif_node_leave(from);
	assert_int_equal(from->nb_pages, 0);
	assert_int_equal(from->nb_windows, 0);
}

static long
faults(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_minflt;
}

/* Of very many pieces the first makes no sense: the others are never touched. */
static void
pieces_that_are_not_looked_at(void **state)
{
	const struct scif_bus_ops *ops = loop.end[1].bus.ops;
	const uint32_t many = UINT32_C(1) << 22;
	struct scif_window *w = scif_window_new(host.engine, false, many * SCIF_PAGE);
	struct scif_wire_window *wire;
	struct scif_view view;
	uint64_t address;
	long before;

	(void)state;
	assert_non_null(w);
	w->node = 1;
	w->far = true;
	host.engine->node[1]->nb_windows++;
	assert_int_equal(scif_far_allocate(w, &address), 0);
	assert_int_equal(ops->map(&loop.end[1].bus, address, sizeof(*wire), &view), 0);
	wire = view.base;
	wire->nr_runs = many;
	ops->unmap(&loop.end[1].bus, &view);
	before = faults();
	assert_int_equal(scif_far_read(w), -EINVAL);
	scif_window_free(w);
	assert_in_range(faults() - before, 0, many / 128);
}

/* Answers of another node that a client waits for: as many as it has places for. */
static void
answers_of_a_client(void **state)
{
	struct scif_held held;

	(void)state;
	connect_them();
	for (uint32_t i = 0; i < SCIF_BOARD_SLOTS; i++)
		assert_int_equal(ask(SCIF_REQUEST_MARK, 1, 0, 0), -EINPROGRESS);
	assert_int_equal(ask(SCIF_REQUEST_MARK, 1, 0, 0), -ENOMEM);
	assert_int_equal(ask(SCIF_REQUEST_NODES, 0, 1, 0), -ENOMEM);
	scif_engine_held(card.engine, &held);
	assert_int_equal(held.cookies, SCIF_BOARD_SLOTS);
	settle();
	assert_int_equal(ask(SCIF_REQUEST_NODES, 0, 1, 0), -EINPROGRESS);
	for (uint32_t i = 1; i < SCIF_BOARD_SLOTS; i++)
		assert_int_equal(ask(SCIF_REQUEST_MARK, 1, 0, 0), -EINPROGRESS);
	assert_int_equal(ask(SCIF_REQUEST_MARK, 1, 0, 0), -ENOMEM);
	settle();
	scif_engine_held(card.engine, &held);
	assert_int_equal(held.cookies + held.askers, 0);
}

/* Each may take milliseconds, and others wait for their turn. */
static void
messages_of_one_turn(void **state)
{
	const struct scif_message m = {.src = {1, 9}, .dst = {0, 9}, .op = SCIF_CLIENT_SENT};
	const uint64_t *received = &host.engine->counters.received[SCIF_CLIENT_SENT];

	(void)state;
	for (uint32_t i = 0; i < 1000; i++)
		assert_int_equal(scif_message_send(card.engine->node[0], &m), 0);
	assert_int_equal(scif_engine_step(host.engine, host.now), host.now);
	assert_in_range(*received, 1, 100);
	settle();
	settle();
	assert_int_equal(*received, 1000);
}

/* Endpoints 3 and 4 of ours. */
static void
connect_near(void)
{
	bench_ask(&host, ours, SCIF_REQUEST_OPEN, 2, 0, 0, 0);
	bench_ask(&host, ours, SCIF_REQUEST_BIND, 2, PORT, 0, 0);
	bench_ask(&host, ours, SCIF_REQUEST_LISTEN, 2, 1, 0, 0);
	bench_ask(&host, ours, SCIF_REQUEST_OPEN, 3, 0, 0, 0);
	bench_ask(&host, ours, SCIF_REQUEST_CONNECT, 3, 0, PORT, 0);
	assert_int_equal(bench_ask(&host, ours, SCIF_REQUEST_ACCEPT, 2, 4, 0, 0), 0);
	assert_int_equal(state_of(ours, 3), SCIF_CONNECTED);
}

static void
waits_for_transfers(void **state)
{
	struct scif_message m = {.src = {1, PORT}, .op = SCIF_WAIT};
	const uint32_t most = 4096;

	(void)state;
	connect_them();
	m.payload[0] = scif_endpoint_of(ours, 1)->token;
	m.payload[2] = 1;
	for (uint32_t i = 0; i < most; i++)
		scif_message_deliver(host.engine->node[1], &m);
	assert_int_equal(host.engine->counters.sent[SCIF_WAIT_NACK], 0);
	scif_message_deliver(host.engine->node[1], &m);
	assert_int_equal(host.engine->counters.sent[SCIF_WAIT_NACK], 1);
	/* Those of another node are not among them. */
	connect_near();
	assert_int_equal(bench_ask(&host, ours, SCIF_REQUEST_WAIT, 3, 1, 0, 0), -EINPROGRESS);
	assert_int_equal(host.engine->counters.sent[SCIF_WAIT_NACK], 1);
	/* Nobody completes what was never begun. */
	pass_ms(1000);
	assert_int_equal(host.engine->counters.sent[SCIF_WAIT_NACK], most + 2);
	assert_int_equal(host.engine->node[1]->nb_waits, 0);
	assert_true(scif_list_empty(&host.engine->waits));
}

static void
messages_that_wait(void **state)
{
	const struct scif_message question = {.src = {0, 9}, .dst = {1, 9}, .op = SCIF_MARK};
	const struct scif_message answer = {.src = {0, 9}, .dst = {1, 9}, .op = SCIF_MARK_ACK};
	struct scif_node *node = host.engine->node[1];

	(void)state;
	for (uint32_t i = 0; i < 2 * WAITING; i++)
		assert_int_equal(scif_message_send(node, &question), 0);
	assert_int_equal(scif_message_send(node, &question), -ENODEV);
	for (uint32_t i = WAITING; i < STAYING; i++)
		assert_int_equal(scif_message_send(node, &answer), 0);
	assert_int_equal(scif_message_send(node, &answer), -ENODEV);
	/* Questions are given up, answers come. */
	bench_step(&host, 300);
	for (uint32_t i = 0; i < STAYING / 64; i++)
		settle();
	assert_int_equal(card.engine->counters.received[SCIF_MARK], WAITING);
	assert_int_equal(card.engine->counters.received[SCIF_MARK_ACK], STAYING - WAITING);
}

static void
nodes(void **state)
{
	(void)state;
	assert_int_equal(scif_engine_link_add(host.engine, SCIF_NODES_MAX, &loop.end[0].bus),
			 -EINVAL);
	assert_int_equal(scif_engine_peer_add(host.engine, SCIF_NODES_MAX, &loop.end[0].bus),
			 -EINVAL);
	assert_int_equal(scif_engine_link_add(host.engine, 1, &loop.end[0].bus), -EBUSY);
	assert_false(scif_engine_node_online(host.engine, SCIF_NODES_MAX));
	assert_int_equal(bench_ask(&host, ours, SCIF_REQUEST_OPEN, 1, 0, 0, 0), 0);
	assert_int_equal(bench_ask(&host, ours, SCIF_REQUEST_CONNECT, 1, SCIF_NODES_MAX, 1, 0),
			 -ENODEV);
	assert_int_equal(bench_ask(&host, ours, SCIF_REQUEST_CONNECT, 1, UINT64_MAX, 1, 0),
			 -ENODEV);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(endpoints_of_a_client),
		TEST(requests_at_a_listener),
		TEST(pieces_of_a_window),
		TEST(pieces_of_a_node),
		TEST(windows_that_wait_after_their_endpoint),
		TEST(windows_that_are_mapped_after_their_endpoint),
		TEST(pages_of_a_window),
		TEST(windows_of_a_node),
		TEST(pages_that_are_not_registered),
		TEST(pieces_that_are_not_looked_at),
		TEST(answers_of_a_client),
		TEST(messages_of_one_turn),
		TEST(waits_for_transfers),
		TEST(messages_that_wait),
		TEST(nodes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
