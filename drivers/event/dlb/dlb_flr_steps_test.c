/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The reset of a probe on a configuration space of the test's own, which forgets on a reset what a
 * function forgets and remembers who wrote what.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "dlb_flr.h"

int dlb_logtype;

#define AT_MSIX  0x60
#define AT_PCIE  0x6c
#define AT_AER   0x100
#define AT_PASID 0x148
#define AT_ACS   0x150
#define AT_PRI   0x160

#define COMMAND 0x04
#define DEVCTL  (AT_PCIE + 0x08)
#define DEVSTA  (AT_PCIE + 0x0a)
#define BAR0    0x10

#define BYTES      4096
#define WRITES_MAX 128

/* What was written, in this order. */
struct write {
	uint16_t off;
	uint32_t value;
};

/* The function under test knows nothing of what is behind the seam. */
static struct {
	uint8_t bytes[BYTES];
	struct write writes[WRITES_MAX];
	unsigned int nb_writes;
	unsigned int resets;
	unsigned int pending_reads; /* of DevSta that show requests under way */
	unsigned int accesses_left; /* before the bus refuses */
} fake;

static void
poke(uint16_t off, unsigned int size, uint32_t value)
{
	memcpy(fake.bytes + off, &value, size);
}

static uint32_t
peek(uint16_t off, unsigned int size)
{
	uint32_t value = 0;

	memcpy(&value, fake.bytes + off, size);
	return value;
}

static void
forget(void)
{
	poke(COMMAND, 2, 0);
	memset(fake.bytes + BAR0, 0, 24);
	poke(DEVCTL, 2, 0x2910);
	poke(AT_PCIE + 0x10, 2, 0);
	poke(AT_PCIE + 0x28, 2, 0);
	poke(AT_PCIE + 0x30, 2, 0);
	poke(AT_MSIX + 2, 2, 0x0040);
	poke(AT_PRI + 4, 2, 0);
	poke(AT_PRI + 0x0c, 4, 0);
}

int
access_config_read(struct access_dev *access, uint16_t off, void *bytes, size_t len)
{
	RTE_SET_USED(access);
	if (fake.accesses_left == 0)
		return -EIO;
	fake.accesses_left--;
	memcpy(bytes, fake.bytes + off, len);
	if (off == DEVSTA && fake.pending_reads != 0) {
		fake.pending_reads--;
		*(uint8_t *)bytes |= 0x20;
	}
	return 0;
}

int
access_config_write(struct access_dev *access, uint16_t off, const void *bytes, size_t len)
{
	uint32_t value = 0;

	RTE_SET_USED(access);
	if (fake.accesses_left == 0)
		return -EIO;
	fake.accesses_left--;
	memcpy(&value, bytes, len);
	if (fake.nb_writes < WRITES_MAX)
		fake.writes[fake.nb_writes++] = (struct write){off, value};
	/* Error records: a one clears. */
	if (off == AT_AER + 0x04 || off == AT_AER + 0x10)
		value = peek(off, 4) & ~value;
	if (off == DEVCTL && (value & 0x8000)) {
		fake.resets++;
		forget();
		return 0;
	}
	memcpy(fake.bytes + off, &value, len);
	return 0;
}

void
access_reset_wait(const struct access_dev *access)
{
	RTE_SET_USED(access);
}

