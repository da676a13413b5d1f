/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Resets of the whole device: whatever it was doing, it comes back as it was after power-on, and
 * nothing of what came before shows ever again. Datasheet sections 1.4, 1.6, 5.1 and 8.4.
 */
#include "dlb_reg_table.h"
#include "dlb_test_pci.h"

#define CQS 3u

enum way { BY_CONFIG, BY_CONFIG_BYTE, BY_FUNCTION, BY_POWER, WAYS };

/* Reset the device one way or another; it stays closed. */
static void
reset_by(struct rig *r, enum way way)
{
	uint32_t ctl = pci_capability(r, PCI_PCIE) + PCIE_DEV_CTL;

	switch (way) {
	case BY_CONFIG:
		pci_flr(r);
		break;
	case BY_CONFIG_BYTE:
		pci_write(r, ctl + 1, 1, 0x80);
		break;
	case BY_FUNCTION:
		r->dev->ops->reset(r->dev, BUS_RESET_FUNCTION);
		break;
	default:
		r->dev->ops->reset(r->dev, BUS_RESET_POWER);
		break;
	}
}

/* ---- A device at work ---- */

static void
set_up(struct rig *r)
{
	struct rig_queue how = rig_queue_plain();

	rig_domain(r, 0, 2000, 1000);
	how.sn_mode = 0;
	how.inflights = 64;
	rig_ldb_queue(r, 0, 0, how);
	rig_ldb_queue(r, 0, 1, rig_queue_plain());
	rig_ldb_queue(r, 0, 2, rig_queue_plain());
	rig_ldb_port(r, 0, RIG_PRODUCER, 8, 8);
	rig_ldb_port(r, 0, 0, 4, 16);
	rig_ldb_port(r, 0, 1, 64, 64);
	rig_ldb_port(r, 0, 2, 16, 100);
	rig_dir_port(r, 0, 1, 8);
	rig_dir_queue(r, 0, 1, 16);
	rig_dir_port(r, 0, r->dir_ports - 1, 8);
	rig_dir_queue(r, 0, r->dir_ports - 1, 16);
	for (uint32_t p = 0; p < CQS; p++) {
		rig_link(r, 0, p, 0, 0);
		rig_link(r, 1, p, 1, 4);
	}
	rig_start(r, 0);
}

/* Events of every type, more than the CQs take; queue 2 has no link and keeps its own. */
static void
fill(struct rig *r, uint32_t events)
{
	static const enum dlb_sched types[] = {DLB_ATOMIC, DLB_UNORDERED, DLB_ORDERED};

	for (uint32_t n = 0; n < events; n++) {
		rig_new(r, types[n % 3], 0, n % 50, n);
		rig_new(r, types[n % 2], 1, n % 50, n);
		rig_new(r, DLB_UNORDERED, 2, 0, n);
		rig_new(r, DLB_DIRECTED, 1, 0, n);
		rig_new(r, DLB_DIRECTED, r->dir_ports - 1, 0, n);
	}
	rig_step(r);
}

/* Everything that goes in comes out, once. */
static void
works(struct rig *r)
{
	uint32_t got = 0;

	fill(r, 3);
	for (uint32_t p = 0; p < CQS; p++) {
		uint32_t n = rig_poll_all(r, p);

		got += n;
		for (; n > 0; n--)
			rig_finish(r, p);
	}
	assert_int_equal(got, 6);
	for (uint32_t n = 0; n < 3; n++) {
		expect_qe(r, RIG_DIR(1), n);
		expect_qe(r, RIG_DIR(r->dir_ports - 1), n);
	}
	expect_nothing(r, RIG_DIR(1));
	assert_int_equal(rig_depth(r, 2), 3);
	for (uint32_t p = 0; p < CQS; p++)
		assert_int_equal(rig_read(r, DLB_LSP_CQ_LDB_INFL_CNT, p), 0);
}

/* ---- Registers ---- */

/* How many registers are not at their reset values? Those that differ are named. */
static uint32_t
registers_off(struct rig *r)
{
	uint32_t off = 0;

	for (unsigned int row = 0; row < DLB_REG_COUNT; row++) {
		const struct reg_row *reg = &dlb_reg_rows[row];

		if (!rig_has(r, row) || reg->bar == REG_BAR_VF || reg->access == REG_WINDOW ||
		    row == DLB_CM_CFG_PM_PMCSR_DISABLE)
			continue;
		for (uint32_t i = 0; i < reg->count[r->version]; i++) {
			for (uint32_t w = 0; w < reg->words; w++) {
				uint32_t now = rig_read_word(r, row, i, w);

				if (now == reg->reset[r->version])
					continue;
				if (off++ < 10)
					print_message("%s[%u][%u]: 0x%x\n", reg->name, i, w, now);
			}
		}
	}
	return off;
}

