/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Fuzz target: any bus operation in any order, from a driver and a host that mean no good. Rules:
 * the device touches no memory but what it was given and may still hold, reaches out only while it
 * is bus master, asks for no time that has passed, and after a function reset it passes an event as
 * if nothing had been.
 */
#include "dlb_fuzz_target.h"

#include "dlb_fuzz_host.h"
#include "dlb_reg_table.h"
#include "fuzz_input.h"

#define PCI_COMMAND 0x04u
#define PCI_MASTER  4u
#define PCI_ENABLE  6u

/* ---- Input ---- */

static void
take_bytes(struct fuzz_input *in, unsigned char *to, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		to[i] = (unsigned char)fuzz_take(in, 1);
}

/* ---- Operations ---- */

static void
see_command(struct bus_device *dev)
{
	uint16_t word = 0;

	if (dev->ops->config(dev, PCI_COMMAND, &word, sizeof(word), false) < 0)
		fuzz_broken("no COMMAND register");
	fuzz_host.master = (word & PCI_MASTER) != 0;
}

/* The offset of an instance of a row of this version, or false. */
static bool
take_row(const struct rig *r, struct fuzz_input *in, unsigned int *bar, uint64_t *off)
{
	unsigned int row = (unsigned int)(fuzz_take(in, 2) % DLB_REG_COUNT);
	const struct reg_row *reg = &dlb_reg_rows[row];
	uint64_t i = fuzz_take(in, 1), word = fuzz_take(in, 1);

	if (!rig_has(r, row) || reg->bar == REG_BAR_VF)
		return false;
	*bar = reg->bar;
	*off = rig_offset(r, row, (uint32_t)(i % reg->count[r->version])) +
	       word % reg->words * reg->word_stride;
	return true;
}

/* Values that tend to hurt: small ones, single bits, masks; and any. */
static uint64_t
take_value(struct fuzz_input *in)
{
	unsigned int kind = (unsigned int)fuzz_take(in, 1);
	uint64_t value = fuzz_take(in, 4);

	switch (kind % 4) {
	case 0:
		return value;
	case 1:
		return value % 16;
	case 2:
		return UINT64_C(1) << value % 32;
	default:
		return (UINT64_C(1) << value % 32) - 1;
	}
}

static void
write_row(struct rig *r, struct fuzz_input *in)
{
	unsigned int bar;
	uint64_t off;

	if (take_row(r, in, &bar, &off))
		r->dev->ops->write(r->dev, bar, off, take_value(in), 4);
}

static void
read_row(struct rig *r, struct fuzz_input *in)
{
	unsigned int bar;
	uint64_t off;

	if (take_row(r, in, &bar, &off))
		r->dev->ops->read(r->dev, bar, off, 4);
}

static void
write_any(struct rig *r, struct fuzz_input *in)
{
	unsigned int bar = (unsigned int)fuzz_take(in, 1), size = 1u << fuzz_take(in, 1) % 4;
	uint64_t off = fuzz_take(in, 8);

	r->dev->ops->write(r->dev, bar % 6, off, fuzz_take(in, 8), size);
}

static void
read_any(struct rig *r, struct fuzz_input *in)
{
	unsigned int bar = (unsigned int)fuzz_take(in, 1), size = 1u << fuzz_take(in, 1) % 4;

	r->dev->ops->read(r->dev, bar % 6, fuzz_take(in, 8), size);
}

/* A command that fills nothing but its own 16 bytes: reading past them would show. */
static void
post_16(struct rig *r, unsigned int bar, uint64_t off, struct fuzz_input *in)
{
	unsigned char command[16];

	take_bytes(in, command, sizeof(command));
	r->dev->ops->post(r->dev, bar, off, command, sizeof(command));
}

/* The first `taken` bytes come from the input. */
static void
post_64(struct rig *r, unsigned int bar, uint64_t off, struct fuzz_input *in, size_t taken)
{
	unsigned char line[DLB_LINE_SIZE] = {0};

	take_bytes(in, line, taken);
	r->dev->ops->post(r->dev, bar, off, line, sizeof(line));
}

