/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * REGION_READ, REGION_WRITE and REGION_WRITE_MULTI, section 8 of the protocol's text, by a
 * scripted client; and non-posted lines.
 */
#include "vfu_peer.h"

#include <errno.h>

static void
reads_return_what_the_device_says(void **state)
{
	struct peer *p = *state;
	const unsigned char *data;

	for (uint32_t count = 1; count <= 8; count *= 2) {
		for (uint64_t off = 0; off < 16; off += count) {
			data = peer_read(p, 2, 0x120 + off, count);
			for (uint32_t i = 0; i < count; i++)
				assert_int_equal(data[i], peer_device_byte(2, 0x120 + off + i));
			/* One access of the bus, of that width. */
			peer_saw_at(p, PEER_SEEN_READ, 2, 0x120 + off, count);
			peer_saw_nothing(p);
		}
	}
}

static void
writes_arrive_as_they_are(void **state)
{
	struct peer *p = *state;
	uint64_t value = UINT64_C(0x8877665544332211);

	for (uint32_t count = 1; count <= 8; count *= 2) {
		for (uint64_t off = 0; off < 16; off += count) {
			peer_write(p, 2, 0x120 + off, value, count);
			assert_int_equal(
				peer_saw_at(p, PEER_SEEN_WRITE, 2, 0x120 + off, count)->value,
				value & UINT64_MAX >> (64 - 8 * count));
			peer_saw_nothing(p);
		}
	}
}

static void
last_bytes_of_a_bar_can_be_reached(void **state)
{
	struct peer *p = *state;

	peer_read(p, 0, PEER_BAR_BYTES - 8, 8);
	peer_saw_at(p, PEER_SEEN_READ, 0, PEER_BAR_BYTES - 8, 8);
	peer_write(p, 0, PEER_BAR_BYTES - 1, 7, 1);
	peer_saw_at(p, PEER_SEEN_WRITE, 0, PEER_BAR_BYTES - 1, 1);
}

static void
posted_writes_are_not_answered(void **state)
{
	struct peer *p = *state;

	peer_write_posted(p, 0, 0x10, "\x01\x02\x03\x04", 4);
	assert_false(peer_receive(p));
	assert_int_equal(peer_saw_at(p, PEER_SEEN_WRITE, 0, 0x10, 4)->value, 0x04030201);
}

/* The socket's order is the device's. */
static void
reads_push_posted_writes(void **state)
{
	struct peer *p = *state;
	uint32_t value;

	for (value = 0; value < 300; value++)
		peer_write_posted(p, 2, value % 16 * 4, &value, 4);
	peer_read(p, 2, 0x40, 4);
	for (value = 0; value < 300; value++)
		assert_int_equal(peer_saw_at(p, PEER_SEEN_WRITE, 2, value % 16 * 4, 4)->value,
				 value);
	peer_saw_at(p, PEER_SEEN_READ, 2, 0x40, 4);
}

static void
outside_is_refused(void **state)
{
	static const uint64_t wrong[][3] = {
		/* region, offset, count */
		{0, PEER_BAR_BYTES, 1},
		{0, PEER_BAR_BYTES - 1, 2},
		{0, PEER_BAR_BYTES - 4, 8},
		{0, UINT64_MAX, 1},
		{0, UINT64_MAX - 3, 4},
		{0, UINT64_MAX - 3, 8},
		{0, UINT64_C(1) << 63, 4},
		{0, UINT64_C(0x100000000), 4},
		{0, UINT32_MAX, 8},
		{1, 0, 4},
		{3, 0, 4},
		{4, 0, 1},
		{5, 0, 8},
		{6, 0, 4},
		{8, 0, 1},
		{9, 0, 4},
		{100, 0, 4},
		{UINT32_MAX, 0, 4},
		{0x80000000, 0, 4},
		{7, PEER_CONFIG_BYTES, 1},
		{7, PEER_CONFIG_BYTES - 2, 4},
		{7, UINT64_MAX, 2},
		{7, 0x10000, 4},
		{7, 0x100000000, 4},
		{7, 0, PEER_CONFIG_BYTES + 1},
		{2, 0, PEER_BAR_BYTES + 1},
		{2, 1, PEER_BAR_BYTES},
	};
	struct peer *p = *state;
	struct peer_bytes b;

	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		uint32_t region = (uint32_t)wrong[i][0], count = (uint32_t)wrong[i][2];

		b = peer_access_body(wrong[i][1], region, count);
		peer_refused(p, PEER_REGION_READ, &b, EINVAL);
		if (count > 8)
			continue;
		peer_put(&b, 0, count);
		peer_refused(p, PEER_REGION_WRITE, &b, EINVAL);
	}
	peer_saw_nothing(p);
}