static void
registers_scribble(struct rig *r, uint32_t value)
{
	for (unsigned int row = 0; row < DLB_REG_COUNT; row++) {
		const struct reg_row *reg = &dlb_reg_rows[row];

		if (!rig_has(r, row) || reg->bar == REG_BAR_VF || reg->access == REG_WINDOW ||
		    row == DLB_CM_CFG_PM_PMCSR_DISABLE)
			continue;
		for (uint32_t i = 0; i < reg->count[r->version]; i++)
			for (uint32_t w = 0; w < reg->words; w++)
				rig_write_word(r, row, i, w, value);
	}
}

static void
new_device_has_reset_values(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_replug(r, NULL), 0);
	pci_enable(r);
	rig_power_on(r);
	assert_int_equal(registers_off(r), 0);
}

/* With events everywhere, and then with every register written. */
static void
every_register_returns(void **state)
{
	static const uint32_t values[] = {UINT32_MAX, 0, 0xa5a5a5a5, 0x5a5a5a5a};
	struct rig *r = *state;

	for (enum way way = 0; way < WAYS; way++) {
		set_up(r);
		fill(r, 60);
		reset_by(r, way);
		pci_enable(r);
		rig_power_on(r);
		assert_int_equal(registers_off(r), 0);
		registers_scribble(r, values[way]);
		assert_int_not_equal(rig_read(r, DLB_CHP_CFG_CHP_CSR_CTRL, 0), 0x00180002);
		reset_by(r, way);
		pci_enable(r);
		rig_power_on(r);
		assert_int_equal(registers_off(r), 0);
		/* Addresses were scribbled over while events were there: those went nowhere. */
		atomic_store(&r->host.faults, 0);
		pci_begin_again(r);
	}
	set_up(r);
	works(r);
}

/* ---- Configuration space ---- */

static void
function_reset_closes_configuration(void **state)
{
	struct rig *r = *state;
	uint32_t msix = pci_capability(r, PCI_MSIX), pcie = pci_capability(r, PCI_PCIE);
	uint32_t ctl;

	for (enum way way = 0; way < WAYS; way++) {
		reset_by(r, way);
		ctl = pci_read(r, pcie + PCIE_DEV_CTL, 2);
		pci_enable(r);
		pci_write(r, PCI_BAR0, 4, 0xa4000000);
		pci_write(r, PCI_BAR0 + 4, 4, 1);
		pci_write(r, msix + 2, 2, PCI_MSIX_ENABLE | PCI_MSIX_MASK);
		pci_write(r, 0x14e, 2, 1);
		pci_write(r, pcie + PCIE_DEV_CTL, 2, ctl ^ 0x4000);
		assert_int_not_equal(pci_read(r, pcie + PCIE_DEV_CTL, 2), ctl);
		reset_by(r, way);
		assert_int_equal(pci_read(r, PCI_COMMAND, 2), 0);
		assert_int_equal(pci_read(r, PCI_BAR0, 4), 0x0000000c);
		assert_int_equal(pci_read(r, PCI_BAR0 + 4, 4), 0);
		assert_int_equal(pci_read(r, msix + 2, 2), 0x0040);
		assert_int_equal(pci_read(r, 0x14e, 2), 0);
		assert_int_equal(pci_read(r, pcie + PCIE_DEV_CTL, 2), ctl);
		assert_int_equal(pci_read(r, pcie + PCIE_DEV_STA, 2) & PCIE_DEV_STA_PENDING, 0);
	}
}

/* AER's mask of uncorrectable errors is sticky: a function reset leaves it, power-on does not. */
static void
sticky_bits_outlive_function_reset(void **state)
{
	struct rig *r = *state;
	uint32_t mask = pci_extended(r, PCI_AER) + 0x08, fresh = pci_read(r, mask, 4), set;

	pci_write(r, mask, 4, ~fresh);
	set = pci_read(r, mask, 4);
	assert_int_not_equal(set, fresh);
	for (enum way way = 0; way < BY_POWER; way++) {
		reset_by(r, way);
		assert_int_equal(pci_read(r, mask, 4), set);
	}
	reset_by(r, BY_POWER);
	assert_int_equal(pci_read(r, mask, 4), fresh);
}

/* ---- Events ---- */