static void
post_port(struct rig *r, struct fuzz_input *in)
{
	uint32_t port = (uint32_t)fuzz_take(in, 1) % (DLB_LDB_PORTS + r->dir_ports);
	struct dlb_qe hcw = {.data = port, .meta = fuzz_take(in, 8)};

	rig_send_one(r, port, hcw);
}

static void
post_any(struct rig *r, struct fuzz_input *in)
{
	unsigned int bar = (unsigned int)fuzz_take(in, 1) % 6;
	uint64_t off = fuzz_take(in, 8);

	if (fuzz_take(in, 1) % 2)
		post_64(r, bar, off, in, DLB_LINE_SIZE);
	else
		post_16(r, bar, off, in);
}

static void
config_write(struct rig *r, struct fuzz_input *in)
{
	uint16_t off = (uint16_t)fuzz_take(in, 2);
	size_t len = 1 + fuzz_take(in, 1) % 8;
	unsigned char bytes[8];

	take_bytes(in, bytes, sizeof(bytes));
	/* What makes it bus master may send what was held back at once. */
	fuzz_host.master = true;
	r->dev->ops->config(r->dev, off, bytes, len, true);
	see_command(r->dev);
}

static void
config_read(struct rig *r, struct fuzz_input *in)
{
	static unsigned char bytes[UINT16_MAX];
	uint16_t off = (uint16_t)fuzz_take(in, 2), len = (uint16_t)fuzz_take(in, 2);

	r->dev->ops->config(r->dev, off, bytes, len, false);
}

static void
step(struct rig *r, struct fuzz_input *in)
{
	/* Time goes on from input to input. */
	static uint64_t now;

	now += fuzz_take(in, 2);
	if (r->dev->ops->step(r->dev, now) <= now)
		fuzz_broken("a deadline that has passed already");
}

static void
reset(struct rig *r, struct fuzz_input *in)
{
	r->dev->ops->reset(r->dev, fuzz_take(in, 1) % 2 ? BUS_RESET_FUNCTION : BUS_RESET_POWER);
	see_command(r->dev);
}

static void
change_map(struct rig *r, struct fuzz_input *in)
{
	unsigned int w = (unsigned int)fuzz_take(in, 1) % FUZZ_HOST_WINDOWS;

	fuzz_host.gone[w] = fuzz_take(in, 1) % 2 == 0;
	fuzz_host_remap(r->dev);
}

static void
describe(struct rig *r, struct fuzz_input *in)
{
	struct bus_region regions[8];

	r->dev->ops->describe(r->dev, regions, (unsigned int)fuzz_take(in, 1) % 9);
}

static void
operate_on_registers(struct rig *r, enum fuzz_op op, struct fuzz_input *in)
{
	uint64_t off;

	switch (op) {
	case FUZZ_WRITE32:
		off = fuzz_take(in, 4);
		r->dev->ops->write(r->dev, 2, off, fuzz_take(in, 4), 4);
		break;
	case FUZZ_READ32:
		r->dev->ops->read(r->dev, 2, fuzz_take(in, 4), 4);
		break;
	case FUZZ_WRITE_ROW:
		write_row(r, in);
		break;
	case FUZZ_READ_ROW:
		read_row(r, in);
		break;
	case FUZZ_WRITE_ANY:
		write_any(r, in);
		break;
	case FUZZ_READ_ANY:
		read_any(r, in);
		break;
	default:
		r->dev->ops->read(r->dev, 0, fuzz_take(in, 4), 8);
		break;
	}
}