static void
huge_reads_are_refused(void **state)
{
	static const uint32_t counts[] = {PEER_DATA_MAX + 1, 0x7fffffff, 0xffffffff, 0xfffffff0};
	struct peer *p = *state;

	for (unsigned int i = 0; i < 4; i++) {
		struct peer_bytes b = peer_access_body(0, 0, counts[i]);

		peer_refused(p, PEER_REGION_READ, &b, EINVAL);
	}
}

static void
nothing_of_nothing_is_legal(void **state)
{
	struct peer *p = *state;

	peer_read(p, 0, 0x10, 0);
	peer_read(p, PEER_CONFIG, 0, 0);
	peer_write(p, 0, 0x10, 0, 0);
	peer_read(p, 0, PEER_BAR_BYTES, 0);
	peer_saw_nothing(p);
}

static void
count_has_to_be_the_size(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b;

	for (uint32_t count = 0; count <= 16; count++) {
		for (unsigned int data = 0; data <= 16; data++) {
			if (data == count)
				continue;
			b = peer_access_body(0x100, 0, count);
			peer_put_bytes(&b, "0123456789abcdef", data);
			peer_refused(p, PEER_REGION_WRITE, &b, EINVAL);
		}
	}
	b = peer_access_body(0x100, 0, 0xfffffff0);
	peer_refused(p, PEER_REGION_WRITE, &b, EINVAL);
	peer_saw_nothing(p);
}

static void
short_requests_are_refused(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = peer_access_body(0, 0, 0);

	for (b.len = 0; b.len < 16; b.len++) {
		peer_refused(p, PEER_REGION_READ, &b, EINVAL);
		peer_refused(p, PEER_REGION_WRITE, &b, EINVAL);
	}
}

/* Odd ones are no more than what a bus makes of them: refused, or the right bytes. */
static void
odd_reads_are_right_or_refused(void **state)
{
	struct peer *p = *state;

	for (uint64_t off = 0x200; off < 0x210; off++) {
		for (uint32_t count = 1; count <= 40; count++) {
			struct peer_bytes b = peer_access_body(off, 0, count);

			peer_send(p, PEER_REGION_READ, PEER_COMMAND, &b, NULL, 0);
			assert_true(peer_receive(p));
			if (p->m.flags != PEER_REPLY) {
				assert_int_equal(p->m.error, EINVAL);
				continue;
			}
			assert_int_equal(p->m.size, 32 + count);
			for (uint32_t i = 0; i < count; i++)
				assert_int_equal(p->m.at[16 + i], peer_device_byte(0, off + i));
			peer_look_away(p);
		}
	}
}

