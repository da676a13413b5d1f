/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* DMA channels: who has which, memory, and the way from reset to work (section 19.5). */

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>
#include <rte_cycles.h>
#include <rte_malloc.h>
#include <rte_memzone.h>

#include "access.h"
#include "mic_dma_ring.h"

/* ---- Who has which channel ---- */

/* Of one card that has channels in use. */
struct mic_dma_claims {
	struct mic_dma_claims *next;
	struct mic_dev *dev;
	const char *holder[MIC_DMA_HOST_CHANNELS]; /* NULL: free */
	pthread_mutex_t dcr; /* which has bits of all channels: one thread at a time changes it */
};

static pthread_mutex_t claims_lock = PTHREAD_MUTEX_INITIALIZER;
static struct mic_dma_claims *all_claims;

/* The card's, made when there are none. */
static struct mic_dma_claims *
claims_of(struct mic_dev *dev)
{
	struct mic_dma_claims *c;

	for (c = all_claims; c != NULL && c->dev != dev; c = c->next)
		;
	if (c != NULL)
		return c;
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return NULL;
	c->dev = dev;
	c->next = all_claims;
	pthread_mutex_init(&c->dcr, NULL);
	all_claims = c;
	return c;
}

static int
claim(struct mic_dma_channel *ch, const char *holder)
{
	struct mic_dma_claims *c;
	int ret = 0;

	pthread_mutex_lock(&claims_lock);
	c = claims_of(ch->dev);
	if (c == NULL) {
		ret = -ENOMEM;
	} else if (c->holder[ch->number] != NULL) {
		MIC_DMA_LOG(ERR, ch, "taken by %s, not to be had for %s", c->holder[ch->number],
			    holder);
		ret = -EBUSY;
	} else {
		c->holder[ch->number] = holder;
		ch->claims = c;
	}
	pthread_mutex_unlock(&claims_lock);
	return ret;
}

static bool
has_holder(const struct mic_dma_claims *c)
{
	for (unsigned int n = 0; n < MIC_DMA_HOST_CHANNELS; n++)
		if (c->holder[n] != NULL)
			return true;
	return false;
}

static void
unclaim(struct mic_dma_channel *ch)
{
	struct mic_dma_claims *c = ch->claims, **at = &all_claims;

	pthread_mutex_lock(&claims_lock);
	c->holder[ch->number] = NULL;
	if (!has_holder(c)) {
		while (*at != c)
			at = &(*at)->next;
		*at = c->next;
		pthread_mutex_destroy(&c->dcr);
		free(c);
	}
	pthread_mutex_unlock(&claims_lock);
}

/* ---- Set up ---- */

void
mic_dma_control(struct mic_dma_channel *ch, bool on)
{
	uint32_t dcr;

	pthread_mutex_lock(&ch->claims->dcr);
	dcr = mic_dev_read(ch->dev, MIC_DCR_AT);
	/* A card in the middle of its reset may read so: its channels are off, and the bits of
	 * others are not known.
	 */
	if (dcr != UINT32_MAX) {
		dcr &= ~MIC_DCR_ENABLE(ch->number);
		if (on)
			dcr |= MIC_DCR_ENABLE(ch->number);
		mic_dev_write(ch->dev, MIC_DCR_AT, dcr | MIC_DCR_OWNER(ch->number));
	}
	pthread_mutex_unlock(&ch->claims->dcr);
}

void
mic_dma_turn_off(struct mic_dma_channel *ch)
{
	mic_dma_control(ch, false);
	/* The card changes its own bits of DCR in the same way, and may write ours back as it has
	 * read them before: a channel that comes on again by that finds no ring, and nothing to do.
	 */
	mic_dev_write(ch->dev, mic_dma_reg(ch, MIC_DRAR_HI_AT), 0);
	/* Writes may be posted: the engine has let go of all memory when a read comes back. */
	mic_dev_read(ch->dev, MIC_DCR_AT);
}

static void
mask_interrupt(struct mic_dma_channel *ch, bool masked)
{
	uint32_t at = mic_dma_reg(ch, MIC_DCAR_AT), bit = (uint32_t)REG_MASK(MIC_DCAR_IM1);
	uint32_t dcar = mic_dev_read(ch->dev, at) & ~bit;

	mic_dev_write(ch->dev, at, masked ? dcar | bit : dcar);
	/* Read back, so that it is done when this returns. */
	mic_dev_read(ch->dev, at);
}

static bool
is_well(struct mic_dma_channel *ch)
{
	return mic_dev_read(ch->dev, mic_dma_reg(ch, MIC_DCHERR_AT)) == 0 &&
	       (mic_dev_read(ch->dev, mic_dma_reg(ch, MIC_DSTAT_AT)) & MIC_DSTAT_QUIESCED) == 0;
}

