/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "test.h"

/* Statements 197 to 225, as far as clients of two nodes see them: by the counters of both nodes,
 * which count the messages that were sent, and those that came.
 */

static const char *const messages[] = {
	"CNCT_REQ",     "CNCT_GNT",   "CNCT_GNTACK", "CNCT_GNTNACK", "CNCT_REJ",   "DISCNCT",
	"DISCNT_ACK",   "CLIENT_SENT", "CLIENT_RCVD", "ALLOC_REQ",   "ALLOC_GNT",  "ALLOC_REJ",
	"REGISTER",
	"REGISTER_ACK", "UNREGISTER", "UNREGISTER_ACK", "UNREGISTER_NACK", "MUNMAP", "MARK",
	"MARK_ACK",     "WAIT",       "WAIT_ACK",
};

#define MESSAGES COUNT(messages)

static int64_t counted[MESSAGES];

/* What nodes have sent, and that the other has received as much. */
static int64_t
sent(unsigned int message)
{
	char name[40];
	int64_t n[2];
	unsigned int node, tries = 0;

	do {
		for (node = 0; node < 2; node++) {
			snprintf(name, sizeof(name), "sent.%s", messages[message]);
			n[node] = node_stat(node, name);
			snprintf(name, sizeof(name), "received.%s", messages[message]);
			n[node] -= node_stat(1 - node, name);
		}
		pause_ms(tries > 0 ? 10 : 0);
	} while ((n[0] != 0 || n[1] != 0) && tries++ < 100);
	assert_int_equal(n[0], 0);
	assert_int_equal(n[1], 0);
	snprintf(name, sizeof(name), "sent.%s", messages[message]);
	return node_stat(0, name) + node_stat(1, name);
}

static void
count_from_here(void)
{
	unsigned int i;

	for (i = 0; i < MESSAGES; i++)
		counted[i] = sent(i);
}

/* Exactly these were sent since, by either node. */
struct expected {
	const char *name;
	int64_t times;
};

static void
expect_sent(const struct expected *expected, unsigned int nb_expected)
{
	unsigned int i, j;
	int64_t times;

	for (i = 0; i < MESSAGES; i++) {
		times = 0;
		for (j = 0; j < nb_expected; j++)
			if (strcmp(expected[j].name, messages[i]) == 0)
				times = expected[j].times;
		if (sent(i) - counted[i] != times)
			fail_msg("%s: %d sent, expected %d", messages[i],
				 (int)(sent(i) - counted[i]), (int)times);
	}
}

#define EXPECT_SENT(...)                                                           \
	expect_sent((const struct expected[]){__VA_ARGS__},                        \
		    sizeof((const struct expected[]){__VA_ARGS__}) / sizeof(struct expected))

static void
s205_second_node_is_first(void)
{
	node_signal(0, SIGKILL);
	assert_int_equal(node_start(0, ""), 0);
	pause_ms(10);
	sides_end();
	assert_int_equal(sides_start(), 0);
	connected();
}

static void
s206_restart_of_either_node(void)
{
	unsigned int node;

	for (node = 0; node < 2; node++) {
		connected();
		sides_end();
		node_signal(node, node == 0 ? SIGKILL : SIGTERM);
		assert_int_equal(node_start(node, ""), 0);
		assert_int_equal(sides_start(), 0);
	}
	connected();
}

static void
s210_messages_of_connect(void)
{
	count_from_here();
	connected();
	EXPECT_SENT({"CNCT_REQ", 1}, {"CNCT_GNT", 1}, {"CNCT_GNTACK", 1});
}

static void
s211_messages_of_refusal(void)
{
	count_from_here();
	assert_fails(call(do_connect, open_on(C), 0, 4444), ECONNREFUSED);
	EXPECT_SENT({"CNCT_REQ", 1}, {"CNCT_REJ", 1});
}

static void
s212_messages_of_close(void)
{
	struct pair p = connected();

	count_from_here();
	assert_int_equal(call(do_close, p.c), 0);
	EXPECT_SENT({"DISCNCT", 1}, {"DISCNT_ACK", 1});
	assert_int_equal(call(do_close, p.a), 0);
	EXPECT_SENT({"DISCNCT", 1}, {"DISCNT_ACK", 1});
}

static void
s214_messages_of_transfers(void)
{
	struct pair p = connected();
	unsigned int i;

	count_from_here();
	for (i = 0; i < 5; i++) {
		assert_int_equal(call(do_send, p.c, AT(0), 500, SCIF_SEND_BLOCK), 500);
		assert_int_equal(call(do_recv, p.a, AT(0), 500, SCIF_RECV_BLOCK), 500);
		pause_ms(20);
	}
	EXPECT_SENT({"CLIENT_SENT", 5}, {"CLIENT_RCVD", 5});
}

