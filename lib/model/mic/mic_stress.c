/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Interrupts of a MIC from several threads at once, meant to run under ThreadSanitizer:
 *
 *   mic_stress [rounds]           100 when not said
 *
 *   channels 0 and 1 --mic_irq_host--> \
 *   the card's thread ----SDBIC------>  > vectors --> driver: looks for work, enables again
 *   main: masks, mastership, disables, changes of the map, a reset per round; then all of it open
 *
 * Work is left before it is told of. After each round none may be left: a source that nobody was
 * told of is an error. Every other round is quiet: one channel alone leaves one piece of work after
 * another, and nothing comes to the help of one that was forgotten.
 */
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "mic_dma_engine.h"
#include "mic_test_rig.h"
#include "pci_config.h"

#define ENGINES  2u
#define DOORBELL 3u
/* Work of one source and round. */
#define EVENTS   200u
/* A driver that is not told of work for so long never is. */
#define PATIENCE_S 20

enum mode { INTX, MSI, MSIX, MODES };

struct stress {
	struct rig rig;
	struct bus_host_ops ops;
	_Atomic enum mode mode;
	_Atomic uint32_t told;      /* vectors the driver has not looked at */
	_Atomic uint64_t work[32];  /* left, by source */
	_Atomic uint64_t round;     /* odd: everybody leaves work */
	_Atomic uint64_t resting;   /* who has left all of it */
	_Atomic bool done, quiet;
	uint64_t looked;
};

static void
irq(struct bus_host *host, unsigned int vector)
{
	struct stress *s = (struct stress *)host;

	atomic_fetch_or(&s->told, 1u << vector);
}

static uint64_t
now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec;
}

/* ---- Who leaves work ---- */

static void
wait_for_round(struct stress *s, uint64_t *seen)
{
	atomic_fetch_add(&s->resting, 1);
	while (atomic_load(&s->round) == *seen && !atomic_load(&s->done))
		sched_yield();
	*seen = atomic_load(&s->round);
}

struct engine {
	struct stress *s;
	unsigned int channel;
};

/* Leave work; in a quiet round, wait until somebody has looked at it. */
static bool
leave(struct stress *s, unsigned int source)
{
	uint64_t end = now_s() + PATIENCE_S;

	atomic_fetch_add(&s->work[source], 1);
	mic_irq_host((struct mic_model *)s->rig.dev, source);
	for (unsigned int n = 0; atomic_load(&s->quiet) && atomic_load(&s->work[source]) != 0; n++)
		if (n % 4096 == 0 && now_s() >= end)
			return false;
	return true;
}

/* Not always as soon as the last was looked at: the driver is in the middle of something else then,
 * and each time of another.
 */
static void
dawdle(unsigned int n)
{
	for (volatile unsigned int i = 0; i < n % 512; i++)
		;
}

static void *
engine_run(void *arg)
{
	const struct engine *e = arg;
	struct stress *s = e->s;
	uint64_t seen = 0;

	for (wait_for_round(s, &seen); !atomic_load(&s->done); wait_for_round(s, &seen)) {
		if (atomic_load(&s->quiet) && e->channel != 0)
			continue;
		for (unsigned int n = 0; n < EVENTS && leave(s, MIC_SOURCE_DMA(e->channel)); n++)
			dawdle(37 * n);
	}
	return NULL;
}

/* The thread that steps, and so the card's. */
static void *
card_run(void *arg)
{
	struct stress *s = arg;
	uint64_t seen = 0, now = 0;

	for (wait_for_round(s, &seen); !atomic_load(&s->done); wait_for_round(s, &seen)) {
		for (unsigned int n = 0; n < EVENTS && !atomic_load(&s->quiet); n++) {
			atomic_fetch_add(&s->work[MIC_SOURCE_DOORBELL(DOORBELL)], 1);
			mic_model_card_write(s->rig.dev, MIC_AT(SDBIC, DOORBELL), MIC_C2H_VALUE);
			(void)s->rig.dev->ops->step(s->rig.dev, now += RIG_MS);
			(void)mic_model_card_irqs(s->rig.dev);
		}
	}
	return NULL;
}

/* ---- The driver ---- */

static uint32_t
sources_of(struct stress *s, uint32_t vectors)
{
	uint32_t status;

	if (atomic_load(&s->mode) == MSIX)
		return (vectors & 1 ? 1u << MIC_SOURCE_DOORBELL(DOORBELL) : 0) |
		       (vectors >> 1 & 3) << MIC_SOURCE_DMA(0);
	status = rig_read(&s->rig, MIC_SICR0_AT);
	rig_write(&s->rig, MIC_SICR0_AT, status);
	return status;
}

static void *
driver_run(void *arg)
{
	struct stress *s = arg;

	while (!atomic_load(&s->done)) {
		uint32_t sources, vectors = atomic_exchange(&s->told, 0);

		if (vectors == 0) {
			sched_yield();
			continue;
		}
		sources = sources_of(s, vectors);
		for (; sources != 0; sources &= sources - 1)
			atomic_store(&s->work[__builtin_ctz(sources)], 0);
		s->looked++;
		rig_write(&s->rig, MIC_SICE0_AT, MIC_SOURCES_ENABLED);
	}
	return NULL;
}

/* ---- Rounds ---- */

