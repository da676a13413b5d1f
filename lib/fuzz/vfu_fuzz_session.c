/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Fuzz target: whole sessions of clients and of guests behind them that mean no good.
 */
#include "vfu_fuzz_session.h"

#include <string.h>

#include "dlb_reg_table.h"
#include "vfu_fuzz.h"

#define V25  1u
#define PAGE UINT64_C(4096)
/* Commands of the protocol by their numbers, flags of the header. */
#define DMA_MAP      2
#define DMA_UNMAP    3
#define SET_IRQS     8
#define REGION_READ  9
#define REGION_WRITE 10
#define DEVICE_RESET 13
#define WRITE_MULTI  15
#define SHARE        0x5301
#define NO_REPLY     0x10u
#define REPLY        0x01u
#define ERROR        0x20u
#define CONFIG_SPACE 7u

/* A payload under construction. */
struct body {
	size_t len;
	unsigned char at[1024];
};

static void
put(struct body *b, uint64_t value, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes && b->len < sizeof(b->at); i++)
		b->at[b->len++] = (unsigned char)(value >> (8 * i));
}

static void
put_input(struct body *b, struct fuzz_input *in, size_t n)
{
	while (n-- > 0)
		put(b, fuzz_take(in, 1), 1);
}

static void
send_body(struct vfu_fuzz *f, uint16_t command, uint32_t flags, const struct body *b)
{
	vfu_fuzz_message(f, command, flags, b->at, b->len, NULL, 0);
}

/* How many files, and the first of them. */
static unsigned int
take_files(struct fuzz_input *in, int fd[16])
{
	unsigned int spec = (unsigned int)fuzz_take(in, 1);

	for (unsigned int i = 0; i < spec % 16; i++)
		fd[i] = vfu_fuzz_file((spec >> 4) + i);
	return spec % 16;
}

/* ---- Messages ---- */

static void
raw(struct vfu_fuzz *f, struct fuzz_input *in)
{
	struct body b = {.len = 0};

	put_input(&b, in, fuzz_take(in, 1));
	vfu_fuzz_send(f, b.at, b.len, NULL, 0);
}

static void
message(struct vfu_fuzz *f, struct fuzz_input *in)
{
	uint16_t command = (uint16_t)fuzz_take(in, 2);
	uint32_t flags = (uint32_t)fuzz_take(in, 1);
	struct body b = {.len = 0};
	int fd[16];
	unsigned int fds = take_files(in, fd);

	put_input(&b, in, fuzz_take(in, 1));
	vfu_fuzz_message(f, command, flags, b.at, b.len, fd, fds);
}

static void
map(struct vfu_fuzz *f, uint32_t flags, uint64_t offset, uint64_t address, uint64_t size, int fd)
{
	struct body b = {.len = 0};

	put(&b, 32, 4);
	put(&b, flags, 4);
	put(&b, offset, 8);
	put(&b, address, 8);
	put(&b, size, 8);
	vfu_fuzz_message(f, DMA_MAP, 0, b.at, b.len, &fd, fd >= 0);
}

/* One in four without a file. */
static void
map_pages(struct vfu_fuzz *f, struct fuzz_input *in)
{
	unsigned int file = (unsigned int)fuzz_take(in, 1);
	uint32_t flags = (uint32_t)fuzz_take(in, 1) % 8;
	uint64_t page = fuzz_take(in, 1), at = fuzz_take(in, 2);

	map(f, flags, page * PAGE, at * PAGE, fuzz_take(in, 2) * PAGE,
	    file % 4 == 3 ? -1 : vfu_fuzz_file(file >> 2));
}

static void
unmap(struct vfu_fuzz *f, uint32_t flags, uint64_t address, uint64_t size)
{
	struct body b = {.len = 0};

	put(&b, 24, 4);
	put(&b, flags, 4);
	put(&b, address, 8);
	put(&b, size, 8);
	send_body(f, DMA_UNMAP, 0, &b);
}

