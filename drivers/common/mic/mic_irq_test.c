/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Interrupts on a card that is nothing but the registers of section 8, and that may spend an enable
 * with each delivery.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "access_irq_fd.h"
#include "mic_dev_priv.h"

static struct mic_dev dev;
static char said[MIC_DEV_ERROR];
static struct {
	uint32_t status, enable, clear, mxar[16], pba_clears;
	unsigned int can; /* bits of enum access_irq_kind */
	bool strict;
	int fds[ACCESS_IRQ_FDS];
	unsigned int nb_fds, acks;
	enum access_irq_kind kind;
} card;

/* ---- The card, and what the driver has around it ---- */

static void
raise_vector(unsigned int v)
{
	const uint64_t one = 1;

	assert_int_equal(write(card.fds[v], &one, sizeof(one)), sizeof(one));
}

static void
deliver(void)
{
	uint32_t due = card.status & card.enable;
	unsigned int v;

	if (due == 0 || card.nb_fds == 0)
		return;
	for (v = 0; v < card.nb_fds; v++)
		if (card.kind == ACCESS_IRQ_INTX || card.mxar[v] & due)
			raise_vector(v);
	if (card.kind == ACCESS_IRQ_MSIX)
		card.status &= ~(due & card.clear);
	if (card.strict)
		card.enable &= ~due;
}

static void
ring(unsigned int source)
{
	card.status |= 1u << source;
	deliver();
}

uint32_t
mic_dev_read(struct mic_dev *d, uint32_t off)
{
	(void)d;
	if (off == MIC_AT(SICR0, 0))
		return card.status;
	if (off == MIC_AT(SICE0, 0))
		return card.enable;
	if (off == MIC_AT(SIAC0, 0))
		return card.clear;
	return off >= MIC_AT(MXAR, 0) && off <= MIC_AT(MXAR, 15)
		       ? card.mxar[(off - MIC_AT(MXAR, 0)) / 4]
		       : 0;
}

void
mic_dev_write(struct mic_dev *d, uint32_t off, uint32_t value)
{
	(void)d;
	if (off == MIC_AT(SICR0, 0))
		card.status &= ~value;
	else if (off == MIC_AT(SICE0, 0))
		card.enable |= value;
	else if (off == MIC_AT(SICC0, 0))
		card.enable &= ~value;
	else if (off == MIC_AT(SIAC0, 0))
		card.clear = value;
	else if (off == MIC_AT(MSIXPBACR, 0))
		card.pba_clears++;
	else
		card.mxar[(off - MIC_AT(MXAR, 0)) / 4] = value;
	deliver();
}

int
access_irq_fds_open(struct access_dev *access, enum access_irq_kind kind, unsigned int n, int fds[])
{
	unsigned int i;

	(void)access;
	if (!(card.can >> kind & 1))
		return -ENOTSUP;
	for (i = 0; i < n; i++)
		fds[i] = card.fds[i] = eventfd(0, EFD_NONBLOCK);
	card.nb_fds = n;
	card.kind = kind;
	return 0;
}

void
access_irq_fds_close(struct access_dev *access)
{
	(void)access;
	while (card.nb_fds > 0)
		close(card.fds[--card.nb_fds]);
}

void
access_irq_fds_ack(struct access_dev *access)
{
	(void)access;
	card.acks++;
}

void
mic_control_wake(struct mic_control *c)
{
	(void)c;
}

bool
mic_dev_gone(const struct mic_dev *d)
{
	(void)d;
	return false;
}

void
mic_dev_log(const struct mic_dev *d, uint32_t level, const char *format, ...)
{
	va_list args;

	(void)d;
	(void)level;
	va_start(args, format);
	vsnprintf(said, sizeof(said), format, args);
	va_end(args);
}

/* ---- Cases ---- */

static unsigned int came[32];

static void
note(void *arg)
{
	came[(uintptr_t)arg]++;
}

static void
attach(unsigned int source)
{
	assert_int_equal(mic_dev_irq_attach(&dev, source, note, (void *)(uintptr_t)source), 0);
}

