/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_SERVE_TEST_BENCH_H
#define SLIPWAY_SERVE_TEST_BENCH_H

/**
 * @file
 * A DLB behind a gate, on the bench of the model's tests: what a server has, without sockets.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "dlb_test_rig.h"
#include "serve_gate.h"

struct bench {
	struct rig rig;
	struct serve_rings rings;
	struct serve_gate gate;
	struct bus_device *model;
};

static inline void
bench_open(struct bench *b, enum dlb_version version)
{
	struct dlb_model_config config = {.version = version};
	struct rig *r = &b->rig;

	memset(b, 0, sizeof(*b));
	r->version = version;
	r->dir_ports = version == DLB_V20 ? DLB_DIR_PORTS_V20 : DLB_DIR_PORTS_V25;
	assert_int_equal(test_host_create(&r->host, (RIG_PORTS + 1) * (size_t)RIG_RING_BYTES,
					  TEST_HOST_WHOLE),
			 0);
	assert_int_equal(serve_rings_create(&b->rings, dlb_model_ring_bytes()), 0);
	config.ring_memory = b->rings.device;
	config.ring_fd = b->rings.fd;
	serve_gate_init(&b->gate, &r->host.host, &b->rings);
	assert_int_equal(dlb_model_create(&config, &b->gate.host, &b->model), 0);
	assert_int_equal(serve_gate_plug(&b->gate, b->model, version), 0);
	r->dev = &b->gate.dev;
	rig_command(r, RIG_COMMAND_ON);
	rig_power_on(r);
	rig_set_dense(r, false);
}

static inline void
bench_close(struct bench *b)
{
	assert_int_equal(dlb_model_stray(b->model), 0);
	serve_gate_close(&b->gate);
	dlb_model_destroy(b->model);
	serve_rings_destroy(&b->rings);
	test_host_destroy(&b->rig.host);
}

/* Post an event as a client does that shares the rings: no call of the device. */
static inline bool
bench_share(struct bench *b, uint32_t port, struct dlb_qe hcw)
{
	struct line_poster poster = {.ring = &b->rings.shared[port]};
	struct dlb_qe line[DLB_LINE_HCWS] = {hcw};

	line_ring_resume(&poster);
	poster.tail = poster.head - LINE_RING_LINES;
	if (!line_ring_has_room(&poster))
		return false;
	line_ring_post(&poster, line, sizeof(line));
	return true;
}

#endif /* SLIPWAY_SERVE_TEST_BENCH_H */