static void
s215_messages_of_register(void)
{
	struct pair p = connected();

	count_from_here();
	window(p.c, PAGE, RW);
	EXPECT_SENT({"ALLOC_REQ", 1}, {"ALLOC_GNT", 1}, {"REGISTER", 1}, {"REGISTER_ACK", 1});
}

static void
s216_peer_without_memory(void)
{
	struct pair p = connected();
	int64_t addr = call(do_alloc, SIDE(C), PAGE);

	count_from_here();
	node_starve(0, true);
	assert_fails(call(do_register, p.c, addr, PAGE, 0, RW, 0), ENOMEM);
	node_starve(0, false);
	EXPECT_SENT({"ALLOC_REQ", 1}, {"ALLOC_REJ", 1});
	assert_true(call(do_register, p.c, addr, PAGE, 0, RW, 0) > 0);
}

static void
s217_messages_of_a_window_in_use(void)
{
	struct pair p = connected();
	struct window w = window(p.c, PAGE, RW);
	int64_t map = call(do_mmap, p.a, 0, PAGE, RW, 0, w.off);

	assert_true(map > 0);
	count_from_here();
	assert_int_equal(call(do_unregister, p.c, w.off, PAGE), 0);
	EXPECT_SENT({"UNREGISTER", 1}, {"UNREGISTER_NACK", 1});
	assert_int_equal(call(do_munmap, p.a, map, PAGE), 0);
	pause_ms(50);
	EXPECT_SENT({"UNREGISTER", 1}, {"UNREGISTER_NACK", 1}, {"MUNMAP", 1});
}

static void
s218_mark_of_the_peer(void)
{
	struct pair p = connected();
	int64_t mark;

	count_from_here();
	mark = call(do_mark, p.c, SCIF_FENCE_INIT_PEER);
	assert_int_not_equal(mark, -1);
	assert_int_not_equal(mark & 0x80000000, 0);
	EXPECT_SENT({"MARK", 1}, {"MARK_ACK", 1});
	mark = call(do_mark, p.c, SCIF_FENCE_INIT_SELF);
	assert_int_equal(mark & 0x80000000, 0);
}

static void
s224_counters_are_what_was_logged(void)
{
	static const char *const ways[] = {"sent", "received"}, *const arrows[] = {"<-", "->"};
	struct pair p = connected();
	struct window w = window(p.c, PAGE, RW);
	unsigned int i, node, way;
	int64_t logged, all = 0;
	char words[64];

	assert_int_equal(call(do_send, p.c, AT(0), 500, SCIF_SEND_BLOCK), 500);
	assert_int_equal(call(do_recv, p.a, AT(0), 500, SCIF_RECV_BLOCK), 500);
	assert_int_equal(call(do_unregister, p.c, w.off, PAGE), 0);
	assert_int_equal(call(do_close, p.c), 0);
	assert_int_equal(call(do_close, p.a), 0);
	for (i = 0; i < MESSAGES; i++) {
		sent(i);
		for (node = 0; node < 2; node++) {
			for (way = 0; way < 2; way++) {
				snprintf(words, sizeof(words), " %s %s ", arrows[way], messages[i]);
				logged = node_logged(node, words);
				snprintf(words, sizeof(words), "%s.%s", ways[way], messages[i]);
				assert_int_equal(node_stat(node, words), logged);
				all += logged;
			}
		}
	}
	assert_true(all >= 2 * 13);
}

static const struct test_case cases[] = {
	CASE_NODES(s205_second_node_is_first, ON(NODES), ""),
	CASE_NODES(s206_restart_of_either_node, ON(NODES), ""),
	CASE_NODES(s210_messages_of_connect, ON(NODES), ""),
	CASE_NODES(s211_messages_of_refusal, ON(NODES), ""),
	CASE_NODES(s212_messages_of_close, ON(NODES), ""),
	CASE_NODES(s214_messages_of_transfers, ON(NODES), ""),
	CASE_NODES(s215_messages_of_register, ON(NODES), ""),
	CASE_NODES(s216_peer_without_memory, ON(NODES), ""),
	CASE_NODES(s217_messages_of_a_window_in_use, ON(NODES), ""),
	CASE_NODES(s218_mark_of_the_peer, ON(NODES), ""),
	CASE_NODES(s224_counters_are_what_was_logged, ON(NODES), "--log-messages"),
};

TEST_GROUP(wire, cases);
