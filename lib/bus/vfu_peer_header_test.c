/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Transport and header, sections 1 and 2 of the protocol's text, by a scripted client.
 */
#include "vfu_peer.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

/* GET_INFO as it goes over the wire. */
static struct peer_bytes
get_info(uint16_t id, uint32_t flags)
{
	struct peer_bytes b = {.len = 0}, body = peer_info_body(16, 0, 16);

	peer_put_header(&b, id, PEER_GET_INFO, flags, body.len);
	peer_put_bytes(&b, body.at, body.len);
	return b;
}

static struct peer_bytes
header(uint32_t size, uint32_t flags)
{
	struct peer_bytes b = {.len = 0};

	peer_put(&b, 1, 2);
	peer_put(&b, PEER_GET_INFO, 2);
	peer_put(&b, size, 4);
	peer_put(&b, flags, 4);
	peer_put(&b, 0, 4);
	return b;
}

static void
reply_names_id_and_command(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = get_info(0xbeef, PEER_COMMAND);

	peer_send_raw(p, b.at, b.len, NULL, 0);
	assert_true(peer_receive(p));
	assert_int_equal(p->m.id, 0xbeef);
	assert_int_equal(p->m.command, PEER_GET_INFO);
	assert_int_equal(p->m.flags, PEER_REPLY);
	assert_int_equal(p->m.error, 0);
	assert_false(peer_receive(p));
}

/* Ids need not be unique, or in any order. */
static void
ids_are_the_clients(void **state)
{
	static const uint16_t ids[] = {7, 7, 0xffff, 0, 3, 7};
	struct peer *p = *state;
	struct peer_bytes b;

	for (unsigned int i = 0; i < 6; i++) {
		b = get_info(ids[i], PEER_COMMAND);
		peer_send_raw(p, b.at, b.len, NULL, 0);
	}
	for (unsigned int i = 0; i < 6; i++) {
		assert_true(peer_receive(p));
		assert_int_equal(p->m.id, ids[i]);
	}
	assert_false(peer_receive(p));
}

static void
header_in_pieces_is_put_together(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = get_info(9, PEER_COMMAND);

	for (size_t i = 0; i < b.len; i++) {
		assert_false(peer_receive(p));
		peer_send_raw(p, b.at + i, 1, NULL, 0);
	}
	assert_true(peer_receive(p));
	assert_int_equal(p->m.id, 9);
	peer_still_there(p);
}

/* What came of a message is no reason for the server to be called again. */
static void
part_of_a_message_does_not_keep_it_busy(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = get_info(9, PEER_COMMAND);
	struct pollfd fd = {.fd = vfu_server_fd(p->server), .events = POLLIN};

	peer_send_raw(p, b.at, 20, NULL, 0);
	peer_pump(p);
	assert_int_equal(vfu_server_work(p->server), 0);
	assert_int_equal(poll(&fd, 1, 0), 0);
}

static void
two_messages_in_one_piece_are_two(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = get_info(1, PEER_COMMAND), c = get_info(2, PEER_COMMAND);

	peer_put_bytes(&b, c.at, c.len);
	peer_put_bytes(&b, c.at, 10);
	peer_send_raw(p, b.at, b.len, NULL, 0);
	assert_true(peer_receive(p));
	assert_int_equal(p->m.id, 1);
	assert_true(peer_receive(p));
	assert_int_equal(p->m.id, 2);
	assert_false(peer_receive(p));
	peer_send_raw(p, c.at + 10, c.len - 10, NULL, 0);
	assert_true(peer_receive(p));
	assert_int_equal(p->m.id, 2);
}

static void
no_reply_where_none_is_wanted(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = get_info(1, PEER_COMMAND | PEER_NO_REPLY);

	peer_send_raw(p, b.at, b.len, NULL, 0);
	peer_still_there(p);
}

