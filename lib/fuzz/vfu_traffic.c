/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * A client of a served DLB that passes events: what devtools/kill_client.sh kills, and what it asks
 * afterwards whether the device still works.
 *
 *   vfu_traffic SOCKET EVENTS [share]
 *
 * Sets the device up, passes so many events through a queue and back (0: until it is killed), each
 * seen to come out as it went in, and exits with 0.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "dlb_test_rig.h"
#include "vfu_client.h"

#define RAM_BYTES ((RIG_PORTS + 1) * (size_t)RIG_RING_BYTES)
#define VECTORS   8u
/* How long an event may take on a machine that is busy. */
#define PATIENCE_S 20

static struct rig rig;
static struct vfu_client *client;

static void
say(void *arg, const char *line)
{
	(void)arg;
	fprintf(stderr, "vfu_traffic: %s\n", line);
}

/* Memory of the bench, in a file that the server can map. */
static int
memory_create(int *fd)
{
	void *at;

	if (test_host_create(&rig.host, RIG_RING_BYTES, TEST_HOST_WHOLE) < 0)
		return -ENOMEM;
	test_host_destroy(&rig.host);
	*fd = memfd_create("vfu-traffic", MFD_CLOEXEC);
	if (*fd < 0 || ftruncate(*fd, RAM_BYTES) < 0)
		return -errno;
	at = mmap(NULL, RAM_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	rig.host.memory = at;
	rig.host.size = RAM_BYTES;
	return 0;
}

static int
irqs_set(void)
{
	int fd[VECTORS];

	for (unsigned int i = 0; i < VECTORS; i++)
		fd[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return vfu_client_set_irqs(client, 0, VECTORS, fd);
}

static int
connect_to(const char *path, bool share)
{
	struct vfu_client_config config = {
		.path = path, .share = share, .timeout_ms = PATIENCE_S * 1000, .log = say};
	int fd, ret = memory_create(&fd);

	if (ret == 0)
		ret = vfu_client_open(&config, &rig.host.host, &client);
	if (ret == 0)
		ret = vfu_client_dma_map(client, TEST_HOST_IOVA, RAM_BYTES, fd, 0,
					 BUS_PROT_READ | BUS_PROT_WRITE);
	if (ret == 0)
		ret = irqs_set();
	return ret;
}

static void
set_up(void)
{
	rig.dev = vfu_client_device(client);
	rig.version = DLB_V25;
	rig.dir_ports = DLB_DIR_PORTS_V25;
	rig_command(&rig, RIG_COMMAND_ON);
	rig_power_on(&rig);
	rig_set_dense(&rig, false);
	rig_domain(&rig, 0, 64, 64);
	rig_ldb_queue(&rig, 0, 0, rig_queue_plain());
	rig_ldb_port(&rig, 0, 0, 64, 64);
	rig_link(&rig, 0, 0, 0, 0);
	rig_start(&rig, 0);
}

static bool
event_comes(uint64_t data)
{
	time_t end = time(NULL) + PATIENCE_S;
	struct dlb_qe qe;

	while (!rig_poll(&rig, 0, &qe)) {
		if (time(NULL) > end || vfu_client_lost(client)) {
			fprintf(stderr, "vfu_traffic: event %llu does not come\n",
				(unsigned long long)data);
			return false;
		}
		sched_yield();
	}
	if (qe.data != data)
		fprintf(stderr, "vfu_traffic: event %llu came instead of %llu\n",
			(unsigned long long)qe.data, (unsigned long long)data);
	return qe.data == data;
}

int
main(int argc, char *argv[])
{
	uint64_t events;
	int ret;

	if (argc < 3) {
		fprintf(stderr, "usage: vfu_traffic SOCKET EVENTS [share]\n");
		return 2;
	}
	events = strtoull(argv[2], NULL, 10);
	ret = connect_to(argv[1], argc > 3);
	if (ret < 0) {
		fprintf(stderr, "vfu_traffic: %s: %s\n", argv[1], strerror(-ret));
		return 1;
	}
	set_up();
	for (uint64_t i = 0; events == 0 || i < events; i++) {
		rig_send_one(&rig, 0, rig_hcw(DLB_CMD_NEW, DLB_ATOMIC, 0, 0, i % 16, i));
		if (!event_comes(i))
			return 1;
		rig_finish(&rig, 0);
	}
	vfu_client_close(client);
	return 0;
}
