/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Who has time executes descriptors: section 19.3. A slice begins with what the registers say, and
 * ends with what has become of it: tail, count, error, interrupt.
 */
#include <string.h>

#include "mic_dma_priv.h"

/* Bytes in one go: nobody who wants the channel stopped waits long. */
#define SLICE 262144u
/* What a descriptor counts for besides: a slice has no more than 512 of them. */
#define SLICE_DESC 512u
/* Descriptors looked up at once. */
#define FETCH 256u
/* Where no pointers are had. */
#define BOUNCE 4096u
/* Ciphers, which the engine has not. */
#define CIPHER \
	(REG_MASK(MIC_DESC_MEMCPY_C) | REG_MASK(MIC_DESC_MEMCPY_CO) | REG_MASK(MIC_DESC_MEMCPY_ECY))

/* A slice. */
struct slice {
	struct mic_dma_channel *c;
	struct mic_model *m;
	/* As it began. */
	uint64_t ring, writeback;
	uint32_t head, size, count, epoch;
	bool host_owned, tell;
	/* As it goes. */
	uint32_t tail, completed;
	uint64_t done, bytes;
	size_t spent;
	uint32_t error;
	bool interrupt;
	/* Descriptors from the tail on, and how many. */
	const unsigned char *fetched;
	uint32_t nb_fetched;
	struct mic_desc desc;
};

/* ---- Memory ---- */

static bool
is_system(uint64_t address)
{
	return address >= MIC_SYSTEM_MEMORY;
}

static bool
may_reach(const struct slice *s, uint64_t address, size_t len)
{
	return address + len <= MIC_ADDRESS_END && (!is_system(address) || mic_bus_master(s->m));
}

/* A few bytes, in one piece where they are aligned: readers may poll them. */
static bool
store(struct slice *s, uint64_t address, void *bytes, size_t len)
{
	size_t had = len;
	void *to = mic_address_map(s->m, address, &had, BUS_PROT_WRITE);

	if (to == NULL || had < len || (uintptr_t)to % len != 0)
		return mic_address_copy(s->m, address, bytes, len, true) == 0;
	/* Release: after the data of earlier descriptors. Pairs with the acquire of who polls. */
	if (len == 8)
		atomic_store_explicit((_Atomic uint64_t *)to, *(uint64_t *)bytes,
				      memory_order_release);
	else
		atomic_store_explicit((_Atomic uint32_t *)to, *(uint32_t *)bytes,
				      memory_order_release);
	return true;
}

static bool
put(struct slice *s, uint64_t address, void *bytes, size_t len)
{
	if (address % len != 0)
		s->error = MIC_DMA_BAD_ALIGNMENT;
	else if (!may_reach(s, address, len) || !store(s, address, bytes, len))
		s->error = MIC_DMA_BAD_ADDRESS;
	return s->error == 0;
}

/* ---- The ring ---- */

static bool
fetch(struct slice *s)
{
	uint64_t address = s->ring + (uint64_t)s->tail * sizeof(s->desc);
	uint32_t n = s->head > s->tail ? s->head - s->tail : s->size - s->tail;
	size_t len = sizeof(s->desc) * (n < FETCH ? n : FETCH);

	s->nb_fetched = 0;
	if (!may_reach(s, address, len))
		return false;
	s->fetched = mic_address_map(s->m, address, &len, BUS_PROT_READ);
	if (s->fetched != NULL && len >= sizeof(s->desc) && (uintptr_t)s->fetched % 8 == 0) {
		s->nb_fetched = (uint32_t)(len / sizeof(s->desc));
		return true;
	}
	return mic_address_copy(s->m, address, &s->desc, sizeof(s->desc), false) == 0;
}

/* The descriptor at the tail: a copy, since its owner may write to it at any time. */
static bool
next(struct slice *s)
{
	if (s->nb_fetched == 0) {
		if (!fetch(s)) {
			s->error = MIC_DMA_BAD_RING;
			return false;
		}
		if (s->nb_fetched == 0)
			return true;
	}
	for (unsigned int n = 0; n < 2; n++)
		s->desc.qw[n] = atomic_load_explicit((const _Atomic uint64_t *)s->fetched + n,
						     memory_order_relaxed);
	s->fetched += sizeof(s->desc);
	s->nb_fetched--;
	return true;
}

/* ---- How far it got ---- */

/* What is completed shows in the registers: under the channel's lock. */
static void
count(struct slice *s)
{
	struct mic_dma_channel *c = s->c;

	if (s->epoch == c->epoch) {
		c->tail = s->tail;
		c->count += s->completed;
		c->descriptors += s->completed;
		c->bytes += s->bytes;
	}
	s->count += s->completed;
	s->completed = 0;
	s->bytes = 0;
}

