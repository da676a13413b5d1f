/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* What the shim costs, side by side in one run:
 *
 *   a bare SIGSEGV there and back         beside   a register read and a register write in a BAR
 *   the model called, line by line        beside   the same lines posted at a patched site
 *
 * To be run under `slipway run --device dlb`. Repeats are interleaved, figures are medians.
 */

#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "dlb_hcw.h"
#include "dlb_model.h"
#include "dlb_reg_table.h"

#define REPEATS  21
#define TRAPS    2000
#define LINES    20000
#define PAGE     4096
#define REG_PAGE(reg) (dlb_reg_rows[reg].offset[DLB_V25])

/* The device as a driver has it, and a model of the same kind to call. */
struct bench {
	int container, group, device;
	uint8_t *pp;  /* page of load-balanced producer port 0 */
	uint8_t *sys; /* page of SYS_TOTAL_VAS */
	void *closed; /* a page of no device */
	struct bus_host host;
	struct bus_device *model;
};

enum figure { BARE, READ, WRITE, CALLED, POSTED, FIGURES };

static const char *const figure_names[FIGURES] = {
	[BARE] = "SIGSEGV there and back, bare",
	[READ] = "register read in a BAR",
	[WRITE] = "register write in a BAR",
	[CALLED] = "line to the model, called and stepped",
	[POSTED] = "line to the model, posted at a patched site",
};

static _Noreturn void
fail(const char *what)
{
	fprintf(stderr, "bench-trap: %s: %s; start it by: slipway run --device dlb -- bench-trap\n",
		what, strerror(errno));
	exit(1);
}

static double
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

/* ---- A bare signal: installed behind the back of the shim ---- */

struct kernel_action {
	void (*handler)(int sig, siginfo_t *info, void *context);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

#define KERNEL_SA_RESTORER 0x04000000ul

__asm__(".text\n"
	"bench_restorer:\n"
	"	mov $15, %eax\n" /* rt_sigreturn */
	"	syscall\n");
void bench_restorer(void);

/* The load below is two bytes long. */
static void
skip_load(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 2;
}

static __attribute__((noinline)) uint32_t
load(const void *addr)
{
	uint32_t value;

	__asm__ volatile("movl (%1), %0" : "=a"(value) : "D"(addr) : "memory");
	return value;
}

static void
store(void *addr, uint32_t value)
{
	__asm__ volatile("movl %1, (%0)" : : "D"(addr), "a"(value) : "memory");
}

static double
time_bare(const struct bench *b)
{
	struct kernel_action bare = {
		.handler = skip_load,
		.flags = SA_SIGINFO | KERNEL_SA_RESTORER,
		.restorer = bench_restorer,
	};
	struct kernel_action old;
	double start;

	if (syscall(SYS_rt_sigaction, SIGSEGV, &bare, &old, 8) != 0)
		fail("rt_sigaction");
	start = now_ns();
	for (int i = 0; i < TRAPS; i++)
		load(b->closed);
	start = now_ns() - start;
	if (syscall(SYS_rt_sigaction, SIGSEGV, &old, NULL, 8) != 0)
		fail("rt_sigaction");
	return start / TRAPS;
}

static double
time_read(const struct bench *b)
{
	const void *reg = b->sys + REG_PAGE(DLB_SYS_TOTAL_VAS) % PAGE;
	double start = now_ns();

	for (int i = 0; i < TRAPS; i++)
		load(reg);
	return (now_ns() - start) / TRAPS;
}

static double
time_write(const struct bench *b)
{
	void *reg = b->sys + REG_PAGE(DLB_SYS_MSIX_PASSTHRU) % PAGE;
	double start = now_ns();

	for (int i = 0; i < TRAPS; i++)
		store(reg, 0);
	return (now_ns() - start) / TRAPS;
}

/* ---- Lines: four HCWs that do nothing, to a port that is valid ---- */

static const struct {
	_Alignas(64) uint8_t bytes[64];
} line;

static double
time_called(const struct bench *b)
{
	uint64_t page = REG_PAGE(DLB_LDB_PP);
	double start = now_ns();

	for (int i = 0; i < LINES; i++) {
		b->model->ops->post(b->model, 0, page, &line, sizeof(line));
		b->model->ops->step(b->model, (uint64_t)i);
	}
	return (now_ns() - start) / LINES;
}

static __attribute__((noinline)) void
movdir64b(void *page)
{
	__asm__ volatile(".byte 0x66, 0x0f, 0x38, 0xf8, 0x02"
			 :
			 : "a"(page), "d"(&line)
			 : "memory");
}

static double
time_posted(const struct bench *b)
{
	double start;

	movdir64b(b->pp); /* patches the site */
	start = now_ns();
	for (int i = 0; i < LINES; i++)
		movdir64b(b->pp);
	return (now_ns() - start) / LINES;
}

static double (*const timers[FIGURES])(const struct bench *b) = {
	[BARE] = time_bare,   [READ] = time_read,     [WRITE] = time_write,
	[CALLED] = time_called, [POSTED] = time_posted,
};

/* ---- Set-up ---- */

static void
open_vfio(struct bench *b)
{
	const char *devices = getenv("SLIPWAY_DEVICES");
	char address[32], path[64];
	int group;

	if (devices == NULL || sscanf(devices, "%31s %d", address, &group) != 2)
		fail("no modelled device here");
	snprintf(path, sizeof(path), "/dev/vfio/%d", group);
	b->container = open("/dev/vfio/vfio", O_RDWR);
	b->group = open(path, O_RDWR);
	if (b->container < 0 || b->group < 0 ||
	    ioctl(b->group, VFIO_GROUP_SET_CONTAINER, &b->container) != 0 ||
	    ioctl(b->container, VFIO_SET_IOMMU, VFIO_TYPE1_IOMMU) != 0)
		fail(path);
	b->device = ioctl(b->group, VFIO_GROUP_GET_DEVICE_FD, address);
	if (b->device < 0)
		fail(address);
}

static uint8_t *
map_page(const struct bench *b, unsigned int bar, uint64_t off)
{
	struct vfio_region_info info = {.argsz = sizeof(info), .index = bar};
	void *page;

	if (ioctl(b->device, VFIO_DEVICE_GET_REGION_INFO, &info) != 0)
		fail("VFIO_DEVICE_GET_REGION_INFO");
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, b->device,
		    (off_t)(info.offset + off / PAGE * PAGE));
	if (page == MAP_FAILED)
		fail("mmap of a BAR");
	return page;
}

