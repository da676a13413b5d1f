/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "trap.h"

#include <errno.h>
#include <immintrin.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_device.h"
#include "slipway_portal.h"

static _Alignas(64) uint8_t line[64];

static int
start(void **state)
{
	(void)state;
	fake_forget();
	for (unsigned int i = 0; i < sizeof(line); i++)
		line[i] = (uint8_t)(0x40 + i);
	return 0;
}

/* ---- Real faults ---- */

static void
loads_and_stores_reach_the_device(void **state)
{
	uint64_t value = UINT64_MAX;

	(void)state;
	errno = 77;
	*(volatile uint32_t *)(fake_bar + 8) = 0x12345678;
	assert_int_equal(fake_seen.last_off, 8);
	assert_int_equal(fake_seen.last_size, 4);
	*(volatile uint64_t *)(fake_bar + 4096) = 0x1122334455667788;
	*(volatile uint8_t *)(fake_bar + 1) = 0x99;
	assert_int_equal(fake_seen.stores, 3);
	assert_int_equal(fake_memory[1], 0x99);
	__asm__ volatile("movl (%1), %k0" : "+r"(value) : "r"(fake_bar + 8) : "memory");
	assert_int_equal(value, 0x12345678);
	assert_true(*(volatile uint64_t *)(fake_bar + 4096) == 0x1122334455667788);
	assert_int_equal(*(volatile int16_t *)(fake_bar + 4096), 0x7788);
	assert_int_equal(fake_seen.loads, 3);
	assert_int_equal(errno, 77);
}

static void
vectors_reach_the_device(void **state)
{
	__m128i in = _mm_load_si128((const __m128i *)line), out;

	(void)state;
	for (int i = 1; i <= 10; i++) {
		_mm_stream_si128((__m128i *)(fake_bar + 64), in);
		assert_int_equal(fake_seen.posts, i);
		assert_int_equal(fake_seen.last_size, 16);
	}
	assert_memory_equal(fake_memory + 64, line, 16);
	__asm__ volatile("movdqu (%1), %0" : "=x"(out) : "r"(fake_bar + 64) : "memory");
	assert_memory_equal(&out, line, 16);
	/* At an address that no single store has. */
	__asm__ volatile("movdqu %0, (%1)" : : "x"(in), "r"(fake_bar + 131) : "memory");
	assert_memory_equal(fake_memory + 131, line, 16);
	assert_int_equal(fake_seen.last_size, 1);
	__asm__ volatile("movdqu %0, (%1)" : : "x"(in), "r"(fake_bar + 200) : "memory");
	assert_memory_equal(fake_memory + 200, line, 16);
	assert_int_equal(fake_seen.last_size, 8);
}

static void
strings_reach_the_device(void **state)
{
	uint8_t back[64];
	void *to = fake_bar + 256, *from = line;
	size_t n = sizeof(line) / 4;

	(void)state;
	__asm__ volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
	assert_ptr_equal(to, fake_bar + 256 + 64);
	assert_int_equal(n, 0);
	assert_int_equal(fake_seen.stores, 16);
	assert_memory_equal(fake_memory + 256, line, 64);
	to = back;
	from = fake_bar + 256;
	n = 8;
	__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
	assert_memory_equal(back, line, 64);
	/* From one place of the BAR to another. */
	to = fake_bar + 8192;
	from = fake_bar + 256;
	__asm__ volatile("movsq" : "+D"(to), "+S"(from) : : "memory");
	assert_memory_equal(fake_memory + 8192, line, 8);
}

/* One place in the program. */
static __attribute__((noinline)) void
movdir64b(void *to, const void *from)
{
	__asm__ volatile(".byte 0x66, 0x0f, 0x38, 0xf8, 0x02" : : "a"(to), "d"(from) : "memory");
}

