/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "vfu_server_priv.h"

#include <errno.h>
#include <string.h>

/* Accesses to configuration space and BARs, as a bus would make them: naturally aligned, of 1 to 8
 * bytes; whole lines as posts.
 */

#define LINE    64u
#define QUARTER 16u

/* ---- Lines ---- */

static void
post(struct vfu_server *s, unsigned int bar, uint64_t off, const void *bytes, unsigned int len)
{
	s->stats.lines++;
	s->in_access = true;
	s->dev->ops->post(s->dev, bar, off, bytes, len);
	s->in_access = false;
}

static void
write_piece(struct vfu_server *s, unsigned int bar, uint64_t off, uint64_t value, unsigned int size)
{
	s->in_access = true;
	s->dev->ops->write(s->dev, bar, off, value, size);
	s->in_access = false;
}

static void
gather_post(void *arg, unsigned int bar, uint64_t off, const void *bytes, unsigned int len)
{
	post(arg, bar, off, bytes, len);
}

static void
gather_write(void *arg, unsigned int bar, uint64_t off, uint64_t word)
{
	write_piece(arg, bar, off, word, 8);
}

static void
gather_lost(void *arg, unsigned int bar, uint64_t off, unsigned int len)
{
	struct vfu_server *s = arg;

	s->stats.refused++;
	vfu_server_log(s,
		       "BAR %u, line at 0x%llx: %u bytes came, then another line began there: "
		       "16 or 64 make one",
		       bar, (unsigned long long)off, len);
}

void
vfu_server_gather_create(struct vfu_server *s)
{
	const struct vfu_gather_out out = {gather_post, gather_write, gather_lost, s};

	vfu_gather_create(&s->gather, &out, s->config.gather_idle_ns);
}

/* ---- BARs ---- */

/* The largest piece of an access that a bus would make at once. */
static unsigned int
piece_at(uint64_t off, uint32_t count)
{
	unsigned int size = 8;

	while (size > count || off % size != 0)
		size /= 2;
	return size;
}

static void
bar_read(struct vfu_server *s, unsigned int bar, uint64_t off, unsigned char *bytes, uint32_t count)
{
	unsigned int size;
	uint64_t value;

	for (; count > 0; off += size, bytes += size, count -= size) {
		size = piece_at(off, count);
		s->in_access = true;
		value = s->dev->ops->read(s->dev, bar, off, size);
		s->in_access = false;
		value |= vfu_server_irq_pending(s, bar, off, size);
		memcpy(bytes, &value, size);
	}
}

static void
write_pieces(struct vfu_server *s, unsigned int bar, uint64_t off, const unsigned char *bytes,
	     uint32_t count)
{
	unsigned int size;
	uint64_t value;

	for (; count > 0; off += size, bytes += size, count -= size) {
		size = piece_at(off, count);
		value = 0;
		memcpy(&value, bytes, size);
		write_piece(s, bar, off, value, size);
	}
}

/* A whole line, or the quarter of one: a post; or a submission, where the client waits for word and
 * the device gives it.
 */
static int
write_line(struct vfu_server *s, unsigned int bar, uint64_t off, const unsigned char *bytes,
	   uint32_t count, bool posted)
{
	int ret;

	vfu_gather_other(&s->gather, bar, off);
	if (posted || count != LINE || s->dev->ops->submit == NULL) {
		post(s, bar, off, bytes, count);
		return 0;
	}
	s->stats.submits++;
	s->in_access = true;
	ret = s->dev->ops->submit(s->dev, bar, off, bytes, BUS_NO_PASID);
	s->in_access = false;
	return ret;
}

static int
bar_write(struct vfu_server *s, unsigned int bar, uint64_t off, const unsigned char *bytes,
	  uint32_t count, bool posted)
{
	const struct bus_region *r = vfu_server_region(s, bar, off);
	bool is_port = r != NULL && r->kind == BUS_LINE_RING;
	bool whole = r != NULL && r->kind == BUS_LINES;
	uint64_t word;

	if ((count == LINE && off % LINE == 0 && (r == NULL || r->kind != BUS_MEMORY)) ||
	    (count == QUARTER && off % QUARTER == 0 && is_port))
		return write_line(s, bar, off, bytes, count, posted);
	if ((is_port || whole) && count == 8 && off % 8 == 0) {
		memcpy(&word, bytes, sizeof(word));
		vfu_gather_write(&s->gather, bar, off, word, whole, vfu_server_now);
		return 0;
	}
	if (is_port)
		vfu_gather_other(&s->gather, bar, off);
	write_pieces(s, bar, off, bytes, count);
	return 0;
}

/* ---- Configuration space ---- */

static int
config_access(struct vfu_server *s, uint64_t off, void *bytes, uint32_t count, bool write)
{
	int ret;

	s->in_access = true;
	ret = s->dev->ops->config(s->dev, (uint16_t)off, bytes, count, write);
	s->in_access = false;
	return ret;
}

static int
config_write(struct vfu_server *s, uint64_t off, const unsigned char *bytes, uint32_t count)
{
	int ret;

	/* What was posted before must not be overtaken: the write may be a reset. */
	vfu_gather_flush(&s->gather);
	memcpy(s->data, bytes, count);
	ret = config_access(s, off, s->data, count, true);
	if (ret == 0)
		vfu_server_irq_config(s, off, count);
	return ret;
}

