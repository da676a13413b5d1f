/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * How instructions reach memory, and which are refused. insn_forms_test.c has what they compute.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "insn_test_rig.h"

#define RANDOM_CODES 1000000

/* ---- What reaches memory, and how ---- */

static void
execute_bytes(const char *code, size_t len, struct native_state *state, struct witness *witness)
{
	uint64_t rip = TEST_CODE;
	struct insn_regs regs = rig_regs(state, &rip);
	struct insn insn;

	assert_int_equal(insn_decode(code, len, &insn), 0);
	insn_execute(&insn, &regs, &rig_memory, witness);
	assert_int_equal(rip, TEST_CODE + len);
}

static void
assert_access(const struct witness *witness, unsigned int i, enum access_kind kind, uint64_t addr,
	      unsigned int len)
{
	assert_true(i < witness->count);
	assert_int_equal(witness->access[i].kind, kind);
	assert_int_equal(witness->access[i].addr, addr);
	assert_int_equal(witness->access[i].len, len);
}

static void
vector_stores_are_posts(void **state)
{
	static const struct {
		const char *code;
		unsigned int bytes, posts, each;
	} stores[] = {
		{"\x66\x0f\xe7\x03", 4, 1, 16},         /* movntdq %xmm0, (%rbx) */
		{"\xc5\xfd\xe7\x03", 4, 2, 16},         /* vmovntdq %ymm0, (%rbx) */
		{"\x62\xf1\x7d\x48\xe7\x03", 6, 1, 64}, /* vmovntdq %zmm0, (%rbx) */
	};
	static struct native_state regs;
	unsigned int i, k;

	(void)state;
	for (i = 0; i < 3; i++) {
		struct witness witness = {0};

		random_registers(&regs, 0);
		execute_bytes(stores[i].code, stores[i].bytes, &regs, &witness);
		assert_int_equal(witness.count, stores[i].posts);
		for (k = 0; k < stores[i].posts; k++)
			assert_access(&witness, k, POSTED, regs.gpr[RBX] + 16 * k, stores[i].each);
	}
}

static void
vector_loads_go_up_in_eights(void **state)
{
	static struct native_state regs;
	struct witness witness = {0};
	unsigned int i;

	(void)state;
	random_registers(&regs, 0);
	execute_bytes("\xc5\xfe\x6f\x03", 4, &regs, &witness); /* vmovdqu (%rbx), %ymm0 */
	assert_int_equal(witness.count, 4);
	for (i = 0; i < 4; i++)
		assert_access(&witness, i, LOADED, regs.gpr[RBX] + 8 * i, 8);
}

/** MOVDIR64B and ENQCMD(S): eight loads, then one line. */
static void
assert_line(const struct witness *witness, const struct native_state *regs, enum access_kind kind)
{
	unsigned int i;

	assert_int_equal(witness->count, 9);
	for (i = 0; i < 8; i++)
		assert_access(witness, i, LOADED, regs->gpr[RBX] + 8 * i, 8);
	assert_access(witness, 8, kind, regs->gpr[RDI], 64);
}

static void
movdir64b_is_one_post(void **state)
{
	static struct native_state regs;
	struct witness witness = {.real = true};

	(void)state;
	random_registers(&regs, LINE);
	random_bytes((void *)TEST_DATA, TEST_DATA_BYTES);
	execute_bytes("\x66\x0f\x38\xf8\x3b", 5, &regs, &witness);
	assert_line(&witness, &regs, POSTED);
	assert_memory_equal((const void *)regs.gpr[RDI], (const void *)regs.gpr[RBX], 64);
}

static void
enqcmd_reports_retry_in_zf(void **state)
{
	static const char *const codes[] = {"\xf2\x0f\x38\xf8\x3b", "\xf3\x0f\x38\xf8\x3b"};
	static struct native_state regs;
	unsigned int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		bool retry = i & 1, supervisor = i & 2;
		struct witness witness = {.real = true, .submit_result = retry ? -EAGAIN : 0};

		random_registers(&regs, LINE);
		random_bytes((void *)TEST_DATA, TEST_DATA_BYTES);
		regs.rflags |= CF | PF | AF | SF | OF | (retry ? 0 : ZF);
		execute_bytes(codes[supervisor], 5, &regs, &witness);
		assert_line(&witness, &regs, SUBMITTED);
		assert_int_equal(witness.access[8].supervisor, supervisor);
		assert_int_equal(regs.rflags & (CF | PF | AF | ZF | SF | OF), retry ? ZF : 0);
		assert_int_equal(
			memcmp((const void *)regs.gpr[RDI], (const void *)regs.gpr[RBX], 64) == 0,
			!retry);
	}
}

/* ---- Register areas ---- */

