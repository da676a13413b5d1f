/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_BUS_TRACE_BENCH_H
#define SLIPWAY_BUS_TRACE_BENCH_H

/**
 * @file
 * For tests of the recorder: a test host, a recorder, a device that answers everything with what it
 * was asked, and the file read back.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bus_trace.h"
#include "test_host.h"

/** Bytes of host memory. */
#define HOST_BYTES 0x10000u

/* ---- A device that does as it is told ---- */

struct fake {
	struct bus_device dev;
	struct bus_host *host;
	unsigned int configs, reads, writes, submits, steps, resets, remaps;
	_Atomic unsigned int posts;
	uint64_t last;
	bool quiet; /**< posts do not come back by DMA */
};

static inline int
fake_config(struct bus_device *dev, uint16_t off, void *bytes, size_t len, bool write)
{
	struct fake *f = (struct fake *)dev;

	f->configs++;
	if (off + len > 4096)
		return -EINVAL;
	if (!write)
		memset(bytes, 0xc0 + off, len);
	return 0;
}

static inline int
fake_describe(struct bus_device *dev, struct bus_region regions[], unsigned int max)
{
	if (max >= 2) {
		regions[0] = (struct bus_region){
			.kind = BUS_LINE_RING, .size = 4096, .memory = dev, .fd = 7};
		regions[1] = (struct bus_region){
			.kind = BUS_MEMORY, .size = 64, .memory = dev, .fd = 8};
	}
	return 2;
}

static inline uint64_t
fake_read(struct bus_device *dev, unsigned int bar, uint64_t off, unsigned int size)
{
	((struct fake *)dev)->reads++;
	return (uint64_t)bar << 48 | off << 8 | size;
}

static inline void
fake_write(struct bus_device *dev, unsigned int bar, uint64_t off, uint64_t value,
	   unsigned int size)
{
	struct fake *f = (struct fake *)dev;

	f->writes++;
	f->last = (uint64_t)bar << 56 | off << 32 | value << 8 | size;
}

static inline void
fake_post(struct bus_device *dev, unsigned int bar, uint64_t off, const void *line,
	  unsigned int len)
{
	struct fake *f = (struct fake *)dev;
	unsigned char bytes[64];

	(void)bar;
	f->posts++;
	memcpy(bytes, line, len);
	if (!f->quiet)
		f->host->ops->dma(f->host, 3, TEST_HOST_IOVA + off, bytes, len, true);
}

static inline int
fake_submit(struct bus_device *dev, unsigned int bar, uint64_t off, const void *line,
	    uint32_t pasid)
{
	(void)bar;
	(void)off;
	(void)line;
	((struct fake *)dev)->submits++;
	return pasid == 9 ? -EAGAIN : 0;
}

static inline uint64_t
fake_step(struct bus_device *dev, uint64_t now_ns)
{
	((struct fake *)dev)->steps++;
	return now_ns + 5;
}

static inline void
fake_reset(struct bus_device *dev, enum bus_reset kind)
{
	((struct fake *)dev)->resets += kind == BUS_RESET_FUNCTION;
}

static inline void
fake_remap(struct bus_device *dev)
{
	((struct fake *)dev)->remaps++;
}

static const struct bus_device_ops fake_ops = {
	.config = fake_config,
	.describe = fake_describe,
	.read = fake_read,
	.write = fake_write,
	.post = fake_post,
	.submit = fake_submit,
	.step = fake_step,
	.reset = fake_reset,
	.remap = fake_remap,
};

/* ---- The bench: host, recorder, device, and the file read back ---- */

struct bench {
	struct test_host host;
	struct fake fake;
	struct bus_trace *trace;
	struct bus_device *dev;
	char path[32];
	int fd;
	FILE *in;
	unsigned char payload[BUS_TRACE_PAYLOAD_MAX];
};

static inline void
bench_open(struct bench *b)
{
	memset(b, 0, sizeof(*b));
	assert_int_equal(test_host_create(&b->host, HOST_BYTES, TEST_HOST_WHOLE), 0);
	strcpy(b->path, "/tmp/bus_trace.XXXXXX");
	assert_true((b->fd = mkstemp(b->path)) >= 0);
	assert_int_equal(fcntl(b->fd, F_SETFL, O_APPEND), 0);
	assert_non_null(b->in = fopen(b->path, "rb"));
	/* A test that fails leaves no file behind. */
	unlink(b->path);
	b->trace = bus_trace_create(b->fd, 4, "dlb", 1, &b->host.host);
	assert_non_null(b->trace);
	b->fake.dev.ops = &fake_ops;
	b->fake.host = bus_trace_host(b->trace);
	b->dev = bus_trace_device(b->trace, &b->fake.dev);
}

static inline void
bench_close(struct bench *b)
{
	bus_trace_destroy(b->trace);
	fclose(b->in);
	close(b->fd);
	test_host_destroy(&b->host);
}

/* The next record; false at the end of the file. */
static inline bool
next(struct bench *b, struct bus_trace_record *r)
{
	clearerr(b->in);
	if (fread(r, sizeof(*r), 1, b->in) != 1)
		return false;
	assert_int_equal(r->mark, BUS_TRACE_MARK);
	assert_int_equal(r->device, 4);
	assert_int_equal(r->zero, 0);
	assert_true(r->bytes <= sizeof(b->payload));
	if (r->bytes != 0)
		assert_int_equal(fread(b->payload, r->bytes, 1, b->in), 1);
	return true;
}

static inline struct bus_trace_record
expect(struct bench *b, enum bus_trace_op op)
{
	struct bus_trace_record r = {0};

	assert_true(next(b, &r));
	assert_int_equal(r.op, op);
	return r;
}

static inline void
expect_end(struct bench *b)
{
	struct bus_trace_record r;

	assert_false(next(b, &r));
	assert_true(feof(b->in));
}

#endif /* SLIPWAY_BUS_TRACE_BENCH_H */
