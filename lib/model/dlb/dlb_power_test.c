/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * What the switches of configuration space do to a DLB at work: memory enable, bus master enable
 * and the power state, and the device's own power register. Datasheet sections 1.3 and 1.6.
 */
#include "dlb_reg_table.h"
#include "dlb_test_pci.h"

/* ---- COMMAND ---- */

static void
without_memory_enable_bars_are_closed(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	pci_write(r, PCI_COMMAND, 2, PCI_MASTER);
	assert_int_equal(rig_read(r, DLB_SYS_TOTAL_VAS, 0), UINT32_MAX);
	assert_int_equal(rig_read(r, DLB_CM_CFG_PM_PMCSR_DISABLE, 0), UINT32_MAX);
	assert_int_equal(rig_read(r, DLB_MSIX_VECTOR_CTRL, 0), UINT32_MAX);
	rig_write(r, DLB_SYS_LDB_PP_V, 0, 0);
	rig_write(r, DLB_SYS_INGRESS_ALARM_ENBL, 0, 1);
	rig_new(r, DLB_UNORDERED, 0, 0, 1);
	rig_step(r);
	expect_nothing(r, 0);
	pci_enable(r);
	assert_int_equal(rig_read(r, DLB_SYS_LDB_PP_V, 0), 1);
	assert_int_equal(rig_read(r, DLB_SYS_INGRESS_ALARM_ENBL, 0), 0);
	rig_step(r);
	expect_nothing(r, 0);
	rig_new(r, DLB_UNORDERED, 0, 0, 2);
	rig_step(r);
	expect_qe(r, 0, 2);
	expect_nothing(r, 0);
}

/* What was posted before the switch was on its way, and arrives. */
static void
posts_before_the_switch_arrive(void **state)
{
	struct rig *r = *state;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	rig_new(r, DLB_UNORDERED, 0, 0, 1);
	pci_write(r, PCI_COMMAND, 2, PCI_MASTER);
	rig_new(r, DLB_UNORDERED, 0, 0, 2);
	pci_enable(r);
	rig_step(r);
	expect_qe(r, 0, 1);
	expect_nothing(r, 0);
}

/* The closed state begins with power-on, not with the first write. */
static void
power_on_begins_closed(void **state)
{
	struct rig *r = *state;

	r->dev->ops->reset(r->dev, BUS_RESET_POWER);
	assert_int_equal(rig_read(r, DLB_CM_CFG_PM_PMCSR_DISABLE, 0), UINT32_MAX);
	rig_write(r, DLB_CM_CFG_PM_PMCSR_DISABLE, 0, 0);
	pci_enable(r);
	assert_int_equal(rig_read(r, DLB_CM_CFG_PM_PMCSR_DISABLE, 0), 1);
	assert_int_equal(rig_read(r, DLB_SYS_TOTAL_VAS, 0), UINT32_MAX);
	rig_power_on(r);
	assert_int_equal(rig_read(r, DLB_SYS_TOTAL_VAS, 0), 32);
}

/* No bus master, no DMA; and afterwards the CQ is one that a driver can read. */
static void
without_bus_master_memory_stays_as_it_is(void **state)
{
	struct rig *r = *state;
	struct dlb_qe qe;
	uint64_t last = 0;

	rig_balance(r, 1, 16, 16, RIG_NOT_ORDERED);
	rig_dir_port(r, 0, 1, 16);
	rig_dir_queue(r, 0, 1, 16);
	rig_start(r, 0);
	pci_write(r, PCI_COMMAND, 2, PCI_MEMORY);
	for (uint32_t n = 0; n < 4; n++) {
		rig_new(r, DLB_UNORDERED, 0, 0, n);
		rig_new(r, DLB_ATOMIC, 0, n, n);
		rig_new(r, DLB_DIRECTED, 1, 0, n);
	}
	rig_step(r);
	for (uint32_t i = 0; i < RIG_RING_BYTES; i++) {
		assert_int_equal(r->host.memory[i], 0);
		assert_int_equal(r->host.memory[RIG_DIR(1) * RIG_RING_BYTES + i], 0);
	}
	/* Registers are still there. */
	assert_int_equal(rig_read(r, DLB_SYS_LDB_PP_V, 0), 1);
	pci_enable(r);
	rig_new(r, DLB_UNORDERED, 0, 0, 99);
	rig_step(r);
	while (rig_poll(r, 0, &qe))
		last = qe.data;
	assert_int_equal(last, 99);
}

/* ---- Power state ---- */

static uint32_t
power_register(struct rig *r)
{
	uint32_t at = pci_capability(r, PCI_PM);

	assert_int_not_equal(at, 0);
	return at + 4;
}

#define POWER_STATE   3u
#define POWER_D3HOT   3u
#define POWER_NO_SOFT 8u /* a return from D3hot keeps the device's state */