/* Whatever accesses they become, each is of a width and alignment that a register has. */
static void
odd_writes_become_proper_ones(void **state)
{
	struct peer *p = *state;

	for (uint64_t off = 0x200; off < 0x208; off++) {
		for (uint32_t count = 1; count <= 15; count++) {
			unsigned char out[16] = "abcdefghijklmno", in[64] = {0};
			struct peer_bytes b = peer_write_body(off, 0, out, count);

			peer_look_away(p);
			peer_send(p, PEER_REGION_WRITE, PEER_COMMAND, &b, NULL, 0);
			assert_true(peer_receive(p));
			for (unsigned int i = 0; i < p->device.seen_n; i++) {
				const struct peer_seen *s = &p->device.seen[i];

				if (s->op != PEER_SEEN_WRITE)
					continue;
				assert_true(s->size == 1 || s->size == 2 || s->size == 4 ||
					    s->size == 8);
				assert_int_equal(s->off % s->size, 0);
				for (unsigned int k = 0; k < s->size; k++)
					in[s->off + k - 0x200] = (unsigned char)(s->value >>
										 (8 * k));
			}
			if (p->m.flags == PEER_REPLY)
				assert_memory_equal(in + (off - 0x200), out, count);
			else
				assert_int_equal(p->m.error, EINVAL);
		}
	}
}

/* A mappable part is reached by messages too: what it holds, not a register. */
static void
memory_is_reached_by_messages(void **state)
{
	struct peer *p = *state;
	const unsigned char *data;

	memcpy(p->device.memory + 0x10, "mmmmnnnn", 8);
	data = peer_read(p, 0, PEER_MEMORY + 0x10, 8);
	if (p->device.seen_n == 0) {
		assert_memory_equal(data, "mmmmnnnn", 8);
		peer_write(p, 0, PEER_MEMORY + 0x20, 0x31323334, 4);
		assert_memory_equal(p->device.memory + 0x20, "4321", 4);
	}
}

/* ---- Configuration space ---- */

static void
config_is_read_in_one_piece(void **state)
{
	struct peer *p = *state;
	const unsigned char *data = peer_read(p, PEER_CONFIG, 0, PEER_CONFIG_BYTES);

	assert_memory_equal(data, p->device.config, PEER_CONFIG_BYTES);
	assert_int_equal(peer_get(data, 0, 4), 0x27108086);
}

static void
config_is_read_and_written_in_parts(void **state)
{
	struct peer *p = *state;

	assert_int_equal(peer_get(peer_read(p, PEER_CONFIG, 0x34, 1), 0, 1), PEER_CAP_PCIE);
	assert_int_equal(peer_get(peer_read(p, PEER_CONFIG, 0x0a, 2), 0, 2), 0x0b40);
	peer_write(p, PEER_CONFIG, 0x04, 0x0406, 2);
	assert_int_equal(peer_get(peer_read(p, PEER_CONFIG, 0x04, 2), 0, 2), 0x0406);
	peer_write(p, PEER_CONFIG, 0x10, 0xffffffff, 4);
	assert_int_equal(peer_get(peer_read(p, PEER_CONFIG, 0x10, 4), 0, 4),
			 (uint32_t) ~(PEER_BAR_BYTES - 1) | 0xc);
	assert_int_equal(peer_get(peer_read(p, PEER_CONFIG, 0x30, 4), 0, 4), 0);
}

/* The guest's way to reset a device. */
static void
config_write_resets_the_function(void **state)
{
	struct peer *p = *state;

	peer_write(p, PEER_CONFIG, 0x04, 0x0006, 2);
	peer_write(p, PEER_CONFIG, PEER_DEVICE_CONTROL, 0xa810, 2);
	assert_int_equal(p->device.function_resets, 1);
	assert_int_equal(peer_get(peer_read(p, PEER_CONFIG, 0x04, 2), 0, 2), 0);
	assert_int_equal(peer_get(peer_read(p, PEER_CONFIG, PEER_DEVICE_CONTROL, 2), 0, 2), 0x2810);
}

static void
config_writes_can_be_posted(void **state)
{
	struct peer *p = *state;

	peer_write_posted(p, PEER_CONFIG, 0x04, "\6\0", 2);
	assert_int_equal(peer_get(peer_read(p, PEER_CONFIG, 0x04, 2), 0, 2), 6);
}

/* ---- Several writes in one message ---- */

static void
put_record(struct peer_bytes *b, uint64_t off, uint32_t region, uint32_t count, uint64_t data)
{
	peer_put(b, off, 8);
	peer_put(b, region, 4);
	peer_put(b, count, 4);
	peer_put(b, data, 8);
}

