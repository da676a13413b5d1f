/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "mic_model_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bus_store.h"

/* The device as the bus sees it. */

#define GDDR_LEAST     (UINT64_C(32) << 20)
#define GDDR_MOST      (UINT64_C(16) << 30)
/* A small memory has room for an image below the ramdisk, at twice this, and for that one. */
#define LOAD_SHARE     8u
#define LOAD_ALIGN     0x1000u
#define DEVICE_DEFAULT 0x225c
#define APIC_DEFAULT   224u
#define READY_DEFAULT  UINT64_C(10000000000)
#define WORD           4u

/* ---- The lock ---- */

/* The look is sequentially consistent, too: behind the store in mic_irq_host, a weaker one may come
 * before it.
 */
static bool
try_lock(struct mic_model *m)
{
	return atomic_load(&m->held) == 0 && atomic_exchange(&m->held, 1) == 0;
}

void
mic_lock(struct mic_model *m)
{
	for (unsigned int tries = 0; !try_lock(m); tries++)
		bus_relax(tries);
}

void
mic_unlock(struct mic_model *m)
{
	uint32_t raised;

	do {
		raised = atomic_load_explicit(&m->raised, memory_order_relaxed);
		if (raised != 0) {
			raised = atomic_exchange(&m->raised, 0);
			mic_doorbell_tell(m, mic_irq_raise(&m->irq, raised));
		}
		/* Let go, then look: who raises stores, then tries to take it. Both are
		 * sequentially consistent, so one of the two sees the other.
		 */
		atomic_store(&m->held, 0);
	} while (atomic_load(&m->raised) != 0 && try_lock(m));
}

void
mic_irq_host(struct mic_model *m, unsigned int source)
{
	atomic_fetch_or(&m->raised, UINT32_C(1) << source);
	/* Pairs with the store in mic_unlock. */
	if (try_lock(m))
		mic_unlock(m);
}

void
mic_let_go(struct mic_model *m)
{
	mic_dma_remap(m->dma);
}

/* ---- The aperture ---- */

static void
stray(struct mic_model *m)
{
	atomic_fetch_add_explicit(&m->stray, 1, memory_order_relaxed);
}

static bool
is_access(uint64_t off, unsigned int size)
{
	return (size == 1 || size == 2 || size == 4 || size == 8) && off % size == 0;
}

/* Card memory, where an access that crosses no page can be had in one piece. */
static uint8_t *
aperture(struct mic_model *m, unsigned int bar, uint64_t off, unsigned int size)
{
	if (bar != MIC_BAR_APERTURE || off >= m->config.gddr_size ||
	    size > m->config.gddr_size - off)
		return NULL;
	return (uint8_t *)m->config.gddr + off;
}

static uint64_t
memory_read(const uint8_t *p, unsigned int size)
{
	switch (size) {
	case 1:
		return *(const volatile uint8_t *)p;
	case 2:
		return *(const volatile uint16_t *)(const void *)p;
	case 4:
		return *(const volatile uint32_t *)(const void *)p;
	default:
		return *(const volatile uint64_t *)(const void *)p;
	}
}

static void
memory_write(uint8_t *p, uint64_t value, unsigned int size)
{
	switch (size) {
	case 1:
		*(volatile uint8_t *)p = (uint8_t)value;
		break;
	case 2:
		*(volatile uint16_t *)(void *)p = (uint16_t)value;
		break;
	case 4:
		*(volatile uint32_t *)(void *)p = (uint32_t)value;
		break;
	default:
		*(volatile uint64_t *)(void *)p = value;
		break;
	}
}

/* ---- Accesses ---- */

/* Bits of a word that an access of that size means, at bit 0. */
static uint32_t
size_mask(unsigned int size)
{
	return size >= WORD ? UINT32_MAX : (1u << 8 * size) - 1;
}

static uint64_t
ones(unsigned int size)
{
	return size >= 8 ? UINT64_MAX : (UINT64_C(1) << 8 * size) - 1;
}

static bool
is_mmio(unsigned int bar, uint64_t off)
{
	return bar == MIC_BAR_MMIO && off < MIC_BAR4_BYTES;
}

static bool
answers(const struct mic_model *m)
{
	return atomic_load_explicit(&m->answers, memory_order_relaxed);
}

/* A word, part of one, or two. */
static uint64_t
regs_read(struct mic_model *m, uint32_t off, unsigned int size)
{
	uint32_t low = mic_regs_read(m, off & ~(WORD - 1));

	if (size == 8)
		return low | (uint64_t)mic_regs_read(m, off + WORD) << 32;
	return low >> 8 * (off % WORD) & size_mask(size);
}