static int
come_up(struct mic_dma_channel *ch)
{
	mic_dma_control(ch, true);
	if (is_well(ch))
		return 0;
	MIC_DMA_LOG_CARD(ERR, ch, "does not come up: DCHERR 0x%x, DSTAT 0x%x",
			 mic_dev_read(ch->dev, mic_dma_reg(ch, MIC_DCHERR_AT)),
			 mic_dev_read(ch->dev, mic_dma_reg(ch, MIC_DSTAT_AT)));
	mic_dma_control(ch, false);
	mask_interrupt(ch, true);
	return -EIO;
}

int
mic_dma_set_up(struct mic_dma_channel *ch)
{
	uint64_t ring = ch->ring_address + RTE_CACHE_LINE_SIZE;
	uint32_t tail;

	mic_dma_control(ch, false);
	mask_interrupt(ch, true);
	mic_dev_write(ch->dev, mic_dma_reg(ch, MIC_DCHERRMSK_AT), 0);
	mic_dev_write(ch->dev, mic_dma_reg(ch, MIC_DCHERR_AT),
		      mic_dev_read(ch->dev, mic_dma_reg(ch, MIC_DCHERR_AT)));
	mic_dev_write(ch->dev, mic_dma_reg(ch, MIC_DRAR_LO_AT), mic_drar_lo(ring));
	mic_dev_write(ch->dev, mic_dma_reg(ch, MIC_DRAR_HI_AT), mic_drar_hi(ring, ch->size));
	tail = mic_dev_read(ch->dev, mic_dma_reg(ch, MIC_DTPR_AT));
	if (tail >= ch->size) {
		MIC_DMA_LOG_CARD(ERR, ch, "its tail is %u, of a ring of %u", tail, ch->size);
		return -EIO;
	}
	ch->head = tail;
	ch->pushed = tail;
	ch->freed = ch->posted;
	mask_interrupt(ch, false);
	if (come_up(ch) < 0)
		return -EIO;
	ch->open = ch->size;
	return 0;
}

/* ---- What becomes of the card ---- */

static void
follow(void *arg, enum mic_dev_event event)
{
	struct mic_dma_channel *ch = arg;

	if (event == MIC_DEV_RUNNING) {
		/* Release: whoever sees that it runs sees the cut that came before. */
		atomic_store_explicit(&ch->runs, true, memory_order_release);
		return;
	}
	atomic_store_explicit(&ch->runs, false, memory_order_release);
	atomic_fetch_add_explicit(&ch->cuts, 1, memory_order_release);
}

/* ---- Memory ---- */

/* The status word in a line of its own, then the ring; in one window of the SMPT, as it is not to
 * cross a multiple of its own size.
 */
static int
get_memory(struct mic_dma_channel *ch, int numa_node)
{
	size_t len = RTE_CACHE_LINE_SIZE + ch->size * sizeof(struct mic_desc);
	char name[RTE_MEMZONE_NAMESIZE];

	/* Names of devices may be longer than those of memory, and begin alike. */
	snprintf(name, sizeof(name), "mic_dma_%p", (void *)ch);
	ch->memory = rte_memzone_reserve_aligned(name, len, numa_node, RTE_MEMZONE_IOVA_CONTIG,
						 (unsigned int)rte_align64pow2(len));
	if (ch->memory == NULL) {
		MIC_DMA_LOG(ERR, ch, "no memory for a ring of %u descriptors", ch->size);
		return -ENOMEM;
	}
	memset(ch->memory->addr, 0, len);
	ch->status = ch->memory->addr;
	ch->ring = (void *)((uint8_t *)ch->memory->addr + RTE_CACHE_LINE_SIZE);
	ch->bytes = len;
	return 0;
}

static int
get_lists(struct mic_dma_channel *ch, int numa_node)
{
	ch->mask = rte_align32pow2(ch->size) - 1;
	ch->ends = rte_zmalloc_socket(NULL, (ch->mask + 1) * sizeof(*ch->ends), 0, numa_node);
	ch->bad = rte_zmalloc_socket(NULL, ch->mask + 1, 0, numa_node);
	if (ch->ends != NULL && ch->bad != NULL)
		return 0;
	MIC_DMA_LOG(ERR, ch, "no memory for %u jobs", ch->mask + 1);
	return -ENOMEM;
}

static int
map_memory(struct mic_dma_channel *ch)
{
	int ret = mic_dev_map(ch->dev, ch->memory->iova, ch->bytes, &ch->ring_address);

	if (ret < 0)
		MIC_DMA_LOG(ERR, ch, "its ring cannot be mapped: %s", strerror(-ret));
	ch->status_address = ch->ring_address;
	return ret == -ENOMEM ? -ENOSPC : ret;
}

static void
free_memory(struct mic_dma_channel *ch)
{
	rte_free(ch->ends);
	rte_free(ch->bad);
	rte_memzone_free(ch->memory);
}