/* It fails, is logged and counted, and nothing is said. */
static void
failure_without_reply_is_counted(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = peer_write_body(PEER_BAR_BYTES, 0, "\1\2\3\4", 4);
	uint64_t refused = vfu_server_stats(p->server)->refused;
	unsigned int lines = p->lines;

	peer_send(p, PEER_REGION_WRITE, PEER_NO_REPLY, &b, NULL, 0);
	assert_false(peer_receive(p));
	assert_int_equal(p->lines, lines + 1);
	assert_int_equal(vfu_server_stats(p->server)->refused, refused + 1);
	peer_saw_nothing(p);
	peer_still_there(p);
}

static void
size_below_16_ends_it(void **state)
{
	struct peer *p = *state;

	for (uint32_t size = 0; size < 16; size += 5) {
		struct peer_bytes b = header(size, 0);

		peer_send_raw(p, b.at, b.len, NULL, 0);
		peer_hung_up(p);
		peer_reopen(p);
	}
}

static void
size_above_the_agreed_ends_it(void **state)
{
	static const uint32_t sizes[] = {PEER_DATA_MAX + 33, 0x7fffffff, 0x80000000, 0xffffffff};
	struct peer *p = *state;

	for (unsigned int i = 0; i < 4; i++) {
		struct peer_bytes b = header(sizes[i], 0);

		peer_send_raw(p, b.at, b.len, NULL, 0);
		peer_hung_up(p);
		peer_reopen(p);
	}
}

static void
largest_message_is_taken(void **state)
{
	static unsigned char data[PEER_DATA_MAX];
	struct peer *p = *state;
	struct peer_bytes b = {.len = 0}, body = peer_access_body(0, 0, PEER_DATA_MAX);

	peer_put_header(&b, 5, PEER_REGION_WRITE, PEER_COMMAND, body.len + PEER_DATA_MAX);
	peer_put_bytes(&b, body.at, body.len);
	peer_send_raw(p, b.at, b.len, NULL, 0);
	peer_send_raw(p, data, sizeof(data), NULL, 0);
	/* No bar is as large as that. */
	assert_true(peer_receive(p));
	assert_int_equal(p->m.flags, PEER_REPLY | PEER_ERROR);
	assert_int_equal(p->m.error, EINVAL);
	peer_still_there(p);
}

/* Not command and not reply. */
static void
unknown_type_is_refused(void **state)
{
	struct peer *p = *state;

	for (uint32_t type = 2; type < 16; type++) {
		struct peer_bytes b = peer_write_body(0, 0, "\1\2\3\4", 4);

		peer_refused_somehow(p, PEER_REGION_WRITE, type, &b, NULL, 0);
		/* Behind a client that it lets go, a server may tidy up: not there. */
		for (unsigned int i = 0; i < p->device.seen_n; i++)
			assert_false(p->device.seen[i].op == PEER_SEEN_WRITE &&
				     p->device.seen[i].bar == 0);
		peer_reopen(p);
	}
}

/* A reply that nobody asked for: whatever the server makes of it, it is no command. */
static void
unasked_reply_is_no_command(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = peer_write_body(0, 0, "\1\2\3\4", 4);

	peer_send(p, PEER_REGION_WRITE, PEER_REPLY, &b, NULL, 0);
	assert_false(peer_receive(p));
	peer_saw_nothing(p);
	peer_send(p, PEER_DMA_READ, PEER_REPLY, &b, NULL, 0);
	assert_false(peer_receive(p));
	peer_saw_nothing(p);
	if (!p->closed)
		peer_still_there(p);
}

static void
unknown_commands_are_not_supported(void **state)
{
	static const uint16_t commands[] = {
		0,   PEER_DIRTY_PAGES, PEER_FEATURE, PEER_MIG_READ, PEER_MIG_WRITE, 19,
		100, 0x5302,           0xffff};
	struct peer *p = *state;
	struct peer_bytes b = peer_info_body(16, 0, 16);

	for (unsigned int i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		peer_send(p, commands[i], PEER_COMMAND, &b, NULL, 0);
		assert_true(peer_receive(p));
		assert_int_equal(p->m.size, PEER_HEADER);
		assert_int_equal(p->m.flags, PEER_REPLY | PEER_ERROR);
		assert_int_equal(p->m.command, commands[i]);
		assert_true(p->m.error == EOPNOTSUPP || p->m.error == ENOSYS);
	}
	peer_still_there(p);
}

