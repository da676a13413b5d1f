/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * How ends are told: sections 7.3, 7.4, 11.1, 12, 13.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "dsa_work_test_rig.h"

#define CRAV DSA_FLAG_CRAV
#define RCR  DSA_FLAG_RCR

static void
enable_with(struct work_rig *r, const struct dsa_work_wq *wq)
{
	dsa_work_stop(r->work, 0);
	assert_true(work_run(r));
	assert_int_equal(dsa_work_enable(r->work, 0, wq), 0);
}

static void
enable(struct work_rig *r)
{
	struct dsa_work_wq wq = work_dedicated();

	enable_with(r, &wq);
}

static void
run(struct work_rig *r, const struct dsa_desc *desc)
{
	memset(work_at(r, work_record(0)), 0, DSA_CR_BYTES);
	r->errors = 0;
	r->interrupts = 0;
	work_post(r, 0, desc);
	assert_true(work_run(r));
}

/* Section 7.4, row by row. */
static void
who_is_told(void **state)
{
	static const struct {
		uint32_t flags;
		uint8_t good, bad; /* status in the record */
		unsigned int errors;
	} rows[] = {
		{0, 0, 0, 1},
		{CRAV, 0, DSA_STATUS_SIZE, 0},
		{CRAV | RCR, DSA_STATUS_SUCCESS, DSA_STATUS_SIZE, 0},
	};
	struct work_rig *r = *state;

	enable(r);
	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct dsa_desc move = work_move(64, 0);

		move.op_flags = DSA_OP_FLAGS(DSA_OP_MOVE, rows[i].flags);
		if (!(rows[i].flags & CRAV))
			move.cr = 0;
		run(r, &move);
		assert_int_equal(work_read(r, 0).status, rows[i].good);
		assert_int_equal(r->errors, 0);
		move.size = 0;
		run(r, &move);
		assert_int_equal(work_read(r, 0).status, rows[i].bad);
		assert_int_equal(r->errors, rows[i].errors);
	}
	assert_int_equal(dsa_work_events(r->work, 4, 4, 1, 1), 3);
	assert_int_equal(dsa_work_events(r->work, 4, 3, 1, 1), 3);
	assert_int_equal(dsa_work_events(r->work, 4, 5, 1, 1), 3);
}

/* Engine events of section 19: bytes by 32, requests by 64. */
static void
engine_events_are_counted(void **state)
{
	static const struct {
		enum dsa_opcode opcode;
		uint32_t size;
		uint64_t events[4]; /* lines, lines written, reads, writes */
	} rows[] = {
		{DSA_OP_MOVE, 100, {4, 4, 2, 2}},    {DSA_OP_FILL, 65, {3, 3, 0, 2}},
		{DSA_OP_COMPARE, 64, {2, 0, 2, 0}},  {DSA_OP_CRC, 1, {1, 0, 1, 0}},
		{DSA_OP_DUALCAST, 64, {2, 2, 1, 2}},
	};
	struct work_rig *r = *state;

	enable(r);
	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct dsa_desc d = work_move(rows[i].size, 0);
		uint64_t before[4];

		d.op_flags = DSA_OP_FLAGS(rows[i].opcode, CRAV | RCR);
		if (rows[i].opcode == DSA_OP_FILL)
			d.pattern = 0;
		else if (rows[i].opcode == DSA_OP_COMPARE)
			d.src2 = d.src;
		else if (rows[i].opcode == DSA_OP_CRC)
			d.dst = 0;
		else if (rows[i].opcode == DSA_OP_DUALCAST)
			d.dualcast.dst2 = work_page(110);
		for (unsigned int e = 0; e < 4; e++)
			before[e] = dsa_work_events(r->work, 1, e, 1, 1);
		run(r, &d);
		assert_int_equal(work_read(r, 0).status, DSA_STATUS_SUCCESS);
		for (unsigned int e = 0; e < 4; e++)
			assert_int_equal(dsa_work_events(r->work, 1, e, 1, 1) - before[e],
					 rows[i].events[e]);
	}
}