static void
sleeping_function_answers_configuration_only(void **state)
{
	struct rig *r = *state;
	uint32_t pm = power_register(r);

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	assert_int_equal(pci_read(r, pm, 2) & POWER_STATE, 0);
	pci_write(r, pm, 2, POWER_D3HOT);
	assert_int_equal(pci_read(r, pm, 2) & POWER_STATE, POWER_D3HOT);
	assert_int_equal(pci_read(r, PCI_VENDOR, 2), 0x8086);
	assert_int_equal(rig_read(r, DLB_SYS_TOTAL_VAS, 0), UINT32_MAX);
	rig_write(r, DLB_SYS_INGRESS_ALARM_ENBL, 0, 1);
	rig_new(r, DLB_UNORDERED, 0, 0, 1);
	rig_step(r);
	expect_nothing(r, 0);
	/* Memory enable does not open a function that sleeps. */
	pci_enable(r);
	assert_int_equal(rig_read(r, DLB_SYS_TOTAL_VAS, 0), UINT32_MAX);
}

static void
waking_up_resets_as_announced(void **state)
{
	struct rig *r = *state;
	uint32_t pm = power_register(r);
	bool keeps = (pci_read(r, pm, 2) & POWER_NO_SOFT) != 0;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	rig_new(r, DLB_UNORDERED, 0, 0, 5);
	rig_write(r, DLB_SYS_INGRESS_ALARM_ENBL, 0, 3);
	pci_write(r, pm, 2, POWER_D3HOT);
	pci_write(r, pm, 2, 0);
	assert_int_equal(pci_read(r, pm, 2) & POWER_STATE, 0);
	assert_int_equal(pci_read(r, PCI_COMMAND, 2), keeps ? PCI_MEMORY | PCI_MASTER : 0);
	pci_enable(r);
	rig_power_on(r);
	assert_int_equal(rig_read(r, DLB_SYS_TOTAL_VAS, 0), 32);
	assert_int_equal(rig_read(r, DLB_SYS_INGRESS_ALARM_ENBL, 0), keeps ? 3 : 0);
	assert_int_equal(rig_read(r, DLB_SYS_LDB_PP_V, 0), keeps);
	if (!keeps)
		pci_begin_again(r);
	if (!keeps)
		rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	rig_new(r, DLB_UNORDERED, 0, 0, 6);
	rig_step(r);
	if (keeps)
		expect_qe(r, 0, 5);
	expect_qe(r, 0, 6);
}

/* States that a function does not have are not entered. */
static void
only_announced_states_are_entered(void **state)
{
	struct rig *r = *state;
	uint32_t pm = power_register(r), can = pci_read(r, pm - 2, 2);

	for (uint32_t d = 1; d <= 2; d++) {
		bool has = (can >> (8 + d) & 1) != 0;

		pci_write(r, pm, 2, d);
		assert_int_equal(pci_read(r, pm, 2) & POWER_STATE, has ? d : 0);
		pci_write(r, pm, 2, 0);
	}
	assert_int_equal(rig_read(r, DLB_SYS_TOTAL_VAS, 0), 32);
}

/* ---- The device's own power register, section 1.6 ---- */

static void
power_register_outlives_function_reset_only(void **state)
{
	struct rig *r = *state;

	assert_int_equal(rig_read(r, DLB_CM_CFG_PM_PMCSR_DISABLE, 0), 0);
	pci_flr(r);
	pci_enable(r);
	assert_int_equal(rig_read(r, DLB_CM_CFG_PM_PMCSR_DISABLE, 0), 0);
	assert_int_equal(rig_read(r, DLB_SYS_TOTAL_VAS, 0), 32);
	r->dev->ops->reset(r->dev, BUS_RESET_FUNCTION);
	pci_enable(r);
	assert_int_equal(rig_read(r, DLB_CM_CFG_PM_PMCSR_DISABLE, 0), 0);
	r->dev->ops->reset(r->dev, BUS_RESET_POWER);
	pci_enable(r);
	assert_int_equal(rig_read(r, DLB_CM_CFG_PM_PMCSR_DISABLE, 0), 1);
	/* A function reset does not switch it on either. */
	pci_flr(r);
	pci_enable(r);
	assert_int_equal(rig_read(r, DLB_CM_CFG_PM_PMCSR_DISABLE, 0), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(without_memory_enable_bars_are_closed),
		ON_BOTH(posts_before_the_switch_arrive),
		ON_BOTH(power_on_begins_closed),
		ON_BOTH(without_bus_master_memory_stays_as_it_is),
		ON_BOTH(sleeping_function_answers_configuration_only),
		ON_BOTH(waking_up_resets_as_announced),
		ON_BOTH(only_announced_states_are_entered),
		ON_BOTH(power_register_outlives_function_reset_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
