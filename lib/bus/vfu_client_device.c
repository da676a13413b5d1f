/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The device that a server has, as others in this process see it. */

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bus_relax.h"
#include "line_ring.h"
#include "vfu_client_priv.h"

/* Between two looks at the socket when nothing is asked for there: a server that has gone is
 * noticed after so long.
 */
#define LOOK_NS UINT64_C(1000000)
/* The same for who waits for room in a ring, in tries. */
#define LOOK_TRIES 1024u
/* How long nobody takes anything out of a full ring until the server is asked to. */
#define ROOM_NS UINT64_C(1000000)

static struct vfu_client *
client_of(struct bus_device *dev)
{
	return (struct vfu_client *)dev;
}

/* ---- Registers ---- */

static int
access_region(struct vfu_client *c, unsigned int region, uint64_t off, void *bytes, uint32_t len)
{
	struct vfu_region_access ask = {off, region, len}, got = {0, 0, 0};
	struct vfu_call call = {
		.command = VFU_REGION_READ,
		.parts = {{&ask, sizeof(ask)}},
		.reply = {{&got, sizeof(got)}, {bytes, len}},
	};
	int ret = vfu_client_call(c, &call);

	if (ret < 0)
		return ret;
	if (call.reply_len == sizeof(got) + len && memcmp(&got, &ask, sizeof(got)) == 0)
		return 0;
	vfu_client_give_up(c, "answered a read with other bytes than were asked for");
	return -ENOTCONN;
}

static int
write_region(struct vfu_client *c, unsigned int region, uint64_t off, const void *bytes,
	     uint32_t len, bool posted)
{
	struct vfu_region_access ask = {off, region, len}, got;
	struct vfu_call call = {
		.command = VFU_REGION_WRITE,
		.posted = posted,
		.parts = {{&ask, sizeof(ask)}, {(void *)(uintptr_t)bytes, len}},
		.reply = {{&got, sizeof(got)}},
	};

	return vfu_client_call(c, &call);
}

static uint64_t
device_read(struct bus_device *dev, unsigned int bar, uint64_t off, unsigned int size)
{
	uint64_t value = 0;

	/* Little endian, as the bus is. */
	if (size <= sizeof(value) && access_region(client_of(dev), bar, off, &value, size) == 0)
		return value;
	return size < sizeof(value) ? (UINT64_C(1) << size * 8) - 1 : UINT64_MAX;
}

static void
device_write(struct bus_device *dev, unsigned int bar, uint64_t off, uint64_t value,
	     unsigned int size)
{
	struct vfu_client *c = client_of(dev);

	/* A line that is posted later must not arrive earlier, as it could through a ring. */
	if (size <= sizeof(value))
		write_region(c, bar, off, &value, size, c->share.nb_areas == 0);
}

static void
device_write_posted(struct bus_device *dev, unsigned int bar, uint64_t off, uint64_t value,
		    unsigned int size)
{
	if (size <= sizeof(value))
		write_region(client_of(dev), bar, off, &value, size, true);
}

static int
device_config(struct bus_device *dev, uint16_t off, void *bytes, size_t len, bool write)
{
	struct vfu_client *c = client_of(dev);
	uint64_t size = c->region_bytes[VFU_REGION_CONFIG];
	uint8_t *at = bytes;
	int ret = 0;

	if (len > size || off > size - len)
		return -EINVAL;
	while (len != 0 && ret == 0) {
		uint32_t piece = len < c->max_data ? (uint32_t)len : c->max_data;

		if (write)
			ret = write_region(c, VFU_REGION_CONFIG, off, at, piece, false);
		else
			ret = access_region(c, VFU_REGION_CONFIG, off, at, piece);
		off = (uint16_t)(off + piece);
		at += piece;
		len -= piece;
	}
	return ret;
}

static int
device_submit(struct bus_device *dev, unsigned int bar, uint64_t off, const void *line,
	      uint32_t pasid)
{
	(void)pasid;
	return write_region(client_of(dev), bar, off, line, LINE_RING_LINE, false);
}

static void
device_reset(struct bus_device *dev, enum bus_reset kind)
{
	struct vfu_call call = {.command = VFU_DEVICE_RESET};

	(void)kind;
	vfu_client_call(client_of(dev), &call);
}

/* ---- Lines ---- */

void
vfu_client_ring(struct vfu_client *c)
{
	static const uint64_t one = 1;
	const struct vfu_client_shared *s = &c->share.told;

	if (s->asleep == NULL)
		return;
	/* The line before the look at the bell. Where both sides have membarrier, the server's
	 * makes a fence of this; it pairs with its look at the rings after it set the bell.
	 */
	if (s->fences)
		atomic_thread_fence(memory_order_seq_cst);
	else
		atomic_signal_fence(memory_order_seq_cst);
	if (atomic_load_explicit(s->asleep, memory_order_relaxed) != 0)
		(void)!write(s->kick_fd, &one, sizeof(one));
}

static uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
}