static void
operate(struct rig *r, enum fuzz_op op, struct fuzz_input *in)
{
	switch (op) {
	case FUZZ_POST_ONE:
		post_64(r, 0, fuzz_take(in, 4), in, sizeof(struct dlb_qe));
		break;
	case FUZZ_POST_LINE:
		post_64(r, 0, fuzz_take(in, 4), in, DLB_LINE_SIZE);
		break;
	case FUZZ_POST_16:
		post_16(r, 0, fuzz_take(in, 4), in);
		break;
	case FUZZ_POST_PORT:
		post_port(r, in);
		break;
	case FUZZ_POST_ANY:
		post_any(r, in);
		break;
	case FUZZ_CONFIG_WRITE:
		config_write(r, in);
		break;
	case FUZZ_CONFIG_READ:
		config_read(r, in);
		break;
	case FUZZ_STEP:
		step(r, in);
		break;
	case FUZZ_RESET:
		reset(r, in);
		break;
	case FUZZ_MAP:
		change_map(r, in);
		break;
	case FUZZ_HOST:
		fuzz_host.refuses = (unsigned int)fuzz_take(in, 1);
		fuzz_host_remap(r->dev);
		break;
	case FUZZ_DESCRIBE:
		describe(r, in);
		break;
	default:
		operate_on_registers(r, op, in);
		break;
	}
}

/* ---- Before and after ---- */

/* A device that stays for all inputs: making one takes longer than most of them. With all open
 * points read the other way, or none.
 */
static struct rig *
device(enum dlb_version version, bool other)
{
	static const struct dlb_model_open_points points = {true, true, true, true, true,
							    true, true, true, true};
	static struct rig rigs[2][2];
	struct rig *r = &rigs[version][other];

	if (r->dev != NULL)
		return r;
	if (rig_open(r, version, TEST_HOST_WHOLE) < 0 || (other && rig_replug(r, &points) < 0))
		fuzz_broken("no memory for the device");
	fuzz_host_plug(r);
	return r;
}

static void
begin(struct rig *r)
{
	fuzz_host_obliging(r);
	r->dev->ops->reset(r->dev, BUS_RESET_POWER);
	see_command(r->dev);
	if (fuzz_host.master)
		fuzz_broken("bus master after power-on");
	fuzz_host_remap(r->dev);
	if (fuzz_host.ranges != 0)
		fuzz_broken("addresses left after a reset");
}

static void
forget_setup(struct rig *r)
{
	uint16_t command = PCI_ENABLE;

	r->hist_next = 0;
	memset(r->port, 0, sizeof(r->port));
	memset(r->queue, 0, sizeof(r->queue));
	r->dev->ops->config(r->dev, PCI_COMMAND, &command, sizeof(command), true);
	see_command(r->dev);
	rig_power_on(r);
	rig_set_dense(r, false);
}

/* After a function reset: one event, sent and received by one port. */
static void
finish(struct rig *r)
{
	struct dlb_qe qe;

	fuzz_host_obliging(r);
	r->dev->ops->reset(r->dev, BUS_RESET_FUNCTION);
	fuzz_host_remap(r->dev);
	if (fuzz_host.ranges != 0)
		fuzz_broken("addresses left after a function reset");
	if (r->dev->ops->step(r->dev, 0) != BUS_NO_DEADLINE)
		fuzz_broken("a deadline left after a function reset");
	forget_setup(r);
	/* The bench clears the ring and reads it. */
	fuzz_host_give(fuzz_host.memory, RIG_RING_BYTES);
	rig_domain(r, 0, 1, 0);
	rig_ldb_queue(r, 0, 0, rig_queue_plain());
	rig_ldb_port(r, 0, 0, 8, 8);
	rig_link(r, 0, 0, 0, 0);
	rig_start(r, 0);
	rig_send_one(r, 0, rig_hcw(DLB_CMD_NEW, DLB_ATOMIC, 0, 0, 1, 0x600d));
	rig_step(r);
	if (!rig_poll(r, 0, &qe) || qe.data != 0x600d)
		fuzz_broken("no event after a function reset");
	if (rig_poll(r, 0, &qe))
		fuzz_broken("more than one event after a function reset");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	unsigned int kind = (unsigned int)fuzz_take(&in, 1);
	struct rig *r = device(kind & FUZZ_V25 ? DLB_V25 : DLB_V20,
			       (kind & FUZZ_OTHER_READINGS) != 0);

	begin(r);
	while (in.left > 0)
		operate(r, (enum fuzz_op)(fuzz_take(&in, 1) % FUZZ_OPS), &in);
	finish(r);
	return 0;
}