/*
 * Before something is written that tells software how far the channel is: it may fill the places of
 * what came before at once, and the head must not seem to overtake the tail.
 */
static void
show(struct slice *s)
{
	mic_dma_lock(&s->c->lock);
	count(s);
	mic_dma_unlock(&s->c->lock);
}

/* ---- What descriptors say ---- */

/* Where one end is not to be had by a pointer. */
static size_t
bounce(struct slice *s, uint64_t dst, uint64_t src, size_t len)
{
	unsigned char bytes[BOUNCE];
	size_t n = len < sizeof(bytes) ? len : sizeof(bytes);

	/* To the end of the page, so that what comes before a fault is moved. */
	if (n > BOUNCE - src % BOUNCE)
		n = BOUNCE - src % BOUNCE;
	if (mic_address_copy(s->m, src, bytes, n, false) < 0 ||
	    mic_address_copy(s->m, dst, bytes, n, true) < 0)
		return 0;
	return n;
}

/* Bytes moved, 0 for none. */
static size_t
move(struct slice *s, uint64_t dst, uint64_t src, size_t len)
{
	const unsigned char *from;
	unsigned char *to;

	from = mic_address_map(s->m, src, &len, BUS_PROT_READ);
	to = from != NULL ? mic_address_map(s->m, dst, &len, BUS_PROT_WRITE) : NULL;
	if (to == NULL || len == 0)
		return bounce(s, dst, src, len);
	if ((uintptr_t)to - (uintptr_t)from < len)
		memmove(to, from, len);
	else
		move_bytes(to, from, len, false, &s->c->pace);
	return len;
}

static uint32_t
copy_error(struct slice *s, uint64_t dst, uint64_t src, size_t len)
{
	if (s->desc.qw[1] & CIPHER)
		return MIC_DMA_BAD_TYPE;
	if ((dst | src) % MIC_DMA_LINE != 0)
		return MIC_DMA_BAD_ALIGNMENT;
	if ((is_system(dst) && is_system(src)) || !may_reach(s, dst, len) ||
	    !may_reach(s, src, len) || atomic_exchange(&s->c->fail, false))
		return MIC_DMA_BAD_ADDRESS;
	return 0;
}

/* The tail behind this descriptor, as DSTAT will have it. */
static bool
write_tail(struct slice *s)
{
	uint32_t tail = s->tail + 1 == s->size ? 0 : s->tail + 1, status;

	show(s);
	status = mic_dma_count(s->c, tail, s->count + 1);
	return put(s, s->writeback, &status, sizeof(status));
}

/* true: this descriptor is over. Otherwise it failed, or the slice ends within it. */
static bool
copy(struct slice *s)
{
	uint64_t src = REG_GET(MIC_DESC_MEMCPY_SRC, s->desc.qw[0]);
	uint64_t dst = REG_GET(MIC_DESC_MEMCPY_DST, s->desc.qw[1]);
	uint64_t len = REG_GET(MIC_DESC_MEMCPY_LENGTH, s->desc.qw[0]) * MIC_DMA_LINE;

	s->error = copy_error(s, dst, src, len);
	while (s->error == 0 && s->done < len && s->spent < SLICE) {
		size_t rest = len - s->done, budget = SLICE - s->spent;
		size_t n = move(s, dst + s->done, src + s->done, rest < budget ? rest : budget);

		if (n == 0)
			s->error = MIC_DMA_BAD_ADDRESS;
		s->done += n;
		s->spent += n;
		s->bytes += n;
	}
	if (s->error != 0 || s->done < len)
		return false;
	if (REG_GET(MIC_DESC_MEMCPY_TWB, s->desc.qw[1]) && !write_tail(s))
		return false;
	s->interrupt = REG_GET(MIC_DESC_MEMCPY_INTR, s->desc.qw[1]);
	return true;
}

static bool
write_status(struct slice *s)
{
	uint64_t data = s->desc.qw[0];

	show(s);
	if (!put(s, REG_GET(MIC_DESC_STATUS_DST, s->desc.qw[1]), &data, sizeof(data)))
		return false;
	s->interrupt = REG_GET(MIC_DESC_STATUS_INTR, s->desc.qw[1]);
	return true;
}

static bool
write_general(struct slice *s)
{
	uint32_t data = (uint32_t)REG_GET(MIC_DESC_GENERAL_DATA, s->desc.qw[0]);

	return put(s, REG_GET(MIC_DESC_GENERAL_DST, s->desc.qw[1]), &data, sizeof(data));
}