static uint32_t
tail_of(const struct line_ring *ring)
{
	/* Pairs with the release in line_ring_take: the slots given back have been read. */
	return atomic_load_explicit(&ring->tail, memory_order_acquire);
}

/* How long to wait for room: who has no conversation cannot ask for it, and needs patience. */
static uint64_t
room_ns(const struct vfu_client *c)
{
	return c->joined ? c->timeout_ms * UINT64_C(1000000) : ROOM_NS;
}

/* Until the server has made room: false when it makes none for a while, or is lost. */
static bool
wait_for_room(struct vfu_client *c, struct line_poster *p)
{
	uint64_t since = now_ns();
	uint32_t seen = p->tail;
	unsigned int tries;

	for (tries = 0; !line_ring_has_room(p) && !vfu_client_lost(c); tries++) {
		vfu_client_ring(c);
		bus_relax(tries);
		if (tries % LOOK_TRIES != LOOK_TRIES - 1)
			continue;
		vfu_client_look_now(c);
		if (p->tail != seen) {
			seen = p->tail;
			since = now_ns();
		} else if (now_ns() - since > room_ns(c)) {
			break;
		}
	}
	if (c->joined && !line_ring_has_room(p))
		vfu_client_give_up(c, "does not empty its rings, given up; restart it, then this "
				      "program");
	return line_ring_has_room(p) && !vfu_client_lost(c);
}

/* A device looks at the rings of pages that are in use. When another one is full, or the server is
 * busy, the device is posted to by message: it takes what is in the ring first, then this line.
 */
static void
message_post(struct vfu_client *c, struct line_poster *p, unsigned int bar, uint64_t off,
	     const void *line, unsigned int len)
{
	write_region(c, bar, off, line, len, false);
	/* Nobody else drains it any more. */
	if (vfu_client_lost(c))
		atomic_store_explicit(&p->ring->tail, p->head, memory_order_relaxed);
}

static void
ring_post(struct vfu_client *c, const struct bus_region *area, uint64_t off, const void *line,
	  unsigned int len)
{
	struct line_poster p = {.ring = area->memory};

	line_ring_resume(&p);
	p.tail = tail_of(p.ring);
	if (!line_ring_has_room(&p) && !wait_for_room(c, &p)) {
		message_post(c, &p, area->bar, off, line, len);
		return;
	}
	line_ring_post(&p, line, len);
	vfu_client_ring(c);
}

static void
device_post(struct bus_device *dev, unsigned int bar, uint64_t off, const void *line,
	    unsigned int len)
{
	struct vfu_client *c = client_of(dev);
	const struct bus_region *area = vfu_client_area(c, bar, off);

	if (area != NULL && area->kind == BUS_LINE_RING && off - area->offset < area->size)
		ring_post(c, area, off, line, len);
	else
		write_region(c, bar, off, line, len, true);
}

/* ---- The rest ---- */

/* What lies between the shared parts of a bar is trapped. */
static unsigned int
describe_bar(const struct vfu_client *c, unsigned int bar, struct bus_region regions[],
	     unsigned int max, unsigned int n)
{
	struct bus_region gap = {.bar = bar, .kind = BUS_TRAPPED, .fd = -1};
	unsigned int i;

	for (i = 0; i <= c->share.nb_areas; i++) {
		const struct bus_region *area = i < c->share.nb_areas ? &c->share.areas[i] : NULL;

		if (area != NULL && area->bar != bar)
			continue;
		gap.size = (area != NULL ? area->offset : c->region_bytes[bar]) - gap.offset;
		if (gap.size != 0) {
			if (n < max)
				regions[n] = gap;
			n++;
		}
		if (area == NULL)
			break;
		if (n < max)
			regions[n] = *area;
		n++;
		gap.offset = area->offset + area->size;
	}
	return n;
}

static int
device_describe(struct bus_device *dev, struct bus_region regions[], unsigned int max)
{
	const struct vfu_client *c = client_of(dev);
	unsigned int bar, n = 0;

	for (bar = 0; bar < VFU_REGION_BARS; bar++) {
		if (c->region_bytes[bar] != 0)
			n = describe_bar(c, bar, regions, max, n);
	}
	return (int)n;
}

static uint64_t
device_step(struct bus_device *dev, uint64_t now)
{
	struct vfu_client *c = client_of(dev);

	vfu_client_ring(c);
	if (now - atomic_load_explicit(&c->looked_ns, memory_order_relaxed) >= LOOK_NS ||
	    vfu_client_needs_step(c)) {
		atomic_store_explicit(&c->looked_ns, now, memory_order_relaxed);
		vfu_client_look_now(c);
	}
	return BUS_NO_DEADLINE;
}

/* The server is told of every map and unmap as it happens, and nothing of the host's is kept. */
static void
device_remap(struct bus_device *dev)
{
	(void)dev;
}

const struct bus_device_ops vfu_client_device_ops = {
	.config = device_config,
	.describe = device_describe,
	.read = device_read,
	.write = device_write,
	.write_posted = device_write_posted,
	.post = device_post,
	.submit = device_submit,
	.step = device_step,
	.reset = device_reset,
	.remap = device_remap,
};
