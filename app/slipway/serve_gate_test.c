/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * A recorder that comes and goes while a device works: nothing is lost, and all of it is seen.
 */
#include "dlb_test_pci.h"
#include "serve_test_bench.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

static struct bench bench;

static struct dlb_qe
new_event(uint64_t data)
{
	return rig_hcw(DLB_CMD_NEW, DLB_UNORDERED, 0, 0, 0, data);
}

/* Take what is there, which must be the next of a row of numbers. */
static void
drain(struct bench *b, uint64_t *next)
{
	struct dlb_qe qe;

	while (rig_poll(&b->rig, 0, &qe)) {
		assert_int_equal(qe.data, *next);
		(*next)++;
		rig_finish(&b->rig, 0);
	}
}

static int
append_file(void)
{
	int fd = memfd_create("trace", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_APPEND), 0);
	return fd;
}

/* ---- Rings ---- */

/* Diverted, restored, diverted again at odd moments: with lines that nobody has taken yet, rings
 * that wrap, posts by message in between.
 */
static void
ways_of_lines_can_be_exchanged_at_any_time(void **state)
{
	struct bench *b = &bench;
	uint64_t posted = 0, next = 0;
	uint32_t seed = 7;

	(void)state;
	bench_open(b, DLB_V25);
	rig_balance(&b->rig, 1, 256, 128, RIG_NOT_ORDERED);
	for (unsigned int turn = 0; turn < 400; turn++) {
		uint32_t n = rig_draw(&seed) % 24;

		for (uint32_t i = 0; i < n; i++)
			assert_true(bench_share(b, RIG_PRODUCER, new_event(posted++)));
		if (rig_draw(&seed) % 3 == 0)
			rig_send_one(&b->rig, RIG_PRODUCER, new_event(posted++));
		if (rig_draw(&seed) % 2 == 0)
			assert_int_equal(b->rings.diverted ? serve_rings_restore(&b->rings)
							   : serve_rings_divert(&b->rings),
					 0);
		if (rig_draw(&seed) % 4 != 0)
			rig_step(&b->rig);
		drain(b, &next);
	}
	for (unsigned int i = 0; i < 4; i++) {
		rig_step(&b->rig);
		drain(b, &next);
	}
	assert_true(posted > 2 * LINE_RING_LINES);
	assert_int_equal(next, posted);
	bench_close(b);
}

/* The poster of a diverted ring sees room only where the device has taken something. */
static void
a_diverted_ring_fills_up(void **state)
{
	struct bench *b = &bench;
	uint64_t next = 0;

	(void)state;
	bench_open(b, DLB_V25);
	rig_balance(&b->rig, 1, 1024, 1024, RIG_NOT_ORDERED);
	assert_int_equal(serve_rings_divert(&b->rings), 0);
	for (unsigned int i = 0; i < LINE_RING_LINES; i++)
		assert_true(bench_share(b, RIG_PRODUCER, new_event(i)));
	assert_false(bench_share(b, RIG_PRODUCER, new_event(0)));
	/* A post by message is taken all the same. */
	rig_send_one(&b->rig, RIG_PRODUCER, new_event(LINE_RING_LINES));
	rig_step(&b->rig);
	drain(b, &next);
	assert_int_equal(next, LINE_RING_LINES + 1);
	assert_true(bench_share(b, RIG_PRODUCER, new_event(next)));
	rig_step(&b->rig);
	drain(b, &next);
	assert_int_equal(next, LINE_RING_LINES + 2);
	bench_close(b);
}

/* What the device has taken meanwhile is room for posters afterwards. */
static void
a_restored_ring_has_the_room_it_should(void **state)
{
	struct bench *b = &bench;

	(void)state;
	bench_open(b, DLB_V25);
	rig_balance(&b->rig, 1, 1024, 1024, RIG_NOT_ORDERED);
	for (unsigned int i = 0; i < LINE_RING_LINES; i++)
		assert_true(bench_share(b, RIG_PRODUCER, new_event(i)));
	assert_int_equal(serve_rings_divert(&b->rings), 0);
	b->model->ops->step(b->model, 1);
	assert_int_equal(serve_rings_restore(&b->rings), 0);
	assert_true(bench_share(b, RIG_PRODUCER, new_event(0)));
	bench_close(b);
}

