/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_VFU_TEST_DEVICE_H
#define SLIPWAY_VFU_TEST_DEVICE_H

/**
 * @file
 * A small device of the contract for tests of its transports. It writes down what it is asked, and
 * asks its host for what a test tells it to.
 *
 *   BAR 0, 64 KB:  0x0000 registers  0x1000 memory of a file  0x2000, 0x3000 ports  0x4000 MSI-X
 *                  table  0x5000 its pending bits  0x6000.. registers
 *                  0xf000 a port of whole lines
 *   configuration space: MSI-X with 4 vectors at 0x40, PCI Express at 0x60
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bus.h"
#include "line_ring.h"

#define TEST_DEVICE_BAR     0x10000u
#define TEST_DEVICE_MEMORY  0x1000u
#define TEST_DEVICE_PORT    0x2000u
#define TEST_DEVICE_PORT2   0x3000u
#define TEST_DEVICE_TABLE   0x4000u
#define TEST_DEVICE_PBA     0x5000u
#define TEST_DEVICE_LINES   0xf000u
#define TEST_DEVICE_MSIX    0x40u
#define TEST_DEVICE_PCIE    0x60u
#define TEST_DEVICE_VECTORS 4u
#define TEST_DEVICE_RING(n) (0x1000u + (n)*0x9000u)
#define TEST_DEVICE_FILE    TEST_DEVICE_RING(2)

/** The device. */
struct test_device {
	struct bus_device dev;
	struct bus_host *host;
	unsigned char config[4096];
	unsigned char bar[TEST_DEVICE_BAR];
	unsigned char *file; /**< memory, then the rings */
	int fd;
	int submit_answer;
	bool tables; /**< accesses to the MSI-X table are written down, too */
	size_t written;
	char log[8192]; /**< what it was asked, a line each */
	char seen[8192];
};

static inline void
test_device_note(struct test_device *d, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	d->written += (size_t)vsnprintf(d->log + d->written, sizeof(d->log) - d->written, format,
					args);
	va_end(args);
	if (d->written >= sizeof(d->log))
		d->written = sizeof(d->log) - 1;
}

/** What it was asked since the last call. */
static inline const char *
test_device_log(struct test_device *d)
{
	memcpy(d->seen, d->log, sizeof(d->seen));
	d->written = 0;
	d->log[0] = '\0';
	return d->seen;
}

static inline void
test_device_forget(struct test_device *d)
{
	d->written = 0;
	d->log[0] = '\0';
}

static inline int
test_device_config(struct bus_device *dev, uint16_t off, void *bytes, size_t len, bool write)
{
	struct test_device *d = (struct test_device *)dev;

	if (off + len > sizeof(d->config))
		return -22;
	if (write)
		memcpy(d->config + off, bytes, len);
	else
		memcpy(bytes, d->config + off, len);
	if (write)
		test_device_note(d, "config 0x%x %zu\n", off, len);
	return 0;
}

static inline int
test_device_describe(struct bus_device *dev, struct bus_region r[], unsigned int max)
{
	struct test_device *d = (struct test_device *)dev;
	const struct bus_region all[] = {
		{0, BUS_TRAPPED, 0x4000, TEST_DEVICE_LINES - 0x4000, NULL, -1, 0},
		{0, BUS_LINES, TEST_DEVICE_LINES, 0x1000, NULL, -1, 0},
		{0, BUS_MEMORY, TEST_DEVICE_MEMORY, 0x1000, d->file, d->fd, 0x1000},
		{0, BUS_LINE_RING, TEST_DEVICE_PORT, 0x1000, d->file + TEST_DEVICE_RING(0), d->fd,
		 0x1000 + TEST_DEVICE_RING(0)},
		{0, BUS_LINE_RING, TEST_DEVICE_PORT2, 0x1000, d->file + TEST_DEVICE_RING(1), d->fd,
		 0x1000 + TEST_DEVICE_RING(1)},
		{0, BUS_TRAPPED, 0, 0x1000, NULL, -1, 0},
	};
	unsigned int n = sizeof(all) / sizeof(all[0]);

	for (unsigned int i = 0; i < n && i < max; i++)
		r[i] = all[i];
	return (int)n;
}

static inline bool
test_device_is_table(uint64_t off)
{
	return off - TEST_DEVICE_TABLE < TEST_DEVICE_VECTORS * 16;
}

