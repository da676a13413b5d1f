/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Watchdogs of consumer queues: what starts one, what keeps it quiet, and what it says when it
 * expires. Datasheet section 9.5.
 */
#include "dlb_test_irq.h"

#define LDB 0u
#define DIR RIG_DIR(2)
#define SAMPLES  24u
#define INTERVAL UINT32_C(0xffff)
#define ENABLE   (UINT32_C(1) << DLB_CHP_CFG_LDB_WD_ENB_INTERVAL_ENB_LO)

static const uint32_t ports[] = {LDB, DIR};

#define EACH_PORT(port) \
	for (uint32_t at = 0, port = ports[0]; at < 2; at++, port = ports[at % 2])

static uint64_t
timeout_ns(const struct rig *r, uint32_t port)
{
	uint64_t cqs = port < DLB_LDB_PORTS ? DLB_LDB_PORTS : r->dir_ports;

	return cqs * SAMPLES * (INTERVAL + UINT64_C(1)) * 10;
}

static enum dlb_reg
stopped_row(uint32_t port)
{
	return irq_row(port, DLB_CHP_CFG_LDB_WD_DISABLE0, DLB_CHP_CFG_DIR_WD_DISABLE0);
}

static enum dlb_reg
expired_row(uint32_t port)
{
	return irq_row(port, DLB_CHP_CFG_LDB_WDTO_0, DLB_CHP_CFG_DIR_WDTO_0);
}

static uint32_t
bit(uint32_t port)
{
	return UINT32_C(1) << irq_number(port);
}

static void
set_up(struct rig *r)
{
	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	rig_dir_port(r, 0, 2, 8);
	rig_dir_queue(r, 0, 2, 8);
	rig_start(r, 0);
	irq_listen(r);
	EACH_PORT(port) {
		rig_write(r, irq_row(port, DLB_CHP_CFG_LDB_WD_THRESHOLD,
				     DLB_CHP_CFG_DIR_WD_THRESHOLD), 0, SAMPLES);
		rig_write(r, irq_row(port, DLB_CHP_CFG_LDB_WD_ENB_INTERVAL,
				     DLB_CHP_CFG_DIR_WD_ENB_INTERVAL), 0, INTERVAL | ENABLE);
		rig_write(r, irq_row(port, DLB_CHP_LDB_CQ_WD_ENB, DLB_CHP_DIR_CQ_WD_ENB),
			  irq_number(port), 1);
	}
}

/* Watchdogs are stopped after reset. */
static void
let_run(struct rig *r, uint32_t port)
{
	rig_write(r, stopped_row(port), 0, bit(port));
}

static bool
says_watchdog(struct rig *r)
{
	return REG_GET(DLB_SYS_ALARM_HW_SYND_CWD, rig_read(r, DLB_SYS_ALARM_HW_SYND, 0));
}

static void
stays_stopped_until_it_is_let_run(void **state)
{
	struct rig *r = *state;

	set_up(r);
	EACH_PORT(port) {
		const uint64_t now = port + 1;

		irq_feed(r, port, 1);
		assert_int_equal(irq_step_at(r, now), BUS_NO_DEADLINE);
		assert_int_equal(rig_read(r, stopped_row(port), 0), UINT32_MAX);
		let_run(r, port);
		assert_int_equal(irq_step_at(r, now), now + timeout_ns(r, port));
		rig_write(r, irq_row(port, DLB_CHP_LDB_CQ_WD_ENB, DLB_CHP_DIR_CQ_WD_ENB),
			  irq_number(port), 0);
		assert_int_equal(irq_step_at(r, now), BUS_NO_DEADLINE);
	}
}

/* The datasheet's preset of one second: 64 CQs, 24 samples, 0xffff. */
static void
expires_when_no_token_comes_back(void **state)
{
	struct rig *r = *state;

	set_up(r);
	assert_in_range(timeout_ns(r, LDB), 1000000000, 1010000000);
	EACH_PORT(port) {
		const uint64_t t0 = UINT64_C(10000000000) * (port + 1);

		let_run(r, port);
		assert_int_equal(irq_step_at(r, t0), BUS_NO_DEADLINE);
		irq_feed(r, port, 1);
		assert_int_equal(irq_step_at(r, t0), t0 + timeout_ns(r, port));
		irq_step_at(r, t0 + timeout_ns(r, port) - 1);
		assert_int_equal(irq_take(0), 0);
		assert_int_equal(irq_step_at(r, t0 + timeout_ns(r, port)), BUS_NO_DEADLINE);
		assert_int_equal(irq_take(0), 1);
		assert_true(says_watchdog(r));
		assert_int_equal(rig_read(r, expired_row(port), 0), bit(port));
		assert_int_equal(rig_read(r, stopped_row(port), 0), UINT32_MAX);
		/* Seen: cleared, acknowledged, and let run again. */
		rig_write(r, expired_row(port), 0, bit(port));
		assert_false(says_watchdog(r));
		rig_write(r, DLB_SYS_MSIX_ACK, 0, 1);
		assert_int_equal(irq_take(0), 0);
		let_run(r, port);
		assert_int_equal(irq_step_at(r, 2 * t0), 2 * t0 + timeout_ns(r, port));
		rig_finish(r, port);
		assert_int_equal(irq_step_at(r, 2 * t0), BUS_NO_DEADLINE);
	}
}

/* A consumer that gives back a token now and then is alive, though its CQ is never empty. */
static void
returned_token_starts_it_anew(void **state)
{
	struct rig *r = *state;

	set_up(r);
	EACH_PORT(port) {
		const uint64_t half = timeout_ns(r, port) / 2;
		uint64_t now = UINT64_C(10000000000) * (port + 1);

		let_run(r, port);
		irq_feed(r, port, 0);
		rig_step(r);
		for (unsigned int n = 0; n < 6; n++, now += half) {
			irq_feed(r, port, n);
			rig_finish(r, port);
			assert_int_equal(irq_step_at(r, now), now + 2 * half);
		}
		assert_int_equal(irq_take(0), 0);
		assert_int_equal(rig_read(r, expired_row(port), 0), 0);
		rig_finish(r, port);
		rig_step(r);
	}
}

/* One that expires before the other was acknowledged is told of afterwards. */
static void
second_expiry_waits_for_the_acknowledge(void **state)
{
	struct rig *r = *state;

	set_up(r);
	EACH_PORT(port) {
		let_run(r, port);
		irq_feed(r, port, 1);
	}
	irq_step_at(r, 1);
	irq_step_at(r, 1 + timeout_ns(r, LDB));
	assert_int_equal(irq_take(0), 1);
	irq_step_at(r, 2 + 2 * timeout_ns(r, DIR));
	assert_int_equal(irq_take(0), 0);
	rig_write(r, expired_row(LDB), 0, bit(LDB));
	/* Where both kinds have as many CQs they expired together. */
	rig_write(r, DLB_SYS_MSIX_ACK, 0, 1);
	assert_int_equal(irq_take(0), 1);
	assert_int_equal(rig_read(r, expired_row(DIR), 0), bit(DIR));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(stays_stopped_until_it_is_let_run),
		ON_BOTH(expires_when_no_token_comes_back),
		ON_BOTH(returned_token_starts_it_anew),
		ON_BOTH(second_expiry_waits_for_the_acknowledge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
