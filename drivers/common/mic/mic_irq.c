/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <rte_common.h>

#include "access_irq_fd.h"
#include "mic_boot.h"
#include "mic_dev_priv.h"

/* ---- Sequences of section 8.4 ---- */

/* Errors have no place in the usual mask: enabled once somebody wants them. */
static uint32_t
enabled(const struct mic_irq *irq)
{
	return MIC_SOURCES_ENABLED | (irq->wanted & (1u << MIC_SOURCE_ERROR));
}

static void
enable(struct mic_dev *dev)
{
	uint32_t sources = enabled(&dev->irq);

	if (dev->irq.mode == MIC_IRQ_POLL)
		return;
	mic_dev_write(dev, MIC_AT(SICE0, 0), mic_dev_read(dev, MIC_AT(SICE0, 0)) | sources);
	if (dev->irq.mode == MIC_IRQ_MSIX)
		mic_dev_write(dev, MIC_AT(SIAC0, 0),
			      mic_dev_read(dev, MIC_AT(SIAC0, 0)) | sources);
}

static void
disable(struct mic_dev *dev)
{
	mic_dev_write(dev, MIC_AT(SICC0, 0), mic_dev_read(dev, MIC_AT(SICE0, 0)));
	if (dev->irq.mode == MIC_IRQ_MSIX)
		mic_dev_write(dev, MIC_AT(SIAC0, 0),
			      mic_dev_read(dev, MIC_AT(SIAC0, 0)) & ~enabled(&dev->irq));
}

static bool
has_vectors(const struct mic_irq *irq)
{
	return irq->mode == MIC_IRQ_MSIX || irq->mode == MIC_IRQ_MSI;
}

static void
assign(struct mic_dev *dev, unsigned int vector)
{
	uint32_t at = MIC_AT(MXAR, vector);

	if (has_vectors(&dev->irq) && dev->irq.map[vector] != 0)
		mic_dev_write(dev, at, mic_dev_read(dev, at) | dev->irq.map[vector]);
}

/* Section 8.6: what each stepping wants after every interrupt. */
static void
rearm(struct mic_dev *dev)
{
	if (dev->revision == MIC_STEPPING_A0)
		mic_dev_write(dev, MIC_AT(MSIXPBACR, 0), 1);
	else
		enable(dev);
}

void
mic_irq_restore(struct mic_dev *dev)
{
	unsigned int v;

	pthread_mutex_lock(&dev->irq.lock);
	for (v = 0; v < MIC_IRQ_VECTORS; v++)
		assign(dev, v);
	enable(dev);
	pthread_mutex_unlock(&dev->irq.lock);
}

/* ---- Handlers ---- */

static bool
is_source(unsigned int source)
{
	return source < MIC_C2H_DOORBELLS || source == MIC_SOURCE_ERROR ||
	       (source >= MIC_SOURCE_DMA(0) && source < MIC_SOURCE_DMA(MIC_DMA_HOST_CHANNELS));
}

/* The vector that has a source, else the first that has none; there is one for each. */
static unsigned int
vector_of(const struct mic_irq *irq, unsigned int source)
{
	unsigned int v;

	if (irq->mode != MIC_IRQ_MSIX)
		return 0;
	for (v = 0; v < MIC_IRQ_VECTORS; v++) {
		if (irq->map[v] & 1u << source)
			return v;
	}
	for (v = 0; v < MIC_IRQ_VECTORS - 1 && irq->map[v] != 0; v++)
		;
	return v;
}

/* A vector may be given to a source only while the source is disabled (section 8.2). */
static void
want(struct mic_dev *dev, unsigned int source)
{
	struct mic_irq *irq = &dev->irq;
	unsigned int v = vector_of(irq, source);

	if (irq->wanted & 1u << source)
		return;
	mic_dev_write(dev, MIC_AT(SICC0, 0), 1u << source);
	irq->wanted |= 1u << source;
	irq->map[v] |= 1u << source;
	assign(dev, v);
	enable(dev);
}

int
mic_dev_irq_attach(struct mic_dev *dev, unsigned int source, void (*handler)(void *arg), void *arg)
{
	struct mic_irq *irq = &dev->irq;
	unsigned int i;

	if (!is_source(source)) {
		MIC_DEV_LOG(ERR, dev, "interrupt source %u: accepted: 0..3, 8..11, 30", source);
		return -EINVAL;
	}
	pthread_mutex_lock(&irq->lock);
	for (i = 0; i < MIC_IRQ_HANDLERS && irq->handlers[i].handler != NULL; i++)
		;
	if (i < MIC_IRQ_HANDLERS) {
		irq->handlers[i] = (struct mic_irq_handler){handler, arg, source};
		want(dev, source);
	}
	pthread_mutex_unlock(&irq->lock);
	/* Where sources are polled, the thread has something to do from now on. */
	mic_control_wake(&dev->control);
	return i < MIC_IRQ_HANDLERS ? 0 : -ENOSPC;
}

void
mic_dev_irq_detach(struct mic_dev *dev, unsigned int source, void (*handler)(void *arg), void *arg)
{
	struct mic_irq *irq = &dev->irq;
	unsigned int i;

	/* Whoever runs handlers has the lock: once it is ours, this one is not running. */
	pthread_mutex_lock(&irq->lock);
	for (i = 0; i < MIC_IRQ_HANDLERS; i++) {
		struct mic_irq_handler *h = &irq->handlers[i];

		if (h->handler == handler && h->arg == arg && h->source == source) {
			h->handler = NULL;
			break;
		}
	}
	pthread_mutex_unlock(&irq->lock);
}

