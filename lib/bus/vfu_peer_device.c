/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "vfu_peer_device.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define COMMAND_BITS 0x0547u
/* The file is as long as the bar, and the rings: memory lies in it where it lies in the bar. */
#define RINGS_AT   (PEER_MEMORY + PEER_MEMORY_BYTES)
#define FILE_BYTES ((RINGS_AT + PEER_PORTS * sizeof(struct line_ring) + 4095) / 4096 * 4096)

static struct peer_device *
device_of(struct bus_device *dev)
{
	return (struct peer_device *)dev;
}

static struct peer_seen *
note(struct peer_device *d, enum peer_op op, unsigned int bar, uint64_t off, unsigned int size)
{
	struct peer_seen *s = &d->seen[d->seen_n < PEER_SEEN_MAX ? d->seen_n++ : PEER_SEEN_MAX - 1];

	*s = (struct peer_seen){.op = op, .bar = bar, .off = off, .size = size};
	return s;
}

unsigned char
peer_device_byte(unsigned int bar, uint64_t off)
{
	return (unsigned char)(off * 7 + (off >> 8) * 13 + bar * 101 + 1);
}

static void
config_put(struct peer_device *d, unsigned int off, uint32_t value, uint32_t writable,
	   unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i++) {
		d->config[off + i] = (unsigned char)(value >> (8 * i));
		d->writable[off + i] = (unsigned char)(writable >> (8 * i));
	}
}

static void
config_reset(struct peer_device *d)
{
	memset(d->config, 0, sizeof(d->config));
	memset(d->writable, 0, sizeof(d->writable));
	config_put(d, 0x00, 0x27108086, 0, 4);
	config_put(d, 0x04, 0, COMMAND_BITS, 2);
	config_put(d, 0x06, 0x0010, 0, 2);
	config_put(d, 0x08, 0x0b400000, 0, 4);
	for (unsigned int bar = 0; bar < 4; bar += 2) {
		config_put(d, 0x10 + 4 * bar, 0x0000000c, ~(PEER_BAR_BYTES - 1), 4);
		config_put(d, 0x14 + 4 * bar, 0, UINT32_MAX, 4);
	}
	config_put(d, 0x34, PEER_CAP_PCIE, 0, 1);
	/* PCI Express: version 2, endpoint, function-level reset. */
	config_put(d, PEER_CAP_PCIE, 0x0002u << 16 | PEER_CAP_MSIX << 8 | 0x10, 0, 4);
	config_put(d, PEER_CAP_PCIE + 4, 1u << 28, 0, 4);
	config_put(d, PEER_DEVICE_CONTROL, 0x2810, 0x7fff, 2);
	config_put(d, PEER_CAP_MSIX, 0x11 | (PEER_VECTORS - 1) << 16, 0xc000u << 16, 4);
	config_put(d, PEER_CAP_MSIX + 4, 0x8000 | 2, 0, 4);
	config_put(d, PEER_CAP_MSIX + 8, 0x9000 | 2, 0, 4);
}

static void
device_reset(struct bus_device *dev, enum bus_reset kind)
{
	struct peer_device *d = device_of(dev);

	note(d, PEER_SEEN_RESET, 0, 0, 0)->value = kind;
	d->resets++;
	config_reset(d);
}

static int
device_config(struct bus_device *dev, uint16_t off, void *bytes, size_t len, bool write)
{
	struct peer_device *d = device_of(dev);
	const unsigned char *from = bytes;

	if (off > sizeof(d->config) || len > sizeof(d->config) - off)
		return -EINVAL;
	note(d, write ? PEER_SEEN_CONFIG_WRITE : PEER_SEEN_CONFIG_READ, 0, off, (unsigned int)len);
	if (!write) {
		memcpy(bytes, d->config + off, len);
		return 0;
	}
	for (size_t i = 0; i < len; i++)
		d->config[off + i] = (unsigned char)((d->config[off + i] & ~d->writable[off + i]) |
						     (from[i] & d->writable[off + i]));
	/* Bit 15 of Device Control asks for a function-level reset, and reads 0. */
	if (off <= PEER_DEVICE_CONTROL + 1 && off + len > PEER_DEVICE_CONTROL + 1 &&
	    (from[PEER_DEVICE_CONTROL + 1 - off] & 0x80) != 0) {
		d->function_resets++;
		config_reset(d);
	}
	return 0;
}

