/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_recorder.h"

#include <string.h>

#include "dlb_fuzz_target.h"
#include "dlb_hcw.h"

#define WINDOW_BAR 0u
#define CSR_BAR    2u

static struct dlb_recorder recorder;

static void
note(uint64_t value, unsigned int bytes)
{
	for (; bytes > 0 && recorder.used < DLB_RECORDER_NOTES; bytes--, value >>= 8)
		recorder.notes[recorder.used++] = (unsigned char)value;
}

static void
note_bytes(const void *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		note(((const unsigned char *)bytes)[i], 1);
}

/* The target's sizes are powers of two. */
static unsigned int
size_code(unsigned int size)
{
	unsigned int code = 0;

	while (1u << code < size)
		code++;
	return code;
}

static int
noted_config(struct bus_device *dev, uint16_t off, void *bytes, size_t len, bool write)
{
	unsigned char padded[8] = {0};

	(void)dev;
	if (write && len <= sizeof(padded)) {
		memcpy(padded, bytes, len);
		note(FUZZ_CONFIG_WRITE, 1);
		note(off, 2);
		note(len - 1, 1);
		note_bytes(padded, sizeof(padded));
	} else {
		note(FUZZ_CONFIG_READ, 1);
		note(off, 2);
		note(len, 2);
	}
	return recorder.real->ops->config(recorder.real, off, bytes, len, write);
}

static uint64_t
noted_read(struct bus_device *dev, unsigned int bar, uint64_t off, unsigned int size)
{
	(void)dev;
	if (bar == CSR_BAR && size == 4) {
		note(FUZZ_READ32, 1);
		note(off, 4);
	} else if (bar == WINDOW_BAR && size == 8) {
		note(FUZZ_READ_WINDOW, 1);
		note(off, 4);
	} else {
		note(FUZZ_READ_ANY, 1);
		note(bar, 1);
		note(size_code(size), 1);
		note(off, 8);
	}
	return recorder.real->ops->read(recorder.real, bar, off, size);
}

static void
noted_write(struct bus_device *dev, unsigned int bar, uint64_t off, uint64_t value,
	    unsigned int size)
{
	(void)dev;
	if (bar == CSR_BAR && size == 4) {
		note(FUZZ_WRITE32, 1);
		note(off, 4);
		note(value, 4);
	} else {
		note(FUZZ_WRITE_ANY, 1);
		note(bar, 1);
		note(size_code(size), 1);
		note(off, 8);
		note(value, 8);
	}
	recorder.real->ops->write(recorder.real, bar, off, value, size);
}

/* Does nothing but a line's first command count? */
static bool
is_one_command(const unsigned char *line)
{
	static const unsigned char fillers[DLB_LINE_SIZE - sizeof(struct dlb_qe)];

	return memcmp(line + sizeof(struct dlb_qe), fillers, sizeof(fillers)) == 0;
}

static void
noted_post(struct bus_device *dev, unsigned int bar, uint64_t off, const void *line,
	   unsigned int len)
{
	enum fuzz_op op = FUZZ_POST_LINE;

	(void)dev;
	if (len == sizeof(struct dlb_qe))
		op = FUZZ_POST_16;
	else if (is_one_command(line))
		op = FUZZ_POST_ONE;
	note(op, 1);
	note(off, 4);
	note_bytes(line, op == FUZZ_POST_LINE ? DLB_LINE_SIZE : sizeof(struct dlb_qe));
	recorder.real->ops->post(recorder.real, bar, off, line, len);
}

static uint64_t
noted_step(struct bus_device *dev, uint64_t now_ns)
{
	uint64_t passed = now_ns > recorder.now_ns ? now_ns - recorder.now_ns : 1;

	(void)dev;
	note(FUZZ_STEP, 1);
	note(passed < UINT16_MAX ? passed : UINT16_MAX, 2);
	recorder.now_ns += passed;
	return recorder.real->ops->step(recorder.real, now_ns);
}

static void
noted_reset(struct bus_device *dev, enum bus_reset kind)
{
	(void)dev;
	note(FUZZ_RESET, 1);
	note(kind == BUS_RESET_FUNCTION, 1);
	recorder.real->ops->reset(recorder.real, kind);
}

void
dlb_recorder_map(unsigned int window, bool there)
{
	note(FUZZ_MAP, 1);
	note(window, 1);
	note(there, 1);
}

void
dlb_recorder_host(unsigned int refuses)
{
	note(FUZZ_HOST, 1);
	note(refuses, 1);
}

const struct dlb_recorder *
dlb_recorder_begin(struct bus_device *real, enum dlb_version version, struct bus_device **dev)
{
	static const struct bus_device_ops ops = {
		.config = noted_config,
		.read = noted_read,
		.write = noted_write,
		.post = noted_post,
		.step = noted_step,
		.reset = noted_reset,
	};

	recorder = (struct dlb_recorder){.dev.ops = &ops, .real = real};
	note(version == DLB_V25, 1);
	*dev = &recorder.dev;
	return &recorder;
}
