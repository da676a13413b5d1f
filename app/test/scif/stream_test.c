/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <string.h>

#include "test.h"

/* Statements 61 to 86: send and receive. */

#define RING   4096
#define MEBI   (1 << 20)
#define IN_BUF (32 << 20) /* where bytes are received, in `share`: they are sent from its begin */

static int64_t
send_now(int64_t ep, int64_t len)
{
	return call(do_send, ep, AT(0), len, 0);
}

static int64_t
recv_now(int64_t ep, int64_t len)
{
	return call(do_recv, ep, AT(IN_BUF), len, 0);
}

static int64_t
recv_all(int64_t ep, int64_t len)
{
	return call(do_recv, ep, AT(IN_BUF), len, SCIF_RECV_BLOCK);
}

static void
expect_received(size_t from, size_t len)
{
	assert_memory_equal(share + IN_BUF, share + from, len);
}

static void
s061_send_nothing(void)
{
	struct pair p = connected();

	assert_int_equal(send_now(open_on(C), 0), 0);
	assert_int_equal(call(do_send, open_on(C), 0, 0, SCIF_SEND_BLOCK), 0);
	assert_int_equal(send_now(p.c, 0), 0);
}

static void
s062_recv_nothing(void)
{
	struct pair p = connected();

	assert_int_equal(recv_now(open_on(C), 0), 0);
	assert_int_equal(recv_all(open_on(C), 0), 0);
	assert_int_equal(recv_all(p.c, 0), 0);
}

static void
s063_negative_length(void)
{
	struct pair p = connected();

	assert_fails(send_now(p.c, -1), EINVAL);
	assert_fails(recv_now(p.c, -1), EINVAL);
	assert_fails(recv_all(p.a, INT32_MIN), EINVAL);
}

static void
s064_unknown_flags(void)
{
	struct pair p = connected();

	assert_fails(call(do_send, p.c, AT(0), 1, 2), EINVAL);
	assert_fails(call(do_recv, p.c, AT(0), 1, 2), EINVAL);
}

static void
s065_send_unconnected(void)
{
	uint16_t port;
	int64_t ep = open_on(C), listener = listener_on(C, 1, &port);

	assert_fails(send_now(ep, 1), ENOTCONN);
	assert_fails(recv_now(ep, 1), ENOTCONN);
	assert_true(call(do_bind, ep, 0) > 0);
	assert_fails(call(do_send, ep, AT(0), 1, SCIF_SEND_BLOCK), ENOTCONN);
	assert_fails(recv_all(ep, 1), ENOTCONN);
	assert_fails(send_now(listener, 1), ENOTCONN);
	assert_fails(recv_now(listener, 1), ENOTCONN);
}

static void
s066_bytes_arrive(void)
{
	struct pair p = connected();

	pattern(share, 3000, 66);
	assert_int_equal(send_now(p.c, 3000), 3000);
	assert_int_equal(recv_all(p.a, 3000), 3000);
	expect_received(0, 3000);
	assert_int_equal(send_now(p.a, 2000), 2000);
	assert_int_equal(recv_all(p.c, 2000), 2000);
	expect_received(0, 2000);
}

static void
s067_sends_are_joined(void)
{
	struct pair p = connected();
	unsigned int i;

	pattern(share, 30, 67);
	for (i = 0; i < 3; i++)
		assert_int_equal(call(do_send, p.c, AT(i * 10), 10, SCIF_SEND_BLOCK), 10);
	assert_int_equal(recv_now(p.a, 30), 30);
	expect_received(0, 30);
}

static void
s068_send_is_split(void)
{
	struct pair p = connected();
	unsigned int i;

	pattern(share, 30, 68);
	assert_int_equal(send_now(p.c, 30), 30);
	for (i = 0; i < 3; i++) {
		assert_int_equal(recv_now(p.a, 10), 10);
		expect_received(i * 10, 10);
	}
}

static void
s069_recv_of_empty_ring(void)
{
	struct pair p = connected();

	assert_int_equal(call(do_recv_kept, p.c, AT(0), 10, 0), 0);
	assert_int_equal(fault, 77);
}

