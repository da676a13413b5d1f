/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "dlb_share_bench.h"

#include <stdio.h>

static void
note(void *arg, const char *line)
{
	struct bench *b = arg;

	b->lines++;
	snprintf(b->line, sizeof(b->line), "%s", line);
}

static int
client_create(struct bench *b, unsigned int c, enum dlb_version version)
{
	struct rig *r = &b->client[c];

	r->version = version;
	r->dir_ports = version == DLB_V20 ? DLB_DIR_PORTS_V20 : DLB_DIR_PORTS_V25;
	r->dev = dlb_hub_share(b->hub, c);
	if (test_host_create(&r->host, (RIG_PORTS + 1) * (size_t)RIG_RING_BYTES,
			     TEST_HOST_WHOLE) < 0)
		return -1;
	dlb_hub_share_host(b->hub, c, &r->host.host);
	bench_attach(b, c);
	return 0;
}

void
bench_attach(struct bench *b, unsigned int c)
{
	struct rig *r = &b->client[c];

	r->hist_next = b->hub->share[c].history[0];
	memset(r->port, 0, sizeof(r->port));
	memset(r->queue, 0, sizeof(r->queue));
	memset(r->dir_queue, 0, sizeof(r->dir_queue));
	rig_command(r, RIG_COMMAND_ON);
	rig_power_on(r);
}

int
bench_open(struct bench *b, enum dlb_version version, unsigned int clients)
{
	struct dlb_hub_config config = {
		.version = version, .domains = clients, .log = note, .arg = b};
	struct dlb_model_config model = {.version = version, .ring_fd = -1};

	memset(b, 0, sizeof(*b));
	b->clients = clients;
	if (dlb_hub_create(&config, &b->hub) < 0)
		return -1;
	b->rings = aligned_alloc(4096, (dlb_model_ring_bytes() + 4095) & ~(size_t)4095);
	memset(b->rings, 0, dlb_model_ring_bytes());
	model.ring_memory = b->rings;
	if (dlb_model_create(&model, dlb_hub_host(b->hub), &b->model) < 0 ||
	    dlb_hub_plug(b->hub, b->model, b->model) < 0)
		return -1;
	for (unsigned int c = 0; c < clients; c++)
		if (client_create(b, c, version) < 0)
			return -1;
	return 0;
}

void
bench_close(struct bench *b)
{
	dlb_model_destroy(b->model);
	dlb_hub_destroy(b->hub);
	free(b->rings);
	for (unsigned int c = 0; c < b->clients; c++)
		test_host_destroy(&b->client[c].host);
}

static uint32_t
first_of(const uint8_t owners[], unsigned int c)
{
	uint32_t i = 0;

	while (owners[i] != c)
		i++;
	return i;
}

uint32_t
bench_ldb_port(const struct bench *b, unsigned int c)
{
	return first_of(b->hub->pool.ldb_ports, c);
}

uint32_t
bench_ldb_queue(const struct bench *b, unsigned int c)
{
	return first_of(b->hub->pool.ldb_queues, c);
}

uint32_t
bench_dir_port(const struct bench *b, unsigned int c)
{
	return first_of(b->hub->pool.dir_ports, c);
}

void
bench_set_up(struct bench *b, unsigned int c, uint32_t credits)
{
	struct rig *r = &b->client[c];
	uint32_t q = bench_ldb_queue(b, c), p = bench_ldb_port(b, c), d = bench_dir_port(b, c);

	rig_domain(r, c, credits / 2, credits / 2);
	rig_ldb_queue(r, c, q, rig_queue_plain());
	rig_ldb_port(r, c, p, 64, 64);
	rig_ldb_port(r, c, p + 1, 8, 8);
	rig_dir_port(r, c, d, 64);
	rig_dir_queue(r, c, d, 256);
	rig_link(r, q, p, 0, 0);
	rig_start(r, c);
}

void
bench_new(struct bench *b, unsigned int c, uint64_t data)
{
	rig_send_one(&b->client[c], bench_ldb_port(b, c) + 1,
		     rig_hcw(DLB_CMD_NEW, DLB_ATOMIC, bench_ldb_queue(b, c), 0,
			     (uint32_t)data & 0xffff, data));
}

void
bench_new_directed(struct bench *b, unsigned int c, uint64_t data)
{
	rig_send_one(&b->client[c], bench_ldb_port(b, c) + 1,
		     rig_hcw(DLB_CMD_NEW, DLB_DIRECTED, bench_dir_port(b, c), 0, 0, data));
}

void
bench_hang_up(struct bench *b, unsigned int c)
{
	struct rig *r = &b->client[c];

	/* Its maps are gone first. */
	dlb_hub_share_host(b->hub, c, NULL);
	r->dev->ops->remap(r->dev);
	r->dev->ops->reset(r->dev, BUS_RESET_POWER);
	dlb_hub_share_host(b->hub, c, &r->host.host);
}

uint32_t
bench_peek(struct bench *b, enum dlb_reg row, uint32_t i)
{
	return (uint32_t)b->model->ops->read(b->model, 2, rig_offset(&b->client[0], row, i), 4);
}
