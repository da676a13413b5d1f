/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "scif.h"
#include "scif_test_pair.h"
#include "scif_test_rig.h"

/* Bytes between two programs of a node. */

#define RING 4096

static void
bytes_arrive_in_order_and_without_boundaries(void **state)
{
	char sent[30] = "abcdefghijklmnopqrstuvwxyz012", got[31] = "";
	struct pair p;

	(void)state;
	pair_make(&p);
	for (int i = 0; i < 3; i++)
		assert_int_equal(scif_send(p.b, sent + 10 * i, 10, SCIF_SEND_BLOCK), 10);
	assert_int_equal(scif_recv(p.a, got, 30, SCIF_RECV_BLOCK), 30);
	assert_memory_equal(sent, got, 30);
	assert_int_equal(scif_recv(p.a, got, 30, 0), 0);
	pair_close(&p);
}

static void
s199_a_ring_takes_all_but_one_of_its_bytes(void **state)
{
	static char bytes[2 * RING];
	struct pair p;

	(void)state;
	pair_make(&p);
	assert_int_equal(scif_send(p.b, bytes, sizeof(bytes), 0), RING - 1);
	assert_int_equal(scif_send(p.b, bytes, 1, 0), 0);
	assert_int_equal(scif_recv(p.a, bytes, 100, 0), 100);
	assert_int_equal(scif_send(p.b, bytes, sizeof(bytes), 0), 100);
	pair_close(&p);
}

static void
finding_nothing_is_no_error(void **state)
{
	struct pair p;
	char byte;

	(void)state;
	pair_make(&p);
	for (int gated = 0; gated < 2; gated++) {
		errno = ENOTTY;
		for (int i = 0; i < 3000; i++)
			assert_int_equal(scif_recv(p.a, &byte, 1, 0), 0);
		assert_int_equal(errno, ENOTTY);
		assert_int_equal(scif_get_fd(p.a), p.a);
	}
	pair_close(&p);
}

struct flow {
	scif_epd_t epd;
	uint32_t size;
};

static void *
flow_thread(void *arg)
{
	struct flow *f = arg;
	uint8_t *bytes = malloc(f->size);
	uint32_t n, chunk;

	for (uint32_t i = 0; i < f->size; i++)
		bytes[i] = (uint8_t)(i * 2654435761u >> 24);
	for (n = 0; n < f->size; n += chunk) {
		chunk = 1 + n % 9000;
		if (chunk > f->size - n)
			chunk = f->size - n;
		assert_int_equal(scif_send(f->epd, bytes + n, (int)chunk, SCIF_SEND_BLOCK), chunk);
	}
	free(bytes);
	return NULL;
}

static void
streams_both_ways_lose_nothing(void **state)
{
	struct flow there = {.size = 3000000}, back = {.size = 3000000};
	uint8_t *got = malloc(there.size);
	pthread_t thread[2];
	struct pair p;

	(void)state;
	pair_make(&p);
	there.epd = p.b;
	back.epd = p.a;
	pthread_create(&thread[0], NULL, flow_thread, &there);
	pthread_create(&thread[1], NULL, flow_thread, &back);
	for (uint32_t n = 0; n < there.size; n += 60000) {
		assert_int_equal(scif_recv(p.a, got + n, 60000, SCIF_RECV_BLOCK), 60000);
		assert_int_equal(scif_recv(p.b, got + n, 60000, SCIF_RECV_BLOCK), 60000);
	}
	for (uint32_t i = 0; i < back.size; i++)
		assert_int_equal(got[i], (uint8_t)(i * 2654435761u >> 24));
	pthread_join(thread[0], NULL);
	pthread_join(thread[1], NULL);
	free(got);
	pair_close(&p);
}

static void
what_was_sent_before_a_close_is_read(void **state)
{
	char bytes[100];
	struct pair p;

	(void)state;
	pair_make(&p);
	assert_int_equal(scif_send(p.b, bytes, 40, 0), 40);
	assert_int_equal(scif_close(p.b), 0);
	assert_int_equal(pair_events(p.a, 0), POLLIN | POLLOUT | POLLHUP);
	assert_int_equal(scif_recv(p.a, bytes, 100, SCIF_RECV_BLOCK), 40);
	assert_int_equal(scif_recv(p.a, bytes, 100, SCIF_RECV_BLOCK), -1);
	assert_int_equal(errno, ECONNRESET);
	assert_int_equal(scif_send(p.a, bytes, 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
	assert_int_equal(pair_events(p.a, 0), POLLOUT | POLLHUP);
	pair_close(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_arrive_in_order_and_without_boundaries),
		cmocka_unit_test(s199_a_ring_takes_all_but_one_of_its_bytes),
		cmocka_unit_test(finding_nothing_is_no_error),
		cmocka_unit_test(streams_both_ways_lose_nothing),
		cmocka_unit_test(what_was_sent_before_a_close_is_read),
	};

	return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