/* As the control thread does. */
static void
serve(void)
{
	struct pollfd p[MIC_IRQ_VECTORS];
	unsigned int n = mic_irq_collect(&dev, p, MIC_IRQ_VECTORS);

	poll(p, n, 0);
	mic_irq_serve(&dev, p, n);
}

static void
open_with(unsigned int can, uint8_t revision)
{
	card.can = can;
	dev.revision = revision;
	assert_int_equal(mic_irq_open(&dev, MIC_IRQ_ALL), 0);
}

#define ALL_KINDS 7u

static int
setup(void **state)
{
	(void)state;
	memset(&dev, 0, sizeof(dev));
	memset(&card, 0, sizeof(card));
	memset(came, 0, sizeof(came));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	mic_irq_close(&dev);
	assert_int_equal(card.enable, 0);
	return 0;
}

static void
each_source_has_a_vector_of_its_own(void **state)
{
	static const unsigned int sources[] = {0, 1, 2, 3, 8, 9, 10, 11, 30};
	uint32_t seen = 0;
	unsigned int i;

	(void)state;
	open_with(ALL_KINDS, MIC_STEPPING_B1);
	assert_int_equal(dev.irq.mode, MIC_IRQ_MSIX);
	/* Section 28. */
	assert_int_equal(card.enable, 0xff0f);
	assert_int_equal(card.clear, 0xff0f);
	for (i = 0; i < 9; i++)
		attach(sources[i]);
	for (i = 0; i < 9; i++) {
		assert_int_equal(__builtin_popcount(card.mxar[i]), 1);
		seen |= card.mxar[i];
	}
	assert_int_equal(seen, 0x40000f0f);
	for (i = 0; i < 9; i++) {
		ring(sources[i]);
		serve();
		assert_int_equal(came[sources[i]], 1);
	}
	assert_int_equal(card.status, 0);
	assert_int_equal(dev.irq.spurious, 0);
	assert_int_equal(mic_dev_irq_attach(&dev, 4, note, NULL), -EINVAL);
	assert_int_equal(mic_dev_irq_attach(&dev, 12, note, NULL), -EINVAL);
	assert_int_equal(mic_dev_irq_attach(&dev, 32, note, NULL), -EINVAL);
}

/* Section 24, quirk 6: DMA comes through by one vector, too. */
static void
one_vector_serves_all_sources(void **state)
{
	static const unsigned int kinds[] = {1u << ACCESS_IRQ_MSI, 1u << ACCESS_IRQ_INTX};
	unsigned int i;

	for (i = 0; i < 2; i++) {
		setup(state);
		open_with(kinds[i], MIC_STEPPING_C0);
		assert_int_equal(dev.irq.mode, i == 0 ? MIC_IRQ_MSI : MIC_IRQ_INTX);
		assert_int_equal(card.clear, 0);
		attach(0);
		attach(9);
		attach(30);
		assert_int_equal(card.mxar[0], i == 0 ? 0x40000201 : 0);
		ring(9);
		ring(0);
		ring(30);
		serve();
		assert_int_equal(came[0] + came[9] + came[30], 3);
		assert_int_equal(card.status, 0);
		assert_true(card.acks >= 1);
		serve();
		assert_int_equal(came[0] + came[9] + came[30], 3);
		if (i == 0)
			mic_irq_close(&dev);
	}
}

/* Section 8.6: an enable that is spent is given again, every time. */
static void
no_doorbell_is_lost_where_enables_are_spent(void **state)
{
	unsigned int kind, i;

	for (kind = ACCESS_IRQ_MSIX; kind < ACCESS_IRQ_KINDS; kind++) {
		setup(state);
		card.strict = true;
		open_with(1u << kind, MIC_STEPPING_B0);
		attach(2);
		for (i = 1; i <= 20; i++) {
			ring(2);
			serve();
			assert_int_equal(came[2], i);
		}
		/* Two in a row, the second one while it is disabled. */
		ring(2);
		ring(2);
		serve();
		serve();
		assert_in_range(came[2], 21, 22);
		assert_int_equal(card.status, 0);
		if (kind + 1 < ACCESS_IRQ_KINDS)
			mic_irq_close(&dev);
	}
}

