/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Host memory as an engine sees it: pointers, pieces, buffers, faults, page requests.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "dsa_mem.h"
#include "dsa_work_test_rig.h"

/* Of the rig only the host is used here. */
static struct dsa_mem *
mem_of(struct work_rig *r)
{
	struct dsa_mem *mem = dsa_mem_create(&r->host);

	assert_non_null(mem);
	dsa_mem_begin(mem, BUS_NO_PASID, false, false);
	return mem;
}

static void
pointer_reaches_as_far_as_memory_does(void **state)
{
	struct work_rig *r = *state;
	struct dsa_mem *mem = mem_of(r);
	struct dsa_window w;

	assert_int_equal(dsa_mem_get(mem, WORK_IOVA + 5, 100, BUS_PROT_READ, &w), 0);
	assert_ptr_equal(w.p, r->memory + 5);
	assert_int_equal(w.len, 100);
	assert_false(w.bounced);
	assert_int_equal(dsa_mem_put(mem, &w, 0), 0);
	assert_int_equal(dsa_mem_get(mem, WORK_IOVA + 5, 2 * WORK_BYTES, BUS_PROT_READ, &w), 0);
	assert_int_equal(w.len, WORK_BYTES - 5);
	assert_int_equal(dsa_mem_get(mem, WORK_IOVA + WORK_BYTES, 1, BUS_PROT_READ, &w),
			 DSA_STATUS_PAGE_FAULT);
	assert_int_equal(dsa_mem_get(mem, WORK_IOVA - 1, 2, BUS_PROT_READ, &w),
			 DSA_STATUS_PAGE_FAULT);
	assert_int_equal(dsa_mem_get(mem, UINT64_MAX, 2, BUS_PROT_READ, &w), DSA_STATUS_PAGE_FAULT);
	assert_int_equal(dsa_mem_get(mem, 0, 2, BUS_PROT_READ, &w), DSA_STATUS_PAGE_FAULT);
	dsa_mem_destroy(mem);
}

static void
host_is_asked_once_until_it_changes(void **state)
{
	struct work_rig *r = *state;
	struct dsa_mem *mem = mem_of(r);
	struct dsa_window w;

	for (unsigned int page = 0; page < WORK_PAGES; page++)
		assert_int_equal(dsa_mem_get(mem, work_page(page), 64, BUS_PROT_READ, &w), 0);
	assert_int_equal(r->maps, 1);
	dsa_mem_forget(mem);
	assert_int_equal(dsa_mem_get(mem, work_page(9), 64, BUS_PROT_READ, &w), 0);
	assert_int_equal(r->maps, 2);
	assert_int_equal(mem->counts.found[0], 2);
	dsa_mem_destroy(mem);
}

static void
more_pieces_than_the_cache_holds(void **state)
{
	struct work_rig *r = *state;
	struct dsa_mem *mem = mem_of(r);
	struct dsa_window w;

	r->policy = WORK_BY_PAGE;
	for (unsigned int round = 0; round < 3; round++) {
		for (unsigned int page = 0; page < 3 * DSA_MEM_RANGES; page++) {
			uint64_t at = work_page(page) + 4000;

			assert_int_equal(dsa_mem_get(mem, at, 200, BUS_PROT_WRITE, &w), 0);
			assert_ptr_equal(w.p, work_at(r, at));
			assert_int_equal(w.len, 96);
		}
	}
	dsa_mem_destroy(mem);
}

static void
rights_and_address_spaces_are_kept_apart(void **state)
{
	struct work_rig *r = *state;
	struct dsa_mem *mem = mem_of(r);
	struct dsa_window w;

	r->rights[3] = BUS_PROT_READ;
	assert_int_equal(dsa_mem_get(mem, work_page(3), 8, BUS_PROT_READ, &w), 0);
	assert_int_equal(dsa_mem_get(mem, work_page(2), 8, BUS_PROT_WRITE, &w), 0);
	assert_int_equal(dsa_mem_get(mem, work_page(2), 8192, BUS_PROT_WRITE, &w), 0);
	assert_int_equal(w.len, WORK_PAGE);
	/* No pointer to what may not be written: a copy, which is refused. */
	assert_int_equal(dsa_mem_get(mem, work_page(3), 8, BUS_PROT_READ | BUS_PROT_WRITE, &w), 0);
	assert_true(w.bounced);
	assert_int_equal(dsa_mem_put(mem, &w, 8), DSA_STATUS_PAGE_FAULT);
	dsa_mem_begin(mem, WORK_PASID, false, false);
	assert_int_equal(dsa_mem_get(mem, work_page(3), 8, BUS_PROT_READ, &w), 0);
	dsa_mem_begin(mem, WORK_PASID + 1, false, false);
	assert_int_equal(dsa_mem_get(mem, work_page(3), 8, BUS_PROT_READ, &w),
			 DSA_STATUS_PAGE_FAULT);
	assert_int_equal(mem->counts.found[1], 1);
	assert_int_equal(mem->counts.missing[1], 1);
	dsa_mem_destroy(mem);
}