static void
closed_ports_hold_up_nobody(void **state)
{
	struct bench *b = &bench;

	(void)state;
	bench_open(b, DLB_V20);
	assert_int_equal(serve_rings_divert(&b->rings), 0);
	for (unsigned int i = 0; i < 3 * LINE_RING_LINES; i++)
		rig_send_one(&b->rig, 5, new_event(i));
	assert_int_equal(serve_rings_restore(&b->rings), 0);
	rig_balance(&b->rig, 1, 64, 64, RIG_NOT_ORDERED);
	rig_send_one(&b->rig, RIG_PRODUCER, new_event(1));
	rig_step(&b->rig);
	assert_int_equal(rig_poll_all(&b->rig, 0), 1);
	bench_close(b);
}

/* Whatever a client writes where the indices are: nothing outside the rings is touched. */
static void
clients_may_scribble(void **state)
{
	struct bench *b = &bench;
	uint32_t seed = 3;

	(void)state;
	bench_open(b, DLB_V25);
	rig_balance(&b->rig, 1, 64, 64, RIG_NOT_ORDERED);
	for (unsigned int turn = 0; turn < 200; turn++) {
		struct line_ring *ring = &b->rings.shared[rig_draw(&seed) % b->rings.count];

		ring->head = rig_draw(&seed) * 77777;
		ring->tail = rig_draw(&seed) * 99991;
		if (turn % 3 == 0)
			assert_int_equal(b->rings.diverted ? serve_rings_restore(&b->rings)
							   : serve_rings_divert(&b->rings),
					 0);
		rig_step(&b->rig);
		rig_poll_all(&b->rig, 0);
	}
	bench_close(b);
}

/* ---- Recording ---- */

struct seen {
	unsigned int records, hellos, posts, deliveries, reads, writes;
	uint64_t credits;
};

static void
look_at(int fd, const struct bench *b, struct seen *seen)
{
	enum dlb_reg row = b->rig.version == DLB_V20 ? DLB_CHP_CFG_LDB_VAS_CRD
						     : DLB_CHP_CFG_VAS_CRD;
	uint64_t credits = rig_offset(&b->rig, row, 0);
	struct bus_trace_record r;
	off_t at = 0;

	*seen = (struct seen){0};
	while (pread(fd, &r, sizeof(r), at) == (ssize_t)sizeof(r)) {
		assert_int_equal(r.mark, BUS_TRACE_MARK);
		at += (off_t)(sizeof(r) + r.bytes);
		seen->records++;
		seen->hellos += r.op == BUS_TRACE_DEVICE;
		seen->posts += r.op == BUS_TRACE_POST;
		seen->deliveries += r.op == BUS_TRACE_DMA_WRITE;
		seen->reads += r.op == BUS_TRACE_READ;
		seen->writes += r.op == BUS_TRACE_WRITE;
		if (r.op == BUS_TRACE_READ && r.bar == 2 && r.off == credits)
			seen->credits = r.value;
	}
}