static void
multi_writes_are_applied_in_order(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = {.len = 0};
	const unsigned int n = 200;

	peer_put(&b, n, 8);
	for (unsigned int i = 0; i < n; i++)
		put_record(&b, i % 8 * 8, 2, 1u << i % 4, UINT64_C(0x0102030405060700) + i);
	peer_send(p, PEER_WRITE_MULTI, PEER_NO_REPLY, &b, NULL, 0);
	assert_false(peer_receive(p));
	for (unsigned int i = 0; i < n; i++) {
		uint64_t value = (UINT64_C(0x0102030405060700) + i) &
				 UINT64_MAX >> (64 - (8u << i % 4));

		assert_int_equal(peer_saw_at(p, PEER_SEEN_WRITE, 2, i % 8 * 8, 1u << i % 4)->value,
				 value);
	}
	peer_saw_nothing(p);
}

static void
multi_writes_are_answered_with_their_number(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = {.len = 0};

	peer_put(&b, 2, 8);
	put_record(&b, 0x100, 0, 4, 1);
	put_record(&b, 0x04, PEER_CONFIG, 2, 6);
	peer_call(p, PEER_WRITE_MULTI, &b);
	assert_int_equal(p->m.size, PEER_HEADER + 8);
	assert_int_equal(peer_get(p->m.at, 0, 8), 2);
	peer_saw_at(p, PEER_SEEN_WRITE, 0, 0x100, 4);
	assert_int_equal(p->device.config[4], 6);
}

static void
multi_writes_of_none_are_legal(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = {.len = 0};

	peer_put(&b, 0, 8);
	peer_call(p, PEER_WRITE_MULTI, &b);
	assert_int_equal(peer_get(p->m.at, 0, 8), 0);
	b.len = 0;
	peer_put(&b, 1, 8);
	put_record(&b, 0x100, 0, 0, 1);
	peer_call(p, PEER_WRITE_MULTI, &b);
	peer_saw_nothing(p);
}

static void
multi_writes_have_to_fit_their_size(void **state)
{
	static const uint64_t numbers[] = {0, 1, 3, 4, UINT32_MAX, UINT64_MAX,
					   /* times 24 is 48, modulo 2^64 */
					   UINT64_C(0x2000000000000002),
					   UINT64_C(0x0aaaaaaaaaaaaaac)};
	struct peer *p = *state;
	struct peer_bytes b = {.len = 0};

	for (b.len = 0; b.len < 8; b.len++)
		peer_refused(p, PEER_WRITE_MULTI, &b, EINVAL);
	for (unsigned int i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		b.len = 0;
		peer_put(&b, numbers[i], 8);
		put_record(&b, 0x100, 0, 4, 1);
		put_record(&b, 0x104, 0, 4, 2);
		peer_refused(p, PEER_WRITE_MULTI, &b, EINVAL);
	}
	/* Cut inside the second record. */
	for (unsigned int cut = 1; cut < 24; cut++) {
		b.len = 0;
		peer_put(&b, 2, 8);
		put_record(&b, 0x100, 0, 4, 1);
		put_record(&b, 0x104, 0, 4, 2);
		b.len -= cut;
		peer_refused(p, PEER_WRITE_MULTI, &b, EINVAL);
	}
	peer_saw_nothing(p);
}

static void
multi_records_are_checked_like_writes(void **state)
{
	static const uint64_t wrong[][3] = {
		/* offset, region, count */
		{0x100, 0, 9},
		{0x100, 0, UINT32_MAX},
		{PEER_BAR_BYTES, 0, 1},
		{PEER_BAR_BYTES - 4, 0, 8},
		{UINT64_MAX, 0, 4},
		{0, 1, 4},
		{0, 9, 4},
		{0, UINT32_MAX, 4},
		{PEER_CONFIG_BYTES, 7, 1},
	};
	struct peer *p = *state;

	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct peer_bytes b = {.len = 0};

		peer_put(&b, 1, 8);
		put_record(&b, wrong[i][0], (uint32_t)wrong[i][1], (uint32_t)wrong[i][2], 1);
		peer_refused(p, PEER_WRITE_MULTI, &b, EINVAL);
	}
	peer_saw_nothing(p);
}

