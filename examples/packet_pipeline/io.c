/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The main lcore: packets from Ethernet ports into the event device, and back out.
 *
 * Nothing is ever dropped. When a port or the device has no room, what is at hand waits in a
 * backlog, nothing new is taken behind it, and the loop goes on with its other duties; so the
 * two directions never wait for each other.
 */

/* For rte_event_maintain(), which devices that buffer events in their ports depend on. */
#define ALLOW_EXPERIMENTAL_API

#include <errno.h>

#include <rte_cycles.h>
#include <rte_errno.h>
#include <rte_service.h>

#include "packet.h"
#include "pipeline.h"

enum {
	STUCK_SECONDS = 10, /* packets in flight, and none came out for so long */
	CLOCK_EVERY = 64,   /* rounds of the loop between two looks at the clock */
};

/* What the loop knows of time. */
struct clock {
	uint64_t start;
	uint64_t now;
	uint64_t hz;
	uint64_t last_received;
	uint64_t last_sent;
	uint64_t last_progress; /* sent, or had nothing to send */
	uint64_t next_report;
};

volatile sig_atomic_t pipeline_interrupts;

/* Copies a packet of several buffers into one, for ports that can send no other. */
static struct rte_mbuf *
flatten(struct pipeline *p, struct rte_mbuf *packet)
{
	struct rte_mbuf *flat = rte_pktmbuf_alloc(p->flat_mbufs);
	const struct rte_mbuf *segment;

	if (flat == NULL)
		return NULL;
	/* The longest packet leaves no headroom. */
	flat->data_off = 0;
	for (segment = packet; segment != NULL; segment = segment->next)
		rte_memcpy(rte_pktmbuf_append(flat, segment->data_len),
			   rte_pktmbuf_mtod(segment, const void *), segment->data_len);
	flat->port = packet->port;
	rte_pktmbuf_free(packet);
	return flat;
}

static bool
backlog_flatten(struct pipeline *p, struct tx_backlog *backlog)
{
	struct rte_mbuf **packets = &backlog->packets[backlog->first];
	struct rte_mbuf *flat;
	uint16_t i;

	for (i = 0; i < backlog->count; i++) {
		if (packets[i]->nb_segs == 1)
			continue;
		flat = flatten(p, packets[i]);
		if (flat == NULL)
			return false;
		packets[i] = flat;
	}
	return true;
}

/* Sends what waits for a port. True when nothing waits any more. */
static bool
port_flush(struct pipeline *p, uint16_t id)
{
	struct tx_backlog *backlog = &p->ports[id].backlog;
	uint16_t sent;

	if (backlog->count == 0)
		return true;
	if (p->ports[id].flatten && !backlog_flatten(p, backlog))
		return false;
	sent = rte_eth_tx_burst(id, 0, &backlog->packets[backlog->first], backlog->count);
	p->ports[id].sent += sent;
	p->io.sent += sent;
	backlog->first += sent;
	backlog->count -= sent;
	if (backlog->count == 0)
		backlog->first = 0;
	return backlog->count == 0;
}

static bool
ports_flush(struct pipeline *p)
{
	bool empty = true;
	uint16_t id;

	for (id = 0; id < PIPELINE_MAX_PORTS; id++)
		empty &= port_flush(p, id);
	return empty;
}

/* Order as seen from the outside: within a flow, packets leave in the sequence of their coming. */
static void
order_check(struct io *io, const struct packet_note *note)
{
	if (note->flow == NULL)
		return;
	if (note->sequence <= note->flow->sent_sequence)
		io->misordered++;
	note->flow->sent_sequence = note->sequence;
}

static void
packet_to_port(struct pipeline *p, struct rte_mbuf *packet)
{
	const struct packet_note *note = packet_note(packet);
	struct port *port = &p->ports[note->out_port];

	order_check(&p->io, note);
	p->io.mbufs_out -= packet->nb_segs;
	port->by_default += !note->routed;
	port->backlog.packets[port->backlog.first + port->backlog.count++] = packet;
}

/* Events that went through all stages, to the ports. Takes none before all before them are sent:
 * a full port holds up the device, and the device the receiving side.
 */
static uint16_t
io_send(struct pipeline *p)
{
	struct rte_event ev[PIPELINE_MAX_BURST];
	uint16_t n, i;

	if (!ports_flush(p))
		return 0;
	n = rte_event_dequeue_burst(p->event_dev, p->io.event_port_out, ev, p->burst, 0);
	for (i = 0; i < n; i++)
		packet_to_port(p, ev[i].mbuf);
	ports_flush(p);
	return n;
}

static void
event_fill(struct pipeline *p, struct rte_event *ev, struct rte_mbuf *packet)
{
	struct io *io = &p->io;

	packet_note_fill(packet, ++io->received, p->flow_mask, p->options.default_port);
	io->mbufs_out += packet->nb_segs;
	*ev = (struct rte_event){
		.op = RTE_EVENT_OP_NEW,
		.event_type = RTE_EVENT_TYPE_ETHDEV,
		.sched_type = p->options.stages[0].schedule,
		.queue_id = 0,
		.priority = RTE_EVENT_DEV_PRIORITY_NORMAL,
		.flow_id = packet_note(packet)->flow_id,
		.mbuf = packet,
	};
}

