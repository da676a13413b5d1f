/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <sched.h>

#include <rte_cycles.h>

#include "test.h"

/* How long nothing must have come until it is believed that nothing comes. */
#define QUIET_US 3000

/** Does rte_errno say this? Some drivers store it negative. */
bool
error_is(int code)
{
	return rte_errno == code || (dev.foreign && rte_errno == -code);
}

/** A new event. */
struct rte_event
event_make(uint8_t queue, uint8_t sched_type, uint32_t flow, uint64_t value)
{
	return (struct rte_event){
		.flow_id = flow,
		.event_type = RTE_EVENT_TYPE_CPU,
		.op = RTE_EVENT_OP_NEW,
		.sched_type = sched_type,
		.queue_id = queue,
		.priority = RTE_EVENT_DEV_PRIORITY_NORMAL,
		.u64 = value,
	};
}

/** Enqueue events, however many bursts it takes. */
void
send_all(uint8_t port, const struct rte_event ev[], unsigned int n)
{
	uint64_t end = now_us() + PATIENCE_US;
	unsigned int done = 0;

	while (done < n) {
		done += rte_event_enqueue_burst(dev.id, port, ev + done, RTE_MIN(n - done, 32u));
		assert_true(now_us() < end);
	}
}

/** Send events like this one, the value going up from there by one each. */
void
send_numbers(uint8_t port, struct rte_event like, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++, like.u64++)
		send_all(port, &like, 1);
}

/** Send events like this one until one is refused for want of credits: how many were taken. */
unsigned int
send_until_refused(uint8_t port, struct rte_event like, unsigned int most)
{
	unsigned int done;

	for (done = 0; done < most; done++, like.u64++) {
		rte_errno = 0;
		if (rte_event_enqueue_burst(dev.id, port, &like, 1) == 1)
			continue;
		assert_true(error_is(ENOSPC));
		break;
	}
	return done;
}

/** Dequeue what comes within a time: how many, none of which may be zero. */
unsigned int
receive_some(uint8_t port, struct rte_event ev[], uint16_t max, uint64_t wait_us)
{
	uint64_t end = now_us() + wait_us;
	uint16_t n;

	do {
		n = rte_event_dequeue_burst(dev.id, port, ev, max, 0);
		if (n > 0)
			return n;
		sched_yield();
	} while (now_us() < end);
	return 0;
}

/** Dequeue exactly so many, which must come. */
void
receive_all(uint8_t port, struct rte_event ev[], unsigned int n)
{
	unsigned int got, done = 0;

	while (done < n) {
		got = receive_some(port, ev + done, RTE_MIN(n - done, 32u), PATIENCE_US);
		assert_true(got > 0);
		done += got;
	}
}

/**
 * Dequeue from whichever of these ports has something, which one must.
 *
 * @param[out] port that it was
 */
unsigned int
receive_any(uint8_t first, uint8_t count, struct rte_event ev[], uint16_t max, uint8_t *port)
{
	uint64_t end = now_us() + PATIENCE_US;
	uint8_t start = random_below(count), i;
	uint16_t n;

	do {
		for (i = 0; i < count; i++) {
			*port = first + (start + i) % count;
			n = rte_event_dequeue_burst(dev.id, *port, ev, max, 0);
			if (n > 0)
				return n;
		}
		sched_yield();
	} while (now_us() < end);
	assert_true(now_us() < end);
	return 0;
}

/** Nothing must come out of this port. */
void
receive_nothing(uint8_t port)
{
	struct rte_event ev;

	assert_int_equal(receive_some(port, &ev, 1, QUIET_US), 0);
}

/** Answer events in the order received: RELEASE, or FORWARD to a queue. */
void
answer_all(uint8_t port, struct rte_event ev[], unsigned int n, uint8_t op, uint8_t queue,
	   uint8_t sched_type)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		ev[i].op = op;
		ev[i].queue_id = queue;
		ev[i].sched_type = sched_type;
	}
	send_all(port, ev, n);
}

/** Release events in the order received. */
void
release_all(uint8_t port, struct rte_event ev[], unsigned int n)
{
	answer_all(port, ev, n, RTE_EVENT_OP_RELEASE, 0, RTE_SCHED_TYPE_ATOMIC);
}

/** Dequeue so many and let the port release them, the last by one more dequeue. */
void
drain(uint8_t port, unsigned int n)
{
	struct rte_event ev;

	for (; n > 0; n--)
		receive_all(port, &ev, 1);
	receive_nothing(port);
}

/** Whatever went before, the device can be stopped, set up and used. */
void
device_still_works(void)
{
	struct rte_event ev[8];
	unsigned int i;

	dev_stop();
	shape_simple(QUEUE_ATOMIC, 2, 0, 32);
	send_numbers(0, event_make(0, RTE_SCHED_TYPE_ATOMIC, 1, 100), RTE_DIM(ev));
	receive_all(1, ev, RTE_DIM(ev));
	for (i = 0; i < RTE_DIM(ev); i++)
		assert_int_equal(ev[i].u64, 100 + i);
	receive_nothing(1);
	dev_stop();
}
