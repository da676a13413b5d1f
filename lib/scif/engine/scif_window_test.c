/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scif_engine_test_rig.h"
#include "scif_window.h"

/* Windows in the engine: what is said between the two sides of one, and requests and messages that
 * mean no good.
 */

#define PORT 2050
#define RW   3u

static struct bench b;
static struct scif_client *one, *two;

static int
ask(struct scif_client *client, enum scif_request_op op, uint64_t a0, uint64_t a1, uint64_t a2)
{
	return bench_ask(&b, client, op, 1, a0, a1, a2);
}

/* Endpoints 1 of both are connected. */
static int
begin(void **state)
{
	const struct scif_engine_config config = {0};

	(void)state;
	bench_begin(&b, &config);
	one = bench_client(&b, false, NULL);
	two = bench_client(&b, false, NULL);
	assert_int_equal(bench_ask(&b, two, SCIF_REQUEST_OPEN, 0, 0, 0, 0), 0);
	assert_int_equal(bench_ask(&b, two, SCIF_REQUEST_BIND, 0, PORT, 0, 0), 0);
	assert_int_equal(bench_ask(&b, two, SCIF_REQUEST_LISTEN, 0, 1, 0, 0), 0);
	assert_int_equal(ask(one, SCIF_REQUEST_OPEN, 0, 0, 0), 0);
	assert_int_equal(ask(one, SCIF_REQUEST_CONNECT, 0, PORT, 0), -EINPROGRESS);
	assert_int_equal(bench_ask(&b, two, SCIF_REQUEST_ACCEPT, 0, 1, 0, 0), 0);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	if (one != NULL)
		scif_engine_client_remove(b.engine, one);
	scif_engine_client_remove(b.engine, two);
	assert_true(scif_list_empty(&b.engine->windows));
	assert_true(scif_list_empty(&b.engine->memories));
	assert_true(scif_list_empty(&b.engine->forming));
	assert_true(scif_list_empty(&b.engine->cookies));
	assert_true(scif_list_empty(&b.engine->waits));
	assert_int_equal(b.engine->tokens.count, 0);
	assert_int_equal(b.memories, 0);
	scif_engine_destroy(b.engine);
	return 0;
}

/* Ask with all there is; the outcome of what takes time. */
static int
ask_all(struct scif_client *client, struct scif_request rq, int fd)
{
	struct scif_slot *slot = &client->desk->board->slot[rq.slot];
	static uint32_t ticket;
	int fds[SCIF_REQUEST_FDS];

	rq.ticket = ++ticket;
	scif_engine_request(b.engine, client, &rq, sizeof(rq), &fd, &b.reply, fds);
	if (b.reply.error != EINPROGRESS)
		return -b.reply.error;
	/* Within a node the answer is there at once. */
	assert_int_equal(atomic_load(&slot->done), rq.ticket);
	return -slot->error;
}

static int
register_at(struct scif_client *client, uint64_t offset, uint64_t pages)
{
	const struct scif_request rq = {
		.op = SCIF_REQUEST_REGISTER,
		.endpoint = 1,
		.arg = {offset, pages * SCIF_PAGE, RW, 0, pages * SCIF_PAGE, 7},
	};

	return ask_all(client, rq, 50);
}

static int
unregister_at(struct scif_client *client, uint64_t offset, uint64_t pages)
{
	const struct scif_request rq = {
		.op = SCIF_REQUEST_UNREGISTER,
		.endpoint = 1,
		.arg = {offset, pages * SCIF_PAGE},
	};

	return ask_all(client, rq, -1);
}

static uint64_t
sent(enum scif_op op)
{
	return scif_engine_counters(b.engine)->sent[op];
}

