/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The hot path. Nothing here locks, allocates, reads a register or, but once per port and mistake,
 * logs. An event becomes an HCW by moving bits and one look at a table (dlb_event.h). The bodies of
 * enqueue and dequeue are in dlb_fast_enqueue.h and dlb_fast_dequeue.h, their instances here.
 */

#include "dlb_fast.h"
#include "dlb_fast_dequeue.h"
#include "dlb_fast_enqueue.h"

void
dlb_line_make_room(struct dlb_port *p)
{
	static const struct dlb_line noops;

	line_ring_publish(&p->poster);
	access_post_call(&p->bar, p->page, &noops);
	line_ring_resume(&p->poster);
}

static uint16_t
dlb_enqueue_burst_call(void *port, const struct rte_event ev[], uint16_t n)
{
	return dlb_enqueue(port, ev, n, OP_ANY, CALL);
}

static uint16_t
dlb_enqueue_new_burst_call(void *port, const struct rte_event ev[], uint16_t n)
{
	return dlb_enqueue(port, ev, n, RTE_EVENT_OP_NEW, CALL);
}

static uint16_t
dlb_enqueue_forward_burst_call(void *port, const struct rte_event ev[], uint16_t n)
{
	return dlb_enqueue(port, ev, n, RTE_EVENT_OP_FORWARD, CALL);
}

static uint16_t
dlb_dequeue_burst_call(void *port, struct rte_event ev[], uint16_t n, uint64_t timeout_ns)
{
	return dlb_dequeue(port, ev, n, timeout_ns, CALL);
}

static uint16_t
dlb_enqueue_burst_mmio(void *port, const struct rte_event ev[], uint16_t n)
{
	return dlb_enqueue(port, ev, n, OP_ANY, MMIO);
}

static uint16_t
dlb_enqueue_new_burst_mmio(void *port, const struct rte_event ev[], uint16_t n)
{
	return dlb_enqueue(port, ev, n, RTE_EVENT_OP_NEW, MMIO);
}

static uint16_t
dlb_enqueue_forward_burst_mmio(void *port, const struct rte_event ev[], uint16_t n)
{
	return dlb_enqueue(port, ev, n, RTE_EVENT_OP_FORWARD, MMIO);
}

static uint16_t
dlb_dequeue_burst_mmio(void *port, struct rte_event ev[], uint16_t n, uint64_t timeout_ns)
{
	return dlb_dequeue(port, ev, n, timeout_ns, MMIO);
}

#if COMPAT_SINGLE_EVENT_OPS
static uint16_t
dlb_enqueue_call(void *port, const struct rte_event *ev)
{
	return dlb_enqueue(port, ev, 1, OP_ANY, CALL);
}

static uint16_t
dlb_dequeue_call(void *port, struct rte_event *ev, uint64_t timeout_ns)
{
	return dlb_dequeue(port, ev, 1, timeout_ns, CALL);
}

static uint16_t
dlb_enqueue_mmio(void *port, const struct rte_event *ev)
{
	return dlb_enqueue(port, ev, 1, OP_ANY, MMIO);
}

static uint16_t
dlb_dequeue_mmio(void *port, struct rte_event *ev, uint64_t timeout_ns)
{
	return dlb_dequeue(port, ev, 1, timeout_ns, MMIO);
}
#endif

/* What is in a burst does not matter where the ports have modes to look at. */
static uint16_t
dlb_enqueue_burst_call_modes(void *port, const struct rte_event ev[], uint16_t n)
{
	return dlb_enqueue(port, ev, n, OP_ANY, CALL | MODES);
}

static uint16_t
dlb_dequeue_burst_call_modes(void *port, struct rte_event ev[], uint16_t n, uint64_t timeout_ns)
{
	return dlb_dequeue(port, ev, n, timeout_ns, CALL | MODES);
}