/** A plain FXSAVE area has no header that could be written. */
static void
fxsave_area_ends_after_512_bytes(void **state)
{
	uint8_t *area = malloc(512); /* where the sanitizer watches both ends */
	static struct native_state general;
	uint64_t rip = TEST_CODE;
	struct witness witness = {.real = true};
	struct insn_regs regs;
	struct insn insn;

	(void)state;
	assert_non_null(area);
	random_registers(&general, 0);
	random_bytes(area, 512);
	random_bytes((void *)TEST_DATA, TEST_DATA_BYTES);
	regs = rig_regs(&general, &rip);
	regs.xsave = area;
	regs.fxsave = true;
	assert_int_equal(insn_decode("\xf3\x44\x0f\x6f\x3b", 5, &insn), 0); /* movdqu, %xmm15 */
	insn_execute(&insn, &regs, &rig_memory, &witness);
	assert_memory_equal(area + 160 + 15 * 16, (const void *)general.gpr[RBX], 16);
	assert_int_equal(insn_decode("\xc5\x7e\x6f\x3b", 4, &insn), 0); /* vmovdqu, %ymm15 */
	insn_execute(&insn, &regs, &rig_memory, &witness);
	assert_memory_equal(area + 160 + 15 * 16, (const void *)general.gpr[RBX], 16);
	free(area);
}

/* ---- What is refused ---- */

static void
others_are_refused(void **state)
{
	static const struct {
		const char *code;
		size_t len;
		int ret;
	} refused[] = {
		{"", 0, -EINVAL},
		{"\x06", 1, -EINVAL},                     /* push %es: not in 64-bit mode */
		{"\xf0\x8b\x03", 3, -EINVAL},             /* lock mov */
		{"\x8b\xc3", 2, -ENOTSUP},                /* mov %ebx, %eax */
		{"\x8c\x1b", 2, -ENOTSUP},                /* mov %ds, (%rbx) */
		{"\x0f\x7f\x03", 3, -ENOTSUP},            /* movq %mm0, (%rbx) */
		{"\x0f\x6f\x03", 3, -ENOTSUP},            /* movq (%rbx), %mm0 */
		{"\x8d\x03", 2, -ENOTSUP},                /* lea (%rbx), %eax */
		{"\xff\x33", 2, -ENOTSUP},                /* push (%rbx) */
		{"\xf2\xab", 2, -ENOTSUP},                /* repne stosl */
		{"\xdd\x03", 2, -ENOTSUP},                /* fldl (%rbx) */
		{"\x90", 1, -ENOTSUP},                    /* nop */
		{"\xc4\xe2\x7d\x90\x04\x03", 6, -EINVAL}, /* vpgatherdd without vector index */
	};
	struct insn insn;
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		int ret = insn_decode(refused[i].code, refused[i].len, &insn);

		if (ret != refused[i].ret)
			fail_msg("row %u: %d and not %d", i, ret, refused[i].ret);
	}
}

/** Anything at all is either refused, or carried out within the rules of struct insn_memory. */
static void
random_codes_do_no_harm(void **state)
{
	static struct native_state regs_before, regs;
	unsigned int i, k, done = 0;

	(void)state;
	random_registers(&regs_before, 0);
	for (i = 0; i < RANDOM_CODES; i++) {
		struct witness witness = {0};
		uint64_t rip = TEST_CODE;
		struct insn_regs saved;
		uint8_t code[INSN_MAX];
		struct insn insn;
		int ret;

		random_bytes(code, sizeof(code));
		ret = insn_decode(code, sizeof(code), &insn);
		assert_true(ret == 0 || ret == -EINVAL || ret == -ENOTSUP);
		if (ret != 0)
			continue;
		assert_true(insn.length > 0 && insn.length <= INSN_MAX);
		assert_int_equal(insn_decode(code, insn.length - 1u, &insn), -EINVAL);
		assert_int_equal(insn_decode(code, insn.length, &insn), 0);
		regs = regs_before;
		saved = rig_regs(&regs, &rip);
		insn_execute(&insn, &saved, &rig_memory, &witness);
		assert_true(witness.count <= 9);
		for (k = 0; k < witness.count; k++) {
			unsigned int len = witness.access[k].len;

			if (witness.access[k].kind <= STORED)
				assert_true(len == 1 || len == 2 || len == 4 || len == 8);
			else
				assert_true(len == 16 || len == 64);
		}
		done++;
	}
	print_message("%u of %u random codes were carried out\n", done, RANDOM_CODES);
	assert_true(done > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vector_stores_are_posts),
		cmocka_unit_test(vector_loads_go_up_in_eights),
		cmocka_unit_test(movdir64b_is_one_post),
		cmocka_unit_test(enqcmd_reports_retry_in_zf),
		cmocka_unit_test(fxsave_area_ends_after_512_bytes),
		cmocka_unit_test(others_are_refused),
		cmocka_unit_test(random_codes_do_no_harm),
	};

	return cmocka_run_group_tests(tests, rig_set_up, NULL);
}