/* On a CPU with the instruction by SIGSEGV, on one without by SIGILL; then by a patch. */
static void
lines_reach_the_device(void **state)
{
	_Alignas(64) uint8_t memory[64] = {0};

	(void)state;
	for (int i = 1; i <= 3; i++) {
		line[0] = (uint8_t)i;
		errno = 77;
		movdir64b(fake_bar + 4096, line);
		assert_int_equal(errno, 77);
		assert_int_equal(fake_seen.posts, i);
		assert_int_equal(fake_seen.last_size, 64);
		assert_memory_equal(fake_memory + 4096, line, 64);
	}
	/* The same place, and no device. */
	movdir64b(memory, line);
	assert_memory_equal(memory, line, 64);
	assert_int_equal(fake_seen.posts, 3);
	/* Both operands in the BAR. */
	movdir64b(fake_bar + 64, fake_bar + 4096);
	assert_memory_equal(fake_memory + 64, line, 64);
}

/* ---- Saved contexts: what other CPUs would do ---- */

/* A thread that stopped at `code`, with rax and rdx as the two operands. */
static struct _libc_fpstate fpregs;

static ucontext_t
stopped_at(const uint8_t *code, void *to, const void *from)
{
	ucontext_t context = {0};

	context.uc_mcontext.fpregs = &fpregs;
	context.uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)code;
	context.uc_mcontext.gregs[REG_RAX] = (greg_t)(uintptr_t)to;
	context.uc_mcontext.gregs[REG_RDX] = (greg_t)(uintptr_t)from;
	context.uc_mcontext.gregs[REG_EFL] = 0x8d5 | 2;
	return context;
}

static const uint8_t code_movdir64b[16] = {0x66, 0x0f, 0x38, 0xf8, 0x02};
static const uint8_t code_movdiri[16] = {0x0f, 0x38, 0xf9, 0x10}; /* edx to (rax) */
static const uint8_t code_enqcmd[16] = {0xf2, 0x0f, 0x38, 0xf8, 0x02};
static const uint8_t code_enqcmds[16] = {0xf3, 0x0f, 0x38, 0xf8, 0x02};

static void
handle(int sig, int si_code, void *addr, ucontext_t *context)
{
	siginfo_t info = {.si_signo = sig, .si_code = si_code};

	info.si_addr = addr;
	trap_handle(sig, &info, context);
}

static void
lines_without_the_instruction(void **state)
{
	_Alignas(64) uint8_t memory[64] = {0};
	ucontext_t context = stopped_at(code_movdir64b, fake_bar + 128, line);

	(void)state;
	handle(SIGILL, ILL_ILLOPN, (void *)code_movdir64b, &context);
	assert_int_equal(fake_seen.posts, 1);
	assert_memory_equal(fake_memory + 128, line, 64);
	assert_ptr_equal(context.uc_mcontext.gregs[REG_RIP], code_movdir64b + 5);
	context = stopped_at(code_movdir64b, memory, line);
	handle(SIGILL, ILL_ILLOPN, (void *)code_movdir64b, &context);
	assert_memory_equal(memory, line, 64);
	assert_ptr_equal(context.uc_mcontext.gregs[REG_RIP], code_movdir64b + 5);
	context = stopped_at(code_movdiri, fake_bar + 192, (void *)(uintptr_t)0x1234);
	handle(SIGILL, ILL_ILLOPN, (void *)code_movdiri, &context);
	assert_int_equal(fake_memory[193], 0x12);
	assert_int_equal(fake_seen.last_size, 4);
}

static void
lines_with_the_instruction(void **state)
{
	ucontext_t context = stopped_at(code_movdir64b, fake_bar + 128, line);

	(void)state;
	handle(SIGSEGV, SEGV_ACCERR, fake_bar + 128, &context);
	assert_int_equal(fake_seen.posts, 1);
	assert_memory_equal(fake_memory + 128, line, 64);
	assert_ptr_equal(context.uc_mcontext.gregs[REG_RIP], code_movdir64b + 5);
}