/* ---- Lines ---- */

static void
posted_lines_stay_whole(void **state)
{
	struct peer *p = *state;
	unsigned char line[64];

	for (unsigned int i = 0; i < 64; i++)
		line[i] = (unsigned char)(i * 5 + 1);
	peer_write_posted(p, 0, PEER_PORT + 0x40, line, 64);
	assert_memory_equal(peer_saw_at(p, PEER_SEEN_POST, 0, PEER_PORT + 0x40, 64)->line, line,
			    64);
	peer_write_posted(p, 0, PEER_PORT + PEER_PORT_BYTES, line, 16);
	assert_memory_equal(
		peer_saw_at(p, PEER_SEEN_POST, 0, PEER_PORT + PEER_PORT_BYTES, 16)->line, line, 16);
	peer_saw_nothing(p);
	assert_false(peer_receive(p));
}

static void
lines_with_reply_are_submitted(void **state)
{
	struct peer *p = *state;
	unsigned char line[64];
	struct peer_bytes b;
	const struct peer_seen *s;

	memset(line, 0x5a, sizeof(line));
	b = peer_write_body(0x1000, 2, line, 64);
	peer_call(p, PEER_REGION_WRITE, &b);
	s = peer_saw_at(p, PEER_SEEN_SUBMIT, 2, 0x1000, 64);
	assert_memory_equal(s->line, line, 64);
	assert_int_equal(s->value, BUS_NO_PASID);
	peer_saw_nothing(p);
}

static void
retry_is_told_as_eagain(void **state)
{
	struct peer *p = *state;
	unsigned char line[64] = {1};
	struct peer_bytes b = peer_write_body(0x1000, 2, line, 64);

	p->device.submit = -EAGAIN;
	peer_send(p, PEER_REGION_WRITE, PEER_COMMAND, &b, NULL, 0);
	assert_true(peer_receive(p));
	assert_int_equal(p->m.size, PEER_HEADER);
	assert_int_equal(p->m.flags, PEER_REPLY | PEER_ERROR);
	assert_int_equal(p->m.error, EAGAIN);
	p->device.submit = 0;
	peer_call(p, PEER_REGION_WRITE, &b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, peer_setup_greeted, peer_teardown)
#define SUBMIT(name) \
	cmocka_unit_test_setup_teardown(name, peer_setup_submits_greeted, peer_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reads_return_what_the_device_says),
		TEST(writes_arrive_as_they_are),
		TEST(last_bytes_of_a_bar_can_be_reached),
		TEST(posted_writes_are_not_answered),
		TEST(reads_push_posted_writes),
		TEST(outside_is_refused),
		TEST(huge_reads_are_refused),
		TEST(nothing_of_nothing_is_legal),
		TEST(count_has_to_be_the_size),
		TEST(short_requests_are_refused),
		TEST(odd_reads_are_right_or_refused),
		TEST(odd_writes_become_proper_ones),
		TEST(memory_is_reached_by_messages),
		TEST(config_is_read_in_one_piece),
		TEST(config_is_read_and_written_in_parts),
		TEST(config_write_resets_the_function),
		TEST(config_writes_can_be_posted),
		TEST(multi_writes_are_applied_in_order),
		TEST(multi_writes_are_answered_with_their_number),
		TEST(multi_writes_of_none_are_legal),
		TEST(multi_writes_have_to_fit_their_size),
		TEST(multi_records_are_checked_like_writes),
		TEST(posted_lines_stay_whole),
		SUBMIT(lines_with_reply_are_submitted),
		SUBMIT(retry_is_told_as_eagain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