/* ---- Open and close ---- */

static int
check(const struct mic_dma_channel *ch, uint32_t descriptors)
{
	if (ch->number >= MIC_DMA_HOST_CHANNELS) {
		MIC_DMA_LOG(ERR, ch, "not the host's, which has 0 to %u",
			    MIC_DMA_HOST_CHANNELS - 1);
		return -EINVAL;
	}
	if (descriptors < MIC_DMA_RING_LEAST || descriptors > MIC_DMA_RING_MOST) {
		MIC_DMA_LOG(ERR, ch, "%u descriptors, not %u to %u", descriptors,
			    MIC_DMA_RING_LEAST, MIC_DMA_RING_MOST);
		return -EINVAL;
	}
	return 0;
}

static int
bring_up(struct mic_dma_channel *ch, int numa_node)
{
	int ret = get_memory(ch, numa_node);

	if (ret < 0)
		return ret;
	ret = get_lists(ch, numa_node);
	if (ret < 0)
		goto free_memory;
	ret = map_memory(ch);
	if (ret < 0)
		goto free_memory;
	ret = mic_dev_follow(ch->dev, follow, ch);
	if (ret < 0)
		goto unmap;
	ret = mic_dma_set_up(ch);
	if (ret < 0)
		goto unfollow;
	return 0;

unfollow:
	mic_dev_unfollow(ch->dev, follow, ch);
unmap:
	mic_dev_unmap(ch->dev, ch->ring_address, ch->bytes);
free_memory:
	free_memory(ch);
	return ret;
}

int
mic_dma_open(struct mic_dev *dev, unsigned int channel, uint32_t descriptors, int numa_node,
	     const char *holder, struct mic_dma_channel **out)
{
	struct mic_dma_channel *ch = rte_zmalloc_socket(NULL, sizeof(*ch), RTE_CACHE_LINE_SIZE,
							numa_node);
	int ret;

	if (ch == NULL)
		return -ENOMEM;
	ch->dev = dev;
	ch->number = channel;
	ch->size = RTE_ALIGN_CEIL(descriptors, MIC_DMA_RING_STEP);
	ch->doorbell = mic_dma_reg(ch, MIC_DHPR_AT);
	ch->gives_way = access_gives_way(mic_dev_access(dev));
	ch->patience = rte_get_timer_hz() / US_PER_S * MIC_DMA_LOOK_US;
	atomic_store(&ch->runs, true);
	ret = check(ch, descriptors);
	if (ret == 0)
		ret = claim(ch, holder);
	if (ret < 0)
		goto free;
	ret = bring_up(ch, numa_node);
	if (ret < 0)
		goto unclaim;
	*out = ch;
	return 0;

unclaim:
	unclaim(ch);
free:
	rte_free(ch);
	return ret;
}

void
mic_dma_close(struct mic_dma_channel *ch)
{
	if (ch == NULL)
		return;
	mic_dev_unfollow(ch->dev, follow, ch);
	if (!mic_dev_gone(ch->dev)) {
		mic_dma_turn_off(ch);
		mask_interrupt(ch, true);
	}
	mic_dev_unmap(ch->dev, ch->ring_address, ch->bytes);
	free_memory(ch);
	unclaim(ch);
	rte_free(ch);
}

/* ---- Looking at it ---- */

void
mic_dma_dump(struct mic_dma_channel *ch, FILE *f)
{
	fprintf(f, "  DMA channel %u: %s, ring of %u at 0x%" PRIx64 "\n", ch->number,
		ch->open != 0 ? "open" : "closed", ch->size, ch->ring_address);
	fprintf(f,
		"    jobs: %" PRIu64 " asked for, %" PRIu64 " ended, %" PRIu64 " told of; %" PRIu64
		" in error, %" PRIu64 " lost\n",
		ch->jobs, ch->done, ch->returned, ch->errors, ch->lost);
	fprintf(f, "    descriptors: %" PRIu64 " written, %" PRIu64 " not known to be done\n",
		ch->posted, ch->posted - ch->freed);
	if (!mic_dev_gone(ch->dev))
		fprintf(f, "    DHPR %u, DTPR %u, DSTAT 0x%x, DCHERR 0x%x, DCAR 0x%x\n",
			mic_dev_read(ch->dev, mic_dma_reg(ch, MIC_DHPR_AT)),
			mic_dev_read(ch->dev, mic_dma_reg(ch, MIC_DTPR_AT)),
			mic_dev_read(ch->dev, mic_dma_reg(ch, MIC_DSTAT_AT)),
			mic_dev_read(ch->dev, mic_dma_reg(ch, MIC_DCHERR_AT)),
			mic_dev_read(ch->dev, mic_dma_reg(ch, MIC_DCAR_AT)));
}
