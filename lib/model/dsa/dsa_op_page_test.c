/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * What concerns pages more than bytes: cache flush, translation fetch, blocking on faults,
 * destination readback, what a record says of a fault.
 */
#include "dsa_op_test_rig.h"

#define PAGE_AT(n) (RIG_IOVA + (n) * RIG_PAGE)

/* ---- Cache flush ---- */

static struct dsa_desc
flush(uint64_t from, uint32_t size)
{
	struct dsa_desc d = rig_desc(DSA_OP_CACHE_FLUSH, 0);

	d.dst = from;
	d.size = size;
	return d;
}

static void
flush_leaves_memory_as_it_is(void **state)
{
	struct rig *r = *state;
	static uint8_t before[RIG_BYTES];
	struct dsa_desc d = flush(PAGE_AT(1) + 5, 20 * RIG_PAGE);
	struct dsa_cr cr;

	memcpy(before, r->memory, RIG_BYTES);
	for (r->policy = 0; r->policy < RIG_POLICIES; r->policy++) {
		dsa_mem_forget(r->mem);
		cr = rig_run(r, &d);
		assert_int_equal(cr.status, DSA_STATUS_SUCCESS);
		assert_int_equal(cr.bytes_completed, 0);
		d.op_flags ^= DSA_FLAG_CC2;
	}
	assert_memory_equal(r->memory, before, RIG_BYTES);
}

static void
flush_stops_at_missing_pages(void **state)
{
	struct rig *r = *state;

	for (unsigned int page = 1; page < 5; page++) {
		struct dsa_desc d = flush(PAGE_AT(1) + 100, 4 * RIG_PAGE - 100);
		struct dsa_cr cr;

		rig_mend(r);
		rig_break(r, page, BUS_PROT_READ);
		cr = rig_run(r, &d);
		assert_int_equal(cr.status, DSA_STATUS_PAGE_FAULT);
		assert_int_equal(cr.fault_addr, PAGE_AT(page));
		assert_int_equal(cr.bytes_completed, page == 1 ? 0 : (page - 1) * RIG_PAGE - 100);
		rig_mend(r);
		d.dst += cr.bytes_completed;
		d.size -= cr.bytes_completed;
		assert_int_equal(rig_run(r, &d).status, DSA_STATUS_SUCCESS);
	}
}

/* ---- Translation fetch ---- */

static void
fetch_looks_at_each_page(void **state)
{
	struct rig *r = *state;
	struct dsa_desc d = rig_desc(DSA_OP_TRANSLATION_FETCH, 0);

	d.src = PAGE_AT(3) + 4000;
	d.size = 200 + 2 * RIG_PAGE;
	for (unsigned int page = 1; page < 9; page++) {
		bool inside = page >= 3 && page <= 6;
		struct dsa_cr cr;

		r->budget = page % 2 ? 1 : SIZE_MAX;
		rig_mend(r);
		rig_break(r, page, BUS_PROT_READ);
		cr = rig_run(r, &d);
		assert_int_equal(cr.status, inside ? DSA_STATUS_PAGE_FAULT : DSA_STATUS_SUCCESS);
		assert_int_equal(cr.fault_addr, inside ? PAGE_AT(page) : 0);
		assert_int_equal(cr.bytes_completed, 0);
	}
}

static void
fetch_goes_by_its_stride(void **state)
{
	struct rig *r = *state;
	struct dsa_desc d = rig_desc(DSA_OP_TRANSLATION_FETCH, DSA_FLAG_OP(0));

	d.src = PAGE_AT(2);
	d.size = 8 * RIG_PAGE;
	d.fetch.stride = 4 * RIG_PAGE;
	for (unsigned int page = 2; page < 10; page++) {
		rig_mend(r);
		rig_break(r, page, BUS_PROT_READ);
		assert_int_equal(rig_run(r, &d).status, page == 2 || page == 6
								? DSA_STATUS_PAGE_FAULT
								: DSA_STATUS_SUCCESS);
	}
}

/* ---- Blocking on faults ---- */

static struct dsa_desc
move(uint32_t flags)
{
	struct dsa_desc d = rig_desc(DSA_OP_MOVE, flags);

	d.src = PAGE_AT(1);
	d.dst = PAGE_AT(10);
	d.size = 3 * RIG_PAGE;
	return d;
}