/* Doorbells, DMA and errors alike, however they came. */
static void
dispatch(struct mic_dev *dev, uint32_t sources)
{
	struct mic_irq *irq = &dev->irq;
	unsigned int i;

	for (i = 0; i < MIC_IRQ_SOURCES; i++)
		irq->fired[i] += sources >> i & 1;
	for (i = 0; i < MIC_IRQ_HANDLERS; i++) {
		const struct mic_irq_handler h = irq->handlers[i];

		if (h.handler != NULL && sources >> h.source & 1)
			h.handler(h.arg);
	}
}

/* ---- Serving ---- */

/* Status that does not clear itself: read, and written back. */
static uint32_t
acknowledge(struct mic_dev *dev)
{
	uint32_t status = mic_dev_read(dev, MIC_AT(SICR0, 0));

	if (status == UINT32_MAX)
		return 0;
	if (status != 0)
		mic_dev_write(dev, MIC_AT(SICR0, 0), status);
	return status;
}

static bool
is_rung(const struct pollfd *p)
{
	uint64_t count;

	return p->revents != 0 && read(p->fd, &count, sizeof(count)) > 0;
}

/* Of MSI-X: each vector's sources, which clear themselves. */
static uint32_t
came_by_vectors(struct mic_irq *irq, const struct pollfd p[], unsigned int n, bool *any)
{
	uint32_t sources = 0;
	unsigned int v;

	for (v = 0; v < n; v++) {
		if (!is_rung(&p[v]))
			continue;
		*any = true;
		sources |= irq->map[v];
	}
	return sources;
}

static uint32_t
came(struct mic_dev *dev, const struct pollfd p[], unsigned int n, bool *any)
{
	struct mic_irq *irq = &dev->irq;
	uint32_t sources;

	if (irq->mode == MIC_IRQ_MSIX)
		return came_by_vectors(irq, p, n, any);
	*any = irq->mode == MIC_IRQ_POLL || (n != 0 && is_rung(&p[0]));
	if (!*any)
		return 0;
	sources = acknowledge(dev);
	if (irq->mode == MIC_IRQ_POLL)
		*any = sources != 0;
	access_irq_fds_ack(dev->access);
	return sources;
}

void
mic_irq_serve(struct mic_dev *dev, const struct pollfd p[], unsigned int n)
{
	uint32_t sources;
	bool any = false;

	pthread_mutex_lock(&dev->irq.lock);
	sources = came(dev, p, n, &any);
	if (any) {
		rearm(dev);
		if (sources == 0)
			dev->irq.spurious++;
		dispatch(dev, sources);
	}
	pthread_mutex_unlock(&dev->irq.lock);
}

unsigned int
mic_irq_collect(const struct mic_dev *dev, struct pollfd p[], unsigned int max)
{
	unsigned int i, n = RTE_MIN(dev->irq.nb_fds, max);

	for (i = 0; i < n; i++)
		p[i] = (struct pollfd){.fd = dev->irq.fds[i], .events = POLLIN};
	return n;
}

/* ---- Beginning and end ---- */

const char *
mic_irq_mode_name(enum mic_irq_mode mode)
{
	switch (mode) {
	case MIC_IRQ_MSIX:
		return "MSI-X";
	case MIC_IRQ_MSI:
		return "MSI";
	case MIC_IRQ_INTX:
		return "INTx";
	default:
		return "polled";
	}
}

static bool
try(struct mic_dev *dev, enum mic_irq_mode mode, enum access_irq_kind kind, unsigned int n)
{
	if (access_irq_fds_open(dev->access, kind, n, dev->irq.fds) < 0)
		return false;
	dev->irq.mode = mode;
	dev->irq.nb_fds = n;
	return true;
}

static bool
choose(struct mic_dev *dev, unsigned int modes)
{
	if ((modes & MIC_IRQ_MSIX) && try(dev, MIC_IRQ_MSIX, ACCESS_IRQ_MSIX, MIC_IRQ_VECTORS))
		return true;
	if ((modes & MIC_IRQ_MSI) && try(dev, MIC_IRQ_MSI, ACCESS_IRQ_MSI, 1))
		return true;
	if ((modes & MIC_IRQ_INTX) && try(dev, MIC_IRQ_INTX, ACCESS_IRQ_INTX, 1))
		return true;
	dev->irq.mode = MIC_IRQ_POLL;
	return (modes & MIC_IRQ_POLL) != 0;
}

static void
refuse(const struct mic_dev *dev, unsigned int modes)
{
	char kinds[32] = "";
	unsigned int mode;
	size_t n = 0;

	for (mode = MIC_IRQ_MSIX; mode < MIC_IRQ_POLL; mode <<= 1) {
		if (modes & mode && n < sizeof(kinds))
			n += (size_t)snprintf(kinds + n, sizeof(kinds) - n, "%s%s",
					      n == 0 ? "" : ", ", mic_irq_mode_name(mode));
	}
	MIC_DEV_LOG(ERR, dev,
		    "interrupts: %s cannot be had on this way to the card; accepted: irq=poll, or "
		    "no irq=, for the best there is", kinds);
}

int
mic_irq_open(struct mic_dev *dev, unsigned int modes)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&dev->irq.lock, &attr);
	pthread_mutexattr_destroy(&attr);
	if (!choose(dev, modes)) {
		refuse(dev, modes);
		return -ENOTSUP;
	}
	enable(dev);
	return 0;
}

void
mic_irq_close(struct mic_dev *dev)
{
	if (!mic_dev_gone(dev))
		disable(dev);
	access_irq_fds_close(dev->access);
	pthread_mutex_destroy(&dev->irq.lock);
}