static void
unmap_pages(struct vfu_fuzz *f, struct fuzz_input *in)
{
	uint32_t flags = (uint32_t)fuzz_take(in, 1) % 4;
	uint64_t at = fuzz_take(in, 2);

	unmap(f, flags, at * PAGE, fuzz_take(in, 2) * PAGE);
}

static void
unmap_any(struct vfu_fuzz *f, struct fuzz_input *in)
{
	uint32_t flags = (uint32_t)fuzz_take(in, 1);
	uint64_t at = fuzz_take(in, 8);

	unmap(f, flags, at, fuzz_take(in, 8));
}

static void
irqs(struct vfu_fuzz *f, struct fuzz_input *in)
{
	struct body b = {.len = 0};
	unsigned int fds;
	int fd[16];

	put(&b, 20, 4);
	put(&b, fuzz_take(in, 1), 4);
	put(&b, fuzz_take(in, 1) % 6, 4);
	put(&b, fuzz_take(in, 1), 4);
	put(&b, fuzz_take(in, 1), 4);
	fds = take_files(in, fd);
	put_input(&b, in, 2);
	/* Booleans, as many as are asked for. */
	if (b.at[4] & 2)
		b.len = 20u + b.at[16];
	else
		b.len = 20;
	vfu_fuzz_message(f, SET_IRQS, 0, b.at, b.len, fd, fds);
}

static void
access_head(struct body *b, uint64_t off, uint32_t region, uint32_t count)
{
	b->len = 0;
	put(b, off, 8);
	put(b, region, 4);
	put(b, count, 4);
}

static void
read_region(struct vfu_fuzz *f, uint32_t region, uint64_t off, uint32_t count)
{
	struct body b;

	access_head(&b, off, region, count);
	send_body(f, REGION_READ, 0, &b);
}

static void
write_region(struct vfu_fuzz *f, uint32_t region, uint64_t off, uint64_t value, uint32_t count,
	     bool posted)
{
	struct body b;

	access_head(&b, off, region, count);
	put(&b, value, count);
	send_body(f, REGION_WRITE, posted ? NO_REPLY : 0, &b);
}

static void
read_any(struct vfu_fuzz *f, struct fuzz_input *in)
{
	uint32_t region = (uint32_t)fuzz_take(in, 1) % 10;
	uint64_t off = fuzz_take(in, 4);

	/* Each 8 bytes of a bar drain all rings first: more of them find nothing new. */
	read_region(f, region, off,
		    (uint32_t)fuzz_take(in, 2) % (region == CONFIG_SPACE ? 4097 : 65));
}

static void
write_any(struct vfu_fuzz *f, struct fuzz_input *in)
{
	uint32_t region = (uint32_t)fuzz_take(in, 1) % 10;
	unsigned int how = (unsigned int)fuzz_take(in, 1);
	uint64_t off = fuzz_take(in, 4);

	write_region(f, region, off, fuzz_take(in, 8), 1u << how % 4, (how & 4) != 0);
}

static void
write_row(struct vfu_fuzz *f, struct fuzz_input *in, enum dlb_version version)
{
	const struct reg_row *reg = &dlb_reg_rows[fuzz_take(in, 2) % DLB_REG_COUNT];
	uint64_t i = fuzz_take(in, 1), w = fuzz_take(in, 1);
	uint64_t value = fuzz_take(in, 4);

	if (reg->bar == REG_BAR_VF || reg->count[version] == 0)
		return;
	i %= reg->count[version];
	write_region(f, reg->bar,
		     reg->offset[version] + i * reg->stride + w % reg->words * reg->word_stride,
		     value, 4, true);
}

static void
config(struct vfu_fuzz *f, struct fuzz_input *in)
{
	bool posted = fuzz_take(in, 1) % 2;
	uint64_t off = fuzz_take(in, 2);
	uint32_t len = 1 + (uint32_t)fuzz_take(in, 1) % 8;

	write_region(f, CONFIG_SPACE, off, fuzz_take(in, 8), len, posted);
}