static void
a_trace_of_a_device_at_work_has_all_from_then_on(void **state)
{
	static const enum dlb_version versions[] = {DLB_V20, DLB_V25};
	struct bench *b = &bench;
	struct seen seen, later;
	uint64_t next;
	int fd, kept;

	(void)state;
	for (unsigned int v = 0; v < 2; v++) {
		next = 0;
		bench_open(b, versions[v]);
		rig_balance(&b->rig, 1, 64, 64, RIG_NOT_ORDERED);
		for (unsigned int i = 0; i < 20; i++)
			bench_share(b, RIG_PRODUCER, new_event(i));
		rig_step(&b->rig);
		/* Posted, and the device's already: of before the trace. */
		for (unsigned int i = 20; i < 30; i++)
			bench_share(b, RIG_PRODUCER, new_event(i));

		fd = append_file();
		kept = dup(fd);
		assert_int_equal(serve_gate_trace(&b->gate, fd), 0);
		assert_int_equal(serve_gate_trace(&b->gate, fd), -EBUSY);
		for (unsigned int i = 30; i < 40; i++)
			bench_share(b, RIG_PRODUCER, new_event(i));
		rig_new(&b->rig, DLB_UNORDERED, 0, 0, 40);
		rig_step(&b->rig);
		look_at(kept, b, &seen);
		assert_int_equal(seen.hellos, 1);
		assert_int_equal(seen.posts, 11);
		assert_int_equal(seen.deliveries, 21);
		assert_int_equal(seen.writes, 0);
		/* The ten that were in the device when it began hold a credit each. */
		assert_int_equal(seen.credits, (versions[v] == DLB_V20 ? 4096 : 5120) - 10);
		drain(b, &next);
		assert_int_equal(next, 41);

		/* Posted before the end, and not seen by the device yet. */
		bench_share(b, RIG_PRODUCER, new_event(41));
		look_at(kept, b, &seen);
		serve_gate_trace_end(&b->gate);
		look_at(kept, b, &later);
		assert_int_equal(later.posts, seen.posts + 1);
		look_at(kept, b, &seen);
		for (unsigned int i = 42; i < 50; i++)
			bench_share(b, RIG_PRODUCER, new_event(i));
		rig_step(&b->rig);
		drain(b, &next);
		assert_int_equal(next, 50);
		look_at(kept, b, &later);
		assert_int_equal(later.records, seen.records);
		close(kept);
		bench_close(b);
	}
}

/* ---- Totals ---- */

static void
totals_outlive_resets(void **state)
{
	struct bench *b = &bench;
	uint64_t in, out, next = 0;

	(void)state;
	bench_open(b, DLB_V25);
	rig_balance(&b->rig, 1, 64, 64, RIG_NOT_ORDERED);
	for (unsigned int i = 0; i < 10; i++)
		rig_new(&b->rig, DLB_UNORDERED, 0, 0, i);
	rig_step(&b->rig);
	drain(b, &next);
	/* The driver's own clearing of counters: each is a loss to whoever only reads them. */
	rig_write(&b->rig, DLB_LSP_QID_NALDB_TOT_ENQ_CNTL, 0, 0);
	rig_write(&b->rig, DLB_LSP_LDB_SCH_CNT_L, 0, 0);
	serve_gate_totals(&b->gate, &in, &out);
	assert_int_equal(in, 10);
	assert_int_equal(out, 10);
	for (unsigned int i = 10; i < 15; i++)
		rig_new(&b->rig, DLB_UNORDERED, 0, 0, i);
	rig_step(&b->rig);
	drain(b, &next);
	rig_command(&b->rig, 0);
	b->rig.dev->ops->reset(b->rig.dev, BUS_RESET_POWER);
	serve_gate_totals(&b->gate, &in, &out);
	assert_int_equal(in, 15);
	assert_int_equal(out, 15);
	bench_close(b);
}

/* As a guest's kernel does it: memory space off, then reset, both in configuration space. */
static void
totals_outlive_resets_of_the_client(void **state)
{
	struct bench *b = &bench;
	uint64_t in, out, next = 0;

	(void)state;
	bench_open(b, DLB_V25);
	rig_balance(&b->rig, 1, 64, 64, RIG_NOT_ORDERED);
	for (unsigned int i = 0; i < 10; i++)
		rig_new(&b->rig, DLB_UNORDERED, 0, 0, i);
	rig_step(&b->rig);
	drain(b, &next);
	rig_write(&b->rig, DLB_LSP_QID_NALDB_TOT_ENQ_CNTL, 0, 0);
	rig_command(&b->rig, 0);
	pci_flr(&b->rig);
	rig_command(&b->rig, 6);
	serve_gate_totals(&b->gate, &in, &out);
	assert_int_equal(in, 10);
	assert_int_equal(out, 10);
	bench_close(b);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(ways_of_lines_can_be_exchanged_at_any_time),
		cmocka_unit_test(a_diverted_ring_fills_up),
		cmocka_unit_test(a_restored_ring_has_the_room_it_should),
		cmocka_unit_test(closed_ports_hold_up_nobody),
		cmocka_unit_test(clients_may_scribble),
		cmocka_unit_test(a_trace_of_a_device_at_work_has_all_from_then_on),
		cmocka_unit_test(totals_outlive_resets),
		cmocka_unit_test(totals_outlive_resets_of_the_client),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
