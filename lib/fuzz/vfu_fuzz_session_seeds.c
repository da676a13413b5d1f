/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Seeds of the session target: what a driver does to a DLB, noted in the target's language while a
 * bench does it.
 */
#include <stdio.h>
#include <string.h>

#include "dlb_test_rig.h"
#include "vfu_fuzz.h"
#include "vfu_fuzz_session.h"

#define NOTES_MAX 0x8000u
#define CSR_BAR   2u

static struct {
	struct bus_device dev;
	struct bus_device *real;
	size_t used;
	unsigned char notes[NOTES_MAX];
	bool pieces; /* lines go 8 bytes at a time */
} noted;

static void
note(uint64_t value, unsigned int bytes)
{
	for (; bytes > 0 && noted.used < NOTES_MAX; bytes--, value >>= 8)
		noted.notes[noted.used++] = (unsigned char)value;
}

static int
noted_config(struct bus_device *dev, uint16_t off, void *bytes, size_t len, bool write)
{
	uint64_t value = 0;

	(void)dev;
	if (write && len <= 8) {
		memcpy(&value, bytes, len);
		note(VFU_FUZZ_CONFIG, 1);
		note(0, 1);
		note(off, 2);
		note(len - 1, 1);
		note(value, 8);
	}
	return noted.real->ops->config(noted.real, off, bytes, len, write);
}

static uint64_t
noted_read(struct bus_device *dev, unsigned int bar, uint64_t off, unsigned int size)
{
	(void)dev;
	if (bar == CSR_BAR && size == 4) {
		note(VFU_FUZZ_READ_REG, 1);
		note(off, 4);
	} else {
		note(VFU_FUZZ_READ, 1);
		note(bar, 1);
		note(off, 4);
		note(size, 2);
	}
	return noted.real->ops->read(noted.real, bar, off, size);
}

static void
noted_write(struct bus_device *dev, unsigned int bar, uint64_t off, uint64_t value,
	    unsigned int size)
{
	(void)dev;
	if (bar == CSR_BAR && size == 4) {
		note(VFU_FUZZ_WRITE_REG, 1);
		note(off, 4);
		note(value, 4);
	} else {
		note(VFU_FUZZ_WRITE, 1);
		note(bar, 1);
		note(size == 8 ? 7 : 6, 1);
		note(off, 4);
		note(value, 8);
	}
	noted.real->ops->write(noted.real, bar, off, value, size);
}

static void
noted_post(struct bus_device *dev, unsigned int bar, uint64_t off, const void *line,
	   unsigned int len)
{
	(void)dev;
	note(len == 64 ? VFU_FUZZ_POST_LINE : VFU_FUZZ_POST, 1);
	note(noted.pieces | (len == 16 ? 2 : 0), 1);
	note(off, 4);
	for (unsigned int i = 0; i < len; i++)
		note(((const unsigned char *)line)[i], 1);
	noted.real->ops->post(noted.real, bar, off, line, len);
}

static uint64_t
noted_step(struct bus_device *dev, uint64_t now_ns)
{
	(void)dev;
	note(VFU_FUZZ_STEP, 1);
	note(1000, 2);
	return noted.real->ops->step(noted.real, now_ns);
}

static const struct bus_device_ops noted_ops = {
	.config = noted_config,
	.read = noted_read,
	.write = noted_write,
	.post = noted_post,
	.step = noted_step,
};

/* A bench whose device takes notes, with a session that has begun. */
static bool
bench_open(struct rig *r, enum dlb_version version)
{
	noted.used = 0;
	if (rig_open(r, version, TEST_HOST_WHOLE) < 0)
		return false;
	noted.real = r->dev;
	noted.dev.ops = &noted_ops;
	r->dev = &noted.dev;
	note(version == DLB_V25, 1);
	note(VFU_FUZZ_HELLO, 1);
	note(0, 1);
	note(VFU_FUZZ_MAP_RAM, 1);
	rig_command(r, RIG_COMMAND_ON);
	rig_power_on(r);
	return true;
}

static void
bench_close(struct rig *r)
{
	r->dev = noted.real;
	rig_close(r);
}

/* ---- Scenes ---- */

static void
traffic(struct rig *r)
{
	struct dlb_qe qe;

	rig_domain(r, 0, 16, 16);
	rig_ldb_queue(r, 0, 0, rig_queue_plain());
	rig_ldb_port(r, 0, 0, 8, 8);
	rig_link(r, 0, 0, 0, 0);
	rig_start(r, 0);
	for (uint32_t i = 0; i < 3; i++) {
		rig_send_one(r, 0, rig_hcw(DLB_CMD_NEW, DLB_ATOMIC, 0, 0, i, i));
		rig_step(r);
		while (rig_poll(r, 0, &qe))
			rig_finish(r, 0);
		rig_step(r);
	}
}

static void
lines_in_pieces(struct rig *r)
{
	noted.pieces = true;
	traffic(r);
	noted.pieces = false;
}

static void
directed(struct rig *r)
{
	rig_domain(r, 0, 8, 8);
	rig_dir_port(r, 0, 0, 8);
	rig_dir_queue(r, 0, 0, 4);
	rig_start(r, 0);
	rig_send_one(r, RIG_DIR(0), rig_hcw(DLB_CMD_NEW, DLB_DIRECTED, 0, 0, 0, 5));
	rig_step(r);
}