/* A DLB that the kernel has set up. */
static int
make_device(void **state)
{
	RTE_SET_USED(state);
	memset(&fake, 0, sizeof(fake));
	fake.accesses_left = UINT32_MAX;
	poke(0x00, 4, 0x27148086);
	poke(COMMAND, 2, 0x0406);
	poke(0x06, 2, 0x0010);
	poke(BAR0, 4, 0xf400000c);
	poke(BAR0 + 8, 4, 0x0000000c);
	poke(BAR0 + 12, 4, 0x00000012);
	poke(0x34, 1, AT_MSIX);
	poke(AT_MSIX, 4, 0x00400011 | AT_PCIE << 8);
	poke(AT_PCIE, 4, 0x00020010);
	poke(AT_PCIE + 4, 4, 0x10008062);
	poke(DEVCTL, 2, 0x295f);
	poke(AT_PCIE + 0x10, 2, 0x0040);
	poke(AT_PCIE + 0x28, 2, 0x0009);
	poke(AT_PCIE + 0x30, 2, 0x0003);
	poke(AT_AER, 4, 0x00010001 | AT_PASID << 20);
	poke(AT_AER + 0x04, 4, 0x00100000);
	poke(AT_AER + 0x10, 4, 0x00002000);
	poke(AT_PASID, 4, 0x0001001b | AT_ACS << 20);
	poke(AT_PASID + 6, 2, 0x0001);
	poke(AT_ACS, 4, 0x0001000d | AT_PRI << 20);
	poke(AT_ACS + 4, 2, 0x003f);
	poke(AT_ACS + 6, 2, 0x002e);
	poke(AT_PRI, 4, 0x00010013);
	poke(AT_PRI + 4, 2, 0x0001);
	poke(AT_PRI + 0x0c, 4, 0x00000200);
	return 0;
}

static int
reset_it(void)
{
	struct dlb dlb = {.name = "test"};

	return dlb_flr(&dlb);
}

/* When was this written first, counted from 1? 0: never. */
static unsigned int
first_write(uint16_t off, uint32_t bits, uint32_t value)
{
	unsigned int i;

	for (i = 0; i < fake.nb_writes; i++) {
		if (fake.writes[i].off == off && (fake.writes[i].value & bits) == value)
			return i + 1;
	}
	return 0;
}

static unsigned int
writes_to(uint16_t off)
{
	unsigned int i, n = 0;

	for (i = 0; i < fake.nb_writes; i++)
		n += fake.writes[i].off == off;
	return n;
}

static void
what_the_kernel_set_up_is_back(void **state)
{
	RTE_SET_USED(state);
	assert_int_equal(reset_it(), 0);
	assert_int_equal(fake.resets, 1);
	assert_int_equal(peek(BAR0, 4), 0xf400000c);
	assert_int_equal(peek(BAR0 + 8, 4), 0x0000000c);
	assert_int_equal(peek(BAR0 + 12, 4), 0x00000012);
	assert_int_equal(peek(DEVCTL, 2), 0x295f);
	assert_int_equal(peek(AT_PCIE + 0x10, 2), 0x0040);
	assert_int_equal(peek(AT_PCIE + 0x28, 2), 0x0009);
	assert_int_equal(peek(AT_PCIE + 0x30, 2), 0x0003);
	assert_int_equal(peek(AT_PRI + 4, 2), 0x0001);
	assert_int_equal(peek(AT_PRI + 0x0c, 4), 0x00000200);
	/* But for the bit that keeps INTx off. */
	assert_int_equal(peek(COMMAND, 2), 0x0006);
}

static void
nothing_goes_on_during_the_reset(void **state)
{
	unsigned int off, reset, bar, on;

	RTE_SET_USED(state);
	assert_int_equal(reset_it(), 0);
	off = first_write(COMMAND, 0xffff, 0);
	reset = first_write(DEVCTL, 0x8000, 0x8000);
	bar = first_write(BAR0, UINT32_MAX, 0xf400000c);
	on = first_write(COMMAND, 0x0006, 0x0006);
	assert_true(off != 0 && off < reset && reset < bar && bar < on);
}

static void
errors_are_cleared_and_pasid_is_off(void **state)
{
	RTE_SET_USED(state);
	assert_int_equal(reset_it(), 0);
	assert_int_equal(peek(AT_AER + 0x04, 4), 0);
	assert_int_equal(peek(AT_AER + 0x10, 4), 0);
	assert_int_equal(peek(AT_PASID + 6, 2), 0);
	/* Sources are checked, requests go up, nothing is turned back. */
	assert_int_equal(peek(AT_ACS + 6, 2), 0x0013);
}