static void
blocked_faults_are_waited_for(void **state)
{
	struct rig *r = *state;
	struct dsa_desc d = move(DSA_FLAG_BOF);

	for (r->policy = 0; r->policy < RIG_POLICIES; r->policy++) {
		r->gives = true;
		r->requests = 0;
		rig_mend(r);
		rig_break(r, 2, BUS_PROT_READ | BUS_PROT_WRITE);
		rig_break(r, 12, BUS_PROT_WRITE);
		memset(rig_at(r, d.dst), 0, d.size);
		assert_int_equal(rig_run(r, &d).status, DSA_STATUS_SUCCESS);
		assert_int_equal(r->requests, 2);
		assert_memory_equal(rig_at(r, d.dst), rig_at(r, d.src), d.size);
	}
}

static void
refused_pages_are_told(void **state)
{
	struct rig *r = *state;
	struct dsa_desc d = move(DSA_FLAG_BOF);
	struct dsa_cr cr;

	rig_break(r, 2, BUS_PROT_READ);
	cr = rig_run(r, &d);
	assert_int_equal(cr.status, DSA_STATUS_PAGE_REQUEST_FAILED);
	assert_int_equal(cr.bytes_completed, RIG_PAGE);
	rig_mend(r);
	rig_break(r, 12, BUS_PROT_WRITE);
	cr = rig_run(r, &d);
	assert_int_equal(cr.status, DSA_STATUS_PAGE_REQUEST_FAILED | DSA_STATUS_WRITE);
	assert_int_equal(cr.bytes_completed, 2 * RIG_PAGE);
	assert_int_equal(cr.fault_addr, PAGE_AT(12));
}

/* ---- Readback, fault information ---- */

/* Only by pointer or copy that may be read: what was written last is not readable here. */
static void
readback_reads_the_last_byte(void **state)
{
	struct rig *r = *state;
	struct dsa_desc d = move(DSA_FLAG_CC2);

	assert_int_equal(rig_run(r, &d).status, DSA_STATUS_SUCCESS);
	rig_break(r, 12, BUS_PROT_READ);
	assert_int_equal(rig_run(r, &d).status, DSA_STATUS_WRITE_ERROR);
	d.op_flags &= ~DSA_FLAG_CC2;
	assert_int_equal(rig_run(r, &d).status, DSA_STATUS_SUCCESS);
}

static void
fault_information_is_of_devices_that_have_it(void **state)
{
	struct rig *r = *state;
	struct dsa_desc d = move(0);

	rig_break(r, 1, BUS_PROT_READ);
	assert_int_equal(rig_run(r, &d).fault_info, 1 | DSA_OPERAND_SOURCE << 1);
	r->rules.gencap &= ~DSA_GENCAP_CR_FAULT;
	assert_int_equal(rig_run(r, &d).fault_info, 0);
}

/* ---- Memory that is known already ---- */

static struct dsa_desc
move_from_to(uint64_t from, uint64_t to, uint32_t size)
{
	struct dsa_desc d = rig_desc(DSA_OP_MOVE, 0);

	d.src = from;
	d.dst = to;
	d.size = size;
	return d;
}

/* The first move makes the ranges known; the second one begins in them, and ends behind one. */
static void
moves_end_where_a_known_range_does(void **state)
{
	struct rig *r = *state;
	struct dsa_desc within = move_from_to(PAGE_AT(1), PAGE_AT(11), 64);
	struct dsa_desc beyond = move_from_to(PAGE_AT(3) + 100, PAGE_AT(13) + 100, 3 * RIG_PAGE);
	static const unsigned int missing[] = {5, 15};
	struct dsa_cr cr;

	r->budget = RIG_BYTES;
	for (unsigned int i = 0; i < 2; i++) {
		rig_fresh(r);
		rig_break(r, missing[i], i == 0 ? BUS_PROT_READ : BUS_PROT_WRITE);
		assert_int_equal(rig_run(r, &within).status, DSA_STATUS_SUCCESS);
		cr = rig_run(r, &beyond);
		assert_int_equal(DSA_STATUS_CODE(cr.status), DSA_STATUS_PAGE_FAULT);
		assert_int_equal(cr.fault_addr, PAGE_AT(missing[i]));
		assert_int_equal(cr.bytes_completed, 2 * RIG_PAGE - 100);
		assert_memory_equal(rig_at(r, beyond.dst), rig_at(r, beyond.src),
				    cr.bytes_completed);
		rig_mend(r);
		assert_int_equal(rig_run(r, &beyond).status, DSA_STATUS_SUCCESS);
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(flush_leaves_memory_as_it_is),
		CASE(flush_stops_at_missing_pages),
		CASE(fetch_looks_at_each_page),
		CASE(fetch_goes_by_its_stride),
		CASE(blocked_faults_are_waited_for),
		CASE(refused_pages_are_told),
		CASE(readback_reads_the_last_byte),
		CASE(fault_information_is_of_devices_that_have_it),
		CASE(moves_end_where_a_known_range_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
