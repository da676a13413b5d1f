/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * BARs as a program has them in its memory: loads, stores and posts there, what becomes of them
 * after fork and exec, and an interrupt that the device itself raises.
 */
#include <emmintrin.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "bus_trace.h"
#include "dlb_hcw.h"
#include "vfio_test_rig.h"

#define BAR0_BYTES   UINT64_C(0x4000000)
#define BAR2_BYTES   UINT64_C(0x100000000)
#define TABLE_END    (TABLE + PAGE)
#define PAGE_OF_PORT UINT64_C(0x2100000) /* load-balanced port 0 */
#define COMMAND      0x04
#define SET_EVENTFD  (VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER)

static const char *program;

/* A device with its BARs mapped as DPDK does it: around the MSI-X table, over memory that was
 * reserved before.
 */
struct mapped {
	struct vfio v;
	unsigned int n;
	char *bar0, *bar2;
};

static void
map_piece(const struct vfio *v, char *addr, unsigned int bar, uint64_t off, size_t len)
{
	assert_ptr_equal(mmap(addr, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, v->device,
			      (off_t)(REGION(bar) + off)),
			 addr);
}

static void
mapped_set_up(struct mapped *m, unsigned int n)
{
	vfio_set_up(&m->v, n);
	m->n = n;
	m->bar0 = mmap(NULL, BAR0_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	map_piece(&m->v, m->bar0, 0, 0, TABLE);
	map_piece(&m->v, m->bar0 + TABLE_END, 0, TABLE_END, BAR0_BYTES - TABLE_END);
	m->bar2 = mmap(NULL, BAR2_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, m->v.device,
		       (off_t)REGION(2));
	assert_ptr_not_equal(m->bar2, MAP_FAILED);
	vfio_write(&m->v, CONFIG + COMMAND, 2, 6);
}

static void
mapped_tear_down(struct mapped *m)
{
	assert_int_equal(munmap(m->bar0, BAR0_BYTES), 0);
	assert_int_equal(munmap(m->bar2, BAR2_BYTES), 0);
	vfio_tear_down(&m->v);
}

static volatile uint32_t *
reg(const struct mapped *m, enum dlb_reg row)
{
	return (volatile uint32_t *)(void *)(m->bar2 + vfio_reg(m->n, row) - REGION(2));
}

/* ---- Loads and stores ---- */

static void
registers_are_memory_to_the_program(void **state)
{
	struct mapped m, other;

	(void)state;
	mapped_set_up(&m, 0);
	mapped_set_up(&other, 1);
	/* Powered down, a device has nothing to say. */
	assert_int_equal(*reg(&m, DLB_SYS_TOTAL_VAS), UINT32_MAX);
	*reg(&m, DLB_CM_CFG_PM_PMCSR_DISABLE) = 0;
	*reg(&other, DLB_CM_CFG_PM_PMCSR_DISABLE) = 0;
	assert_int_equal(*reg(&m, DLB_SYS_TOTAL_VAS), 32);
	*reg(&m, DLB_SYS_INGRESS_ALARM_ENBL) = 0x15;
	assert_int_equal(*reg(&m, DLB_SYS_INGRESS_ALARM_ENBL), 0x15);
	assert_int_equal(*reg(&other, DLB_SYS_INGRESS_ALARM_ENBL), 0);
	assert_int_equal(vfio_read(&m.v, vfio_reg(0, DLB_SYS_INGRESS_ALARM_ENBL), 4), 0x15);
	/* Where opening the pages would leave plain memory behind, nothing is opened. */
	assert_int_equal(mprotect(m.bar2, BAR2_BYTES, PROT_READ | PROT_WRITE), 0);
	assert_int_equal(*reg(&m, DLB_SYS_INGRESS_ALARM_ENBL), 0x15);
	mapped_tear_down(&other);
	mapped_tear_down(&m);
}

static void
maps_that_the_kernel_refuses_are_refused(void **state)
{
	struct vfio v;
	const off_t bar2 = (off_t)REGION(2);

	(void)state;
	vfio_set_up(&v, 0);
	assert_ptr_equal(mmap(NULL, PAGE, 3, MAP_PRIVATE, v.device, bar2), MAP_FAILED);
	assert_ptr_equal(mmap(NULL, BAR2_BYTES + PAGE, 3, MAP_SHARED, v.device, bar2), MAP_FAILED);
	assert_ptr_equal(mmap(NULL, PAGE, 3, MAP_SHARED, v.device, (off_t)REGION(1)), MAP_FAILED);
	assert_ptr_equal(mmap(NULL, PAGE, 3, MAP_SHARED, v.device, (off_t)CONFIG), MAP_FAILED);
	assert_int_equal(errno, EINVAL);
	assert_ptr_equal(mmap(NULL, PAGE, 3, MAP_SHARED, v.device, (off_t)(REGION(2) + BAR2_BYTES)),
			 MAP_FAILED);
	vfio_tear_down(&v);
}

/* A page mapped over a BAR is memory, and the rest of the BAR is not. */
static void
what_is_mapped_over_a_bar_is_memory(void **state)
{
	struct mapped m;
	volatile uint32_t *there;
	char *page;

	(void)state;
	mapped_set_up(&m, 0);
	*reg(&m, DLB_CM_CFG_PM_PMCSR_DISABLE) = 0;
	there = reg(&m, DLB_SYS_INGRESS_ALARM_ENBL);
	page = (char *)((uintptr_t)there & ~(uintptr_t)(PAGE - 1));
	/* Closed at first: were it still part of the BAR, it could not be opened. */
	assert_ptr_equal(
		mmap(page, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), page);
	assert_int_equal(mprotect(page, PAGE, PROT_READ | PROT_WRITE), 0);
	*there = 0xffffffff;
	assert_int_equal(*there, 0xffffffff);
	assert_int_equal(vfio_read(&m.v, vfio_reg(0, DLB_SYS_INGRESS_ALARM_ENBL), 4), 0);
	assert_int_equal(*reg(&m, DLB_CM_CFG_PM_PMCSR_DISABLE), 0);
	mapped_tear_down(&m);
}

/* ---- An interrupt of the device's own ---- */

static void
an_alarm_of_the_device_reaches_the_eventfd(void **state)
{
	const __m128i command = _mm_set_epi64x((int64_t)REG_PUT(DLB_HCW_CMD, DLB_CMD_NEW), 0);
	int32_t fd = eventfd(0, EFD_NONBLOCK);
	struct mapped m;

	(void)state;
	mapped_set_up(&m, 0);
	*reg(&m, DLB_CM_CFG_PM_PMCSR_DISABLE) = 0;
	*reg(&m, DLB_SYS_INGRESS_ALARM_ENBL) = 0x3f;
	assert_int_equal(vfio_irqs(&m.v, VFIO_PCI_MSIX_IRQ_INDEX, SET_EVENTFD, 0, 1, &fd), 0);
	/* A port that nobody has configured. */
	_mm_stream_si128((__m128i *)(void *)(m.bar0 + PAGE_OF_PORT), command);
	_mm_sfence();
	assert_int_equal(*reg(&m, DLB_SYS_ALARM_PF_SYND0) >> 31, 1);
	assert_int_equal(vfio_signals(fd), 1);
	mapped_tear_down(&m);
	close(fd);
}

/* ---- Processes ---- */

/* Run something in a child: its wait status, and what it said on standard error. */
static int
in_child(void (*what)(struct mapped *), struct mapped *m, char *said, size_t room)
{
	int pipes[2], status;
	size_t n = 0;
	ssize_t more;
	pid_t child;

	assert_int_equal(pipe(pipes), 0);
	child = fork();
	if (child == 0) {
		dup2(pipes[1], STDERR_FILENO);
		signal(SIGBUS, SIG_DFL);
		what(m);
		_exit(0);
	}
	close(pipes[1]);
	while (n < room - 1 && (more = read(pipes[0], said + n, room - 1 - n)) > 0)
		n += (size_t)more;
	said[n] = '\0';
	close(pipes[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void
touch_bar(struct mapped *m)
{
	*reg(m, DLB_SYS_INGRESS_ALARM_ENBL) = 1;
}

/* Exits in tests of the framework are failures of the parent; here they are statuses. */
static void
expect(int condition, int status)
{
	if (!condition)
		_exit(status);
}

static void
open_again(struct mapped *m)
{
	struct vfio_device_info info = {.argsz = sizeof(info)};
	struct mapped own;
	char c;

	expect(ioctl(m->v.device, VFIO_DEVICE_GET_INFO, &info) == -1 && errno == ENODEV, 1);
	expect(pread(m->v.device, &c, 1, (off_t)CONFIG) == -1 && errno == ENODEV, 2);
	expect(close(m->v.device) == 0 && close(m->v.group) == 0, 3);
	mapped_set_up(&own, 0);
	*reg(&own, DLB_CM_CFG_PM_PMCSR_DISABLE) = 0;
	expect(*reg(&own, DLB_SYS_INGRESS_ALARM_ENBL) == 0, 4);
	*reg(&own, DLB_SYS_INGRESS_ALARM_ENBL) = 2;
	expect(*reg(&own, DLB_SYS_INGRESS_ALARM_ENBL) == 2, 5);
	expect(munmap(m->bar2, BAR2_BYTES) == 0, 6);
}

static void
a_child_has_devices_of_its_own(void **state)
{
	struct mapped m;
	char said[512];
	int status;

	(void)state;
	mapped_set_up(&m, 0);
	*reg(&m, DLB_CM_CFG_PM_PMCSR_DISABLE) = 0;
	*reg(&m, DLB_SYS_INGRESS_ALARM_ENBL) = 0x15;
	status = in_child(open_again, &m, said, sizeof(said));
	assert_string_equal(said, "");
	assert_int_equal(status, 0);
	/* And the parent's is as it was. */
	assert_int_equal(*reg(&m, DLB_SYS_INGRESS_ALARM_ENBL), 0x15);
	mapped_tear_down(&m);
}

static void
a_child_that_touches_a_bar_of_its_parent_is_told(void **state)
{
	struct mapped m;
	char said[512];
	int status;

	(void)state;
	mapped_set_up(&m, 0);
	status = in_child(touch_bar, &m, said, sizeof(said));
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGBUS);
	assert_non_null(strstr(said, "slipway: 0000:7e:00.0: BAR 2 + 0x10000300 was touched"));
	assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
	mapped_tear_down(&m);
}

static void
run_again(struct mapped *m)
{
	(void)m;
	execl(program, program, "child", (char *)NULL);
	_exit(127);
}

static void
an_executed_program_has_devices_of_its_own(void **state)
{
	struct mapped m;
	char said[512];

	(void)state;
	mapped_set_up(&m, 0);
	*reg(&m, DLB_CM_CFG_PM_PMCSR_DISABLE) = 0;
	*reg(&m, DLB_SYS_INGRESS_ALARM_ENBL) = 0x15;
	assert_int_equal(in_child(run_again, &m, said, sizeof(said)), 0);
	assert_int_equal(*reg(&m, DLB_SYS_INGRESS_ALARM_ENBL), 0x15);
	mapped_tear_down(&m);
}

/* As programs close all they have before they execute another. */
static void
a_child_of_vfork_closes_nothing_of_its_parent(void **state)
{
	struct mapped m;
	int status;
	pid_t child;

	(void)state;
	mapped_set_up(&m, 0);
	*reg(&m, DLB_CM_CFG_PM_PMCSR_DISABLE) = 0;
	*reg(&m, DLB_SYS_INGRESS_ALARM_ENBL) = 0x15;
	child = vfork();
	if (child == 0) {
		close(m.v.device);
		close_range(3, 1000, 0);
		dup2(STDERR_FILENO, m.v.container);
		_exit(close(m.v.device) == -1 && errno == EBADF ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(vfio_read(&m.v, vfio_reg(0, DLB_SYS_INGRESS_ALARM_ENBL), 4), 0x15);
	mapped_tear_down(&m);
}

/* ---- What the device is told of memory, as its trace has it ---- */

static char trace[] = "/tmp/vfio_bar_test.XXXXXX";

static void
run_with_trace(struct mapped *m)
{
	(void)m;
	setenv("SLIPWAY_TRACE", trace, 1);
	execl(program, program, "trace", (char *)NULL);
	_exit(127);
}

static void
main_with_trace(void)
{
	char *p = vfio_memory(2 * PAGE);
	uint64_t size = PAGE;
	struct vfio v;

	vfio_set_up(&v, 0);
	assert_int_equal(vfio_map(&v, p, 0x10000, PAGE, VFIO_READ_WRITE), 0);
	assert_int_equal(vfio_map(&v, p + PAGE, 0x20000, PAGE, VFIO_READ_WRITE), 0);
	assert_int_equal(vfio_unmap(&v, 0x10000, &size), 0);
	assert_int_equal(munmap(p, 2 * PAGE), 0);
	vfio_tear_down(&v);
}

static void
the_device_lets_go_of_memory_that_goes(void **state)
{
	struct bus_trace_record r;
	unsigned int remaps = 0;
	char said[512];
	FILE *file;
	int fd = mkstemp(trace);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(in_child(run_with_trace, NULL, said, sizeof(said)), 0);
	assert_string_equal(said, "");
	file = fdopen(fd, "r");
	while (fread(&r, sizeof(r), 1, file) == 1) {
		assert_int_equal(r.mark, BUS_TRACE_MARK);
		remaps += r.op == BUS_TRACE_REMAP;
		fseek(file, r.bytes, SEEK_CUR);
	}
	/* Opened, unmapped for the device, unmapped for the program, closed. */
	assert_int_equal(remaps, 4);
	fclose(file);
	unlink(trace);
}

/* SLIPWAY_DEVICES with something wrong in front of the second device. */
static const char *wrong;

static void
run_with_wrong_device(struct mapped *m)
{
	char list[256];

	(void)m;
	snprintf(list, sizeof(list), "%s;0000:7f:00.0 9001 dlb", wrong);
	setenv("SLIPWAY_DEVICES", list, 1);
	execl(program, program, "second", (char *)NULL);
	_exit(127);
}

static void
a_wrong_device_is_named_and_the_others_are_there(void **state)
{
	static const char *const list[] = {
		"7e:00.0 9000 dlb",       "0000:7e:20.0 9000 dlb",
		"0000:7e:00.0 x dlb",     "0000:7e:00.0 -1 dlb",
		"0000:7e:00.0 9000 mlx",  "0000:7e:00.0 9000 dlb,version=3.0",
		"0000:7e:00.0 9000",      "0000:7e:00.0 9000 dlb more",
		"0000:7e:00.0 9000 dlb,", "0000:7e:00.0 9000 ,",
		"0000:7e:00.0 9000 dlb,wqs=4", "0000:7e:00.0 9000 dsa,version=2.5",
		"0000:7e:00.0 9000 dsa,wqs=0", "0000:7e:00.0 9000 dsa,wqs=65",
	};
	char said[512], quoted[64];
	struct mapped m;

	(void)state;
	for (unsigned int i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		wrong = list[i];
		assert_int_equal(in_child(run_with_wrong_device, &m, said, sizeof(said)), 0);
		snprintf(quoted, sizeof(quoted), "\"%s\" is not a device; accepted", wrong);
		/* A comma with nothing behind it is no mistake. */
		if (i == 8)
			assert_string_equal(said, "");
		else
			assert_non_null(strstr(said, quoted));
	}
}

/* The kernel unmaps whole pages, whatever the length says. */
static void
a_page_goes_as_a_whole(void **state)
{
	struct mapped m;
	uint64_t size = PAGE;
	char *memory = vfio_memory(PAGE), *page;

	(void)state;
	mapped_set_up(&m, 0);
	assert_int_equal(vfio_map(&m.v, memory, 0, PAGE, VFIO_READ_WRITE), 0);
	assert_int_equal(munmap(memory, 1), 0);
	assert_int_equal(vfio_unmap(&m.v, 0, &size), 0);
	assert_int_equal(size, 0);

	assert_int_equal(munmap(m.bar2, 1), 0);
	page = mmap(m.bar2, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
		    0);
	assert_ptr_equal(page, m.bar2);
	/* It is no BAR, which nobody may open. */
	assert_int_equal(mprotect(page, PAGE, PROT_READ | PROT_WRITE), 0);
	page[PAGE - 1] = 7;
	assert_int_equal(page[PAGE - 1], 7);
	mapped_tear_down(&m);
}

/* Accesses without end, by address and by descriptor; the first is long enough to be patched. */
static void *
be_cancelled(void *arg)
{
	const struct mapped *m = arg;
	uint32_t word;

	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	for (;;) {
		__asm__ volatile("movl $0, 0x40(%0)" : : "r"(m->bar2) : "memory");
		(void)!pread(m->v.device, &word, sizeof(word), (off_t)CONFIG);
	}
	return NULL;
}

static void
a_cancelled_thread_leaves_no_lock_behind(void **state)
{
	struct mapped m;
	pthread_t thread;

	(void)state;
	mapped_set_up(&m, 0);
	for (unsigned int i = 0; i < 100; i++) {
		assert_int_equal(pthread_create(&thread, NULL, be_cancelled, &m), 0);
		usleep(200 + i * 7);
		assert_int_equal(pthread_cancel(thread), 0);
		assert_int_equal(pthread_join(thread, NULL), 0);
		/* Ends the test instead of waiting for what never comes. */
		alarm(10);
		assert_int_equal(vfio_read(&m.v, CONFIG, 2), 0x8086);
		(void)*(volatile uint32_t *)(void *)m.bar2;
		alarm(0);
	}
	mapped_tear_down(&m);
}

/* The program once more: as the child of the tests above. */
static int
main_of_child(unsigned int n)
{
	struct mapped m;

	vfio_set_up(&m.v, n);
	vfio_tear_down(&m.v);
	if (n == 1)
		return 0;
	mapped_set_up(&m, 0);
	*reg(&m, DLB_CM_CFG_PM_PMCSR_DISABLE) = 0;
	expect(*reg(&m, DLB_SYS_INGRESS_ALARM_ENBL) == 0, 1);
	return 0;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registers_are_memory_to_the_program),
		cmocka_unit_test(maps_that_the_kernel_refuses_are_refused),
		cmocka_unit_test(what_is_mapped_over_a_bar_is_memory),
		cmocka_unit_test(an_alarm_of_the_device_reaches_the_eventfd),
		cmocka_unit_test(a_child_has_devices_of_its_own),
		cmocka_unit_test(a_child_that_touches_a_bar_of_its_parent_is_told),
		cmocka_unit_test(an_executed_program_has_devices_of_its_own),
		cmocka_unit_test(a_child_of_vfork_closes_nothing_of_its_parent),
		cmocka_unit_test(the_device_lets_go_of_memory_that_goes),
		cmocka_unit_test(a_page_goes_as_a_whole),
		cmocka_unit_test(a_cancelled_thread_leaves_no_lock_behind),
		cmocka_unit_test(a_wrong_device_is_named_and_the_others_are_there),
	};

	program = argv[0];
	if (argc > 1 && strcmp(argv[1], "trace") == 0) {
		main_with_trace();
		return 0;
	}
	if (argc > 1)
		return main_of_child(strcmp(argv[1], "second") == 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