static void
regs_write(struct mic_model *m, uint32_t off, uint64_t value, unsigned int size)
{
	unsigned int shift = 8 * (off % WORD);

	mic_regs_write(m, off & ~(WORD - 1), (uint32_t)value << shift, size_mask(size) << shift);
	if (size == 8)
		mic_regs_write(m, off + WORD, (uint32_t)(value >> 32), UINT32_MAX);
}

static uint64_t
mic_model_read(struct bus_device *dev, unsigned int bar, uint64_t off, unsigned int size)
{
	struct mic_model *m = mic_model_of(dev);
	const uint8_t *p;

	if (!answers(m))
		return ones(size);
	p = aperture(m, bar, off, size);
	if (!is_access(off, size) || (p == NULL && !is_mmio(bar, off))) {
		stray(m);
		return 0;
	}
	if (p != NULL)
		return memory_read(p, size);
	if (atomic_load_explicit(&m->blind, memory_order_relaxed))
		return ones(size);
	return regs_read(m, (uint32_t)off, size);
}

static void
mic_model_write(struct bus_device *dev, unsigned int bar, uint64_t off, uint64_t value,
		unsigned int size)
{
	struct mic_model *m = mic_model_of(dev);
	uint8_t *p;

	if (!answers(m))
		return;
	p = aperture(m, bar, off, size);
	if (!is_access(off, size) || (p == NULL && !is_mmio(bar, off)))
		stray(m);
	else if (p != NULL)
		memory_write(p, value, size);
	else
		regs_write(m, (uint32_t)off, value, size);
}

/* A line into card memory; registers take words only. */
static void
mic_model_post(struct bus_device *dev, unsigned int bar, uint64_t off, const void *line,
	       unsigned int len)
{
	struct mic_model *m = mic_model_of(dev);
	uint8_t *p;

	if (!answers(m))
		return;
	p = aperture(m, bar, off, len);
	if (p == NULL)
		stray(m);
	else
		bus_store(p, line, len);
}

/* ---- Time ---- */

/* When to look again after channels that another thread is at, should it not come back to them. */
#define DMA_LOOK_NS UINT64_C(1000000)

static uint64_t
mic_model_step(struct bus_device *dev, uint64_t now_ns)
{
	struct mic_model *m = mic_model_of(dev);
	uint64_t deadline = BUS_NO_DEADLINE;

	atomic_store_explicit(&m->now, now_ns, memory_order_relaxed);
	if (atomic_load_explicit(&m->boot.waiting, memory_order_relaxed)) {
		mic_lock(m);
		deadline = mic_boot_step(m, now_ns);
		mic_unlock(m);
	}
	if (mic_dma_step(m->dma))
		return now_ns;
	if (mic_dma_at_work(m->dma) && deadline > now_ns + DMA_LOOK_NS)
		return now_ns + DMA_LOOK_NS;
	return deadline;
}

/* ---- Configuration space, resets, the host's memory ---- */

static int
mic_model_config(struct bus_device *dev, uint16_t off, void *bytes, size_t len, bool write)
{
	struct mic_model *m = mic_model_of(dev);
	int ret;

	mic_lock(m);
	ret = write ? mic_pci_write(m, off, bytes, len) : mic_pci_read(m, off, bytes, len);
	mic_unlock(m);
	return ret;
}

/* It has no reset of the function: what is left is one of the slot, which power-on is like. */
static void
mic_model_reset(struct bus_device *dev, enum bus_reset kind)
{
	struct mic_model *m = mic_model_of(dev);

	mic_lock(m);
	pci_config_reset(&m->pci, kind == BUS_RESET_POWER);
	mic_boot_reset(m, true);
	mic_pci_apply(m);
	mic_unlock(m);
}

static void
mic_model_remap(struct bus_device *dev)
{
	mic_let_go(mic_model_of(dev));
}

static int
mic_model_describe(struct bus_device *dev, struct bus_region regions[], unsigned int max)
{
	const struct mic_model_config *c = &mic_model_of(dev)->config;
	const struct bus_region all[] = {
		{.bar = MIC_BAR_APERTURE,
		 .kind = BUS_MEMORY,
		 .size = c->gddr_size,
		 .memory = c->gddr,
		 .fd = c->gddr_fd,
		 .fd_offset = c->gddr_fd_offset},
		{.bar = MIC_BAR_MMIO, .kind = BUS_TRAPPED, .size = MIC_BAR4_BYTES, .fd = -1},
	};
	unsigned int n = sizeof(all) / sizeof(all[0]);

	for (unsigned int i = 0; i < n && i < max; i++)
		regions[i] = all[i];
	return (int)n;
}