static void
buffers_go_page_by_page(void **state)
{
	struct work_rig *r = *state;
	struct dsa_mem *mem = mem_of(r);
	struct dsa_window w;
	uint8_t before;

	r->policy = WORK_BOUNCED;
	assert_int_equal(dsa_mem_get(mem, work_page(1) - 10, 100, BUS_PROT_READ, &w), 0);
	assert_true(w.bounced);
	assert_int_equal(w.len, 10);
	assert_memory_equal(w.p, work_at(r, work_page(1) - 10), 10);
	assert_int_equal(dsa_mem_put(mem, &w, 0), 0);
	/* What is written is there when it is put, as far as was said. */
	before = *(uint8_t *)work_at(r, work_page(5) + 3);
	assert_int_equal(dsa_mem_get(mem, work_page(5), 4, BUS_PROT_WRITE, &w), 0);
	memset(w.p, 0xee, 4);
	assert_int_not_equal(*(uint8_t *)work_at(r, work_page(5)), 0xee);
	assert_int_equal(dsa_mem_put(mem, &w, 3), 0);
	assert_int_equal(*(uint8_t *)work_at(r, work_page(5) + 2), 0xee);
	assert_int_equal(*(uint8_t *)work_at(r, work_page(5) + 3), before);
	dsa_mem_destroy(mem);
}

static void
as_many_windows_as_promised(void **state)
{
	struct work_rig *r = *state;
	struct dsa_mem *mem = mem_of(r);
	struct dsa_window w[DSA_MEM_WINDOWS];

	r->policy = WORK_BOUNCED;
	for (unsigned int round = 0; round < 2; round++) {
		for (unsigned int i = 0; i < DSA_MEM_WINDOWS; i++)
			assert_int_equal(dsa_mem_get(mem, work_page(i), WORK_PAGE,
						     BUS_PROT_READ | BUS_PROT_WRITE, &w[i]), 0);
		for (unsigned int i = 0; i < DSA_MEM_WINDOWS; i++)
			assert_memory_equal(w[i].p, work_at(r, work_page(i)), WORK_PAGE);
		for (unsigned int i = 0; i < DSA_MEM_WINDOWS; i++)
			assert_int_equal(dsa_mem_put(mem, &w[i], WORK_PAGE), 0);
	}
	dsa_mem_destroy(mem);
}

static void
written_page_that_is_not_there_shows_when_put(void **state)
{
	struct work_rig *r = *state;
	struct dsa_mem *mem = mem_of(r);
	struct dsa_window w;

	r->policy = WORK_BOUNCED;
	r->rights[7] = BUS_PROT_READ;
	assert_int_equal(dsa_mem_get(mem, work_page(7), 8, BUS_PROT_WRITE, &w), 0);
	memset(w.p, 0, 8);
	assert_int_equal(dsa_mem_put(mem, &w, 8), DSA_STATUS_PAGE_FAULT);
	assert_int_equal(mem->fault, work_page(7));
	dsa_mem_begin(mem, BUS_NO_PASID, true, false);
	assert_int_equal(dsa_mem_get(mem, work_page(7), 8, BUS_PROT_WRITE, &w), 0);
	memset(w.p, 0, 8);
	assert_int_equal(dsa_mem_put(mem, &w, 8), DSA_STATUS_PAGE_REQUEST_FAILED);
	r->gives = true;
	assert_int_equal(dsa_mem_get(mem, work_page(7), 8, BUS_PROT_WRITE, &w), 0);
	memset(w.p, 0x11, 8);
	assert_int_equal(dsa_mem_put(mem, &w, 8), 0);
	assert_int_equal(*(uint8_t *)work_at(r, work_page(7)), 0x11);
	dsa_mem_destroy(mem);
}

static void
pages_are_asked_for_where_faults_are_waited_for(void **state)
{
	struct work_rig *r = *state;
	struct dsa_mem *mem = mem_of(r);
	struct dsa_window w;

	for (unsigned int policy = WORK_WHOLE; policy <= WORK_BOUNCED; policy++) {
		r->policy = policy;
		r->rights[7] = 0;
		r->gives = false;
		r->requests = 0;
		dsa_mem_forget(mem);
		dsa_mem_begin(mem, BUS_NO_PASID, false, false);
		assert_int_equal(dsa_mem_get(mem, work_page(7) + 9, 8, BUS_PROT_READ, &w),
				 DSA_STATUS_PAGE_FAULT);
		assert_int_equal(r->requests, 0);
		dsa_mem_begin(mem, BUS_NO_PASID, true, false);
		assert_int_equal(dsa_mem_get(mem, work_page(7) + 9, 8, BUS_PROT_READ, &w),
				 DSA_STATUS_PAGE_REQUEST_FAILED);
		assert_int_equal(r->requests, 1);
		r->gives = true;
		assert_int_equal(dsa_mem_get(mem, work_page(7) + 9, 8, BUS_PROT_READ, &w), 0);
		assert_memory_equal(w.p, work_at(r, work_page(7) + 9), 8);
		dsa_mem_put(mem, &w, 0);
	}
	dsa_mem_destroy(mem);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, work_setup, work_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pointer_reaches_as_far_as_memory_does),
		TEST(host_is_asked_once_until_it_changes),
		TEST(more_pieces_than_the_cache_holds),
		TEST(rights_and_address_spaces_are_kept_apart),
		TEST(buffers_go_page_by_page),
		TEST(as_many_windows_as_promised),
		TEST(written_page_that_is_not_there_shows_when_put),
		TEST(pages_are_asked_for_where_faults_are_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
