/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* All there is to say about a card, for programs that count and for people. */

#include <inttypes.h>
#include <string.h>

#include <rte_common.h>

#include "mic_boot.h"
#include "mic_dev_priv.h"

void
mic_dev_stats(struct mic_dev *dev, struct mic_dev_stats *stats)
{
	rte_spinlock_lock(&dev->smpt_lock);
	*stats = (struct mic_dev_stats){
		.smpt_maps = dev->smpt.maps,
		.smpt_unmaps = dev->smpt.unmaps,
		.smpt_failed = dev->smpt.failed,
		.smpt_ref_bytes = dev->smpt.refs,
		.smpt_entries_used = mic_smpt_used(&dev->smpt),
		.rung = atomic_load(&dev->rung),
	};
	rte_spinlock_unlock(&dev->smpt_lock);
	pthread_mutex_lock(&dev->irq.lock);
	memcpy(stats->fired, dev->irq.fired, sizeof(stats->fired));
	stats->spurious = dev->irq.spurious;
	pthread_mutex_unlock(&dev->irq.lock);
}

uint32_t
mic_dev_smpt(struct mic_dev *dev, unsigned int entry, uint64_t *refs)
{
	uint32_t value;

	rte_spinlock_lock(&dev->smpt_lock);
	value = mic_smpt_register(&dev->smpt, entry);
	*refs = dev->smpt.entry[entry].refs;
	rte_spinlock_unlock(&dev->smpt_lock);
	return value;
}

uint64_t
mic_dev_page(const struct mic_dev *dev, uint32_t *magic)
{
	*magic = *(const volatile uint32_t *)dev->page;
	return dev->page_mic;
}

/* ---- For people ---- */

static void
dump_state(struct mic_dev *dev, FILE *f)
{
	struct mic_status s;
	struct mic_conf conf;
	char post[3];
	const char *name;

	mic_state_status(dev, &s);
	mic_state_conf(dev, &conf);
	mic_post_chars(s.post, post);
	name = mic_post_name(s.post & 0xffff);
	fprintf(f, "  state: %s, shutdown status %s%s\n", mic_state_name(conf.era, s.state),
		mic_shutdown_name(s.shutdown), s.loaded ? ", an image is loaded" : "");
	fprintf(f, "  POST code: %s%s%s%s; %s for an image at %#" PRIx32 ", APIC id %" PRIu64 "\n",
		post[0] != '\0' ? post : "--", name != NULL ? " (" : "",
		name != NULL ? name : "", name != NULL ? ")" : "",
		mic_spad2_is_ready(s.spad2) ? "ready" : "not ready",
		mic_spad2_load_address(s.spad2), REG_GET(MIC_SPAD2_APIC_ID, s.spad2));
	fprintf(f,
		"  boots %" PRIu64 ", resets %" PRIu64 ", of which failed %" PRIu64
		", crashes %" PRIu64 ", restarts %" PRIu64 ", heartbeats %" PRIu64 "\n",
		s.boots, s.resets + s.reset_failures, s.reset_failures, s.crashes, s.restarts,
		s.heartbeats);
}

static void
dump_irq(struct mic_dev *dev, FILE *f)
{
	struct mic_irq *irq = &dev->irq;
	unsigned int i;

	pthread_mutex_lock(&irq->lock);
	fprintf(f, "  interrupts: %s", mic_irq_mode_name(irq->mode));
	for (i = 0; i < MIC_IRQ_SOURCES; i++) {
		if (irq->wanted >> i & 1)
			fprintf(f, "; source %u came %" PRIu64 " times", i, irq->fired[i]);
	}
	fprintf(f, "; spurious %" PRIu64 "\n", irq->spurious);
	for (i = 0; i < irq->nb_fds; i++) {
		if (irq->map[i] != 0)
			fprintf(f, "    vector %u: MXAR %#010" PRIx32 ", sources %#010" PRIx32 "\n",
				i, mic_dev_read(dev, MIC_AT(MXAR, i)), irq->map[i]);
	}
	pthread_mutex_unlock(&irq->lock);
}

static void
dump_smpt(struct mic_dev *dev, FILE *f)
{
	struct mic_dev_stats s;
	uint64_t refs;
	uint32_t value;
	unsigned int i;

	mic_dev_stats(dev, &s);
	fprintf(f,
		"  SMPT: %" PRIu64 " of 32 entries in use, for %" PRIu64 " bytes; maps %" PRIu64
		", unmaps %" PRIu64 ", refused %" PRIu64 "\n",
		s.smpt_entries_used, s.smpt_ref_bytes, s.smpt_maps, s.smpt_unmaps, s.smpt_failed);
	for (i = 0; i < MIC_SMPT_ENTRIES; i++) {
		value = mic_dev_smpt(dev, i, &refs);
		if (refs != 0)
			fprintf(f, "    entry %2u: MIC %#" PRIx64 " is host 0x%" PRIx64 ", %" PRIu64
				" bytes\n", i, mic_smpt_address(i, 0),
				mic_smpt_translate(value, 0), refs);
	}
}

/* The card writes to it: what is shown is a copy. */
static void
dump_page(struct mic_dev *dev, FILE *f)
{
	uint8_t page[MIC_PAGE_BYTES];
	struct mic_boot_params_a a;
	struct mic_boot_params_d d;
	struct mic_conf conf;

	memcpy(page, (const void *)(uintptr_t)dev->page, sizeof(page));
	memcpy(&a, page, sizeof(a));
	memcpy(&d, page, sizeof(d));
	mic_state_conf(dev, &conf);
	fprintf(f, "  device page: MIC %#" PRIx64 ", magic %#" PRIx32, dev->page_mic, a.magic);
	if (conf.era == MIC_ERA_A)
		fprintf(f, ", doorbells: shutdown %u to the host, %d to the card, config %d\n",
			a.c2h_shutdown_db, (int8_t)a.h2c_shutdown_db, (int8_t)a.h2c_config_db);
	else
		fprintf(f, ", node %u, doorbells: config %d, SCIF %d to the card, %d to the host\n",
			d.node_id, (int8_t)d.h2c_config_db, (int8_t)d.h2c_scif_db,
			(int8_t)d.c2h_scif_db);
}

void
mic_dev_dump(struct mic_dev *dev, FILE *f)
{
	dump_state(dev, f);
	dump_irq(dev, f);
	dump_smpt(dev, f);
	dump_page(dev, f);
}