static const struct bus_device_ops mic_model_ops = {
	.config = mic_model_config,
	.describe = mic_model_describe,
	.read = mic_model_read,
	.write = mic_model_write,
	.post = mic_model_post,
	.step = mic_model_step,
	.reset = mic_model_reset,
	.remap = mic_model_remap,
};

/* ---- Life ---- */

static bool
is_stepping(uint8_t revision)
{
	return revision == MIC_STEPPING_A0 || revision == MIC_STEPPING_B0 ||
	       revision == MIC_STEPPING_B1 || revision == MIC_STEPPING_C0;
}

static uint32_t
load_default(uint64_t gddr_size)
{
	uint64_t share = gddr_size / LOAD_SHARE;

	return share < MIC_LOAD_ADDRESS_USUAL ? (uint32_t)share : MIC_LOAD_ADDRESS_USUAL;
}

static int
config_complete(struct mic_model_config *c)
{
	uint64_t size = c->gddr_size;

	if (c->gddr == NULL || size < GDDR_LEAST || size > GDDR_MOST || (size & (size - 1)) != 0)
		return -EINVAL;
	if (c->a0 && c->revision != MIC_STEPPING_A0)
		return -EINVAL;
	if (c->revision == 0 && !c->a0)
		c->revision = MIC_STEPPING_B1;
	if (c->device_id == 0)
		c->device_id = DEVICE_DEFAULT;
	if (c->load_address == 0)
		c->load_address = load_default(size);
	if (c->apic_id == 0)
		c->apic_id = APIC_DEFAULT;
	if (c->ready_ns == 0)
		c->ready_ns = READY_DEFAULT;
	if (c->time_scale == 0)
		c->time_scale = 1;
	if (!is_stepping(c->revision) || c->device_id < MIC_PCI_DEVICE_FIRST ||
	    c->device_id > MIC_PCI_DEVICE_LAST || c->apic_id >= MIC_APIC_IDS ||
	    c->load_address % LOAD_ALIGN != 0 || c->load_address > MIC_LOAD_ADDRESS_MOST ||
	    mic_ramdisk_at(c->load_address) > size)
		return -EINVAL;
	return 0;
}

/* What drivers have to do after every interrupt they handle, by stepping: section 8.6. */
static struct mic_irq_quirks
quirks(const struct mic_model_config *c)
{
	bool a0 = c->revision == MIC_STEPPING_A0;

	return (struct mic_irq_quirks){
		.consumes = c->strict_enables && !a0,
		.sticks = c->strict_enables && a0,
	};
}

int
mic_model_create(const struct mic_model_config *config, struct bus_host *host,
		 struct bus_device **dev)
{
	size_t bytes = (sizeof(struct mic_model) + MIC_CACHE_LINE - 1) & ~(MIC_CACHE_LINE - 1ul);
	struct mic_model *m = aligned_alloc(MIC_CACHE_LINE, bytes);
	int ret;

	if (m == NULL)
		return -ENOMEM;
	memset(m, 0, bytes);
	m->dev.ops = &mic_model_ops;
	m->host = host;
	m->config = *config;
	m->linked = true;
	ret = config_complete(&m->config);
	if (ret < 0)
		goto free_model;
	ret = mic_regs_create(m);
	if (ret < 0)
		goto free_model;
	ret = mic_dma_create(m, &m->config, &m->dma);
	if (ret < 0)
		goto destroy_regs;
	mic_irq_create(&m->irq, quirks(&m->config));
	mic_pci_create(m);
	mic_boot_reset(m, true);
	mic_pci_apply(m);
	*dev = &m->dev;
	return 0;

destroy_regs:
	regfile_destroy(m->regs);
free_model:
	free(m);
	return ret;
}

void
mic_model_destroy(struct bus_device *dev)
{
	struct mic_model *m = mic_model_of(dev);

	if (dev == NULL)
		return;
	mic_dma_destroy(m->dma);
	regfile_destroy(m->regs);
	free(m);
}

/* ---- Tools ---- */

uint64_t
mic_model_stray(const struct bus_device *dev)
{
	const struct mic_model *m = (const struct mic_model *)dev;

	return atomic_load_explicit(&m->stray, memory_order_relaxed);
}

void
mic_model_link(struct bus_device *dev, bool up)
{
	struct mic_model *m = mic_model_of(dev);

	mic_lock(m);
	m->linked = up;
	mic_pci_apply(m);
	mic_unlock(m);
}

void
mic_model_dma_fail(struct bus_device *dev, unsigned int channel)
{
	mic_dma_fail(mic_model_of(dev)->dma, channel);
}

bool
mic_model_channel_stats(const struct bus_device *dev, unsigned int channel,
			struct mic_model_channel_stats *stats)
{
	return mic_dma_stats(((const struct mic_model *)dev)->dma, channel, stats);
}