static bool
execute(struct slice *s)
{
	switch (mic_desc_type(&s->desc)) {
	case MIC_DESC_TYPE_NOP:
		return true;
	case MIC_DESC_TYPE_MEMCPY:
		return copy(s);
	case MIC_DESC_TYPE_STATUS:
		return write_status(s);
	case MIC_DESC_TYPE_GENERAL:
		return write_general(s);
	default:
		s->error = MIC_DMA_BAD_TYPE;
		return false;
	}
}

/* ---- A slice ---- */

/* false: there is nothing to do. */
static bool
begin(struct slice *s)
{
	struct mic_dma_channel *c = s->c;
	bool work;

	mic_dma_lock(&c->lock);
	work = c->enabled && !c->stopped && c->head != c->tail;
	s->ring = c->ring;
	s->writeback = ((uint64_t)c->dstatwb[1] << 32 | c->dstatwb[0]) & (MIC_ADDRESS_END - 1);
	s->head = c->head;
	s->size = c->size;
	s->count = c->count;
	s->epoch = c->epoch;
	s->tail = c->tail;
	s->done = c->done;
	s->host_owned = c->host_owned;
	s->tell = c->tell;
	c->tell = false;
	if (!work)
		/* Pairs with mic_dma_rouse, which is called under this lock, too. */
		atomic_fetch_and_explicit(&c->dma->runnable, ~(1u << c->number),
					  memory_order_relaxed);
	mic_dma_unlock(&c->lock);
	return work;
}

static void
go_on(struct slice *s)
{
	while (s->tail != s->head && s->spent < SLICE && !s->interrupt &&
	       atomic_load_explicit(&s->c->awaited, memory_order_relaxed) == 0) {
		if (!next(s) || !execute(s))
			break;
		s->done = 0;
		s->completed++;
		s->spent += SLICE_DESC;
		s->tail = s->tail + 1 == s->size ? 0 : s->tail + 1;
	}
}

/* The interrupt has come: under the channel's lock. */
static void
note_interrupt(struct slice *s)
{
	struct mic_dma_channel *c = s->c;
	uint32_t mask = (uint32_t)(s->host_owned ? REG_MASK(MIC_DCAR_IM1) : REG_MASK(MIC_DCAR_IM0));

	c->dcar |= (uint32_t)REG_MASK(MIC_DCAR_IS0);
	c->interrupts++;
	s->tell |= !(c->dcar & mask);
}

static void
end(struct slice *s)
{
	struct mic_dma_channel *c = s->c;

	mic_dma_lock(&c->lock);
	count(s);
	if (s->epoch == c->epoch) {
		c->done = s->done;
		if (s->error != 0)
			mic_dma_stop(c, s->error);
		if (s->interrupt)
			note_interrupt(s);
	}
	mic_dma_unlock(&c->lock);
}

static void
tell(const struct slice *s)
{
	if (s->host_owned)
		mic_irq_host(s->m, MIC_SOURCE_DMA(s->c->number));
	else
		mic_irq_card(s->m, s->c->number);
}

/* false: the channel is in other hands. */
static bool
work_on(struct mic_dma_channel *c)
{
	struct slice s = {.c = c, .m = c->dma->m};

	if (atomic_load_explicit(&c->awaited, memory_order_relaxed) != 0 ||
	    !mic_dma_trylock(&c->working))
		return false;
	if (begin(&s)) {
		go_on(&s);
		end(&s);
	}
	mic_dma_unlock(&c->working);
	if (s.tell)
		tell(&s);
	return true;
}

bool
mic_dma_step(struct mic_dma *dma)
{
	uint32_t todo = atomic_load_explicit(&dma->runnable, memory_order_relaxed);
	uint32_t others = 0;

	if (todo == 0 || (dma->after_boot_only && !mic_card_runs(dma->m)))
		return false;
	for (unsigned int n = 0; n < MIC_DMA_CHANNELS; n++)
		if ((todo >> n & 1) && !work_on(&dma->channel[n]))
			others |= 1u << n;
	/* What others are at is theirs to come back to: who spun for it would only slow them down. */
	return (atomic_load_explicit(&dma->runnable, memory_order_relaxed) & ~others) != 0;
}

bool
mic_dma_at_work(struct mic_dma *dma)
{
	return atomic_load_explicit(&dma->runnable, memory_order_relaxed) != 0 &&
	       (!dma->after_boot_only || mic_card_runs(dma->m));
}
