/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * MSI-X of the DLB: the table, the two masks, and vectors that wait in the pending bits. Vector 0
 * is raised by an illegal command; what the alarm says is the business of dlb_alarm_test.c.
 */
#include "dlb_test_pci.h"

/* A port that can be told something wrong, and alarms for that. */
static void
set_up(struct rig *r)
{
	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	rig_write(r, DLB_SYS_INGRESS_ALARM_ENBL, 0, 1);
	/* The vector need not be acknowledged: that is not the point here. */
	rig_write(r, DLB_SYS_MSIX_PASSTHRU, 0, 1);
	pci_listen(r);
}

static void
raise_alarm(struct rig *r)
{
	rig_send_one(r, 0, rig_hcw(0x4, 0, 0, 0, 0, 0));
	rig_step(r);
	assert_int_equal(rig_read(r, DLB_SYS_ALARM_PF_SYND0, 0) >> 31, 1);
	rig_write(r, DLB_SYS_ALARM_PF_SYND0, 0, UINT32_C(0xc0000000));
}

static void
control(struct rig *r, uint32_t bits)
{
	pci_write(r, pci_capability(r, PCI_MSIX) + 2, 2, bits);
}

static uint32_t
pending(struct rig *r)
{
	return rig_read(r, DLB_MSIX_PBA, 0);
}

static void
table_keeps_what_is_written(void **state)
{
	struct rig *r = *state;

	for (uint32_t v = 0; v < PCI_VECTORS; v++) {
		assert_int_equal(rig_read(r, DLB_MSIX_VECTOR_CTRL, v), 1);
		rig_write(r, DLB_MSIX_MSG_ADDR_L, v, 0xfee00000 + v * 0x1000);
		rig_write(r, DLB_MSIX_MSG_ADDR_H, v, 0x100 + v);
		rig_write(r, DLB_MSIX_MSG_DATA, v, 0x4000 + v);
		rig_write(r, DLB_MSIX_VECTOR_CTRL, v, v % 2);
	}
	for (uint32_t v = 0; v < PCI_VECTORS; v++) {
		assert_int_equal(rig_read(r, DLB_MSIX_MSG_ADDR_L, v), 0xfee00000 + v * 0x1000);
		assert_int_equal(rig_read(r, DLB_MSIX_MSG_ADDR_H, v), 0x100 + v);
		assert_int_equal(rig_read(r, DLB_MSIX_MSG_DATA, v), 0x4000 + v);
		assert_int_equal(rig_read(r, DLB_MSIX_VECTOR_CTRL, v), v % 2);
	}
	rig_write(r, DLB_MSIX_PBA, 0, UINT32_MAX);
	assert_int_equal(pending(r), 0);
}

static void
open_vector_is_raised_at_once(void **state)
{
	struct rig *r = *state;

	set_up(r);
	pci_msix_on(r);
	raise_alarm(r);
	assert_int_equal(pci_irq0(), 1);
	assert_int_equal(pending(r), 0);
	raise_alarm(r);
	assert_int_equal(pci_irq0(), 2);
}

static void
nothing_is_raised_while_off(void **state)
{
	struct rig *r = *state;

	set_up(r);
	rig_write(r, DLB_MSIX_VECTOR_CTRL, 0, 0);
	raise_alarm(r);
	assert_int_equal(pci_irq0(), 0);
	/* Closed by default: on, but every vector masked. */
	rig_write(r, DLB_MSIX_VECTOR_CTRL, 0, 1);
	control(r, PCI_MSIX_ENABLE);
	raise_alarm(r);
	assert_int_equal(pci_irq0(), 0);
}

static void
masked_vector_waits(void **state)
{
	struct rig *r = *state;

	set_up(r);
	pci_msix_on(r);
	rig_write(r, DLB_MSIX_VECTOR_CTRL, 0, 1);
	raise_alarm(r);
	raise_alarm(r);
	assert_int_equal(pci_irq0(), 0);
	assert_int_equal(pending(r), 1);
	/* Another vector's mask is another vector's. */
	rig_write(r, DLB_MSIX_VECTOR_CTRL, 1, 0);
	assert_int_equal(pci_irq0(), 0);
	rig_write(r, DLB_MSIX_VECTOR_CTRL, 0, 0);
	rig_step(r);
	assert_int_equal(pci_irq0(), 1);
	assert_int_equal(pending(r), 0);
	/* Once is enough. */
	rig_write(r, DLB_MSIX_VECTOR_CTRL, 0, 1);
	rig_write(r, DLB_MSIX_VECTOR_CTRL, 0, 0);
	rig_step(r);
	assert_int_equal(pci_irq0(), 1);
}

static void
masked_function_waits(void **state)
{
	struct rig *r = *state;

	set_up(r);
	pci_msix_on(r);
	control(r, PCI_MSIX_ENABLE | PCI_MSIX_MASK);
	raise_alarm(r);
	assert_int_equal(pci_irq0(), 0);
	assert_int_equal(pending(r), 1);
	/* Both masks have to be open. */
	rig_write(r, DLB_MSIX_VECTOR_CTRL, 0, 1);
	control(r, PCI_MSIX_ENABLE);
	rig_step(r);
	assert_int_equal(pci_irq0(), 0);
	rig_write(r, DLB_MSIX_VECTOR_CTRL, 0, 0);
	rig_step(r);
	assert_int_equal(pci_irq0(), 1);
	control(r, PCI_MSIX_ENABLE | PCI_MSIX_MASK);
	raise_alarm(r);
	control(r, PCI_MSIX_ENABLE);
	rig_step(r);
	assert_int_equal(pci_irq0(), 2);
	assert_int_equal(pending(r), 0);
}

/* The message is a memory write of the device: without bus master there is none. */
static void
raising_needs_bus_master(void **state)
{
	struct rig *r = *state;

	set_up(r);
	pci_msix_on(r);
	pci_write(r, PCI_COMMAND, 2, PCI_MEMORY);
	raise_alarm(r);
	assert_int_equal(pci_irq0(), 0);
	pci_enable(r);
	raise_alarm(r);
	assert_in_range(pci_irq0(), 1, 2);
}

static void
reset_drops_what_waits(void **state)
{
	struct rig *r = *state;

	set_up(r);
	pci_msix_on(r);
	rig_write(r, DLB_MSIX_VECTOR_CTRL, 0, 1);
	raise_alarm(r);
	assert_int_equal(pending(r), 1);
	pci_flr(r);
	pci_begin_again(r);
	assert_int_equal(pending(r), 0);
	assert_int_equal(rig_read(r, DLB_MSIX_VECTOR_CTRL, 0), 1);
	pci_msix_on(r);
	rig_step(r);
	assert_int_equal(pci_irq0(), 0);
	set_up(r);
	raise_alarm(r);
	assert_int_equal(pci_irq0(), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(table_keeps_what_is_written), ON_BOTH(open_vector_is_raised_at_once),
		ON_BOTH(nothing_is_raised_while_off), ON_BOTH(masked_vector_waits),
		ON_BOTH(masked_function_waits),       ON_BOTH(raising_needs_bus_master),
		ON_BOTH(reset_drops_what_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
