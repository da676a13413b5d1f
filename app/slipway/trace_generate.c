/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Makes a bus trace for trace_test.sh: a model under the recorder, two threads, every kind of
 * traffic. Says on standard output how many events were delivered.
 *
 *   producer --NEW--> queue 0, atomic --> 4 LDB CQs --FWD--> directed queue 5 --> DIR CQ 5
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bus_trace.h"
#include "dlb_test_rig.h"

#define EVENTS    600u
#define CONSUMERS 4u
#define DIRECTED  5u
#define FLOWS     16u
/* Events that nobody takes: the reset at the end does away with them. */
#define STRANDED 3u
/* Configuration space: PCI Local Bus 3.0, 6.2.2. */
#define PCI_COMMAND      4
#define COMMAND_ON       6 /* memory space, bus master */
#define PCI_CAPABILITIES 0x34
#define CAP_PCIE         0x10
#define PCIE_DEVCTL      0x08
#define DEVCTL_FLR       0x8000

static void *
produce(void *arg)
{
	struct rig *r = arg;
	struct dlb_qe hcw[DLB_LINE_HCWS];

	for (uint32_t i = 0; i < EVENTS; i += DLB_LINE_HCWS) {
		for (uint32_t k = 0; k < DLB_LINE_HCWS; k++)
			hcw[k] = rig_hcw(DLB_CMD_NEW, DLB_ATOMIC, 0, 2, i % FLOWS, 0x1000 + i + k);
		rig_send(r, RIG_PRODUCER, hcw, DLB_LINE_HCWS);
	}
	return NULL;
}

/* Everything to the directed port, until all was there. Returns the number of deliveries. */
static uint32_t
consume(struct rig *r)
{
	uint32_t delivered = 0, done = 0;
	struct dlb_qe qe;

	while (done < EVENTS) {
		rig_step(r);
		for (uint32_t p = 0; p < CONSUMERS; p++)
			while (rig_poll(r, p, &qe)) {
				delivered++;
				rig_tokens(r, p, 1);
				rig_forward(r, p, DLB_DIRECTED, DIRECTED, 0, qe.data);
			}
		for (; rig_poll(r, RIG_DIR(DIRECTED), &qe); done++)
			rig_tokens(r, RIG_DIR(DIRECTED), 1);
	}
	return delivered + done;
}

/* Some of what goes wrong: none of it is taken. */
static void
misbehave(struct rig *r)
{
	rig_new(r, DLB_ATOMIC, 31, 0, 0xbad1);
	rig_new(r, DLB_ORDERED, 0, 0, 0xbad2);
	rig_forward(r, 0, DLB_ATOMIC, 0, 0, 0xbad3);
	rig_forward(r, RIG_DIR(DIRECTED), DLB_ATOMIC, 0, 0, 0xbad4);
	rig_send_one(r, 20, rig_hcw(DLB_CMD_NEW, DLB_ATOMIC, 0, 0, 0, 0xbad5));
	rig_step(r);
}

static uint32_t
config_read(struct rig *r, uint32_t off, size_t len)
{
	unsigned char bytes[4] = {0};

	r->dev->ops->config(r->dev, (uint16_t)off, bytes, len, false);
	return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8;
}

static void
config_write(struct rig *r, uint32_t off, uint32_t value)
{
	unsigned char bytes[2] = {(unsigned char)value, (unsigned char)(value >> 8)};

	r->dev->ops->config(r->dev, (uint16_t)off, bytes, sizeof(bytes), true);
}

/* As a driver does it: along the list of capabilities to the one of PCI Express. */
static void
reset_by_config(struct rig *r)
{
	uint32_t at = config_read(r, PCI_CAPABILITIES, 1), word = 0;

	for (; at != 0 && ((word = config_read(r, at, 2)) & 0xff) != CAP_PCIE; at = word >> 8)
		continue;
	if (at != 0)
		config_write(r, at + PCIE_DEVCTL, config_read(r, at + PCIE_DEVCTL, 2) | DEVCTL_FLR);
}

static void
strand(struct rig *r)
{
	for (uint32_t p = 0; p < CONSUMERS; p++)
		rig_enable(r, p, false);
	for (uint32_t i = 0; i < STRANDED; i++)
		rig_new(r, DLB_UNORDERED, 0, 0, 0x57a4d + i);
	rig_step(r);
	if (r->version == DLB_V20)
		reset_by_config(r);
	else
		r->dev->ops->reset(r->dev, BUS_RESET_FUNCTION);
}

static uint32_t
traffic(struct rig *r)
{
	pthread_t producer;
	uint32_t delivered;

	config_write(r, PCI_COMMAND, COMMAND_ON);
	rig_power_on(r);
	rig_set_dense(r, false);
	rig_balance(r, CONSUMERS, 32, 64, RIG_NOT_ORDERED);
	rig_dir_port(r, 0, DIRECTED, 64);
	rig_dir_queue(r, 0, DIRECTED, 64);
	rig_start(r, 0);
	if (pthread_create(&producer, NULL, produce, r) != 0)
		return 0;
	delivered = consume(r);
	pthread_join(producer, NULL);
	misbehave(r);
	return delivered;
}

/* The device was reset: so the bench knows of no port and no queue. */
static void
forget(struct rig *r)
{
	r->hist_next = 0;
	memset(r->port, 0, sizeof(r->port));
	memset(r->queue, 0, sizeof(r->queue));
	memset(r->dir_queue, 0, sizeof(r->dir_queue));
	memset(r->host.memory, 0, r->host.size);
}

/* The device of the bench again, with a recorder between it and the host. */
static int
device_plug(struct rig *r, struct bus_trace *trace, struct bus_device **model)
{
	struct dlb_model_config config = {
		.version = r->version,
		.ring_memory = r->rings,
		.ring_fd = -1,
	};

	dlb_model_destroy(r->dev);
	memset(r->rings, 0, dlb_model_ring_bytes());
	if (dlb_model_create(&config, bus_trace_host(trace), model) < 0)
		return -1;
	r->dev = bus_trace_device(trace, *model);
	return 0;
}

/* One device's life. */
static int
record(int fd, unsigned int index, enum dlb_version version)
{
	static struct rig r;
	struct bus_device *model;
	struct bus_trace *trace;
	uint32_t delivered;

	if (rig_open(&r, version, TEST_HOST_WHOLE) < 0)
		return -1;
	trace = bus_trace_create(fd, index, "dlb", version, &r.host.host);
	if (trace == NULL || device_plug(&r, trace, &model) < 0)
		return -1;
	delivered = traffic(&r);
	strand(&r);
	forget(&r);
	delivered += traffic(&r);
	r.dev = model;
	rig_close(&r);
	bus_trace_destroy(trace);
	printf("%u\n", delivered);
	return 0;
}

int
main(int argc, char **argv)
{
	int fd;

	if (argc != 2) {
		fputs("usage: slipway-trace-generate FILE\n", stderr);
		return 2;
	}
	fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
	if (fd < 0 || record(fd, 0, DLB_V25) < 0 || record(fd, 1, DLB_V20) < 0) {
		fprintf(stderr, "slipway-trace-generate: %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	close(fd);
	return 0;
}