static void
unrecorded_error_says_what_it_was(void **state)
{
	struct work_rig *r = *state;
	struct dsa_desc move = work_move(64, 0);

	enable(r);
	move.op_flags = DSA_OP_FLAGS(DSA_OP_MOVE, 0);
	move.cr = 0;
	move.src = work_page(10);
	work_break(r, 10, BUS_PROT_READ);
	run(r, &move);
	assert_int_equal(r->errors, 1);
	assert_int_equal(r->error[0].code, DSA_STATUS_PAGE_FAULT);
	assert_true(r->error[0].desc_valid);
	assert_true(r->error[0].wq_valid);
	assert_false(r->error[0].batch);
	assert_int_equal(r->error[0].opcode, DSA_OP_MOVE);
	assert_int_equal(r->error[0].fault_addr, work_page(10));
	assert_int_equal(r->error[0].fault_operand, 1);
	assert_int_equal(dsa_work_events(r->work, 4, 2, 1, 1), 1);
}

static void
misaligned_record_is_never_written(void **state)
{
	struct work_rig *r = *state;
	struct dsa_desc move = work_move(64, 0);

	enable(r);
	move.cr += 16;
	run(r, &move);
	assert_int_equal(r->error[0].code, DSA_STATUS_CR_ALIGN);
	assert_int_equal(*(uint8_t *)work_at(r, move.cr), 0);
	/* Also when something else is found wrong before that. */
	move.op_flags = DSA_OP_FLAGS(0xff, CRAV | RCR);
	run(r, &move);
	assert_int_equal(r->error[0].code, DSA_STATUS_CR_ALIGN);
	assert_int_equal(r->error[0].cr.status, DSA_STATUS_OPCODE);
	assert_int_equal(*(uint8_t *)work_at(r, move.cr), 0);
}

static void
record_that_faults_is_handed_on(void **state)
{
	struct work_rig *r = *state;
	struct dsa_work_wq wq = work_dedicated();
	struct dsa_desc move = work_move(64, 0);

	for (unsigned int policy = WORK_WHOLE; policy <= WORK_BOUNCED; policy++) {
		r->policy = policy;
		work_break(r, 200, BUS_PROT_WRITE);
		wq.prs = true;
		enable_with(r, &wq);
		r->requests = 0;
		run(r, &move);
		assert_int_equal(r->errors, 1);
		assert_int_equal(r->error[0].code, DSA_STATUS_CR_FAULT | DSA_STATUS_WRITE);
		assert_int_equal(r->error[0].fault_operand, 5);
		assert_int_equal(r->error[0].fault_addr, move.cr);
		assert_int_equal(r->error[0].cr.status, DSA_STATUS_SUCCESS);
		assert_true(r->error[0].cr_required);
		assert_int_equal(r->requests, 1);
		/* Without page requests nobody is asked. */
		wq.prs = false;
		wq.block_on_fault = false;
		enable_with(r, &wq);
		run(r, &move);
		assert_int_equal(r->errors, 1);
		assert_int_equal(r->requests, 1);
		/* One that is given is written. */
		wq.prs = true;
		enable_with(r, &wq);
		r->gives = true;
		run(r, &move);
		assert_int_equal(r->errors, 0);
		assert_int_equal(work_read(r, 0).status, DSA_STATUS_SUCCESS);
		r->gives = false;
	}
}

static void
block_on_fault_waits_for_pages(void **state)
{
	struct work_rig *r = *state;
	struct dsa_desc move = work_move(3 * WORK_PAGE, 0);

	enable(r);
	work_break(r, 101, BUS_PROT_WRITE);
	run(r, &move);
	assert_int_equal(work_read(r, 0).status, DSA_STATUS_PAGE_FAULT | DSA_STATUS_WRITE);
	assert_int_equal(work_read(r, 0).bytes_completed, WORK_PAGE);
	assert_int_equal(work_read(r, 0).fault_addr, work_page(101));
	assert_int_equal(r->requests, 0);
	move.op_flags |= DSA_FLAG_BOF;
	run(r, &move);
	assert_int_equal(work_read(r, 0).status,
			 DSA_STATUS_PAGE_REQUEST_FAILED | DSA_STATUS_WRITE);
	assert_int_equal(work_read(r, 0).bytes_completed, WORK_PAGE);
	assert_int_equal(r->requests, 1);
	r->gives = true;
	run(r, &move);
	assert_int_equal(work_read(r, 0).status, DSA_STATUS_SUCCESS);
	assert_int_equal(r->requests, 2);
	assert_memory_equal(work_at(r, work_page(100)), work_at(r, work_page(0)), 3 * WORK_PAGE);
	assert_int_equal(dsa_work_events(r->work, 2, 4, ~UINT64_C(0), 1), 1);
	assert_int_equal(dsa_work_events(r->work, 2, 5, ~UINT64_C(0), 1), 1);
}