static void
s070_send_to_full_ring(void)
{
	struct pair p = connected();

	while (send_now(p.c, 1000) > 0)
		;
	assert_int_equal(send_now(p.c, 1000), 0);
	assert_int_equal(send_now(p.c, 1), 0);
}

static void
s071_ring_holds_4095(void)
{
	struct pair p = connected();
	int64_t n, total = 0;

	while ((n = send_now(p.c, 100)) > 0)
		total += n;
	assert_int_equal(n, 0);
	assert_int_equal(total, RING - 1);
}

static void
s072_what_is_read_can_be_sent(void)
{
	static const int64_t taken[] = {1, 7, 64, 1000, 3000};
	struct pair p = connected();
	unsigned int i;

	assert_int_equal(send_now(p.c, RING - 1), RING - 1);
	for (i = 0; i < COUNT(taken); i++) {
		assert_int_equal(recv_now(p.a, taken[i]), taken[i]);
		assert_int_equal(send_now(p.c, RING), taken[i]);
		assert_int_equal(send_now(p.c, RING), 0);
	}
}

static void
s073_send_more_than_the_ring(void)
{
	struct pair p = connected();

	assert_int_equal(send_now(p.c, 2 * RING), RING - 1);
}

static void
s074_blocking_send_of_a_mebibyte(void)
{
	struct pair p = connected();
	struct job *job;
	int64_t got = 0, n;

	pattern(share, MEBI, 74);
	job = begin(do_send, p.c, AT(0), MEBI, SCIF_SEND_BLOCK);
	while (got < MEBI) {
		n = call(do_recv, p.a, AT(IN_BUF + got), 3333, 0);
		assert_true(n >= 0);
		got += n;
		if (got < 40000)
			pause_ms(5);
	}
	assert_int_equal(job_end(job), MEBI);
	expect_received(0, MEBI);
}

static void
s075_blocking_recv_of_a_mebibyte(void)
{
	struct pair p = connected();
	struct job *job = begin(do_recv, p.a, AT(IN_BUF), MEBI, SCIF_RECV_BLOCK);
	int64_t sent, n;

	pattern(share, MEBI, 75);
	for (sent = 0; sent < MEBI; sent += n) {
		n = MEBI - sent < 5000 ? MEBI - sent : 5000;
		n = call(do_send, p.c, AT(sent), n, 0);
		assert_true(n >= 0);
	}
	assert_int_equal(job_end(job), MEBI);
	expect_received(0, MEBI);
}

static void
s076_blocking_recv_waits_for_all(void)
{
	struct pair p = connected();
	struct job *job = begin(do_recv, p.a, AT(IN_BUF), 100, SCIF_RECV_BLOCK);

	assert_true(job_runs_after(job, 50));
	assert_int_equal(send_now(p.c, 60), 60);
	assert_true(job_runs_after(job, 100));
	assert_int_equal(send_now(p.c, 39), 39);
	assert_true(job_runs_after(job, 100));
	assert_int_equal(send_now(p.c, 1), 1);
	assert_int_equal(job_end(job), 100);
}

static uint32_t
next(uint32_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 17;
	return *x ^= *x << 5;
}

/* ep, address, length, seed, receive: moves it in chunks of 1 to 9000 bytes, some with waiting. */
static int64_t
do_chunks(const int64_t *args)
{
	uint8_t *p = (uint8_t *)(uintptr_t)args[1];
	uint32_t x = (uint32_t)args[3];
	int64_t done = 0;
	int len, n, flags;

	while (done < args[2]) {
		len = (int)(next(&x) % 9000) + 1;
		flags = (int)(next(&x) & 1);
		if (len > args[2] - done)
			len = (int)(args[2] - done);
		n = args[4] != 0 ? scif_recv(FD(args[0]), p + done, len, flags)
				 : scif_send(FD(args[0]), p + done, len, flags);
		if (n < 0 || (flags != 0 && n != len))
			return -1;
		done += n;
	}
	return done;
}