static inline uint64_t
test_device_read(struct bus_device *dev, unsigned int bar, uint64_t off, unsigned int size)
{
	struct test_device *d = (struct test_device *)dev;
	uint64_t value = 0;

	test_device_note(d, "read %u 0x%llx %u\n", bar, (unsigned long long)off, size);
	memcpy(&value, d->bar + off, size);
	return value;
}

static inline void
test_device_write(struct bus_device *dev, unsigned int bar, uint64_t off, uint64_t value,
		  unsigned int size)
{
	struct test_device *d = (struct test_device *)dev;

	memcpy(d->bar + off, &value, size);
	if (d->tables || !test_device_is_table(off))
		test_device_note(d, "write %u 0x%llx %u 0x%llx\n", bar, (unsigned long long)off,
				 size, (unsigned long long)value);
}

static inline void
test_device_post(struct bus_device *dev, unsigned int bar, uint64_t off, const void *line,
		 unsigned int len)
{
	test_device_note((struct test_device *)dev, "post %u 0x%llx %u %02x..%02x\n", bar,
			 (unsigned long long)off, len, ((const unsigned char *)line)[0],
			 ((const unsigned char *)line)[len - 1]);
}

static inline int
test_device_submit(struct bus_device *dev, unsigned int bar, uint64_t off, const void *line,
		   uint32_t pasid)
{
	struct test_device *d = (struct test_device *)dev;

	(void)line;
	test_device_note(d, "submit %u 0x%llx 0x%x\n", bar, (unsigned long long)off, pasid);
	return d->submit_answer;
}

static inline uint64_t
test_device_step(struct bus_device *dev, uint64_t now_ns)
{
	(void)dev;
	(void)now_ns;
	return BUS_NO_DEADLINE;
}

static inline void
test_device_reset(struct bus_device *dev, enum bus_reset kind)
{
	struct test_device *d = (struct test_device *)dev;

	for (unsigned int v = 0; v < TEST_DEVICE_VECTORS; v++)
		d->bar[TEST_DEVICE_TABLE + v * 16 + 12] = 1;
	d->config[TEST_DEVICE_MSIX + 3] = 0;
	test_device_note(d, "reset %s\n", kind == BUS_RESET_POWER ? "power" : "function");
}

static inline void
test_device_remap(struct bus_device *dev)
{
	test_device_note((struct test_device *)dev, "remap\n");
}

/** Make one for a host: 0, or -1 when memory is short. */
static inline int
test_device_create(struct test_device *d, struct bus_host *host)
{
	static const struct bus_device_ops ops = {
		.config = test_device_config,
		.describe = test_device_describe,
		.read = test_device_read,
		.write = test_device_write,
		.post = test_device_post,
		.submit = test_device_submit,
		.step = test_device_step,
		.reset = test_device_reset,
		.remap = test_device_remap,
	};
	static const unsigned char msix[] = {0x11,
					     TEST_DEVICE_PCIE,
					     TEST_DEVICE_VECTORS - 1,
					     0,
					     0,
					     TEST_DEVICE_TABLE >> 8,
					     0,
					     0,
					     0,
					     TEST_DEVICE_PBA >> 8,
					     0,
					     0};
	static const unsigned char pcie[] = {0x10, 0, 2, 0, 0, 0, 0, 0x10};

	memset(d, 0, sizeof(*d));
	d->dev.ops = &ops;
	d->host = host;
	memcpy(d->config, "\x86\x80\x10\x27\0\0\x10", 7);
	d->config[0x34] = TEST_DEVICE_MSIX;
	memcpy(d->config + TEST_DEVICE_MSIX, msix, sizeof(msix));
	memcpy(d->config + TEST_DEVICE_PCIE, pcie, sizeof(pcie));
	/* A page of the file before what the device offers: offsets in it count. */
	d->fd = memfd_create("test-device", MFD_CLOEXEC);
	if (d->fd < 0 || ftruncate(d->fd, 0x1000 + TEST_DEVICE_FILE) < 0)
		return -1;
	d->file = mmap(NULL, TEST_DEVICE_FILE, PROT_READ | PROT_WRITE, MAP_SHARED, d->fd, 0x1000);
	if (d->file == MAP_FAILED)
		return -1;
	test_device_reset(&d->dev, BUS_RESET_POWER);
	test_device_forget(d);
	return 0;
}

static inline void
test_device_destroy(struct test_device *d)
{
	munmap(d->file, TEST_DEVICE_FILE);
	close(d->fd);
}

#endif /* SLIPWAY_VFU_TEST_DEVICE_H */