/* What only servers ask for. */
static void
commands_of_the_server_are_refused(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = {.len = 0};

	peer_put(&b, 0, 8);
	peer_put(&b, 8, 8);
	for (uint16_t command = PEER_DMA_READ; command <= PEER_DMA_WRITE; command++) {
		peer_send(p, command, PEER_COMMAND, &b, NULL, 0);
		assert_true(peer_receive(p));
		assert_int_equal(p->m.flags, PEER_REPLY | PEER_ERROR);
		peer_still_there(p);
	}
}

/* The error field of a command means nothing. */
static void
error_field_of_commands_is_ignored(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = get_info(5, PEER_COMMAND);

	b.at[12] = 22;
	peer_send_raw(p, b.at, b.len, NULL, 0);
	assert_true(peer_receive(p));
	assert_int_equal(p->m.flags, PEER_REPLY);
	assert_int_equal(p->m.error, 0);
}

static void
descriptors_nobody_wants_are_closed(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = get_info(5, PEER_COMMAND);
	int fd[16];
	unsigned int before;

	for (unsigned int i = 0; i < 16; i++)
		fd[i] = peer_eventfd();
	before = peer_open_fds();
	peer_send_raw(p, b.at, b.len, fd, 16);
	assert_true(peer_receive(p));
	assert_int_equal(peer_open_fds(), before);
	for (unsigned int i = 0; i < 16; i++)
		close(fd[i]);
}

/* They come with the first byte, even if the rest takes its time. */
static void
descriptors_come_with_the_first_byte(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = {.len = 0}, body = peer_irqs_body(0x24, PEER_MSIX, 3, 1);
	int fd = peer_eventfd();

	peer_put_header(&b, 5, PEER_SET_IRQS, PEER_COMMAND, body.len);
	peer_put_bytes(&b, body.at, body.len);
	peer_send_raw(p, b.at, 1, &fd, 1);
	assert_false(peer_receive(p));
	peer_send_raw(p, b.at + 1, b.len - 1, NULL, 0);
	assert_true(peer_receive(p));
	assert_int_equal(p->m.flags, PEER_REPLY);
	p->device.host->ops->irq(p->device.host, 3);
	assert_int_equal(peer_fired(fd), 1);
	close(fd);
}

/* A client that sends them later gets nothing out of it, and nothing is kept. */
static void
descriptors_in_the_middle_are_not_kept(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = get_info(5, PEER_COMMAND);
	int fd = peer_eventfd();
	unsigned int before = peer_open_fds();

	peer_send_raw(p, b.at, 20, NULL, 0);
	peer_pump(p);
	peer_send_raw(p, b.at + 20, b.len - 20, &fd, 1);
	peer_receive(p);
	peer_pump(p);
	assert_in_range(peer_open_fds(), before - 2, before);
	close(fd);
}

static void
too_many_descriptors_are_refused(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = peer_irqs_body(0x24, PEER_MSIX, 0, PEER_VECTORS);
	int fd[PEER_VECTORS];
	unsigned int before;

	for (unsigned int i = 0; i < PEER_VECTORS; i++)
		fd[i] = peer_eventfd();
	before = peer_open_fds();
	/* 20 where 16 were announced. */
	peer_refused_somehow(p, PEER_SET_IRQS, PEER_COMMAND, &b, fd, PEER_VECTORS);
	peer_pump(p);
	assert_in_range(peer_open_fds(), before - 2, before);
	p->device.host->ops->irq(p->device.host, 0);
	assert_int_equal(peer_fired(fd[0]), 0);
	for (unsigned int i = 0; i < PEER_VECTORS; i++)
		close(fd[i]);
}

/* Those the kernel lets pass at most, of which the receiver's buffer holds a part. */
static void
floods_of_descriptors_are_closed(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = get_info(5, PEER_COMMAND);
	int fd[253], one = peer_eventfd();
	unsigned int before = peer_open_fds();

	for (unsigned int i = 0; i < 253; i++)
		fd[i] = one;
	peer_send_raw(p, b.at, b.len, fd, 253);
	peer_receive(p);
	peer_pump(p);
	assert_in_range(peer_open_fds(), before - 2, before);
	close(one);
}