static void
interrupt_comes_after_the_record(void **state)
{
	struct work_rig *r = *state;
	struct dsa_desc move = work_move(64, 0);

	enable(r);
	r->watched = work_record(0);
	move.op_flags |= DSA_FLAG_RCI;
	move.interrupt_handle = 3;
	run(r, &move);
	assert_int_equal(r->interrupts, 1);
	assert_int_equal(r->last_handle, 3);
	assert_false(r->last_ims);
	assert_int_equal(r->status_at_interrupt, DSA_STATUS_SUCCESS);
	/* An end is an end. */
	move.size = 0;
	run(r, &move);
	assert_int_equal(r->interrupts, 1);
	assert_int_equal(r->status_at_interrupt, DSA_STATUS_SIZE);
	dsa_work_post(r->work, 0, DSA_PORTAL_LIMITED_IMS, &move);
	assert_true(work_run(r));
	assert_true(r->last_ims);
	assert_int_equal(dsa_work_events(r->work, 4, 0, 1, 1), 2);
	assert_int_equal(dsa_work_events(r->work, 4, 1, 1, 1), 1);
}

static void
refused_handle_is_a_status(void **state)
{
	struct work_rig *r = *state;
	struct dsa_desc move = work_move(64, 0);

	enable(r);
	r->refuses_handles = true;
	run(r, &move);
	assert_int_equal(work_read(r, 0).status, DSA_STATUS_SUCCESS);
	memset(work_at(r, work_page(100)), 0, 64);
	move.op_flags |= DSA_FLAG_RCI;
	move.interrupt_handle = 3;
	run(r, &move);
	assert_int_equal(work_read(r, 0).status, DSA_STATUS_INTERRUPT_HANDLE);
	assert_int_equal(r->interrupts, 0);
	/* Nothing was moved. */
	assert_int_equal(*(uint8_t *)work_at(r, work_page(100) + 1), 0);
}

static void
interrupts_need_privilege_or_permission(void **state)
{
	struct work_rig *r = *state;
	struct dsa_work_wq wq = work_dedicated();
	struct dsa_desc move = work_move(64, 0);

	wq.pasid_enable = true;
	wq.pasid = WORK_PASID;
	enable_with(r, &wq);
	move.op_flags |= DSA_FLAG_RCI;
	run(r, &move);
	assert_int_equal(work_read(r, 0).status, DSA_STATUS_FLAGS);
	assert_int_equal(work_read(r, 0).invalid_flags, DSA_FLAG_RCI);
	assert_int_equal(r->interrupts, 0);
	dsa_work_user_interrupts(r->work, true);
	run(r, &move);
	assert_int_equal(r->interrupts, 1);
	dsa_work_user_interrupts(r->work, false);
	wq.priv = true;
	enable_with(r, &wq);
	run(r, &move);
	assert_int_equal(r->interrupts, 1);
}

static void
privilege_where_it_is_not_allowed(void **state)
{
	struct work_rig *r = *state;
	struct dsa_work_wq wq = work_shared();
	struct dsa_desc move = work_move(64, 0);

	enable_with(r, &wq);
	move.pasid |= DSA_PRIV;
	assert_int_equal(work_submit(r, 0, &move), 0);
	assert_true(work_run(r));
	assert_int_equal(r->errors, 1);
	assert_int_equal(r->error[0].code, DSA_STATUS_PRIV);
	assert_true(r->error[0].priv);
	assert_int_equal(r->error[0].pasid, WORK_PASID);
	assert_int_equal(work_read(r, 0).status, 0);
	wq.priv = true;
	enable_with(r, &wq);
	assert_int_equal(work_submit(r, 0, &move), 0);
	assert_true(work_run(r));
	assert_int_equal(work_read(r, 0).status, DSA_STATUS_SUCCESS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, work_setup, work_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_is_told),
		TEST(engine_events_are_counted),
		TEST(unrecorded_error_says_what_it_was),
		TEST(misaligned_record_is_never_written),
		TEST(record_that_faults_is_handed_on),
		TEST(block_on_fault_waits_for_pages),
		TEST(interrupt_comes_after_the_record),
		TEST(refused_handle_is_a_status),
		TEST(interrupts_need_privilege_or_permission),
		TEST(privilege_where_it_is_not_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