/* Polls one port, the next in turn. */
static void
port_receive(struct pipeline *p)
{
	struct rte_mbuf *packets[PIPELINE_MAX_BURST];
	struct io *io = &p->io;
	uint64_t wanted = p->burst;
	uint16_t id, n, i;

	if (p->options.expect != 0)
		wanted = RTE_MIN(wanted, p->options.expect - io->received);
	do {
		id = io->next_port;
		io->next_port = (id + 1) % PIPELINE_MAX_PORTS;
	} while (!p->ports[id].used);
	n = rte_eth_rx_burst(id, 0, packets, wanted);
	for (i = 0; i < n; i++)
		event_fill(p, &io->backlog[i], packets[i]);
	p->ports[id].received += n;
	io->backlog_first = 0;
	io->backlog_count = n;
}

/* Gives the device what was received. Less than all taken is back-pressure, and no error. */
static int
events_enqueue(struct pipeline *p)
{
	struct io *io = &p->io;
	uint16_t n;

	if (io->backlog_count == 0)
		return 0;
	rte_errno = 0;
	n = rte_event_enqueue_new_burst(p->event_dev, io->event_port_in,
					&io->backlog[io->backlog_first], io->backlog_count);
	if (n < io->backlog_count && rte_errno == EINVAL) {
		complain("%s: refuses a new event for queue 0 as malformed", p->device_name);
		return -EINVAL;
	}
	io->backlog_first += n;
	io->backlog_count -= n;
	return n;
}

static int
io_receive(struct pipeline *p, bool draining)
{
	if (p->io.backlog_count == 0 && !draining && p->io.mbufs_out < p->mbufs_limit)
		port_receive(p);
	return events_enqueue(p);
}

static void
device_run(struct pipeline *p)
{
	if (p->service_inline)
		rte_service_run_iter_on_app_lcore(p->service, 0);
	if (p->maintain) {
		rte_event_maintain(p->event_dev, p->io.event_port_in, RTE_EVENT_DEV_MAINT_OP_FLUSH);
		rte_event_maintain(p->event_dev, p->io.event_port_out, 0);
	}
}

static uint64_t
in_flight(const struct io *io)
{
	return io->received - io->sent;
}

/* Has the input ended: by the user's word, by count, or by silence? */
static bool
input_ended(const struct pipeline *p, const struct clock *clock)
{
	uint64_t silence = clock->hz / 1000 * p->options.idle_exit_ms;

	if (pipeline_interrupts > 0)
		return true;
	if (p->options.expect != 0 && p->io.received >= p->options.expect)
		return true;
	return silence != 0 && clock->now - clock->last_received > silence;
}

/* While packets wait to enter, silence at the ports means nothing. */
static void
clock_look(struct clock *clock, const struct pipeline *p)
{
	clock->now = rte_get_timer_cycles();
	if (p->io.backlog_count > 0 || p->io.mbufs_out >= p->mbufs_limit)
		clock->last_received = clock->now;
	if (clock->now < clock->next_report)
		return;
	clock->next_report = clock->now + clock->hz;
	report_progress(p, (double)(clock->now - clock->start) / clock->hz);
}

static int
stuck_check(const struct pipeline *p, const struct clock *clock)
{
	if (workers_refused(p) > 0) {
		complain("%s: refuses a forwarded event as malformed", p->device_name);
		return -EINVAL;
	}
	if (pipeline_interrupts > 1) {
		complain("given up with %" PRIu64 " packets in flight", in_flight(&p->io));
		return -EINTR;
	}
	if (clock->now - clock->last_progress > STUCK_SECONDS * clock->hz) {
		complain("%s: %" PRIu64 " packets in flight, and none came out for %u seconds",
			 p->device_name, in_flight(&p->io), STUCK_SECONDS);
		return -ETIMEDOUT;
	}
	return 0;
}

/* One round. The number of packets that moved, or a negative errno. */
static int
io_round(struct pipeline *p, struct clock *clock, bool draining)
{
	uint64_t received = p->io.received, sent = p->io.sent;
	int ret;

	io_send(p);
	ret = io_receive(p, draining);
	device_run(p);
	if (p->io.received != received)
		clock->last_received = clock->now;
	if (p->io.sent != sent)
		clock->last_sent = clock->now;
	if (p->io.sent != sent || in_flight(&p->io) == 0)
		clock->last_progress = clock->now;
	return ret < 0 ? ret : ret + (int)(p->io.sent - sent);
}

static void
clock_start(struct clock *clock)
{
	clock->hz = rte_get_timer_hz();
	clock->start = rte_get_timer_cycles();
	clock->now = clock->start;
	clock->last_received = clock->start;
	clock->last_sent = clock->start;
	clock->last_progress = clock->start;
	clock->next_report = clock->start + clock->hz;
}

/* Runs until the input has ended and every packet is out. */
int
io_run(struct pipeline *p)
{
	unsigned int empty = 0, round = 0;
	bool draining = false;
	struct clock clock;
	int ret = 0;

	clock_start(&clock);
	while (ret >= 0 && !(draining && in_flight(&p->io) == 0)) {
		ret = io_round(p, &clock, draining);
		if (ret == 0)
			pipeline_idle(&empty);
		if (++round % CLOCK_EVERY != 0 || ret < 0)
			continue;
		clock_look(&clock, p);
		draining = draining || input_ended(p, &clock);
		ret = stuck_check(p, &clock);
	}
	/* Nothing is found, but the device learns that the last burst is done with. */
	io_send(p);
	p->seconds = (double)(clock.last_sent - clock.start) / clock.hz;
	report_progress_end();
	return ret < 0 ? EXIT_FAILED : EXIT_DONE;
}
