/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Lines that arrive in pieces, section 12 of the protocol's text, by a scripted client.
 */
#include "vfu_peer.h"

#include <stdlib.h>
#include <time.h>

/* Line addresses in the two ports. */
#define ONE   PEER_PORT
#define OTHER (PEER_PORT + 0x40)
#define TWO   (PEER_PORT + PEER_PORT_BYTES)

static unsigned char
byte_of(unsigned int line, unsigned int i)
{
	return (unsigned char)(line * 77 + i * 3 + 1);
}

static void
fill(unsigned char *to, unsigned int line, unsigned int from, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		to[i] = byte_of(line, from + i);
}

/* A piece of a line's bytes, posted. */
static void
store(struct peer *p, uint64_t at, unsigned int line, unsigned int from, unsigned int width)
{
	unsigned char bytes[64];

	fill(bytes, line, from, width);
	peer_write_posted(p, 0, at + from, bytes, width);
}

/* Consecutive pieces, ascending. */
static void
stores(struct peer *p, uint64_t at, unsigned int line, unsigned int from, unsigned int to)
{
	for (unsigned int i = from; i < to; i += 8)
		store(p, at, line, i, 8);
}

static void
saw_line(struct peer *p, uint64_t at, unsigned int line, unsigned int len)
{
	unsigned char bytes[64];

	fill(bytes, line, 0, len);
	assert_memory_equal(peer_saw_at(p, PEER_SEEN_POST, 0, at, len)->line, bytes, len);
}

/* MOVDIR64B, emulated: eight stores, one line. */
static void
eight_stores_are_a_line(void **state)
{
	struct peer *p = *state;

	for (unsigned int n = 0; n < 3; n++) {
		stores(p, ONE, n, 0, 56);
		peer_saw_nothing(p);
		store(p, ONE, n, 56, 8);
		saw_line(p, ONE, n, 64);
		peer_saw_nothing(p);
	}
	assert_int_equal(vfu_server_deadline(p->server), BUS_NO_DEADLINE);
}

/* MOVNTDQ: a 16-byte command, which shows only by what comes next. */
static void
read_ends_a_command(void **state)
{
	struct peer *p = *state;

	stores(p, ONE, 5, 0, 16);
	peer_saw_nothing(p);
	peer_read(p, 2, 0, 4);
	saw_line(p, ONE, 5, 16);
	peer_saw_at(p, PEER_SEEN_READ, 2, 0, 4);
}

static void
config_read_ends_a_command(void **state)
{
	struct peer *p = *state;

	stores(p, ONE, 5, 0, 16);
	peer_read(p, PEER_CONFIG, 0, 4);
	saw_line(p, ONE, 5, 16);
}

/* The rest of a line that another processor's read came into is not lost. */
static void
read_in_the_middle_loses_nothing(void **state)
{
	struct peer *p = *state;
	bool seen[64];

	for (unsigned int cut = 8; cut < 64; cut += 8) {
		memset(seen, 0, sizeof(seen));
		stores(p, ONE, cut, 0, cut);
		peer_read(p, 2, 0, 4);
		stores(p, ONE, cut, cut, 64);
		peer_read(p, 2, 0, 4);
		for (unsigned int i = 0; i < p->device.seen_n; i++) {
			const struct peer_seen *s = &p->device.seen[i];

			for (unsigned int k = 0; s->op == PEER_SEEN_POST && k < s->size; k++) {
				assert_int_equal(s->line[k], byte_of(cut, s->off % 64 + k));
				assert_false(seen[s->off % 64 + k]);
				seen[s->off % 64 + k] = true;
			}
		}
		for (unsigned int k = 0; k < 64; k++) {
			if (!seen[k])
				fail_msg("read after %u bytes: byte %u is lost", cut, k);
		}
		peer_look_away(p);
	}
}

static void
next_command_ends_a_command(void **state)
{
	struct peer *p = *state;

	for (unsigned int n = 0; n < 4; n++) {
		stores(p, ONE, n, 0, 16);
		if (n > 0)
			saw_line(p, ONE, n - 1, 16);
		peer_saw_nothing(p);
	}
	/* And a line behind it. */
	stores(p, ONE, 9, 0, 64);
	saw_line(p, ONE, 3, 16);
	saw_line(p, ONE, 9, 64);
	peer_saw_nothing(p);
}