static void
enqueue_with(int sig, int si_code, void *addr, const uint8_t *code, uint32_t pasid)
{
	for (int answer = 0; answer >= -EAGAIN; answer -= EAGAIN) {
		ucontext_t context = stopped_at(code, fake_bar + 4096, line);

		fake_seen.submit_answer = answer;
		handle(sig, si_code, addr, &context);
		assert_int_equal(fake_seen.pasid, pasid);
		assert_ptr_equal(context.uc_mcontext.gregs[REG_RIP], code + 5);
		/* ZF says that it was not taken; the others are clear. */
		assert_int_equal(context.uc_mcontext.gregs[REG_EFL] & 0x8d5,
				 answer != 0 ? 0x40 : 0);
	}
}

static void
commands_are_submitted(void **state)
{
	uint32_t pasid;

	(void)state;
	memset(line, 0, 4);
	enqueue_with(SIGILL, ILL_ILLOPN, (void *)code_enqcmd, code_enqcmd, FAKE_PASID);
	enqueue_with(SIGSEGV, SEGV_ACCERR, fake_bar + 4096, code_enqcmd, FAKE_PASID);
	/* A CPU that has it, and no PASID in its register: a protection fault, without address. */
	enqueue_with(SIGSEGV, SI_KERNEL, NULL, code_enqcmd, FAKE_PASID);
	assert_int_equal(fake_seen.submits, 6);
	/* The PASID is in the line that the device gets, and no privilege. */
	memcpy(&pasid, fake_memory + 4096, 4);
	assert_int_equal(pasid, FAKE_PASID);
	assert_memory_equal(fake_memory + 4096 + 4, line + 4, 60);
}

/* What a driver does, on whatever CPU this is: trapped at first, by a patch from then on. */
static void
a_drivers_command_is_submitted(void **state)
{
	struct portal_map map = {.page = fake_bar + 8192, .answers = true};
	struct portal p;

	(void)state;
	memset(line, 0, 4);
	portal_features_override(0, PORTAL_CPU_ENQCMD);
	portal_use_map(&p, &map, 0);
	for (unsigned int i = 1; i <= 8; i++) {
		line[8] = (uint8_t)i;
		fake_seen.submit_answer = i % 2 == 0 ? -EAGAIN : 0;
		assert_int_equal(portal_try(&p, line), fake_seen.submit_answer);
		assert_int_equal(fake_seen.submits, i);
		assert_int_equal(fake_memory[8192 + 8], i);
	}
	assert_int_equal(p.counters.accepted, 4);
	assert_int_equal(p.counters.retried, 4);
	assert_int_equal(portal_try_on(&p, line, 5), -EAGAIN);
	assert_int_equal(fake_seen.submits, 8 + 6);
	assert_int_equal(portal_try_supervisor(&p, line), -EPERM);
	assert_int_equal(fake_seen.submits, 8 + 6);
}

/* ---- The program's own ---- */

static sigjmp_buf out;
static volatile int got_signal, got_code;
static void *volatile got_addr;
static volatile greg_t got_rip;

static void
note(int sig, siginfo_t *info, void *context)
{
	got_signal = sig;
	got_code = info->si_code;
	got_addr = info->si_addr;
	got_rip = ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];
	siglongjmp(out, 1);
}

static void catch (int sig)
{
	struct sigaction act = {.sa_sigaction = note, .sa_flags = SA_SIGINFO};

	got_signal = 0;
	sigfillset(&act.sa_mask);
	assert_int_equal(sigaction(sig, &act, NULL), 0);
}

static void
foreign_faults_reach_the_program(void **state)
{
	uint8_t *closed = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	catch (SIGSEGV);
	if (sigsetjmp(out, 1) == 0)
		(void)*(volatile uint8_t *)closed;
	assert_int_equal(got_signal, SIGSEGV);
	assert_ptr_equal(got_addr, closed);
	assert_int_equal(got_code, SEGV_ACCERR);
	catch (SIGILL);
	if (sigsetjmp(out, 1) == 0)
		__asm__ volatile("ud2");
	assert_int_equal(got_signal, SIGILL);
	catch (SIGTRAP);
	if (sigsetjmp(out, 1) == 0)
		__asm__ volatile("int3");
	assert_int_equal(got_signal, SIGTRAP);
	/* And the BAR is still served. */
	*(volatile uint32_t *)fake_bar = 5;
	assert_int_equal(fake_seen.stores, 1);
	signal(SIGSEGV, SIG_DFL);
	signal(SIGILL, SIG_DFL);
	signal(SIGTRAP, SIG_DFL);
	munmap(closed, 4096);
}