static void
set_up(struct stress *s, enum mode mode)
{
	struct rig *r = &s->rig;

	rig_config_write(r, PCI_CFG_COMMAND, 2, RIG_COMMAND_ON);
	rig_config_write(r, MIC_PCI_MSI + PCI_MSI_CONTROL, 2, mode == MSI ? PCI_MSI_ENABLE : 0);
	rig_config_write(r, MIC_PCI_MSIX + PCI_MSIX_CONTROL, 2, mode == MSIX ? PCI_MSIX_ENABLE : 0);
	rig_write(r, MIC_SIAC0_AT, mode == MSIX ? MIC_SOURCES_ENABLED : 0);
	for (unsigned int v = 0; v < 3; v++)
		rig_write(r, MIC_AT(MSIX_CTRL, v), 0);
	rig_write(r, MIC_AT(MXAR, 0), mode == MSIX ? 1u << DOORBELL : MIC_SOURCES_ENABLED);
	for (unsigned int ch = 0; ch < ENGINES; ch++)
		rig_write(r, MIC_AT(MXAR, 1 + ch), mode == MSIX ? 1u << MIC_SOURCE_DMA(ch) : 0);
	rig_write(r, MIC_SICE0_AT, MIC_SOURCES_ENABLED);
}

/* What a host may do to its card meanwhile. */
static void
disturb(struct stress *s, unsigned int n)
{
	struct rig *r = &s->rig;

	switch (n % 6) {
	case 0:
		rig_config_write(r, PCI_CFG_COMMAND, 2, PCI_CFG_COMMAND_MEMORY);
		break;
	case 1:
		rig_config_write(r, PCI_CFG_COMMAND, 2, RIG_COMMAND_ON);
		break;
	case 2:
		rig_write(r, MIC_AT(MSIX_CTRL, n / 6 % 3), n / 18 & 1);
		break;
	case 3:
		rig_write(r, MIC_SICC0_AT, rig_read(r, MIC_SICE0_AT));
		break;
	case 4:
		rig_write(r, MIC_SICE0_AT, MIC_SOURCES_ENABLED);
		break;
	default:
		r->dev->ops->remap(r->dev);
		break;
	}
	sched_yield();
}

static void
rest(struct stress *s)
{
	while (atomic_load(&s->resting) < ENGINES + 1)
		sched_yield();
}

/* Is there nothing left that the driver was not told of? */
static bool
all_looked_at(struct stress *s)
{
	uint64_t end = now_s() + PATIENCE_S;
	uint64_t left = 1;

	while (left != 0 && now_s() < end) {
		sched_yield();
		left = 0;
		for (unsigned int i = 0; i < 32; i++)
			left += atomic_load(&s->work[i]);
	}
	for (unsigned int i = 0; i < 32 && left != 0; i++)
		if (atomic_load(&s->work[i]) != 0)
			fprintf(stderr, "mode %u: source %u was not told\n", s->mode, i);
	return left == 0;
}

/* A reset takes what was raised with it, and the work as well. */
static void
reset(struct stress *s, unsigned int round)
{
	rig_write(&s->rig, MIC_RGCR_AT, 1);
	for (unsigned int i = 0; i < 32; i++)
		atomic_store(&s->work[i], 0);
	atomic_store(&s->mode, (enum mode)(round % MODES));
	set_up(s, s->mode);
}

static bool
rounds(struct stress *s, unsigned int count)
{
	bool good = true;

	for (unsigned int n = 0; n < count && good; n++) {
		rest(s);
		reset(s, n / 2);
		atomic_store(&s->quiet, n % 2);
		atomic_store(&s->resting, 0);
		atomic_fetch_add(&s->round, 1);
		for (unsigned int k = 0; atomic_load(&s->resting) < ENGINES + 1 && !s->quiet; k++)
			disturb(s, n + k);
		rest(s);
		if (!s->quiet)
			set_up(s, s->mode);
		good = all_looked_at(s);
	}
	return good;
}

int
main(int argc, char **argv)
{
	const struct mic_model_config config = {.revision = MIC_STEPPING_C0,
						.strict_enables = true};
	unsigned int count = argc > 1 ? (unsigned int)strtoul(argv[1], NULL, 10) : 100;
	static struct stress s;
	struct engine engines[ENGINES];
	pthread_t thread[ENGINES + 2];
	bool good;

	if (rig_open(&s.rig, &config) < 0)
		return EXIT_FAILURE;
	s.ops = *s.rig.host.host.ops;
	s.ops.irq = irq;
	s.rig.host.host.ops = &s.ops;
	for (unsigned int i = 0; i < ENGINES; i++) {
		engines[i] = (struct engine){&s, i};
		pthread_create(&thread[i], NULL, engine_run, &engines[i]);
	}
	pthread_create(&thread[ENGINES], NULL, card_run, &s);
	pthread_create(&thread[ENGINES + 1], NULL, driver_run, &s);
	good = rounds(&s, count);
	atomic_store(&s.done, true);
	for (unsigned int i = 0; i < ENGINES + 2; i++)
		pthread_join(thread[i], NULL);
	printf("%u rounds, %" PRIu64 " looks of the driver, stray %" PRIu64 "\n", count, s.looked,
	       mic_model_stray(s.rig.dev));
	good &= rig_close(&s.rig) == 0;
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