static void
the_early_stepping_has_pending_bits_cleared(void **state)
{
	(void)state;
	open_with(ALL_KINDS, MIC_STEPPING_A0);
	attach(1);
	ring(1);
	serve();
	assert_int_equal(came[1], 1);
	assert_int_equal(card.pba_clears, 1);
}

static void
without_interrupts_status_is_polled(void **state)
{
	(void)state;
	open_with(0, MIC_STEPPING_B1);
	assert_int_equal(dev.irq.mode, MIC_IRQ_POLL);
	attach(3);
	serve();
	assert_int_equal(came[3], 0);
	ring(3);
	serve();
	serve();
	assert_int_equal(came[3], 1);
	assert_int_equal(card.status, 0);
	assert_int_equal(dev.irq.spurious, 0);
}

static void
what_is_not_to_be_had_is_refused(void **state)
{
	(void)state;
	card.can = 0;
	assert_int_equal(mic_irq_open(&dev, MIC_IRQ_MSIX), -ENOTSUP);
	assert_non_null(strstr(said, "MSI-X cannot be had"));
	card.can = 1u << ACCESS_IRQ_MSI;
	assert_int_equal(mic_irq_open(&dev, MIC_IRQ_MSIX | MIC_IRQ_INTX), -ENOTSUP);
	assert_non_null(strstr(said, "MSI-X, INTx cannot be had"));
	assert_int_equal(mic_irq_open(&dev, MIC_IRQ_MSIX | MIC_IRQ_MSI), 0);
}

/* Section 10.2: the card has forgotten all of it. */
static void
after_a_reset_it_is_as_before(void **state)
{
	(void)state;
	open_with(ALL_KINDS, MIC_STEPPING_B1);
	attach(0);
	attach(30);
	card.enable = card.clear = 0;
	memset(card.mxar, 0, sizeof(card.mxar));
	/* It came before the enables were there. */
	ring(0);
	mic_irq_restore(&dev);
	assert_int_equal(card.enable, 0x4000ff0f);
	assert_int_equal(card.mxar[0], 1);
	assert_int_equal(card.mxar[1], 1u << 30);
	serve();
	assert_int_equal(came[0], 1);
}

static void
ring_again(void *arg)
{
	unsigned int *left = arg;

	came[0]++;
	if (--*left != 0)
		ring(0);
}

static void
what_comes_while_it_is_handled_comes_again(void **state)
{
	unsigned int left = 5, i;

	(void)state;
	open_with(ALL_KINDS, MIC_STEPPING_B1);
	card.strict = true;
	assert_int_equal(mic_dev_irq_attach(&dev, 0, ring_again, &left), 0);
	ring(0);
	for (i = 0; i < 5; i++)
		serve();
	assert_int_equal(came[0], 5);
}

static void
detach_itself(void *arg)
{
	came[1]++;
	mic_dev_irq_detach(&dev, 1, detach_itself, arg);
}

static void
handlers_share_a_source_and_leave_it(void **state)
{
	(void)state;
	open_with(ALL_KINDS, MIC_STEPPING_B1);
	assert_int_equal(mic_dev_irq_attach(&dev, 1, detach_itself, &dev), 0);
	attach(1);
	ring(1);
	serve();
	assert_int_equal(came[1], 2);
	ring(1);
	serve();
	assert_int_equal(came[1], 3);
	mic_dev_irq_detach(&dev, 1, note, (void *)1);
	ring(1);
	serve();
	assert_int_equal(came[1], 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_source_has_a_vector_of_its_own, setup,
						teardown),
		cmocka_unit_test_setup_teardown(one_vector_serves_all_sources, setup, teardown),
		cmocka_unit_test_setup_teardown(no_doorbell_is_lost_where_enables_are_spent, setup,
						teardown),
		cmocka_unit_test_setup_teardown(the_early_stepping_has_pending_bits_cleared, setup,
						teardown),
		cmocka_unit_test_setup_teardown(without_interrupts_status_is_polled, setup,
						teardown),
		cmocka_unit_test_setup_teardown(what_is_not_to_be_had_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(after_a_reset_it_is_as_before, setup, teardown),
		cmocka_unit_test_setup_teardown(what_comes_while_it_is_handled_comes_again, setup,
						teardown),
		cmocka_unit_test_setup_teardown(handlers_share_a_source_and_leave_it, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