static void
a_window_is_four_messages_there_and_two_back(void **state)
{
	(void)state;
	assert_int_equal(register_at(one, 0x10000, 2), 0);
	assert_int_equal(sent(SCIF_ALLOC_REQ), 1);
	assert_int_equal(sent(SCIF_ALLOC_GNT), 1);
	assert_int_equal(sent(SCIF_REGISTER), 1);
	assert_int_equal(sent(SCIF_REGISTER_ACK), 1);
	assert_int_equal(ask(two, SCIF_REQUEST_WINDOW, 0x11000, 1, 1), 0);
	assert_int_equal(b.reply.fds, 1);
	assert_int_equal(b.reply.value[0], 0x10000);
	assert_int_equal(b.reply.value[1], 2 * SCIF_PAGE);
	assert_int_equal(unregister_at(one, 0x10000, 2), 0);
	assert_int_equal(sent(SCIF_UNREGISTER), 1);
	assert_int_equal(sent(SCIF_UNREGISTER_ACK), 1);
	assert_int_equal(ask(two, SCIF_REQUEST_WINDOW, 0x11000, 1, 1), -ENXIO);
}

static void
a_window_that_is_mapped_is_waited_for(void **state)
{
	uint64_t token;

	(void)state;
	assert_int_equal(register_at(one, 0x10000, 2), 0);
	assert_int_equal(ask(two, SCIF_REQUEST_MAP, 0x10000, 2 * SCIF_PAGE, RW), 0);
	token = b.reply.value[5];
	assert_int_equal(unregister_at(one, 0x10000, 2), 0);
	assert_int_equal(sent(SCIF_UNREGISTER_NACK), 1);
	assert_int_equal(register_at(one, 0x11000, 1), -EADDRINUSE);
	/* Only who has it mapped can let go of it, and not of more than it has. */
	assert_int_equal(ask(one, SCIF_REQUEST_UNMAP, token, SCIF_PAGE, 0), -ENXIO);
	assert_int_equal(ask(two, SCIF_REQUEST_UNMAP, token, SCIF_PAGE, 0), 0);
	assert_int_equal(sent(SCIF_MUNMAP), 0);
	assert_int_equal(ask(two, SCIF_REQUEST_UNMAP, token, UINT64_MAX, 0), 0);
	assert_int_equal(sent(SCIF_MUNMAP), 1);
	assert_int_equal(ask(two, SCIF_REQUEST_UNMAP, token, SCIF_PAGE, 0), -ENXIO);
	assert_int_equal(register_at(one, 0x11000, 1), 0);
}

static void
a_client_that_goes_lets_go_of_all(void **state)
{
	(void)state;
	assert_int_equal(register_at(one, 0x10000, 2), 0);
	assert_int_equal(register_at(two, 0x10000, 2), 0);
	assert_int_equal(ask(two, SCIF_REQUEST_MAP, 0x10000, 2 * SCIF_PAGE, RW), 0);
	assert_int_equal(ask(one, SCIF_REQUEST_MAP, 0x10000, SCIF_PAGE, RW), 0);
	scif_engine_client_remove(b.engine, one);
	one = NULL;
	assert_int_equal(register_at(two, 0x20000, 2), -ECONNRESET);
}

static void
windows_of_one_client_come_to_an_end(void **state)
{
	uint64_t i;
	int ret;

	(void)state;
	for (i = 0; (ret = register_at(one, i * SCIF_PAGE, 1)) == 0; i++)
		;
	assert_int_equal(ret, -ENOMEM);
	assert_int_equal(i, SCIF_WINDOWS_OF_CLIENT);
	assert_int_equal(register_at(two, 0, 1), 0);
	assert_int_equal(unregister_at(one, 0, 1), 0);
	assert_int_equal(register_at(one, 0, 1), 0);
}

/* ---- No good ---- */

static uint64_t random_state;

static uint64_t
pick(uint64_t n)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (random_state >> 33) % n;
}

/* Numbers that may mean something, and such that do not. */
static uint64_t
number(void)
{
	static const uint64_t odd[] = {0,          1,          UINT64_MAX,         SCIF_RAS_END,
				       INT64_MAX,  0x10000,    SCIF_RAS_FIXED_END, 4095,
				       UINT32_MAX, 1ULL << 48, SCIF_RAS_END - 4096};

	switch (pick(4)) {
	case 0:
		return odd[pick(sizeof(odd) / sizeof(odd[0]))];
	case 1:
		return pick(16);
	case 2:
		return pick(32) * SCIF_PAGE;
	default:
		return random_state;
	}
}