#define LONG (10 << 20)

static void
s077_ring_wraps(void)
{
	struct pair p = connected();
	struct job *job;

	pattern(share, LONG, 77);
	job = begin(do_chunks, p.c, AT(0), LONG, 1234567, 0);
	assert_int_equal(call(do_chunks, p.a, AT(IN_BUF), LONG, 7654321, 1), LONG);
	assert_int_equal(job_end(job), LONG);
	expect_received(0, LONG);
}

#define RECORD  3000
#define RECORDS 100

/* ep, address: sends it as a record again and again. */
static int64_t
do_records(const int64_t *args)
{
	int64_t n = 0;
	int i;

	for (i = 0; i < RECORDS; i++)
		n += scif_send(FD(args[0]), (void *)(uintptr_t)args[1], RECORD, SCIF_SEND_BLOCK);
	return n;
}

static void
s078_sends_do_not_mix(void)
{
	struct pair p = connected();
	struct job *one, *other;
	unsigned int i, ones = 0;

	memset(share, '1', RECORD);
	memset(share + RECORD, '2', RECORD);
	one = begin(do_records, p.c, AT(0));
	other = begin(do_records, p.c, AT(RECORD));
	for (i = 0; i < 2 * RECORDS; i++) {
		assert_int_equal(recv_all(p.a, RECORD), RECORD);
		ones += share[IN_BUF] == '1';
		expect_received(share[IN_BUF] == '1' ? 0 : RECORD, RECORD);
	}
	assert_int_equal(ones, RECORDS);
	assert_int_equal(job_end(one), RECORDS * RECORD);
	assert_int_equal(job_end(other), RECORDS * RECORD);
}

static void
s079_both_directions(void)
{
	struct pair p = connected();
	struct job *send[2], *recv[2];
	unsigned int i;

	pattern(share, 2 * MEBI, 79);
	send[0] = begin(do_send, p.c, AT(0), MEBI, SCIF_SEND_BLOCK);
	send[1] = begin(do_send, p.a, AT(MEBI), MEBI, SCIF_SEND_BLOCK);
	pause_ms(20);
	recv[0] = begin(do_recv, p.a, AT(IN_BUF), MEBI, SCIF_RECV_BLOCK);
	recv[1] = begin(do_recv, p.c, AT(IN_BUF + MEBI), MEBI, SCIF_RECV_BLOCK);
	for (i = 0; i < 2; i++) {
		assert_int_equal(job_end(send[i]), MEBI);
		assert_int_equal(job_end(recv[i]), MEBI);
	}
	expect_received(0, 2 * MEBI);
}

static void
s080_unread_bytes_after_close(void)
{
	struct pair p = connected();

	pattern(share, 1000, 80);
	assert_int_equal(send_now(p.c, 1000), 1000);
	assert_int_equal(call(do_close, p.c), 0);
	assert_int_equal(recv_now(p.a, 400), 400);
	assert_int_equal(call(do_recv, p.a, AT(IN_BUF + 400), 600, SCIF_RECV_BLOCK), 600);
	expect_received(0, 1000);
	assert_fails(recv_all(p.a, 1), ECONNRESET);
	assert_fails(recv_now(p.a, 1), ECONNRESET);
}

static void
s081_rest_after_close(void)
{
	struct pair p = connected();

	assert_int_equal(send_now(p.c, 40), 40);
	assert_int_equal(call(do_close, p.c), 0);
	assert_int_equal(recv_all(p.a, 100), 40);
	assert_fails(recv_all(p.a, 100), ECONNRESET);
}

static void
s082_send_after_close(void)
{
	struct pair p = connected();

	assert_int_equal(call(do_close, p.c), 0);
	assert_int_not_equal(call(do_poll, p.a, 0, 5000) & SCIF_POLLHUP, 0);
	assert_fails(send_now(p.a, 1), ECONNRESET);
	assert_fails(call(do_send, p.a, AT(0), 1, SCIF_SEND_BLOCK), ECONNRESET);
}