/* MOVDIR64B to a BAR from an address that is none: the fault that it would have had. */
static void
bad_sources_are_the_programs_faults(void **state)
{
	uint8_t *closed = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	catch (SIGSEGV);
	for (int i = 0; i < 3; i++) {
		got_signal = 0;
		if (sigsetjmp(out, 1) == 0)
			movdir64b(fake_bar, closed);
		assert_int_equal(got_signal, SIGSEGV);
		assert_ptr_equal(got_addr, closed);
		assert_in_range(got_rip, (uintptr_t)movdir64b, (uintptr_t)movdir64b + 32);
		assert_int_equal(fake_seen.posts, 0);
	}
	/* A CPU that lacks the instruction has not looked at the source yet. */
	for (volatile int i = 0; i < 2; i++) {
		ucontext_t context = stopped_at(code_movdir64b, fake_bar, closed);

		got_signal = 0;
		if (sigsetjmp(out, 1) == 0)
			handle(i == 0 ? SIGILL : SIGSEGV, i == 0 ? ILL_ILLOPN : SEGV_ACCERR,
			       fake_bar, &context);
		assert_int_equal(got_signal, SIGSEGV);
		assert_ptr_equal(got_addr, closed);
		assert_ptr_equal(got_rip, code_movdir64b);
		assert_int_equal(fake_seen.posts, 0);
	}
	/* The thread is not inside any more: a handler comes at once. */
	catch (SIGUSR1);
	if (sigsetjmp(out, 1) == 0)
		raise(SIGUSR1);
	assert_int_equal(got_signal, SIGUSR1);
	signal(SIGUSR1, SIG_DFL);
	signal(SIGSEGV, SIG_DFL);
	munmap(closed, 4096);
}

/* Operands that the CPU does not accept, and ENQCMDS, are protection faults. */
static void
bad_commands_are_the_programs_faults(void **state)
{
	static const struct {
		const uint8_t *code;
		size_t off;
		uint8_t head;
	} bad[] = {
		{code_enqcmd, 4096, 1},         /* a PASID */
		{code_enqcmd, 4096 + 32, 0},    /* between two lines */
		{code_enqcmds, 4096, 0},
	};

	(void)state;
	catch (SIGSEGV);
	for (volatile size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ucontext_t context = stopped_at(bad[i].code, fake_bar + bad[i].off, line);

		memset(line, 0, 4);
		line[0] = bad[i].head;
		got_signal = 0;
		if (sigsetjmp(out, 1) == 0)
			handle(SIGILL, ILL_ILLOPN, (void *)(uintptr_t)bad[i].code, &context);
		assert_int_equal(got_signal, SIGSEGV);
		assert_int_equal(got_code, SI_KERNEL);
		assert_ptr_equal(got_rip, bad[i].code);
		assert_int_equal(fake_seen.submits, 0);
	}
	signal(SIGSEGV, SIG_DFL);
}