/* A reply that is larger than the socket's buffer comes in pieces, while the server never waits. */
static void
large_replies_do_not_block(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = peer_access_body(0, 2, PEER_BAR_BYTES);
	const unsigned int n = 40;

	for (unsigned int i = 0; i < n; i++)
		peer_send(p, PEER_REGION_READ, PEER_COMMAND, &b, NULL, 0);
	peer_pump(p);
	for (unsigned int i = 0; i < n; i++) {
		assert_true(peer_receive(p));
		assert_int_equal(p->m.size, 32 + PEER_BAR_BYTES);
		for (unsigned int k = 0; k < PEER_BAR_BYTES; k += 511)
			assert_int_equal(p->m.at[16 + k], peer_device_byte(2, k));
		peer_look_away(p);
	}
	peer_still_there(p);
}

static void
hanging_up_lets_go(void **state)
{
	struct peer *p = *state;

	assert_true(vfu_server_has_client(p->server));
	peer_hang_up(p);
	assert_false(vfu_server_has_client(p->server));
	assert_int_equal(p->gone, 1);
}

/* Bytes that are there are seen to before the end is: posted writes arrive. */
static void
last_words_are_heard(void **state)
{
	struct peer *p = *state;

	peer_write_posted(p, 0, 0x100, "\x11\x22\x33\x44", 4);
	peer_hang_up(p);
	assert_int_equal(peer_saw_at(p, PEER_SEEN_WRITE, 0, 0x100, 4)->value, 0x44332211);
	assert_int_equal(p->gone, 1);
}

static void
server_can_let_go(void **state)
{
	struct peer *p = *state;

	vfu_server_drop(p->server);
	assert_false(vfu_server_has_client(p->server));
	peer_hung_up(p);
}

static void
messages_are_counted(void **state)
{
	struct peer *p = *state;
	const struct vfu_server_stats *s = vfu_server_stats(p->server);
	struct vfu_server_stats before = *s;

	peer_read(p, 0, 0, 4);
	peer_write(p, 0, 0, 1, 4);
	peer_write_posted(p, 0, 0, "\1\0\0\0", 4);
	peer_pump(p);
	assert_int_equal(s->messages, before.messages + 3);
	assert_int_equal(s->reads, before.reads + 1);
	assert_int_equal(s->writes, before.writes + 2);
	assert_int_equal(s->posted, before.posted + 1);
	assert_int_equal(s->bytes_in, before.bytes_in + 32 + 36 + 36);
	assert_in_range(s->bytes_out, before.bytes_out + 36 + 32, before.bytes_out + 36 + 36);
	assert_int_equal(s->dropped, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, peer_setup_greeted, peer_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reply_names_id_and_command),
		TEST(ids_are_the_clients),
		TEST(header_in_pieces_is_put_together),
		TEST(part_of_a_message_does_not_keep_it_busy),
		TEST(two_messages_in_one_piece_are_two),
		TEST(no_reply_where_none_is_wanted),
		TEST(failure_without_reply_is_counted),
		TEST(size_below_16_ends_it),
		TEST(size_above_the_agreed_ends_it),
		TEST(largest_message_is_taken),
		TEST(unknown_type_is_refused),
		TEST(unasked_reply_is_no_command),
		TEST(unknown_commands_are_not_supported),
		TEST(commands_of_the_server_are_refused),
		TEST(error_field_of_commands_is_ignored),
		TEST(descriptors_nobody_wants_are_closed),
		TEST(descriptors_come_with_the_first_byte),
		TEST(descriptors_in_the_middle_are_not_kept),
		TEST(too_many_descriptors_are_refused),
		TEST(floods_of_descriptors_are_closed),
		TEST(large_replies_do_not_block),
		TEST(hanging_up_lets_go),
		TEST(last_words_are_heard),
		TEST(server_can_let_go),
		TEST(messages_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
