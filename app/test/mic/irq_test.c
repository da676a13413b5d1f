/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "test.h"

/* Interrupts of each kind, on each stepping, and from a card that wants them re-armed each time.
 * The doorbell that tells of the end is the one that must not be lost.
 */

static void
ends_are_noticed(uint16_t id, unsigned int times)
{
	unsigned int i;

	for (i = 0; i < times; i++) {
		boot(id);
		assert_int_equal(dev_type(id, "crash"), 0);
		wait_shutdown(id, RTE_PMD_MIC_CRASHED);
		assert_int_equal(rte_rawdev_reset(id), 0);
	}
	assert_true(xstat(id, "irq_db0") >= times);
	assert_int_equal(dev_stray(id), 0);
}

static void
every_kind_of_interrupt_works(void)
{
	static const struct {
		const char *args, *shows;
	} rows[] = {
		{"irq=msix", "interrupts: MSI-X"},
		{"irq=msi", "interrupts: MSI;"},
		{"irq=intx", "interrupts: INTx"},
		{"irq=poll", "interrupts: polled"},
		{"revision=a0", "stepping A0"},
		{"revision=b0", "stepping B0"},
		{"revision=b1", "stepping B1"},
		{"revision=c0", "stepping C0"},
		{"irq=msix,strict_enables=1", "interrupts: MSI-X"},
		{"irq=msi,strict_enables=1", "interrupts: MSI;"},
		{"irq=intx,strict_enables=1", "interrupts: INTx"},
		{"lose_smpt=1", "SMPT"},
		{"trains_memory=1", "SMPT"},
	};
	unsigned int i;
	uint16_t id;
	char *said;

	for (i = 0; i < RTE_DIM(rows) && others_wanted(); i++) {
		id = other_make(rows[i].args);
		said = dump(id);
		if (strstr(said, rows[i].shows) == NULL)
			fail_msg("%s: %s", rows[i].args, said);
		free(said);
		ends_are_noticed(id, 2);
		other_remove();
	}
}

/* Enables that are spent by each delivery: the third end still comes through. */
static void
a_doorbell_is_never_lost(void)
{
	uint16_t id;

	if (!others_wanted())
		return;
	id = other_make("strict_enables=1");
	ends_are_noticed(id, 20);
}

static const struct test_case cases[] = {
	TEST_CASE(every_kind_of_interrupt_works),
	TEST_CASE(a_doorbell_is_never_lost),
};

TEST_GROUP(irq, cases);