/* A line, or the first 16 bytes of one; whole, or 8 bytes at a time. */
static void
post(struct vfu_fuzz *f, struct fuzz_input *in, size_t given)
{
	unsigned int how = (unsigned int)fuzz_take(in, 1);
	uint64_t off = fuzz_take(in, 4), value;
	uint32_t len = how & 2 ? 16 : 64;
	struct body b = {.len = 0}, line = {.len = 0};

	put_input(&line, in, given);
	if ((how & 1) == 0) {
		access_head(&b, off, 0, len);
		for (uint32_t i = 0; i < len; i++)
			put(&b, line.at[i], 1);
		send_body(f, REGION_WRITE, NO_REPLY, &b);
		return;
	}
	for (uint32_t i = 0; i < len; i += 8) {
		memcpy(&value, line.at + i, 8);
		write_region(f, 0, off + i, value, 8, true);
	}
}

static void
multi(struct vfu_fuzz *f, struct fuzz_input *in)
{
	unsigned int n = (unsigned int)fuzz_take(in, 1) % 32;
	struct body b = {.len = 0};

	put(&b, n, 8);
	for (unsigned int i = 0; i < n; i++) {
		put(&b, fuzz_take(in, 4), 8);
		put(&b, fuzz_take(in, 1) % 10, 4);
		put(&b, fuzz_take(in, 1) % 10, 4);
		put(&b, fuzz_take(in, 4), 8);
	}
	send_body(f, WRITE_MULTI, NO_REPLY, &b);
}

/* To what the server has asked for last: address and count are given back. */
static void
answer(struct vfu_fuzz *f, struct fuzz_input *in)
{
	uint32_t flags = REPLY, size, error = (uint32_t)fuzz_take(in, 1);
	struct body b = {.len = 16};

	vfu_fuzz_drain(f);
	put_input(&b, in, fuzz_take(in, 1));
	if (f->asked == 0)
		return;
	f->asked--;
	if (error != 0) {
		flags |= ERROR;
		b.len = 16;
	}
	size = (uint32_t)b.len;
	memcpy(b.at, f->ask, 4);
	memcpy(b.at + 4, &size, 4);
	memcpy(b.at + 8, &flags, 4);
	memcpy(b.at + 12, &error, 4);
	vfu_fuzz_send(f, b.at, b.len, NULL, 0);
}

static void
poke_ring(struct vfu_fuzz *f, struct fuzz_input *in)
{
	size_t off = fuzz_take(in, 4) % (f->ring_bytes / 4);
	uint32_t value = (uint32_t)fuzz_take(in, 4);

	memcpy((unsigned char *)f->rings + off * 4, &value, 4);
	f->pokes++;
}

/* ---- The session ---- */

static void
reconnect(struct vfu_fuzz *f, struct fuzz_input *in)
{
	vfu_fuzz_hang_up(f);
	vfu_fuzz_connect(f);
	if (fuzz_take(in, 1) % 2)
		vfu_fuzz_hello(f, false);
}

static void
asleep(struct vfu_fuzz *f, bool sleeps)
{
	if (sleeps)
		vfu_server_asleep(f->server);
	else
		vfu_server_awake(f->server);
}

static void
operate_on_memory(struct vfu_fuzz *f, enum vfu_fuzz_op op, struct fuzz_input *in)
{
	unsigned int file;

	switch (op) {
	case VFU_FUZZ_MAP:
		map_pages(f, in);
		break;
	case VFU_FUZZ_MAP_RAM:
		map(f, 3, 0, VFU_FUZZ_RAM_IOVA, VFU_FUZZ_RAM_BYTES, vfu_fuzz_file(VFU_FUZZ_RAM));
		break;
	case VFU_FUZZ_UNMAP:
		unmap_pages(f, in);
		break;
	case VFU_FUZZ_UNMAP_ANY:
		unmap_any(f, in);
		break;
	case VFU_FUZZ_TRUNCATE:
		vfu_fuzz_pump(f);
		file = (unsigned int)fuzz_take(in, 1);
		vfu_fuzz_truncate(file, (unsigned int)fuzz_take(in, 1));
		break;
	case VFU_FUZZ_SHARE:
		vfu_fuzz_message(f, SHARE, 0, NULL, 0, NULL, 0);
		break;
	case VFU_FUZZ_POKE_RING:
		vfu_fuzz_pump(f);
		poke_ring(f, in);
		break;
	default:
		vfu_fuzz_pump(f);
		asleep(f, fuzz_take(in, 1) % 2);
		break;
	}
}

