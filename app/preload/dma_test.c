/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dma.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define BOTH (BUS_PROT_READ | BUS_PROT_WRITE)
#define IOVA UINT64_C(0x100000)

static _Alignas(64) unsigned char memory[4096];

static void
a_copy_goes_over_the_joint_of_two_mappings(void **state)
{
	struct dma_space *s = dma_create();
	unsigned char sent[64], got[64];

	(void)state;
	memset(memory, 0, sizeof(memory));
	for (unsigned int i = 0; i < sizeof(sent); i++)
		sent[i] = (unsigned char)(i + 1);
	/* One after the other to the device, and not at all in memory. */
	assert_int_equal(dma_map(s, IOVA, memory + 1024, 100, BOTH), 0);
	assert_int_equal(dma_map(s, IOVA + 100, memory, 100, BOTH), 0);
	assert_int_equal(dma_copy(s, IOVA + 70, sent, sizeof(sent), true), 0);
	assert_memory_equal(memory + 1024 + 70, sent, 30);
	assert_memory_equal(memory, sent + 30, 34);
	assert_int_equal(memory[34], 0);
	assert_int_equal(dma_copy(s, IOVA + 70, got, sizeof(got), false), 0);
	assert_memory_equal(got, sent, sizeof(sent));
	assert_int_equal(dma_copy(s, IOVA + 190, got, 20, false), -EFAULT);
	assert_int_equal(dma_copy(s, IOVA - 1, got, 1, false), -EFAULT);
	dma_destroy(s);
}

static void
rights_are_kept(void **state)
{
	struct dma_space *s = dma_create();
	unsigned char byte = 1;
	size_t len = 10;

	(void)state;
	assert_int_equal(dma_map(s, IOVA, memory, 100, BUS_PROT_READ), 0);
	assert_int_equal(dma_map(s, IOVA + 100, memory, 100, BUS_PROT_WRITE), 0);
	assert_int_equal(dma_copy(s, IOVA, &byte, 1, true), -EFAULT);
	assert_int_equal(dma_copy(s, IOVA + 100, &byte, 1, false), -EFAULT);
	assert_null(dma_pointer(s, IOVA, &len, BUS_PROT_WRITE));
	assert_ptr_equal(dma_pointer(s, IOVA + 95, &len, BUS_PROT_READ), memory + 95);
	assert_int_equal(len, 5);
	dma_destroy(s);
}

static void
whole_mappings_are_unmapped_and_no_others(void **state)
{
	struct dma_space *s = dma_create();
	uint64_t n;

	(void)state;
	assert_int_equal(dma_map(s, IOVA, memory, 100, BOTH), 0);
	assert_int_equal(dma_map(s, IOVA + 200, memory, 100, BOTH), 0);
	assert_int_equal(dma_unmap(s, IOVA, 250, &n), -EINVAL);
	assert_int_equal(dma_unmap(s, IOVA + 1, 400, &n), -EINVAL);
	assert_int_equal(dma_unmap(s, IOVA + 100, 100, &n), 0);
	assert_int_equal(n, 0);
	/* As far as there are addresses. */
	assert_int_equal(dma_unmap(s, IOVA + 150, UINT64_MAX - IOVA - 149, &n), 0);
	assert_int_equal(n, 100);
	assert_int_equal(dma_unmap(s, 0, UINT64_MAX, &n), 0);
	assert_int_equal(n, 100);
	dma_destroy(s);
}

static void
memory_that_goes_is_forgotten_wherever_it_was_mapped(void **state)
{
	struct dma_space *s = dma_create();
	unsigned char byte;

	(void)state;
	assert_int_equal(dma_map(s, IOVA, memory, 300, BOTH), 0);
	assert_int_equal(dma_map(s, IOVA + 1000, memory + 150, 100, BOTH), 0);
	assert_true(dma_may_cover(memory, 1));
	assert_false(dma_forget(s, memory + 300, 100));
	assert_true(dma_forget(s, memory + 100, 100));
	assert_int_equal(dma_copy(s, IOVA + 99, &byte, 1, true), 0);
	assert_int_equal(dma_copy(s, IOVA + 100, &byte, 1, true), -EFAULT);
	assert_int_equal(dma_copy(s, IOVA + 199, &byte, 1, true), -EFAULT);
	byte = 0x77;
	assert_int_equal(dma_copy(s, IOVA + 200, &byte, 1, true), 0);
	assert_int_equal(memory[200], 0x77);
	assert_int_equal(dma_copy(s, IOVA + 1049, &byte, 1, true), -EFAULT);
	assert_int_equal(dma_copy(s, IOVA + 1050, &byte, 1, true), 0);
	dma_destroy(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_copy_goes_over_the_joint_of_two_mappings),
		cmocka_unit_test(rights_are_kept),
		cmocka_unit_test(whole_mappings_are_unmapped_and_no_others),
		cmocka_unit_test(memory_that_goes_is_forgotten_wherever_it_was_mapped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