static uint16_t
dlb_enqueue_burst_mmio_modes(void *port, const struct rte_event ev[], uint16_t n)
{
	return dlb_enqueue(port, ev, n, OP_ANY, MMIO | MODES);
}

static uint16_t
dlb_dequeue_burst_mmio_modes(void *port, struct rte_event ev[], uint16_t n, uint64_t timeout_ns)
{
	return dlb_dequeue(port, ev, n, timeout_ns, MMIO | MODES);
}

#if COMPAT_SINGLE_EVENT_OPS
static uint16_t
dlb_enqueue_call_modes(void *port, const struct rte_event *ev)
{
	return dlb_enqueue(port, ev, 1, OP_ANY, CALL | MODES);
}

static uint16_t
dlb_dequeue_call_modes(void *port, struct rte_event *ev, uint64_t timeout_ns)
{
	return dlb_dequeue(port, ev, 1, timeout_ns, CALL | MODES);
}

static uint16_t
dlb_enqueue_mmio_modes(void *port, const struct rte_event *ev)
{
	return dlb_enqueue(port, ev, 1, OP_ANY, MMIO | MODES);
}

static uint16_t
dlb_dequeue_mmio_modes(void *port, struct rte_event *ev, uint64_t timeout_ns)
{
	return dlb_dequeue(port, ev, 1, timeout_ns, MMIO | MODES);
}
#endif

static void
install_modes(struct rte_eventdev *dev, bool mapped)
{
#if COMPAT_SINGLE_EVENT_OPS
	dev->enqueue = mapped ? dlb_enqueue_mmio_modes : dlb_enqueue_call_modes;
	dev->dequeue = mapped ? dlb_dequeue_mmio_modes : dlb_dequeue_call_modes;
#endif
	dev->enqueue_burst = mapped ? dlb_enqueue_burst_mmio_modes : dlb_enqueue_burst_call_modes;
	dev->enqueue_new_burst = dev->enqueue_burst;
	dev->enqueue_forward_burst = dev->enqueue_burst;
	dev->dequeue_burst = mapped ? dlb_dequeue_burst_mmio_modes : dlb_dequeue_burst_call_modes;
}

void
dlb_fast_install(struct rte_eventdev *dev, bool mapped, bool modes)
{
	if (modes) {
		install_modes(dev, mapped);
		return;
	}
#if COMPAT_SINGLE_EVENT_OPS
	dev->enqueue = mapped ? dlb_enqueue_mmio : dlb_enqueue_call;
	dev->dequeue = mapped ? dlb_dequeue_mmio : dlb_dequeue_call;
#endif
	dev->enqueue_burst = mapped ? dlb_enqueue_burst_mmio : dlb_enqueue_burst_call;
	dev->enqueue_new_burst = mapped ? dlb_enqueue_new_burst_mmio : dlb_enqueue_new_burst_call;
	dev->enqueue_forward_burst = mapped ? dlb_enqueue_forward_burst_mmio
					    : dlb_enqueue_forward_burst_call;
	dev->dequeue_burst = mapped ? dlb_dequeue_burst_mmio : dlb_dequeue_burst_call;
}

uint16_t
dlb_fast_drain(struct dlb_port *p, struct rte_event ev[], uint16_t n)
{
	enum dlb_way way = dlb_is_mapped(p->dlb) ? MMIO : CALL;
	/* Nobody is left who could want them: the next start counts them anew. */
	int32_t credits = 0;

	return_owed(p, way);
	return read_cq(p, ev, n, release_held(p, &credits, way), way);
}

uint16_t
dlb_fast_quiesce(struct dlb_port *p, struct rte_event ev[], uint16_t n)
{
	int32_t credits = dlb_credit_take(&p->credit);

	if (credits == CREDIT_BUSY)
		return wrong_thread(p);
	credits += (int32_t)p->held;
	n = dlb_fast_drain(p, ev, n);
	dlb_credit_put(&p->credit, credits);
	return n;
}