static void
interrupts(struct rig *r)
{
	/* The first eight vectors by an eventfd, one in the middle taken away. */
	note(VFU_FUZZ_IRQS, 1);
	note(0x24, 1);
	note(2, 1);
	note(0, 1);
	note(1, 1);
	note(1 | VFU_FUZZ_EVENT << 4, 1);
	note(0, 2);
	note(VFU_FUZZ_IRQS, 1);
	note(0x24, 1);
	note(2, 1);
	note(0, 1);
	note(1, 1);
	note(1 | VFU_FUZZ_EVENT_FULL << 4, 1);
	note(0, 2);
	traffic(r);
	note(VFU_FUZZ_IRQS, 1);
	note(0x21, 1);
	note(2, 4);
	note(0, 2);
}

static void
memory_comes_and_goes(struct rig *r)
{
	traffic(r);
	note(VFU_FUZZ_UNMAP_ANY, 1);
	note(2, 1);
	note(0, 16);
	rig_send_one(r, 0, rig_hcw(DLB_CMD_NEW, DLB_ATOMIC, 0, 0, 1, 1));
	rig_step(r);
	note(VFU_FUZZ_MAP_RAM, 1);
	note(VFU_FUZZ_TRUNCATE, 1);
	note(VFU_FUZZ_RAM, 1);
	note(1, 1);
	rig_send_one(r, 0, rig_hcw(DLB_CMD_NEW, DLB_ATOMIC, 0, 0, 1, 1));
	rig_step(r);
	for (unsigned int i = 0; i < 4; i++) {
		note(VFU_FUZZ_MAP, 1);
		note(i << 2 | (i == 3 ? 3 : 0), 1);
		note(3, 1);
		note(0, 1);
		note(i, 2);
		note(1, 2);
	}
	note(VFU_FUZZ_UNMAP, 1);
	note(0, 1);
	note(0, 2);
	note(4, 2);
}

/* The ring of the queue lies where there is no file: messages carry the entries. */
static void
memory_by_message(struct rig *r)
{
	note(VFU_FUZZ_UNMAP_ANY, 1);
	note(2, 1);
	note(0, 16);
	note(VFU_FUZZ_MESSAGE, 1);
	note(2, 2);
	note(0, 1);
	note(0, 1);
	note(32, 1);
	note(32, 4);
	note(3, 4);
	note(0, 8);
	note(VFU_FUZZ_RAM_IOVA, 8);
	note(VFU_FUZZ_RAM_BYTES, 8);
	traffic(r);
	for (unsigned int i = 0; i < 4; i++) {
		note(VFU_FUZZ_ANSWER, 1);
		note(i == 2 ? 14 : 0, 1);
		note(i % 2 * 16, 1);
		for (unsigned int k = 0; k < i % 2 * 2; k++)
			note(0, 8);
	}
	rig_step(r);
}

static void
shared_rings(struct rig *r)
{
	/* Another client, that shares. */
	note(VFU_FUZZ_RECONNECT, 1);
	note(0, 1);
	note(VFU_FUZZ_HELLO, 1);
	note(1, 1);
	note(VFU_FUZZ_MAP_RAM, 1);
	note(VFU_FUZZ_SHARE, 1);
	note(VFU_FUZZ_DRAIN, 1);
	traffic(r);
	note(VFU_FUZZ_ASLEEP, 1);
	note(1, 1);
	note(VFU_FUZZ_POKE_RING, 1);
	note(0, 4);
	note(4, 4);
	rig_step(r);
	note(VFU_FUZZ_ASLEEP, 1);
	note(0, 1);
	note(VFU_FUZZ_POKE_RING, 1);
	note(0, 4);
	note(0xffffffff, 4);
	rig_step(r);
}

static void
resets(struct rig *r)
{
	traffic(r);
	note(VFU_FUZZ_RESET, 1);
	note(VFU_FUZZ_CONFIG, 1);
	note(0, 1);
	note(0x78, 2);
	note(1, 1);
	note(0x8000, 8);
	note(VFU_FUZZ_RECONNECT, 1);
	note(1, 1);
	note(VFU_FUZZ_MULTI, 1);
	note(3, 1);
	for (unsigned int i = 0; i < 3; i++) {
		note(0x2100000 + i * 8, 4);
		note(0, 1);
		note(8, 1);
		note(i, 4);
	}
}

int
vfu_fuzz_seeds(const char *directory)
{
	static const struct {
		const char *name;
		void (*play)(struct rig *r);
	} scenes[] = {
		{"traffic", traffic},
		{"lines-in-pieces", lines_in_pieces},
		{"directed", directed},
		{"interrupts", interrupts},
		{"memory", memory_comes_and_goes},
		{"memory-by-message", memory_by_message},
		{"shared-rings", shared_rings},
		{"resets", resets},
	};
	static struct rig r;
	char name[64];
	int n = 0, ret;

	for (unsigned int i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
		for (unsigned int v = 0; v < 2; v++) {
			if (!bench_open(&r, v ? DLB_V25 : DLB_V20))
				return -ENOMEM;
			scenes[i].play(&r);
			bench_close(&r);
			snprintf(name, sizeof(name), "%s-2.%u", scenes[i].name, v * 5);
			ret = vfu_fuzz_seed(directory, name, noted.notes, noted.used);
			if (ret < 0)
				return ret;
			n += ret;
		}
	}
	return n;
}