/* Queues, CQs, reorder stage, history and lines still in the port rings. */
static void
nothing_comes_after_it(void **state)
{
	struct rig *r = *state;
	struct dlb_qe qe;

	for (enum way way = 0; way < WAYS; way++) {
		set_up(r);
		fill(r, 60);
		/* CQs 1 and 2 forward, CQ 0 does not, so forwards wait for their turn. */
		for (uint32_t p = 1; p < CQS; p++)
			while (rig_poll(r, p, &qe))
				rig_forward(r, p, DLB_UNORDERED, 2, 0, qe.data);
		/* More lines than a ring has, none of them taken in by a step. */
		for (uint32_t n = 0; n < 700; n++)
			rig_new(r, DLB_UNORDERED, 1, 0, n);
		rig_send_one(r, RIG_DIR(1), rig_hcw(DLB_CMD_NEW, DLB_UNORDERED, 1, 0, 0, 1));
		reset_by(r, way);
		pci_begin_again(r);
		set_up(r);
		rig_step(r);
		for (uint32_t p = 0; p < CQS; p++)
			expect_nothing(r, p);
		expect_nothing(r, RIG_DIR(1));
		for (uint32_t q = 0; q < 3; q++) {
			assert_int_equal(rig_depth(r, q), 0);
			assert_int_equal(rig_read(r, DLB_LSP_QID_NALDB_TOT_ENQ_CNTL, q), 0);
		}
		works(r);
		reset_by(r, way);
		pci_begin_again(r);
	}
}

/* A port hears nothing until it is made again, and what it is told meanwhile is gone. */
static void
ports_are_closed(void **state)
{
	struct rig *r = *state;

	for (enum way way = 0; way < WAYS; way++) {
		set_up(r);
		reset_by(r, way);
		/* Closed altogether, then open but without a valid port. */
		rig_new(r, DLB_UNORDERED, 1, 0, 1);
		pci_begin_again(r);
		rig_new(r, DLB_UNORDERED, 1, 0, 2);
		rig_send_one(r, RIG_DIR(1), rig_hcw(DLB_CMD_NEW, DLB_UNORDERED, 1, 0, 0, 3));
		rig_step(r);
		assert_int_equal(rig_depth(r, 1), 0);
		assert_int_equal(rig_read(r, DLB_SYS_ALARM_PF_SYND0, 0), 0);
		set_up(r);
		rig_step(r);
		for (uint32_t p = 0; p < CQS; p++)
			expect_nothing(r, p);
		works(r);
		reset_by(r, way);
		pci_begin_again(r);
	}
}

/* In the second pass over a ring the bit is 0; a new life begins with 1 whatever pass it was. */
static void
generation_begins_anew(void **state)
{
	struct rig *r = *state;

	for (uint32_t before = 0; before < 20; before++) {
		rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
		rig_dir_port(r, 0, 1, 8);
		rig_dir_queue(r, 0, 1, 8);
		rig_start(r, 0);
		for (uint32_t n = 0; n < before; n++) {
			rig_new(r, DLB_UNORDERED, 0, 0, n);
			rig_new(r, DLB_DIRECTED, 1, 0, n);
			rig_step(r);
			expect_qe(r, 0, n);
			rig_finish(r, 0);
			expect_qe(r, RIG_DIR(1), n);
			rig_finish(r, RIG_DIR(1));
		}
		reset_by(r, before % WAYS);
		pci_begin_again(r);
		rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
		rig_new(r, DLB_UNORDERED, 0, 0, 77);
		rig_step(r);
		assert_int_equal(REG_GET(DLB_QE_GEN, rig_slot(r, 0, 0).meta), 1);
		expect_qe(r, 0, 77);
		reset_by(r, before % WAYS);
		pci_begin_again(r);
	}
}

/* Flows that CQs 0 and 1 worked on, or were to get once they have room, are free: CQ 2 alone is
 * linked now, and gets them all.
 */
static void
flows_are_free(void **state)
{
	struct rig *r = *state;
	const uint32_t flows = 24;

	for (enum way way = 0; way < WAYS; way++) {
		rig_balance(r, 2, 8, 8, RIG_NOT_ORDERED);
		/* One CQ fills up with a single flow, so that more of it is held for that CQ. */
		for (uint32_t n = 0; n < 5 * flows; n++)
			rig_new(r, DLB_ATOMIC, 0, n < 12 ? 0 : n % flows, n);
		rig_step(r);
		assert_int_equal(rig_poll_all(r, 0) + rig_poll_all(r, 1), 16);
		/* The work is done, but there are no tokens for what waits of the same flows. */
		for (uint32_t n = 0; n < (way % 2 ? 16 : 0); n++)
			rig_complete(r, n % 2);
		rig_step(r);
		reset_by(r, way);
		pci_begin_again(r);
		rig_domain(r, 0, 100, 10);
		rig_ldb_queue(r, 0, 0, rig_queue_plain());
		rig_ldb_port(r, 0, RIG_PRODUCER, 8, 8);
		for (uint32_t p = 0; p < CQS; p++)
			rig_ldb_port(r, 0, p, 64, 64);
		rig_link(r, 0, 2, 0, 0);
		/* Two links, or no flow would be looked at; the other one's port is stopped. */
		rig_link(r, 0, 1, 0, 0);
		rig_enable(r, 1, false);
		rig_start(r, 0);
		for (uint32_t n = 0; n < flows; n++)
			rig_new(r, DLB_ATOMIC, 0, n, n);
		rig_step(r);
		assert_int_equal(rig_poll_all(r, 2), flows);
		reset_by(r, way);
		pci_begin_again(r);
	}
}