static void
s083_close_wakes_recv(void)
{
	struct pair p = connected();
	struct job *job = begin(do_recv, p.a, AT(0), 10, SCIF_RECV_BLOCK);

	assert_true(job_runs_after(job, 50));
	assert_int_equal(call(do_close, p.c), 0);
	assert_fails(job_end(job), ECONNRESET);
}

static void
s084_close_wakes_send(void)
{
	struct pair p = connected();
	struct job *job = begin(do_send, p.a, AT(0), 10000, SCIF_SEND_BLOCK);

	assert_true(job_runs_after(job, 50));
	assert_int_equal(call(do_close, p.c), 0);
	assert_int_equal(job_end(job), RING - 1);
	p = connected_to(p.listener, p.port);
	assert_int_equal(send_now(p.a, RING), RING - 1);
	job = begin(do_send, p.a, AT(0), 10, SCIF_SEND_BLOCK);
	assert_true(job_runs_after(job, 50));
	assert_int_equal(call(do_close, p.c), 0);
	assert_fails(job_end(job), ECONNRESET);
}

static void
s085_recv_interrupted(void)
{
	struct pair p = connected();
	struct job *job = begin(do_recv, p.a, AT(0), 10, SCIF_RECV_BLOCK);

	job_interrupt(job);
	assert_fails(job_end(job), EINTR);
	assert_int_equal(send_now(p.c, 4), 4);
	job = begin(do_recv, p.a, AT(0), 10, SCIF_RECV_BLOCK);
	job_interrupt(job);
	assert_int_equal(job_end(job), 4);
}

/* NULL is refused; any other bad address is a documented fault of the program. */
static void
s086_bad_buffer(void)
{
	struct pair p = connected();

	assert_fails(call(do_send, p.c, 0, 10, 0), EFAULT);
	assert_int_equal(send_now(p.c, 10), 10);
	assert_fails(call(do_recv, p.a, 0, 10, 0), EFAULT);
	assert_int_equal(recv_now(p.a, 20), 10);
}

#define STRESS 10 /* times LONG bytes */

/* Statement 202, of the wire: whoever sees the pointer sees the bytes. */
static void
s202_bytes_before_the_pointer(void)
{
	struct pair p = connected();
	struct job *job;
	unsigned int i;

	pattern(share, LONG, 202);
	for (i = 0; i < STRESS; i++) {
		memset(share + IN_BUF, 0, LONG);
		job = begin(do_chunks, p.c, AT(0), LONG, 202 + i, 0);
		assert_int_equal(call(do_chunks, p.a, AT(IN_BUF), LONG, 1 + i, 1), LONG);
		assert_int_equal(job_end(job), LONG);
		expect_received(0, LONG);
	}
}

static const struct test_case cases[] = {
	CASE(s061_send_nothing),
	CASE(s062_recv_nothing),
	CASE(s063_negative_length),
	CASE(s064_unknown_flags),
	CASE(s065_send_unconnected),
	CASE(s066_bytes_arrive),
	CASE(s067_sends_are_joined),
	CASE(s068_send_is_split),
	CASE(s069_recv_of_empty_ring),
	CASE(s070_send_to_full_ring),
	CASE(s071_ring_holds_4095),
	CASE(s072_what_is_read_can_be_sent),
	CASE(s073_send_more_than_the_ring),
	CASE(s074_blocking_send_of_a_mebibyte),
	CASE(s075_blocking_recv_of_a_mebibyte),
	CASE(s076_blocking_recv_waits_for_all),
	CASE(s077_ring_wraps),
	CASE(s078_sends_do_not_mix),
	CASE(s079_both_directions),
	CASE(s080_unread_bytes_after_close),
	CASE(s081_rest_after_close),
	CASE(s082_send_after_close),
	CASE(s083_close_wakes_recv),
	CASE(s084_close_wakes_send),
	CASE(s085_recv_interrupted),
	CASE(s086_bad_buffer),
	CASE_WHERE(s202_bytes_before_the_pointer, APART),
};

TEST_GROUP(stream, cases);