static uint64_t
token(void)
{
	uint64_t n = pick(8);

	scif_list_each(at, next, &b.engine->windows) {
		const struct scif_window *w = scif_list_entry(at, struct scif_window, link);

		if (n-- == 0)
			return w->token;
	}
	scif_list_each(at, next, &b.engine->endpoints) {
		const struct scif_endpoint *ep = scif_list_entry(at, struct scif_endpoint, link);

		if (n-- == 0)
			return ep->token;
	}
	return number();
}

/* The place of a window that there is. */
static void
aim(struct scif_request *rq)
{
	uint64_t n = pick(8);

	scif_list_each(at, next, &b.engine->windows) {
		const struct scif_window *w = scif_list_entry(at, struct scif_window, link);

		if (n-- > 0)
			continue;
		rq->arg[0] = w->offset;
		rq->arg[1] = w->length;
		rq->arg[2] = pick(4);
		break;
	}
}

static void
requests_of_any_kind_break_nothing(void **state)
{
	static const uint32_t ops[] = {
		SCIF_REQUEST_REGISTER, SCIF_REQUEST_UNREGISTER, SCIF_REQUEST_WINDOW,
		SCIF_REQUEST_MAP,      SCIF_REQUEST_UNMAP,      SCIF_REQUEST_RUN,
		SCIF_REQUEST_MARK,     SCIF_REQUEST_WAIT,       SCIF_REQUEST_SIGNAL};
	int fds[SCIF_REQUEST_FDS], fd;

	(void)state;
	random_state = 3;
	for (int i = 0; i < 200000; i++) {
		struct scif_request rq = {
			.op = ops[pick(sizeof(ops) / sizeof(ops[0]))],
			.endpoint = pick(8) == 0 ? (uint32_t)number() : 1,
			.slot = (uint32_t)pick(SCIF_BOARD_SLOTS + 2),
			.ticket = (uint32_t)i,
		};

		for (int a = 0; a < SCIF_REQUEST_ARGS; a++)
			rq.arg[a] = a == 0 && rq.op == SCIF_REQUEST_UNMAP ? token() : number();
		if (rq.op == SCIF_REQUEST_REGISTER && pick(2) == 0)
			rq.arg[4] = rq.arg[1];
		if ((rq.op == SCIF_REQUEST_UNREGISTER || rq.op == SCIF_REQUEST_MAP) && pick(2) == 0)
			aim(&rq);
		fd = pick(2) == 0 ? 60 : -1;
		scif_engine_request(b.engine, pick(2) == 0 ? one : two, &rq, sizeof(rq), &fd,
				    &b.reply, fds);
	}
	assert_true(sent(SCIF_REGISTER) > 0);
	assert_true(sent(SCIF_UNREGISTER_NACK) > 0);
}

static void
s208_messages_of_any_kind_break_nothing(void **state)
{
	(void)state;
	random_state = 5;
	for (uint64_t i = 0; i < 100000; i++) {
		struct scif_message m = {
			.op = SCIF_REGISTER + (uint32_t)pick(SCIF_SIG_NACK - SCIF_REGISTER + 1),
			.payload = {token(), token(), token(), number()},
		};

		if (i % 64 == 0)
			register_at(pick(2) == 0 ? one : two, pick(64) * SCIF_PAGE, 1 + pick(4));
		scif_message_deliver(scif_node_self(b.engine), &m);
		scif_message_loop(b.engine);
		if (i % 256 == 0)
			bench_step(&b, 1);
	}
	assert_true(scif_engine_counters(b.engine)->bad_token > 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_window_is_four_messages_there_and_two_back),
		CASE(a_window_that_is_mapped_is_waited_for),
		CASE(a_client_that_goes_lets_go_of_all),
		CASE(windows_of_one_client_come_to_an_end),
		CASE(requests_of_any_kind_break_nothing),
		CASE(s208_messages_of_any_kind_break_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