/* As many credits as are programmed, whatever was out before; the store is empty. */
static void
credits_are_those_programmed(void **state)
{
	struct rig *r = *state;

	for (enum way way = 0; way < WAYS; way++) {
		set_up(r);
		fill(r, 300);
		reset_by(r, way);
		pci_begin_again(r);
		rig_balance(r, 0, 8, 8, RIG_NOT_ORDERED);
		/* The largest there are, so that an entry the store lost would be missed. */
		if (r->version == DLB_V20)
			rig_domain(r, 0, DLB_LDB_CREDITS, 0);
		else
			rig_domain(r, 0, DLB_CREDITS, 0);
		/* Two kinds: one counter alone does not count that far. */
		for (uint32_t n = 0; n < DLB_CREDITS + 10; n++)
			rig_new(r, n % 2 ? DLB_UNORDERED : DLB_ATOMIC, 0, 0, n);
		assert_int_equal(rig_depth(r, 0),
				 r->version == DLB_V20 ? DLB_LDB_CREDITS : DLB_CREDITS);
		reset_by(r, way);
		pci_begin_again(r);
	}
}

/* Section 12.5, test 11. */
static void
in_the_middle_of_traffic(void **state)
{
	struct rig *r = *state;
	uint32_t seed = 7;
	struct dlb_qe qe;

	for (uint32_t round = 0; round < 40; round++) {
		set_up(r);
		for (uint32_t n = rig_draw(&seed) % 200; n > 0; n--) {
			uint32_t p = rig_draw(&seed) % CQS;

			fill(r, 1 + rig_draw(&seed) % 3);
			if (rig_draw(&seed) % 2 && rig_poll(r, p, &qe))
				rig_finish(r, p);
			if (rig_draw(&seed) % 4 == 0 && rig_poll(r, p, &qe))
				rig_forward(r, p, DLB_ATOMIC, rig_draw(&seed) % 3, 3, qe.data);
		}
		reset_by(r, rig_draw(&seed) % WAYS);
		pci_begin_again(r);
		set_up(r);
		works(r);
		reset_by(r, rig_draw(&seed) % WAYS);
		pci_begin_again(r);
	}
}

/* Random traffic of all levels: a sum of what went where, in which order. */
static uint64_t
traffic_sum(struct rig *r)
{
	uint32_t seed = 20;
	uint64_t sum = 0;
	struct dlb_qe qe;

	set_up(r);
	for (uint32_t n = 0; n < 3000; n++) {
		uint32_t draw = rig_draw(&seed), p = draw / 64 % CQS;

		rig_send_one(r, RIG_PRODUCER, rig_hcw(DLB_CMD_NEW, draw % 2, draw / 2 % 2,
						      draw / 4 % 8, draw / 256 % 20, n));
		if (n % 3 == 0)
			rig_step(r);
		while (draw / 32 % 2 && rig_poll(r, p, &qe)) {
			sum = sum * UINT64_C(0x100000001b3) ^ (qe.data << 8 | p);
			rig_finish(r, p);
		}
	}
	return sum;
}

/* Whose turn it is begins anew, too. */
static void
reset_device_does_as_a_new_one(void **state)
{
	struct rig *r = *state;
	uint64_t sum = traffic_sum(r);

	for (enum way way = 0; way < WAYS; way++) {
		reset_by(r, way);
		pci_begin_again(r);
		assert_int_equal(traffic_sum(r), sum);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(new_device_has_reset_values),
		ON_BOTH(every_register_returns),
		ON_BOTH(function_reset_closes_configuration),
		ON_BOTH(sticky_bits_outlive_function_reset),
		ON_BOTH(nothing_comes_after_it),
		ON_BOTH(ports_are_closed),
		ON_BOTH(generation_begins_anew),
		ON_BOTH(flows_are_free),
		ON_BOTH(credits_are_those_programmed),
		ON_BOTH(in_the_middle_of_traffic),
		ON_BOTH(reset_device_does_as_a_new_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
