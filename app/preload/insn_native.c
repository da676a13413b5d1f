/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "insn_native.h"

#include <asm/prctl.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/** jmp *0(%rip), with the address behind it: how the code page gets back. */
static const uint8_t jump_back[] = {0xff, 0x25, 0, 0, 0, 0};

/** Seen from assembly: the stack of the caller, and the state. */
__attribute__((used)) static uint64_t native_stack;
__attribute__((used)) static uint64_t native_slot = TEST_CODE;
__attribute__((used)) static uint64_t native_gpr[16];
__attribute__((used)) static uint64_t native_flags;

void native_enter(uint8_t *xsave, uint64_t components);
void native_back(void);

/* Every register is the instruction's, so the way out may use none until all are saved. */
__asm__(".pushsection .text\n"
	"native_enter:\n"
	"	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
	"	push %rdi; push %rsi\n"
	"	mov %rsp, native_stack(%rip)\n"
	"	mov %esi, %eax; xor %edx, %edx\n"
	"	xrstor64 (%rdi)\n"
	"	push native_flags(%rip); popfq\n"
	"	lea native_gpr(%rip), %rdi\n"
	"	mov 0(%rdi), %rax; mov 8(%rdi), %rcx; mov 16(%rdi), %rdx; mov 24(%rdi), %rbx\n"
	"	mov 32(%rdi), %rsp; mov 40(%rdi), %rbp; mov 48(%rdi), %rsi\n"
	"	mov 64(%rdi), %r8; mov 72(%rdi), %r9; mov 80(%rdi), %r10; mov 88(%rdi), %r11\n"
	"	mov 96(%rdi), %r12; mov 104(%rdi), %r13\n"
	"	mov 112(%rdi), %r14; mov 120(%rdi), %r15\n"
	"	mov 56(%rdi), %rdi\n"
	"	jmp *native_slot(%rip)\n"
	"native_back:\n"
	"	mov %rax, native_gpr+0(%rip); mov %rcx, native_gpr+8(%rip)\n"
	"	mov %rdx, native_gpr+16(%rip); mov %rbx, native_gpr+24(%rip)\n"
	"	mov %rsp, native_gpr+32(%rip); mov %rbp, native_gpr+40(%rip)\n"
	"	mov %rsi, native_gpr+48(%rip); mov %rdi, native_gpr+56(%rip)\n"
	"	mov %r8, native_gpr+64(%rip); mov %r9, native_gpr+72(%rip)\n"
	"	mov %r10, native_gpr+80(%rip); mov %r11, native_gpr+88(%rip)\n"
	"	mov %r12, native_gpr+96(%rip); mov %r13, native_gpr+104(%rip)\n"
	"	mov %r14, native_gpr+112(%rip); mov %r15, native_gpr+120(%rip)\n"
	"	mov native_stack(%rip), %rsp\n"
	"	pushfq; pop native_flags(%rip); cld\n"
	"	pop %rax; pop %rdi\n"
	"	xor %edx, %edx\n"
	"	xsave64 (%rdi)\n"
	"	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
	"	ret\n"
	".popsection\n");

int
native_init(void)
{
	size_t len = TEST_DATA + TEST_DATA_BYTES - TEST_CODE;
	void *at = mmap((void *)TEST_CODE, len, PROT_READ | PROT_WRITE | PROT_EXEC,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	return at == MAP_FAILED ? -errno : 0;
}

uint64_t
native_components(void)
{
	uint32_t low, high;

	__asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return low & 0xe6;
}

void
native_run(const void *code, size_t len, struct native_state *state)
{
	uint8_t *slot = (uint8_t *)TEST_CODE;
	uint64_t back = (uint64_t)&native_back;

	memcpy(slot, code, len);
	memcpy(slot + len, jump_back, sizeof(jump_back));
	memcpy(slot + len + sizeof(jump_back), &back, sizeof(back));
	memcpy(native_gpr, state->gpr, sizeof(native_gpr));
	native_flags = state->rflags;
	native_enter(state->xsave, native_components());
	memcpy(state->gpr, native_gpr, sizeof(native_gpr));
	state->rflags = native_flags;
}

void
native_set_gs(uint64_t base)
{
	syscall(SYS_arch_prctl, ARCH_SET_GS, base);
}

uint64_t
native_fs(void)
{
	uint64_t base = 0;

	syscall(SYS_arch_prctl, ARCH_GET_FS, &base);
	return base;
}