static void
enable_access(const struct bench *b)
{
	struct vfio_region_info info = {
		.argsz = sizeof(info),
		.index = VFIO_PCI_CONFIG_REGION_INDEX,
	};
	uint16_t command = 6;
	uint8_t *power;

	if (ioctl(b->device, VFIO_DEVICE_GET_REGION_INFO, &info) != 0 ||
	    pwrite(b->device, &command, 2, (off_t)info.offset + 4) != 2)
		fail("config space");
	power = map_page(b, 2, REG_PAGE(DLB_CM_CFG_PM_PMCSR_DISABLE));
	store(power + REG_PAGE(DLB_CM_CFG_PM_PMCSR_DISABLE) % PAGE, 0);
	store(map_page(b, 2, REG_PAGE(DLB_SYS_LDB_PP_V)) + REG_PAGE(DLB_SYS_LDB_PP_V) % PAGE, 1);
}

static void
make_model(struct bench *b)
{
	static const struct bus_host_ops nothing;
	struct dlb_model_config config = {.version = DLB_V25, .ring_fd = -1};
	uint16_t command = 6;

	b->host.ops = &nothing;
	config.ring_memory = mmap(NULL, dlb_model_ring_bytes(), PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (config.ring_memory == MAP_FAILED || dlb_model_create(&config, &b->host, &b->model) != 0)
		fail("model");
	b->model->ops->config(b->model, 4, &command, 2, true);
	b->model->ops->write(b->model, 2, REG_PAGE(DLB_CM_CFG_PM_PMCSR_DISABLE), 0, 4);
	b->model->ops->write(b->model, 2, REG_PAGE(DLB_SYS_LDB_PP_V), 1, 4);
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int
main(void)
{
	struct bench b;
	double ns[FIGURES][REPEATS], median[FIGURES];

	b.closed = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (b.closed == MAP_FAILED)
		fail("mmap");
	open_vfio(&b);
	enable_access(&b);
	b.pp = map_page(&b, 0, REG_PAGE(DLB_LDB_PP));
	b.sys = map_page(&b, 2, REG_PAGE(DLB_SYS_TOTAL_VAS));
	make_model(&b);

	for (int i = 0; i < REPEATS; i++) {
		for (int f = 0; f < FIGURES; f++)
			ns[f][i] = timers[f](&b);
	}
	printf("%-46s %10s\n", "", "median, ns");
	for (int f = 0; f < FIGURES; f++) {
		qsort(ns[f], REPEATS, sizeof(double), by_size);
		median[f] = ns[f][REPEATS / 2];
		printf("%-46s %10.0f\n", figure_names[f], median[f]);
	}
	printf("\nread: %.2fx a bare SIGSEGV, write: %.2fx (aim: at most 1.5x)\n",
	       median[READ] / median[BARE], median[WRITE] / median[BARE]);
	printf("posted line: %+.0f ns over the model's own work (aim: at most 300)\n",
	       median[POSTED] - median[CALLED]);
	dlb_model_destroy(b.model);
	return 0;
}
