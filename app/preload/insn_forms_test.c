/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The CPU is the witness: every form of insn_forms.def runs on it and through insn_execute, from
 * the same random registers and memory, and has to leave the same behind. What this CPU lacks is
 * decoded only.
 */
#include <cpuid.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "insn_test_rig.h"

#define ROUNDS 200

/* What the manuals leave undefined after AND and the like, and after BT and the like. */
#define LOGIC   AF
#define BITTEST (OF | SF | AF | PF)

enum feature { BASE, SSE3, SSE41, MOVBE, AVX, AVX512, MOVDIRI, MOVDIR64B };

/* The code bytes, and where in them each form lies: made by the assembler. */
extern const uint8_t form_code[] __attribute__((visibility("hidden")));
extern const struct {
	uint32_t start, len;
} form_places[] __attribute__((visibility("hidden")));

#define FORM(text, setup, feature, undefined) \
	"771: " text "\n772:\n"               \
	".pushsection .rodata.form_places\n.long 771b - form_code, 772b - 771b\n.popsection\n"
__asm__(".pushsection .rodata.form_places,\"a\"\n.balign 4\nform_places:\n.popsection\n"
	".pushsection .rodata.form_code,\"a\"\nform_code:\n"
#include "insn_forms.def"
	".popsection\n");
#undef FORM

static const struct form {
	const char *text;
	unsigned int setup;
	enum feature feature;
	uint64_t undefined;
} forms[] = {
#define FORM(text, setup, feature, undefined) {text, setup, feature, undefined},
#include "insn_forms.def"
#undef FORM
};

#define FORMS (sizeof(forms) / sizeof(forms[0]))

/* ---- What this CPU has ---- */

static bool
has_feature(enum feature feature)
{
	unsigned int eax, ebx, ecx = 0, edx, leaf7 = 0;

	__get_cpuid_count(7, 0, &eax, &ebx, &leaf7, &edx);
	__get_cpuid(1, &eax, &ebx, &ecx, &edx);
	switch (feature) {
	case BASE:
		return true;
	case SSE3:
		return ecx & bit_SSE3;
	case SSE41:
		return ecx & bit_SSE4_1;
	case MOVBE:
		return ecx & bit_MOVBE;
	case AVX:
		return __builtin_cpu_supports("avx");
	case AVX512:
		return __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
		       __builtin_cpu_supports("avx512dq");
	case MOVDIRI:
		return leaf7 >> 27 & 1;
	case MOVDIR64B:
		return leaf7 >> 28 & 1;
	}
	return false;
}

/* ---- Each form on the CPU and through insn_execute ---- */

static void
assert_same(const struct form *form, const struct native_state *expected,
	    const struct native_state *state)
{
	uint64_t defined = (CF | PF | AF | ZF | SF | DF | OF) & ~form->undefined;
	uint8_t one[1024], other[1024];
	unsigned int i;

	for (i = 0; i < 16; i++) {
		if (expected->gpr[i] != state->gpr[i])
			fail_msg("%s: register %u is %#lx and not %#lx", form->text, i,
				 state->gpr[i], expected->gpr[i]);
	}
	if ((expected->rflags ^ state->rflags) & defined)
		fail_msg("%s: flags are %#lx and not %#lx", form->text, state->rflags,
			 expected->rflags);
	for (i = 0; i < RIG_COMPONENTS; i++) {
		rig_component(expected->xsave, &rig_components[i], one);
		rig_component(state->xsave, &rig_components[i], other);
		if (memcmp(one, other, rig_components[i].len) != 0)
			fail_msg("%s: state component %u differs", form->text,
				 rig_components[i].bit);
	}
}

/** insn_address named one of the addresses that were accessed; where a mask leaves bytes out, one
 * that is less than a register before them.
 */
static void
assert_address(const struct form *form, uint64_t addr, const struct witness *witness)
{
	unsigned int i;

	for (i = 0; i < witness->count; i++) {
		if (witness->access[i].addr == addr ||
		    (strchr(form->text, '{') != NULL && witness->access[i].addr - addr < 64))
			return;
	}
	/* REP with nothing to do has an address, too, and accesses nothing. */
	if (witness->count != 0)
		fail_msg("%s: insn_address is %#lx, not %#lx", form->text, addr,
			 witness->access[0].addr);
}

static void
interpret(const struct form *form, const struct insn *insn, struct native_state *state)
{
	uint64_t rip = TEST_CODE, addr;
	struct insn_regs regs = rig_regs(state, &rip);
	struct witness witness = {.real = true};
	unsigned int turns;

	if (!insn_uses_vectors(insn))
		regs.xsave = NULL;
	for (turns = 0; rip == TEST_CODE && turns < 16; turns++) {
		addr = insn_address(insn, &regs);
		witness.count = 0;
		insn_execute(insn, &regs, &rig_memory, &witness);
		assert_address(form, addr, &witness);
	}
	assert_int_equal(rip, TEST_CODE + insn->length);
}

static void
compare_once(const struct form *form, const void *code, const struct insn *insn)
{
	static struct native_state expected, state;
	static uint8_t before[TEST_DATA_BYTES], after[TEST_DATA_BYTES];

	random_bytes(before, sizeof(before));
	memcpy((void *)TEST_DATA, before, sizeof(before));
	random_registers(&state, form->setup);
	expected = state;
	native_run(code, insn->length, &expected);
	memcpy(after, (const void *)TEST_DATA, sizeof(after));
	memcpy((void *)TEST_DATA, before, sizeof(before));
	interpret(form, insn, &state);
	assert_same(form, &expected, &state);
	if (memcmp(after, (const void *)TEST_DATA, sizeof(after)) != 0)
		fail_msg("%s: memory differs", form->text);
}

static void
forms_do_what_the_cpu_does(void **state)
{
	unsigned int i, round, skipped = 0;
	struct insn insn;

	(void)state;
	native_set_gs(GS_BASE);
	for (i = 0; i < FORMS; i++) {
		const uint8_t *code = form_code + form_places[i].start;
		int ret = insn_decode(code, form_places[i].len, &insn);

		if (ret != 0 || insn.length != form_places[i].len)
			fail_msg("%s: insn_decode says %d", forms[i].text, ret);
		if (!has_feature(forms[i].feature)) {
			skipped++;
			continue;
		}
		for (round = 0; round < ROUNDS; round++)
			compare_once(&forms[i], code, &insn);
	}
	native_set_gs(0);
	print_message("%zu forms, of which this CPU lacks %u\n", FORMS, skipped);
}

/** Every form cut short is refused, and no byte is read that is not there. */
static void
no_byte_is_read_past_the_end(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), cut;
	uint8_t *at = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			   0);
	struct insn insn;
	unsigned int i;

	(void)state;
	assert_true(at != MAP_FAILED);
	assert_int_equal(mprotect(at + page, page, PROT_NONE), 0);
	for (i = 0; i < FORMS; i++) {
		for (cut = 0; cut < form_places[i].len; cut++) {
			memcpy(at + page - cut, form_code + form_places[i].start, cut);
			assert_int_equal(insn_decode(at + page - cut, cut, &insn), -EINVAL);
		}
	}
	munmap(at, 2 * page);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms_do_what_the_cpu_does),
		cmocka_unit_test(no_byte_is_read_past_the_end),
	};

	return cmocka_run_group_tests(tests, rig_set_up, NULL);
}
