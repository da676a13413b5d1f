/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "vfu_peer.h"

/* ---- Payloads ---- */

/* What begins with its own size, and flags. */
static struct peer_bytes
sized(uint32_t argsz, uint32_t flags)
{
	struct peer_bytes b = {.len = 0};

	peer_put(&b, argsz, 4);
	peer_put(&b, flags, 4);
	return b;
}

struct peer_bytes
peer_map_body(uint32_t flags, uint64_t offset, uint64_t address, uint64_t size)
{
	struct peer_bytes b = sized(32, flags);

	peer_put(&b, offset, 8);
	peer_put(&b, address, 8);
	peer_put(&b, size, 8);
	return b;
}

struct peer_bytes
peer_unmap_body(uint32_t flags, uint64_t address, uint64_t size)
{
	struct peer_bytes b = sized(24, flags);

	peer_put(&b, address, 8);
	peer_put(&b, size, 8);
	return b;
}

struct peer_bytes
peer_irqs_body(uint32_t flags, uint32_t index, uint32_t start, uint32_t count)
{
	struct peer_bytes b = sized(20, flags);

	peer_put(&b, index, 4);
	peer_put(&b, start, 4);
	peer_put(&b, count, 4);
	return b;
}

struct peer_bytes
peer_access_body(uint64_t off, uint32_t region, uint32_t count)
{
	struct peer_bytes b = {.len = 0};

	peer_put(&b, off, 8);
	peer_put(&b, region, 4);
	peer_put(&b, count, 4);
	return b;
}

struct peer_bytes
peer_write_body(uint64_t off, uint32_t region, const void *data, uint32_t count)
{
	struct peer_bytes b = peer_access_body(off, region, count);

	peer_put_bytes(&b, data, count);
	return b;
}

/* GET_INFO, GET_REGION_INFO and GET_IRQ_INFO: argsz first, the index third. */
struct peer_bytes
peer_info_body(uint32_t argsz, uint32_t index, size_t len)
{
	struct peer_bytes b = sized(argsz, 0);

	peer_put(&b, index, 4);
	while (b.len < len)
		peer_put(&b, 0, 1);
	return b;
}

/* ---- Accesses ---- */

/* The reply says again what was asked for. */
static void
check_access(const struct peer *p, uint32_t region, uint64_t off, uint32_t count)
{
	assert_int_equal(peer_get(p->m.at, 0, 8), off);
	assert_int_equal(peer_get(p->m.at, 8, 4), region);
	assert_int_equal(peer_get(p->m.at, 12, 4), count);
}

const unsigned char *
peer_read(struct peer *p, uint32_t region, uint64_t off, uint32_t count)
{
	struct peer_bytes b = peer_access_body(off, region, count);

	peer_call(p, PEER_REGION_READ, &b);
	assert_int_equal(p->m.size, 32 + count);
	check_access(p, region, off, count);
	return p->m.at + 16;
}

void
peer_write(struct peer *p, uint32_t region, uint64_t off, uint64_t value, uint32_t count)
{
	struct peer_bytes b = peer_access_body(off, region, count);

	peer_put(&b, value, count);
	peer_call(p, PEER_REGION_WRITE, &b);
	assert_in_range(p->m.size, PEER_HEADER + 16, PEER_HEADER + 16 + count);
	check_access(p, region, off, count);
}

void
peer_write_posted(struct peer *p, uint32_t region, uint64_t off, const void *data, uint32_t count)
{
	struct peer_bytes b = peer_write_body(off, region, data, count);

	peer_send(p, PEER_REGION_WRITE, PEER_COMMAND | PEER_NO_REPLY, &b, NULL, 0);
}

/* ---- What the device was asked ---- */

/* A server may look into configuration space whenever it likes. */
static void
skip_config_reads(struct peer *p, enum peer_op op)
{
	const struct peer_device *d = &p->device;

	if (!p->threaded)
		peer_pump(p);
	if (op == PEER_SEEN_CONFIG_READ)
		return;
	while (p->device.next < d->seen_n && d->seen[d->next].op == PEER_SEEN_CONFIG_READ)
		p->device.next++;
}

const struct peer_seen *
peer_saw(struct peer *p, enum peer_op op)
{
	const struct peer_seen *s;

	skip_config_reads(p, op);
	if (p->device.next >= p->device.seen_n)
		fail_msg("the device did not see operation %u", op);
	s = &p->device.seen[p->device.next++];
	if (s->op != op)
		fail_msg("the device saw operation %u instead of %u", s->op, op);
	return s;
}

const struct peer_seen *
peer_saw_at(struct peer *p, enum peer_op op, unsigned int bar, uint64_t off, unsigned int size)
{
	const struct peer_seen *s = peer_saw(p, op);

	assert_int_equal(s->bar, bar);
	assert_int_equal(s->off, off);
	assert_int_equal(s->size, size);
	return s;
}

void
peer_saw_nothing(struct peer *p)
{
	const struct peer_seen *s;

	skip_config_reads(p, PEER_SEEN_READ);
	s = &p->device.seen[p->device.next];
	if (p->device.next != p->device.seen_n)
		fail_msg("the device saw operation %u: bar %u, offset 0x%llx, %u bytes", s->op,
			 s->bar, (unsigned long long)s->off, s->size);
}

void
peer_look_away(struct peer *p)
{
	if (!p->threaded)
		peer_pump(p);
	p->device.seen_n = 0;
	p->device.next = 0;
}
