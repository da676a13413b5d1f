/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vfu_conn.h"

struct bench {
	struct vfu_conn conn;
	int peer;
};

static void
bench_create(struct bench *b)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair),
			 0);
	b->peer = pair[0];
	assert_int_equal(vfu_conn_create(&b->conn, pair[1]), 0);
}

static void
bench_destroy(struct bench *b)
{
	vfu_conn_destroy(&b->conn);
	if (b->peer >= 0)
		close(b->peer);
}

/* A message with zeroed payload: its size. */
static size_t
put(unsigned char *to, uint16_t id, uint16_t command, uint32_t size)
{
	const struct vfu_header h = {.id = id, .command = command, .size = size};

	memset(to, 0, size);
	memcpy(to, &h, sizeof(h));
	return size;
}

static void
give(struct bench *b, const void *bytes, size_t len, const int fds[], unsigned int n_fds)
{
	const struct iovec part = {(void *)(uintptr_t)bytes, len};

	assert_int_equal(vfu_message_send(b->peer, &part, 1, fds, n_fds), len);
}

/* Take a message: it has to be there, with that id and so many descriptors. */
static void
take(struct bench *b, uint16_t id, unsigned int n_fds)
{
	struct vfu_message m;

	assert_int_equal(vfu_conn_next(&b->conn, &m), 1);
	assert_int_equal(m.header.id, id);
	assert_int_equal(m.n_fds, n_fds);
	vfu_conn_done(&b->conn, &m);
}

static void
many_messages_come_with_one_fill(void **state)
{
	unsigned char bytes[100 * 96];
	struct bench b;

	(void)state;
	bench_create(&b);
	for (uint16_t i = 0; i < 100; i++)
		put(bytes + i * 96, i, VFU_REGION_WRITE, 96);
	give(&b, bytes, sizeof(bytes), NULL, 0);
	assert_int_equal(vfu_conn_fill(&b.conn), sizeof(bytes));
	for (uint16_t i = 0; i < 100; i++)
		take(&b, i, 0);
	assert_int_equal(vfu_conn_fill(&b.conn), -EAGAIN);
	bench_destroy(&b);
}

static void
messages_come_byte_by_byte(void **state)
{
	unsigned char bytes[64];
	struct vfu_message m;
	struct bench b;

	(void)state;
	bench_create(&b);
	put(bytes, 7, VFU_REGION_WRITE, 40);
	put(bytes + 40, 8, VFU_REGION_WRITE, 24);
	for (unsigned int i = 0; i < 64; i++) {
		assert_int_equal(vfu_conn_next(&b.conn, &m), 0);
		give(&b, bytes + i, 1, NULL, 0);
		assert_int_equal(vfu_conn_fill(&b.conn), 1);
		if (i == 39)
			take(&b, 7, 0);
	}
	take(&b, 8, 0);
	bench_destroy(&b);
}

static void
the_largest_message_comes_whole_behind_others(void **state)
{
	const uint32_t most = VFU_MAX_DATA + VFU_MAX_HEAD;
	unsigned char *bytes = malloc(most + 96);
	struct vfu_message m;
	struct iovec part;
	size_t sent = 0;
	struct bench b;
	ssize_t n;

	(void)state;
	bench_create(&b);
	put(bytes, 1, VFU_REGION_WRITE, 96);
	put(bytes + 96, 2, VFU_REGION_WRITE, most);
	bytes[96 + most - 1] = 0xee;
	while (vfu_conn_next(&b.conn, &m) == 0 || m.header.id == 1) {
		part = (struct iovec){bytes + sent, most + 96 - sent};
		n = part.iov_len == 0 ? 0 : vfu_message_send(b.peer, &part, 1, NULL, 0);
		sent += n > 0 ? (size_t)n : 0;
		assert_true(vfu_conn_fill(&b.conn) > 0);
		if (vfu_conn_next(&b.conn, &m) == 1 && m.header.id == 1)
			vfu_conn_done(&b.conn, &m);
	}
	assert_int_equal(m.len, most - 16);
	assert_int_equal(m.payload[m.len - 1], 0xee);
	bench_destroy(&b);
	free(bytes);
}

/* Everything in one sendmsg: the descriptor belongs to the first, whatever is like it behind. */
static void
descriptor_goes_to_the_message_it_came_with(void **state)
{
	unsigned char bytes[16 + 48 + 48 + 32];
	struct bench b;
	size_t len = 0;

	(void)state;
	bench_create(&b);
	put(bytes, 1, VFU_DEVICE_RESET, 16);
	put(bytes + 16, 2, VFU_DMA_MAP, 48);
	give(&b, bytes, 64, NULL, 0);
	len = put(bytes, 3, VFU_DMA_MAP, 48);
	len += put(bytes + len, 4, VFU_DMA_MAP, 48);
	len += put(bytes + len, 5, VFU_REGION_READ, 32);
	give(&b, bytes, len, (const int[]){b.peer}, 1);
	assert_true(vfu_conn_fill(&b.conn) > 0);
	take(&b, 1, 0);
	assert_true(vfu_conn_fill(&b.conn) > 0);
	take(&b, 2, 0);
	assert_true(vfu_conn_fill(&b.conn) > 0);
	take(&b, 3, 1);
	assert_true(vfu_conn_fill(&b.conn) > 0);
	take(&b, 4, 0);
	assert_true(vfu_conn_fill(&b.conn) > 0);
	take(&b, 5, 0);
	bench_destroy(&b);
}