static void
other_line_of_the_port_ends_a_command(void **state)
{
	struct peer *p = *state;

	stores(p, ONE, 1, 0, 16);
	store(p, OTHER, 2, 0, 8);
	saw_line(p, ONE, 1, 16);
	peer_saw_nothing(p);
	stores(p, OTHER, 2, 8, 64);
	saw_line(p, OTHER, 2, 64);
}

static void
whole_line_ends_a_command(void **state)
{
	struct peer *p = *state;

	stores(p, ONE, 1, 0, 16);
	store(p, ONE, 2, 0, 64);
	saw_line(p, ONE, 1, 16);
	saw_line(p, ONE, 2, 64);
	peer_saw_nothing(p);
}

static uint64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void
short_idle_time_ends_a_command(void **state)
{
	struct peer *p = *state;
	uint64_t deadline, begun = now();

	stores(p, ONE, 5, 0, 16);
	peer_pump(p);
	deadline = vfu_server_deadline(p->server);
	assert_int_not_equal(deadline, BUS_NO_DEADLINE);
	/* Short: below a tenth of a second. */
	assert_in_range(deadline, begun, now() + 100000000);
	while (now() <= deadline)
		nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
	vfu_server_work(p->server);
	saw_line(p, ONE, 5, 16);
	peer_saw_nothing(p);
	assert_int_equal(vfu_server_deadline(p->server), BUS_NO_DEADLINE);
}

/* Two processors write to two ports: what is kept is kept per line. */
static void
ports_interleave(void **state)
{
	struct peer *p = *state;

	for (unsigned int i = 0; i < 64; i += 8) {
		store(p, ONE, 1, i, 8);
		store(p, TWO, 2, i, 8);
	}
	saw_line(p, ONE, 1, 64);
	saw_line(p, TWO, 2, 64);
	peer_saw_nothing(p);
	/* A command in one, a line in the other. */
	stores(p, ONE, 3, 0, 16);
	stores(p, TWO, 4, 0, 64);
	saw_line(p, TWO, 4, 64);
	stores(p, ONE, 5, 0, 16);
	saw_line(p, ONE, 3, 16);
}

static void
wide_vector_stores_are_a_line(void **state)
{
	struct peer *p = *state;
	unsigned char bytes[64];

	/* Two of 32 bytes come as 4 x 8 each; and as they are, from a client of ours. */
	stores(p, ONE, 1, 0, 32);
	peer_saw_nothing(p);
	stores(p, ONE, 1, 32, 64);
	saw_line(p, ONE, 1, 64);
	fill(bytes, 2, 0, 64);
	peer_write_posted(p, 0, ONE, bytes, 64);
	saw_line(p, ONE, 2, 64);
	peer_saw_nothing(p);
}

static void
stores_with_reply_are_gathered_too(void **state)
{
	struct peer *p = *state;

	for (unsigned int i = 0; i < 64; i += 8) {
		unsigned char bytes[8];

		fill(bytes, 3, i, 8);
		peer_write(p, 0, ONE + i, peer_get(bytes, 0, 8), 8);
	}
	saw_line(p, ONE, 3, 64);
	peer_saw_nothing(p);
}

static void
multi_write_is_gathered_too(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = {.len = 0};
	unsigned char bytes[8];

	peer_put(&b, 16, 8);
	for (unsigned int i = 0; i < 128; i += 8) {
		peer_put(&b, ONE + i % 64, 8);
		peer_put(&b, 0, 4);
		peer_put(&b, 8, 4);
		fill(bytes, i / 64, i % 64, 8);
		peer_put_bytes(&b, bytes, 8);
	}
	peer_send(p, PEER_WRITE_MULTI, PEER_NO_REPLY, &b, NULL, 0);
	saw_line(p, ONE, 0, 64);
	saw_line(p, ONE, 1, 64);
	peer_saw_nothing(p);
}

/* Registers are not lines, whatever is written to them. */
static void
registers_are_not_gathered(void **state)
{
	struct peer *p = *state;

	stores(p, 0x400, 1, 0, 64);
	for (unsigned int i = 0; i < 64; i += 8)
		peer_saw_at(p, PEER_SEEN_WRITE, 0, 0x400 + i, 8);
	peer_saw_nothing(p);
}