/* fn in a child, with its standard error in `text`. Its wait status. */
static int
run_child(void (*fn)(void), char *text, size_t size)
{
	int pipe_fds[2], status;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(pipe_fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		static const int defaults[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP};

		for (int i = 0; i < 4; i++)
			signal(defaults[i], SIG_DFL);
		dup2(pipe_fds[1], 2);
		fn();
		_exit(0);
	}
	close(pipe_fds[1]);
	n = read(pipe_fds[0], text, size - 1);
	text[n > 0 ? n : 0] = '\0';
	close(pipe_fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
crash(void)
{
	volatile uintptr_t nowhere = 8;

	*(volatile int *)nowhere = 1;
}

static void
crash_illegally(void)
{
	__asm__ volatile("ud2");
}

static void
crash_into_breakpoint(void)
{
	__asm__ volatile("int3");
}

static void
touch_lost(void)
{
	*(volatile int *)(fake_bar + FAKE_BYTES) = 1;
}

static void
touch_strangely(void)
{
	__asm__ volatile("fldt (%0)" : : "r"(fake_bar + 0x120) : "memory");
}

static void
call_bar(void)
{
	((void (*)(void))(uintptr_t)fake_bar)();
}

static void
crashes_are_still_crashes(void **state)
{
	char text[512];
	int status = run_child(crash, text, sizeof(text));

	(void)state;
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	assert_string_equal(text, "");
	status = run_child(crash_illegally, text, sizeof(text));
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGILL);
	status = run_child(crash_into_breakpoint, text, sizeof(text));
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTRAP);
	status = run_child(touch_lost, text, sizeof(text));
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
}

static void
undecodable_accesses_are_refused(void **state)
{
	char text[512];
	int status = run_child(touch_strangely, text, sizeof(text));

	(void)state;
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
	assert_non_null(strstr(text, "slipway: cannot carry out the access to BAR 2 + 0x120 of "
				     "0000:7e:00.0 at rip 0x"));
	assert_non_null(strstr(text, "instruction bytes db "));
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	status = run_child(call_bar, text, sizeof(text));
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
	assert_non_null(strstr(text, "instruction bytes none"));
	catch (SIGBUS);
	if (sigsetjmp(out, 1) == 0)
		touch_strangely();
	assert_int_equal(got_signal, SIGBUS);
	assert_ptr_equal(got_addr, fake_bar + 0x120);
	signal(SIGBUS, SIG_DFL);
}

/* ---- Handlers and BARs ---- */

static volatile int handled;
static void
store_in_handler(int sig)
{
	(void)sig;
	*(volatile uint32_t *)(fake_bar + 16) = 7;
	movdir64b(fake_bar + 4096, line);
	handled++;
}

static void
raise_int(void)
{
	fake_seen.hook = NULL;
	raise(SIGINT);
	assert_int_equal(handled, 0);
}

/* A signal comes in the middle of a trap, and in the middle of a patched post; its handler, which
 * has all signals blocked, uses the device.
 */
static void
handlers_use_the_device(void **state)
{
	struct sigaction act = {.sa_handler = store_in_handler};

	(void)state;
	sigfillset(&act.sa_mask);
	assert_int_equal(sigaction(SIGINT, &act, NULL), 0);
	handled = 0;
	fake_seen.hook = raise_int;
	*(volatile uint32_t *)fake_bar = 1;
	assert_int_equal(handled, 1);
	handled = 0;
	movdir64b(fake_bar, line);
	fake_seen.hook = raise_int;
	movdir64b(fake_bar, line);
	assert_int_equal(handled, 1);
	assert_int_equal(fake_seen.posts, 4);
	signal(SIGINT, SIG_DFL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(loads_and_stores_reach_the_device, start),
		cmocka_unit_test_setup(vectors_reach_the_device, start),
		cmocka_unit_test_setup(strings_reach_the_device, start),
		cmocka_unit_test_setup(lines_reach_the_device, start),
		cmocka_unit_test_setup(lines_without_the_instruction, start),
		cmocka_unit_test_setup(lines_with_the_instruction, start),
		cmocka_unit_test_setup(commands_are_submitted, start),
		cmocka_unit_test_setup(a_drivers_command_is_submitted, start),
		cmocka_unit_test_setup(bad_commands_are_the_programs_faults, start),
		cmocka_unit_test_setup(foreign_faults_reach_the_program, start),
		cmocka_unit_test_setup(bad_sources_are_the_programs_faults, start),
		cmocka_unit_test_setup(crashes_are_still_crashes, start),
		cmocka_unit_test_setup(undecodable_accesses_are_refused, start),
		cmocka_unit_test_setup(handlers_use_the_device, start),
	};

	if (fake_map() != 0 || trap_install() != 0) {
		fprintf(stderr, "trap_test: no memory, or no handlers\n");
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