/* Nobody announced it, but it is the first one's all the same. */
static void
descriptor_is_not_passed_on(void **state)
{
	const uint16_t behind[] = {VFU_DMA_MAP, VFU_REGION_WRITE};
	unsigned char bytes[48];
	struct bench b;

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		bench_create(&b);
		put(bytes, 1, VFU_DEVICE_RESET, 16);
		give(&b, bytes, 16, (const int[]){b.peer}, 1);
		put(bytes, 2, behind[i], 48);
		give(&b, bytes, 48, NULL, 0);
		assert_int_equal(vfu_conn_fill(&b.conn), 16);
		take(&b, 1, 1);
		assert_int_equal(vfu_conn_fill(&b.conn), 48);
		take(&b, 2, 0);
		bench_destroy(&b);
	}
	/* Nor when both were sent together, */
	bench_create(&b);
	put(bytes, 1, VFU_DEVICE_RESET, 16);
	put(bytes + 16, 2, VFU_DMA_MAP, 32);
	give(&b, bytes, 48, (const int[]){b.peer}, 1);
	assert_int_equal(vfu_conn_fill(&b.conn), 16);
	take(&b, 1, 1);
	assert_int_equal(vfu_conn_fill(&b.conn), 32);
	take(&b, 2, 0);
	/* nor back to one that came before. */
	put(bytes, 3, VFU_DEVICE_RESET, 16);
	give(&b, bytes, 16, NULL, 0);
	put(bytes, 4, VFU_REGION_READ, 32);
	give(&b, bytes, 32, (const int[]){b.peer}, 1);
	assert_int_equal(vfu_conn_fill(&b.conn), 48);
	take(&b, 3, 0);
	take(&b, 4, 1);
	bench_destroy(&b);
}

static void
descriptor_stays_with_a_header_in_two_pieces(void **state)
{
	unsigned char bytes[48];
	struct bench b;

	(void)state;
	bench_create(&b);
	put(bytes, 1, VFU_DMA_MAP, 48);
	give(&b, bytes, 5, (const int[]){b.peer}, 1);
	assert_int_equal(vfu_conn_fill(&b.conn), 5);
	give(&b, bytes + 5, 43, NULL, 0);
	assert_int_equal(vfu_conn_fill(&b.conn), 11);
	assert_int_equal(vfu_conn_fill(&b.conn), 32);
	take(&b, 1, 1);
	bench_destroy(&b);
}

static void
descriptor_in_the_middle_is_an_error(void **state)
{
	unsigned char bytes[48];
	struct bench b;

	(void)state;
	bench_create(&b);
	put(bytes, 1, VFU_DMA_MAP, 48);
	give(&b, bytes, 20, NULL, 0);
	assert_int_equal(vfu_conn_fill(&b.conn), 20);
	give(&b, bytes + 20, 28, (const int[]){b.peer}, 1);
	assert_int_equal(vfu_conn_fill(&b.conn), -EPROTO);
	bench_destroy(&b);
}