/* ---- Messages ---- */

static int
range_check(struct vfu_server *s, const struct vfu_message *m, uint64_t off, uint32_t region,
	    uint32_t count)
{
	uint64_t size;

	if (region >= VFU_REGIONS)
		return vfu_server_refuse(s, m, -EINVAL, "region %u: 0 to %u", region,
					 VFU_REGIONS - 1);
	size = s->region_size[region];
	if (count > 0 && (off > size || count > size - off))
		return vfu_server_refuse(s, m, -EINVAL,
					 "region %u, 0x%llx and %u bytes: it has 0x%llx", region,
					 (unsigned long long)off, count, (unsigned long long)size);
	return 0;
}

int
vfu_server_read(struct vfu_server *s, const struct vfu_message *m)
{
	struct vfu_region_access a;
	struct iovec parts[] = {{&a, sizeof(a)}, {s->data, 0}};
	int ret;

	memcpy(&a, m->payload, sizeof(a));
	if (a.count > VFU_MAX_DATA)
		return vfu_server_refuse(s, m, -EINVAL, "%u bytes: at most %u", a.count,
					 VFU_MAX_DATA);
	ret = range_check(s, m, a.offset, a.region, a.count);
	if (ret < 0)
		return ret;
	s->stats.reads++;
	vfu_gather_flush(&s->gather);
	if (a.region == VFU_REGION_CONFIG && a.count > 0)
		ret = config_access(s, a.offset, s->data, a.count, false);
	else
		bar_read(s, a.region, a.offset, s->data, a.count);
	if (ret < 0)
		return vfu_server_refuse(s, m, ret, "the device says so");
	parts[1].iov_len = a.count;
	return vfu_server_reply(s, m, parts, 2);
}

/* One write; -EAGAIN is no refusal, but the device's word for "later". */
static int
write_one(struct vfu_server *s, const struct vfu_message *m, const struct vfu_region_access *a,
	  const unsigned char *bytes)
{
	int ret = range_check(s, m, a->offset, a->region, a->count);

	if (ret < 0 || a->count == 0)
		return ret;
	s->stats.writes++;
	if (vfu_is_posted(m))
		s->stats.posted++;
	if (a->region == VFU_REGION_CONFIG)
		ret = config_write(s, a->offset, bytes, a->count);
	else
		ret = bar_write(s, a->region, a->offset, bytes, a->count, vfu_is_posted(m));
	if (ret < 0 && ret != -EAGAIN)
		vfu_server_refuse(s, m, ret, "the device says so");
	return ret;
}

int
vfu_server_write(struct vfu_server *s, const struct vfu_message *m)
{
	struct vfu_region_access a;
	const struct iovec part = {&a, sizeof(a)};
	int ret;

	memcpy(&a, m->payload, sizeof(a));
	if (a.count != m->len - sizeof(a))
		return vfu_server_refuse(s, m, -EINVAL, "count %u: %zu bytes came", a.count,
					 m->len - sizeof(a));
	ret = write_one(s, m, &a, m->payload + sizeof(a));
	return ret < 0 ? ret : vfu_server_reply(s, m, &part, 1);
}

/* Each write stands for one message, so one that is refused does not stop those behind it. */
int
vfu_server_write_multi(struct vfu_server *s, const struct vfu_message *m)
{
	struct vfu_write_multi multi;
	const struct iovec part = {&multi, sizeof(multi)};
	struct vfu_write_one one;
	int ret, first = 0;

	memcpy(&multi, m->payload, sizeof(multi));
	if (!s->write_multiple)
		return vfu_server_refuse(s, m, -ENOTSUP, "not agreed on");
	if (multi.wr_cnt != (m->len - sizeof(multi)) / sizeof(one) ||
	    (m->len - sizeof(multi)) % sizeof(one) != 0)
		return vfu_server_refuse(s, m, -EINVAL, "%llu writes: %zu bytes of them came",
					 (unsigned long long)multi.wr_cnt, m->len - sizeof(multi));
	for (uint64_t i = 0; i < multi.wr_cnt; i++) {
		memcpy(&one, m->payload + sizeof(multi) + i * sizeof(one), sizeof(one));
		if (one.count > sizeof(one.data))
			ret = vfu_server_refuse(s, m, -EINVAL, "write %llu has %u bytes: at most 8",
						(unsigned long long)i, one.count);
		else
			ret = write_one(
				s, m,
				&(struct vfu_region_access){one.offset, one.region, one.count},
				one.data);
		first = first < 0 ? first : ret;
	}
	return first < 0 ? first : vfu_server_reply(s, m, &part, 1);
}

int
vfu_server_reset(struct vfu_server *s, const struct vfu_message *m)
{
	vfu_gather_flush(&s->gather);
	vfu_gather_forget(&s->gather);
	s->in_access = true;
	s->dev->ops->reset(s->dev, BUS_RESET_FUNCTION);
	s->in_access = false;
	vfu_server_irq_reset(s);
	return vfu_server_reply(s, m, NULL, 0);
}