/* What makes no line and no command is no line: bytes never written are never posted. */
static void
oddities_make_no_line(void **state)
{
	static const unsigned int orders[][8] = {
		/* offsets of 8-byte stores, closed by 64 */
		{8, 16, 24, 32, 40, 48, 56, 64},
		{0, 16, 24, 32, 40, 48, 56, 64},
		{56, 48, 40, 32, 24, 16, 8, 64},
		{0, 8, 16, 64},
		{0, 64},
		{8, 64},
		{0, 8, 8, 64},
		{0, 8, 16, 24, 40, 48, 56, 64},
	};
	struct peer *p = *state;

	for (unsigned int n = 0; n < sizeof(orders) / sizeof(orders[0]); n++) {
		for (unsigned int i = 0; orders[n][i] < 64; i++)
			store(p, ONE, n, orders[n][i], 8);
		peer_read(p, 2, 0, 4);
		for (unsigned int i = 0; i < p->device.seen_n; i++) {
			const struct peer_seen *s = &p->device.seen[i];

			if (s->op == PEER_SEEN_POST)
				assert_int_equal(s->size, 16);
		}
		peer_look_away(p);
	}
	/* The next line is as good as ever. */
	stores(p, ONE, 1, 0, 64);
	saw_line(p, ONE, 1, 64);
}

/* One byte, two, four: at odd places too. Nothing is made up. */
static void
narrow_stores_make_no_line_up(void **state)
{
	struct peer *p = *state;

	for (unsigned int width = 1; width <= 4; width *= 2) {
		for (unsigned int i = 0; i < 32; i += width)
			store(p, ONE, width, i, width);
		peer_read(p, 2, 0, 4);
		for (unsigned int i = 0; i < p->device.seen_n; i++) {
			const struct peer_seen *s = &p->device.seen[i];

			if (s->op == PEER_SEEN_POST)
				assert_int_equal(s->size, 16);
		}
		peer_look_away(p);
	}
	stores(p, ONE, 1, 0, 64);
	saw_line(p, ONE, 1, 64);
}

static void
reset_forgets_half_a_line(void **state)
{
	struct peer *p = *state;

	stores(p, ONE, 1, 0, 32);
	peer_call(p, PEER_RESET, NULL);
	peer_look_away(p);
	stores(p, ONE, 1, 32, 64);
	peer_read(p, 2, 0, 4);
	for (unsigned int i = 0; i < p->device.seen_n; i++)
		assert_int_not_equal(p->device.seen[i].op, PEER_SEEN_POST);
}

static void
half_a_line_is_not_the_next_clients(void **state)
{
	struct peer *p = *state;

	stores(p, ONE, 1, 0, 32);
	peer_reopen(p);
	peer_look_away(p);
	stores(p, ONE, 1, 32, 64);
	peer_read(p, 2, 0, 4);
	for (unsigned int i = 0; i < p->device.seen_n; i++)
		assert_int_not_equal(p->device.seen[i].op, PEER_SEEN_POST);
}

/* Lines in all lines of both ports at once: gathered, or at least never mixed up. */
static void
many_lines_are_never_mixed_up(void **state)
{
	struct peer *p = *state;
	unsigned char bytes[64];

	for (unsigned int i = 0; i < 64; i += 8)
		for (unsigned int n = 0; n < 2 * PEER_PORT_BYTES / 64; n++)
			store(p, PEER_PORT + n * 64, n, i, 8);
	peer_read(p, 2, 0, 4);
	for (unsigned int i = 0; i < p->device.seen_n; i++) {
		const struct peer_seen *s = &p->device.seen[i];

		if (s->op != PEER_SEEN_POST)
			continue;
		fill(bytes, (unsigned int)(s->off - PEER_PORT) / 64, s->off % 64, s->size);
		assert_memory_equal(s->line, bytes, s->size);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, peer_setup_greeted, peer_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(eight_stores_are_a_line),
		TEST(read_ends_a_command),
		TEST(config_read_ends_a_command),
		TEST(read_in_the_middle_loses_nothing),
		TEST(next_command_ends_a_command),
		TEST(other_line_of_the_port_ends_a_command),
		TEST(whole_line_ends_a_command),
		TEST(short_idle_time_ends_a_command),
		TEST(ports_interleave),
		TEST(wide_vector_stores_are_a_line),
		TEST(stores_with_reply_are_gathered_too),
		TEST(multi_write_is_gathered_too),
		TEST(registers_are_not_gathered),
		TEST(oddities_make_no_line),
		TEST(narrow_stores_make_no_line_up),
		TEST(reset_forgets_half_a_line),
		cmocka_unit_test_setup_teardown(half_a_line_is_not_the_next_clients,
						peer_setup_listens, peer_teardown),
		TEST(many_lines_are_never_mixed_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