static void
operate_on_registers(struct vfu_fuzz *f, enum vfu_fuzz_op op, struct fuzz_input *in,
		     enum dlb_version version)
{
	uint64_t off;

	switch (op) {
	case VFU_FUZZ_READ:
		read_any(f, in);
		break;
	case VFU_FUZZ_WRITE:
		write_any(f, in);
		break;
	case VFU_FUZZ_WRITE_REG:
		off = fuzz_take(in, 4);
		write_region(f, 2, off, fuzz_take(in, 4), 4, true);
		break;
	case VFU_FUZZ_READ_REG:
		read_region(f, 2, fuzz_take(in, 4), 4);
		break;
	case VFU_FUZZ_WRITE_ROW:
		write_row(f, in, version);
		break;
	case VFU_FUZZ_CONFIG:
		config(f, in);
		break;
	case VFU_FUZZ_POST:
		post(f, in, 16);
		break;
	case VFU_FUZZ_POST_LINE:
		post(f, in, 64);
		break;
	default:
		multi(f, in);
		break;
	}
}

static void
operate(struct vfu_fuzz *f, enum vfu_fuzz_op op, struct fuzz_input *in,
	enum dlb_version version)
{
	switch (op) {
	case VFU_FUZZ_HELLO:
		vfu_fuzz_hello(f, fuzz_take(in, 1) % 2);
		break;
	case VFU_FUZZ_RECONNECT:
		reconnect(f, in);
		break;
	case VFU_FUZZ_RAW:
		raw(f, in);
		break;
	case VFU_FUZZ_MESSAGE:
		message(f, in);
		break;
	case VFU_FUZZ_IRQS:
		irqs(f, in);
		break;
	case VFU_FUZZ_RESET:
		vfu_fuzz_message(f, DEVICE_RESET, 0, NULL, 0, NULL, 0);
		break;
	case VFU_FUZZ_STEP:
		vfu_fuzz_step(f, fuzz_take(in, 2));
		break;
	case VFU_FUZZ_PUMP:
		vfu_fuzz_pump(f);
		break;
	case VFU_FUZZ_DRAIN:
		vfu_fuzz_pump(f);
		vfu_fuzz_drain(f);
		break;
	case VFU_FUZZ_ANSWER:
		answer(f, in);
		break;
	case VFU_FUZZ_READ:
	case VFU_FUZZ_WRITE:
	case VFU_FUZZ_WRITE_REG:
	case VFU_FUZZ_READ_REG:
	case VFU_FUZZ_WRITE_ROW:
	case VFU_FUZZ_CONFIG:
	case VFU_FUZZ_POST:
	case VFU_FUZZ_POST_LINE:
	case VFU_FUZZ_MULTI:
		operate_on_registers(f, op, in, version);
		break;
	default:
		operate_on_memory(f, op, in);
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = {data, size};
	enum dlb_version version = fuzz_take(&in, 1) & V25 ? DLB_V25 : DLB_V20;
	struct vfu_fuzz *f = vfu_fuzz_get(version);

	vfu_fuzz_connect(f);
	while (in.left > 0)
		operate(f, (enum vfu_fuzz_op)(fuzz_take(&in, 1) % VFU_FUZZ_OPS), &in, version);
	vfu_fuzz_step(f, 1000);
	vfu_fuzz_drain(f);
	vfu_fuzz_hang_up(f);
	vfu_server_awake(f->server);
	vfu_fuzz_next_client(f);
	return 0;
}