static void
msix_is_enabled_while_masked(void **state)
{
	RTE_SET_USED(state);
	assert_int_equal(reset_it(), 0);
	assert_int_equal(peek(AT_MSIX + 2, 2), 0x8040);
	assert_int_not_equal(first_write(AT_MSIX + 2, 0xc000, 0xc000), 0);
	assert_true(first_write(AT_MSIX + 2, 0xc000, 0xc000) <
		    first_write(AT_MSIX + 2, 0xc000, 0x8000));
}

static void
requests_under_way_are_waited_for(void **state)
{
	RTE_SET_USED(state);
	fake.pending_reads = 1;
	assert_int_equal(reset_it(), 0);
	assert_int_equal(fake.pending_reads, 0);
	assert_int_equal(fake.resets, 1);
}

static void
requests_that_never_end_stop_the_reset(void **state)
{
	RTE_SET_USED(state);
	fake.pending_reads = UINT32_MAX;
	assert_int_equal(reset_it(), -EBUSY);
	assert_int_equal(fake.resets, 0);
	assert_int_equal(peek(COMMAND, 2) & 6, 6);
}

static void
without_a_function_level_reset_nothing_is_written(void **state)
{
	RTE_SET_USED(state);
	poke(AT_PCIE + 4, 4, 0x00008062);
	assert_int_equal(reset_it(), -ENOTSUP);
	/* No such capability at all, in a list that runs in circles. */
	poke(AT_MSIX, 2, 0x0011 | AT_MSIX << 8);
	assert_int_equal(reset_it(), -ENOTSUP);
	/* No list. */
	poke(0x06, 2, 0);
	assert_int_equal(reset_it(), -ENOTSUP);
	assert_int_equal(fake.nb_writes, 0);
}

/* A driver that takes an absent capability for one at offset 0 writes into the header. */
static void
absent_capabilities_are_left_alone(void **state)
{
	unsigned int i;

	RTE_SET_USED(state);
	poke(AT_AER, 4, 0);
	poke(0x34, 1, AT_PCIE);
	assert_int_equal(reset_it(), 0);
	for (i = 0; i < fake.nb_writes; i++)
		assert_true(fake.writes[i].off < 0x40 || fake.writes[i].off >= AT_PCIE);
	assert_int_equal(writes_to(0x02), 0);
	assert_int_equal(writes_to(COMMAND), 2);
	assert_int_equal(writes_to(0x06), 0);
	assert_int_equal(writes_to(BAR0), 1);
	assert_int_equal(writes_to(0x0c), 1);
	assert_int_equal(peek(AT_PASID + 6, 2), 0x0001);
}

static void
an_access_that_fails_ends_the_reset(void **state)
{
	unsigned int n;

	for (n = 0; n < 12; n++) {
		make_device(state);
		fake.accesses_left = n;
		assert_int_equal(reset_it(), -EIO);
		assert_int_equal(fake.nb_writes, 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_the_kernel_set_up_is_back, make_device),
		cmocka_unit_test_setup(nothing_goes_on_during_the_reset, make_device),
		cmocka_unit_test_setup(errors_are_cleared_and_pasid_is_off, make_device),
		cmocka_unit_test_setup(msix_is_enabled_while_masked, make_device),
		cmocka_unit_test_setup(requests_under_way_are_waited_for, make_device),
		cmocka_unit_test_setup(requests_that_never_end_stop_the_reset, make_device),
		cmocka_unit_test_setup(without_a_function_level_reset_nothing_is_written,
				       make_device),
		cmocka_unit_test_setup(absent_capabilities_are_left_alone, make_device),
		cmocka_unit_test_setup(an_access_that_fails_ends_the_reset, make_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