static int
device_describe(struct bus_device *dev, struct bus_region regions[], unsigned int max)
{
	const struct peer_device *d = device_of(dev);
	const struct bus_region all[] = {
		{.bar = 0, .kind = BUS_TRAPPED, .size = PEER_PORT, .fd = -1},
		{.bar = 0,
		 .kind = BUS_LINE_RING,
		 .offset = PEER_PORT,
		 .size = PEER_PORT_BYTES,
		 .memory = &d->ring[0],
		 .fd = d->fd,
		 .fd_offset = RINGS_AT},
		{.bar = 0,
		 .kind = BUS_LINE_RING,
		 .offset = PEER_PORT + PEER_PORT_BYTES,
		 .size = PEER_PORT_BYTES,
		 .memory = &d->ring[1],
		 .fd = d->fd,
		 .fd_offset = RINGS_AT + sizeof(struct line_ring)},
		{.bar = 0,
		 .kind = BUS_MEMORY,
		 .offset = PEER_MEMORY,
		 .size = PEER_MEMORY_BYTES,
		 .memory = d->memory,
		 .fd = d->fd,
		 .fd_offset = PEER_MEMORY},
		{.bar = 0,
		 .kind = BUS_TRAPPED,
		 .offset = PEER_MEMORY + PEER_MEMORY_BYTES,
		 .size = PEER_BAR_BYTES - PEER_MEMORY - PEER_MEMORY_BYTES,
		 .fd = -1},
		{.bar = 2, .kind = BUS_TRAPPED, .size = PEER_BAR_BYTES, .fd = -1},
	};
	unsigned int n = sizeof(all) / sizeof(all[0]);

	for (unsigned int i = 0; i < n && i < max; i++)
		regions[i] = all[i];
	return (int)n;
}

static uint64_t
device_read(struct bus_device *dev, unsigned int bar, uint64_t off, unsigned int size)
{
	struct peer_device *d = device_of(dev);
	uint64_t value = 0;

	for (unsigned int i = 0; i < size && i < 8; i++)
		value |= (uint64_t)peer_device_byte(bar, off + i) << (8 * i);
	note(d, PEER_SEEN_READ, bar, off, size)->value = value;
	return value;
}

static void
device_write(struct bus_device *dev, unsigned int bar, uint64_t off, uint64_t value,
	     unsigned int size)
{
	note(device_of(dev), PEER_SEEN_WRITE, bar, off, size)->value = value;
}

static void
device_post(struct bus_device *dev, unsigned int bar, uint64_t off, const void *line,
	    unsigned int len)
{
	memcpy(note(device_of(dev), PEER_SEEN_POST, bar, off, len)->line, line, len);
}

static int
device_submit(struct bus_device *dev, unsigned int bar, uint64_t off, const void *line,
	      uint32_t pasid)
{
	struct peer_seen *s = note(device_of(dev), PEER_SEEN_SUBMIT, bar, off, 64);

	memcpy(s->line, line, 64);
	s->value = pasid;
	return device_of(dev)->submit;
}

static uint64_t
device_step(struct bus_device *dev, uint64_t now_ns)
{
	(void)dev;
	(void)now_ns;
	return BUS_NO_DEADLINE;
}

static void
device_remap(struct bus_device *dev)
{
	struct peer_device *d = device_of(dev);
	struct bus_fault fault;
	size_t len = 1;

	note(d, PEER_SEEN_REMAP, 0, 0, 0);
	d->found = d->host->ops->map(d->host, BUS_NO_PASID, d->watched, &len, BUS_PROT_READ,
				     &fault);
}

static const struct bus_device_ops ops_posting = {
	.config = device_config,
	.describe = device_describe,
	.read = device_read,
	.write = device_write,
	.post = device_post,
	.step = device_step,
	.reset = device_reset,
	.remap = device_remap,
};
static const struct bus_device_ops ops_submitting = {
	.config = device_config,
	.describe = device_describe,
	.read = device_read,
	.write = device_write,
	.post = device_post,
	.submit = device_submit,
	.step = device_step,
	.reset = device_reset,
	.remap = device_remap,
};

int
peer_device_create(struct peer_device *d, bool submits)
{
	unsigned char *file;

	memset(d, 0, sizeof(*d));
	d->dev.ops = submits ? &ops_submitting : &ops_posting;
	d->fd = memfd_create("peer-device", MFD_CLOEXEC);
	if (d->fd < 0 || ftruncate(d->fd, (off_t)FILE_BYTES) < 0)
		return -1;
	file = mmap(NULL, FILE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, d->fd, 0);
	if (file == MAP_FAILED)
		return -1;
	d->memory = file + PEER_MEMORY;
	d->ring = (struct line_ring *)(void *)(file + RINGS_AT);
	config_reset(d);
	return 0;
}

void
peer_device_destroy(struct peer_device *d)
{
	munmap(d->memory - PEER_MEMORY, FILE_BYTES);
	close(d->fd);
}
