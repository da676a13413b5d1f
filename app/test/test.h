/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_TEST_H
#define SLIPWAY_TEST_H

/**
 * @file
 * Driver tests: what every case shares. The device under test is the only event device, given by
 * --vdev or found on a bus; a case knows nothing of how it is reached.
 */

#include <rte_errno.h>
#include <rte_eventdev.h>

#include "access_test.h"
#include "common.h"

extern const struct test_group info_group, config_group, link_group, traffic_group;
extern const struct test_group atomic_group, ordered_group, directed_group, priority_group;
extern const struct test_group release_group, credit_group, relink_group, stop_group;
extern const struct test_group sleep_group;
extern const struct test_group timeout_group, xstats_group, devargs_group, thread_group;
extern const struct test_group domain_group, token_group, alarm_group, wait_group, calls_group;
extern const struct test_group weight_group, telemetry_group, mix_group;

/** The device under test. */
struct test_dev {
	uint8_t id;
	bool foreign;       /**< driven by someone else's driver */
	bool v20;           /**< of version 2.0 */
	bool is_virtual;    /**< made by --vdev, so that there can be more of its kind */
	char bus[16];       /**< it is on, by DPDK's name */
	char name[32];      /**< on that bus */
	char alias[32];     /**< DPDK finds the event device by: its name, or its driver's */
	char args[256];     /**< its device arguments */
	unsigned int hoard; /**< credits that a port may keep to itself when it has none inside */
	struct rte_event_dev_info info;
	int32_t limit; /**< nb_events_limit of the last configuration */
};

extern struct test_dev dev;

/* device.c: finding the device, and its clock. */
int dev_find(void);
bool dev_exists(void);
void *dev_symbol(const char *name);
void dev_rest(uint8_t id);
void dev_probe_again(void);
uint64_t dev_stray(uint8_t id);
void dev_provoke(uint8_t port, enum access_fault fault);
int stepper_start(void);
void dev_become(uint8_t id);

/* shape.c: from configuration to start. */
enum queue_kind {
	QUEUE_ATOMIC,
	QUEUE_ORDERED,
	QUEUE_PARALLEL,
	QUEUE_ALL,
	QUEUE_SINGLE,
};

struct rte_event_dev_config shape_config(uint8_t queues, uint8_t ports, uint8_t pairs);
void shape(uint8_t queues, uint8_t ports, uint8_t pairs);
void shape_limited(uint8_t queues, uint8_t ports, int32_t limit);
struct rte_event_queue_conf queue_conf(enum queue_kind kind);
void queue_make(uint8_t queue, enum queue_kind kind);
struct rte_event_port_conf port_conf(uint32_t flags, uint16_t depth);
void port_make(uint8_t port, uint32_t flags, uint16_t depth);
void ports_make(uint8_t first, uint8_t count, uint32_t flags, uint16_t depth);
void link_make(uint8_t port, uint8_t queue);
void link_refused(uint8_t port, uint8_t queue);
void dev_start(void);
void dev_stop(void);
void dev_restart(void);
void shape_simple(enum queue_kind kind, uint8_t ports, uint32_t flags, uint16_t depth);

/* events.c: making, sending, receiving. */

bool error_is(int code);
struct rte_event event_make(uint8_t queue, uint8_t sched_type, uint32_t flow, uint64_t value);
void send_all(uint8_t port, const struct rte_event ev[], unsigned int n);
void send_numbers(uint8_t port, struct rte_event like, unsigned int n);
unsigned int send_until_refused(uint8_t port, struct rte_event like, unsigned int most);
unsigned int receive_some(uint8_t port, struct rte_event ev[], uint16_t max, uint64_t wait_us);
void receive_all(uint8_t port, struct rte_event ev[], unsigned int n);
unsigned int receive_any(uint8_t first, uint8_t count, struct rte_event ev[], uint16_t max,
			 uint8_t *port);
void receive_nothing(uint8_t port);
void answer_all(uint8_t port, struct rte_event ev[], unsigned int n, uint8_t op, uint8_t queue,
		uint8_t sched_type);
void release_all(uint8_t port, struct rte_event ev[], unsigned int n);
void drain(uint8_t port, unsigned int n);
void device_still_works(void);
unsigned int work_amount(unsigned int n);

/* seen.c: what the driver counts. */
uint64_t dev_stat(const char *name);

/* threads.c */
void thread_start(void *(*run)(void *), void *arg);
bool threads_stopping(void);
void threads_join(void);
void threads_end(void);

#endif /* SLIPWAY_TEST_H */