static void
more_descriptors_than_fit_are_an_error(void **state)
{
	unsigned char bytes[48];
	char control[CMSG_SPACE(17 * sizeof(int))] = {0};
	struct iovec part = {bytes, sizeof(bytes)};
	struct msghdr msg = {.msg_iov = &part,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	struct bench b;

	(void)state;
	bench_create(&b);
	put(bytes, 1, VFU_DMA_MAP, 48);
	*c = (struct cmsghdr){CMSG_LEN(17 * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
	for (unsigned int i = 0; i < 17; i++)
		memcpy(CMSG_DATA(c) + i * sizeof(int), &b.peer, sizeof(int));
	assert_int_equal(sendmsg(b.peer, &msg, 0), sizeof(bytes));
	assert_int_equal(vfu_conn_fill(&b.conn), -E2BIG);
	bench_destroy(&b);
}

static void
sizes_no_message_has_are_told(void **state)
{
	const uint32_t sizes[] = {0, 15, VFU_MAX_DATA + VFU_MAX_HEAD + 1, UINT32_MAX};
	unsigned char bytes[32];
	struct vfu_header h;
	struct vfu_message m;
	struct bench b;

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		bench_create(&b);
		put(bytes, 1, VFU_DEVICE_RESET, 16);
		h = (struct vfu_header){.id = 2, .size = sizes[i]};
		memcpy(bytes + 16, &h, sizeof(h));
		give(&b, bytes, 32, NULL, 0);
		assert_true(vfu_conn_fill(&b.conn) > 0);
		take(&b, 1, 0);
		assert_int_equal(vfu_conn_next(&b.conn, &m), -EMSGSIZE);
		assert_int_equal(m.header.size, sizes[i]);
		bench_destroy(&b);
	}
}

static void
hang_up_comes_after_what_was_sent(void **state)
{
	unsigned char bytes[16];
	struct bench b;

	(void)state;
	bench_create(&b);
	put(bytes, 1, VFU_DEVICE_RESET, 16);
	give(&b, bytes, 16, NULL, 0);
	close(b.peer);
	b.peer = -1;
	assert_int_equal(vfu_conn_fill(&b.conn), 16);
	take(&b, 1, 0);
	assert_int_equal(vfu_conn_fill(&b.conn), -ENOTCONN);
	bench_destroy(&b);
}

static void
what_the_socket_does_not_take_waits_in_order(void **state)
{
	uint32_t in = 0, word;
	const struct iovec part = {&word, sizeof(word)};
	unsigned int kept = 0;
	struct bench b;
	ssize_t n;

	(void)state;
	bench_create(&b);
	for (word = 0; kept < 1000; word++) {
		assert_int_equal(vfu_conn_send(&b.conn, &part, 1, NULL, 0), 0);
		kept += vfu_conn_is_stuck(&b.conn);
	}
	/* Descriptors cannot be put behind bytes that wait. */
	assert_int_equal(vfu_conn_send(&b.conn, &part, 1, &b.peer, 1), -EAGAIN);
	assert_int_equal(vfu_conn_flush(&b.conn), -EAGAIN);
	for (uint32_t want = 0; want < word; want++) {
		while ((n = read(b.peer, &in, sizeof(in))) < 0)
			assert_true(vfu_conn_flush(&b.conn) <= 0);
		assert_int_equal(n, sizeof(in));
		assert_int_equal(in, want);
	}
	assert_int_equal(vfu_conn_flush(&b.conn), 0);
	bench_destroy(&b);
}

static void
more_than_may_wait_is_an_error(void **state)
{
	const struct iovec part = {calloc(1, VFU_MAX_DATA), VFU_MAX_DATA};
	struct bench b;
	int ret;

	(void)state;
	bench_create(&b);
	for (unsigned int i = 0; (ret = vfu_conn_send(&b.conn, &part, 1, NULL, 0)) == 0; i++)
		assert_true(i < 4);
	assert_int_equal(ret, -ENOBUFS);
	bench_destroy(&b);
	free(part.iov_base);
}

static void
replies_are_found_behind_commands(void **state)
{
	unsigned char bytes[64];
	struct vfu_message m;
	struct bench b;
	size_t at = 0;

	(void)state;
	bench_create(&b);
	put(bytes, 1, VFU_REGION_READ, 32);
	put(bytes + 32, 9, VFU_DMA_READ, 32);
	give(&b, bytes, 64, NULL, 0);
	assert_int_equal(vfu_conn_fill(&b.conn), 64);
	assert_int_equal(vfu_conn_look(&b.conn, &at, &m), 1);
	assert_int_equal(m.header.id, 1);
	assert_int_equal(vfu_conn_look(&b.conn, &at, &m), 1);
	assert_int_equal(m.header.id, 9);
	vfu_conn_forget(&b.conn, 32);
	assert_int_equal(vfu_conn_look(&b.conn, &at, &m), 0);
	take(&b, 1, 0);
	assert_int_equal(vfu_conn_next(&b.conn, &m), 1);
	assert_int_equal(m.header.command, 0);
	assert_int_equal(m.header.flags, VFU_TYPE_REPLY);
	bench_destroy(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(many_messages_come_with_one_fill),
		cmocka_unit_test(messages_come_byte_by_byte),
		cmocka_unit_test(the_largest_message_comes_whole_behind_others),
		cmocka_unit_test(descriptor_goes_to_the_message_it_came_with),
		cmocka_unit_test(descriptor_is_not_passed_on),
		cmocka_unit_test(descriptor_stays_with_a_header_in_two_pieces),
		cmocka_unit_test(descriptor_in_the_middle_is_an_error),
		cmocka_unit_test(more_descriptors_than_fit_are_an_error),
		cmocka_unit_test(sizes_no_message_has_are_told),
		cmocka_unit_test(hang_up_comes_after_what_was_sent),
		cmocka_unit_test(what_the_socket_does_not_take_waits_in_order),
		cmocka_unit_test(more_than_may_wait_is_an_error),
		cmocka_unit_test(replies_are_found_behind_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
