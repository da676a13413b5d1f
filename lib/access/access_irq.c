/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* Interrupt vectors of a device that is called: a count each, which is what a thread sleeps on. To
 * raise one is a store for as long as nobody sleeps. And what all reaches have in common.
 */

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_malloc.h>

#include "access_fence.h"
#include "access_irq_priv.h"

/* Configuration space: the list of capabilities, and MSI-X in it. */
#define CAPABILITIES 0x34
#define CAP_MSIX     0x11
#define MSIX_CONTROL 2
#define MSIX_TABLE   4
#define MSIX_BAR     7u
#define MSIX_ENABLE  0x8000u
#define MSIX_ENTRY   16u
#define MSIX_MASK    12u /* in an entry */

#define NS_IN_S UINT64_C(1000000000)

/* ---- All reaches ---- */

int
access_irqs_open(struct access_dev *access)
{
	struct access_irqs *irqs = rte_zmalloc(NULL, sizeof(*irqs), RTE_CACHE_LINE_SIZE);
	int ret;

	if (irqs == NULL)
		return -ENOMEM;
	ret = access->reach->irqs_open(access, irqs);
	if (ret < 0) {
		rte_free(irqs);
		return ret;
	}
	/* Where threads cannot be fenced from outside, everybody lets the device get on always. */
	if (access_fence_prepare() < 0)
		atomic_store_explicit(&irqs->sleepers, 1, memory_order_relaxed);
	access->irqs = irqs;
	return 0;
}

unsigned int
access_irq_claim(struct access_dev *access)
{
	struct access_irqs *irqs = access->irqs;
	uint64_t claimed;
	unsigned int i;

	if (irqs == NULL)
		return 0;
	claimed = atomic_load_explicit(&irqs->claimed, memory_order_relaxed);
	do {
		if (claimed == UINT64_MAX)
			return 0;
		i = (unsigned int)__builtin_ctzll(~claimed);
	} while (!atomic_compare_exchange_weak_explicit(&irqs->claimed, &claimed,
							claimed | UINT64_C(1) << i,
							memory_order_acquire,
							memory_order_relaxed));
	return i + 1;
}

void
access_irq_unclaim(struct access_dev *access, unsigned int vector)
{
	/* Release pairs with the acquire of the next claim: the last sleeper is gone. */
	if (vector != 0)
		atomic_fetch_and_explicit(&access->irqs->claimed, ~(UINT64_C(1) << (vector - 1)),
					  memory_order_release);
}

const _Atomic uint32_t *
access_sleepers(const struct access_dev *access)
{
	static const _Atomic uint32_t nobody;

	if (access->sleepers != NULL)
		return access->sleepers;
	return access->irqs != NULL ? &access->irqs->sleepers : &nobody;
}

uint32_t
access_irq_listen(struct access_dev *access, unsigned int vector)
{
	atomic_fetch_add(&access->irqs->sleepers, 1);
	/* Every thread of the process passes a full fence before this returns. It pairs with
	 * nothing but the order, in theirs, of a post before the test of `sleepers`.
	 */
	if (access_is_private(access))
		access_fence_all();
	return access->reach->irq_seen(access, vector);
}

void
access_irq_sleep(struct access_dev *access, unsigned int vector, uint32_t seen, uint64_t ns)
{
	access->reach->irq_sleep(access, vector, seen, ns);
}

void
access_irq_done(struct access_dev *access)
{
	atomic_fetch_sub(&access->irqs->sleepers, 1);
}

/* ---- A device that is called ---- */

/* The list of a device that works has an end. */
uint8_t
access_find_cap(struct access_dev *access, uint8_t id)
{
	uint8_t at = 0, cap[2] = {0, 0};
	unsigned int hops;

	if (access_config_read(access, CAPABILITIES, &at, 1) < 0)
		return 0;
	for (hops = 0; at != 0 && hops < 48; hops++, at = cap[1]) {
		if (access_config_read(access, at, cap, sizeof(cap)) < 0)
			return 0;
		if (cap[0] == id)
			return at;
	}
	return 0;
}

/* What the kernel does for a driver that asks for vectors: nobody looks at the messages here. */
int
access_irqs_call_open(struct access_dev *access, struct access_irqs *irqs)
{
	uint8_t at = access_find_cap(access, CAP_MSIX), word[4];
	struct access_bar bar;
	uint32_t table;
	unsigned int v;

	RTE_SET_USED(irqs);
	if (at == 0 || access_config_read(access, at + MSIX_TABLE, word, 4) < 0)
		return -ENOTSUP;
	table = word[0] | (uint32_t)word[1] << 8 | (uint32_t)word[2] << 16 |
		(uint32_t)word[3] << 24;
	bar = access_bar(access, table & MSIX_BAR);
	for (v = 1; v <= ACCESS_IRQS; v++)
		access_write32(&bar, (table & ~MSIX_BAR) + v * MSIX_ENTRY + MSIX_MASK, 0);
	if (access_config_read(access, at + MSIX_CONTROL, word, 2) < 0)
		return -ENOTSUP;
	word[1] |= MSIX_ENABLE >> 8;
	return access_config_write(access, at + MSIX_CONTROL, word, 2) < 0 ? -ENOTSUP : 0;
}

static long
futex(_Atomic uint32_t *word, int op, uint32_t value, const struct timespec *timeout)
{
	return syscall(SYS_futex, word, op | FUTEX_PRIVATE_FLAG, value, timeout, NULL, 0);
}

void
access_irq_raise(struct bus_host *host, unsigned int vector)
{
	struct access_dev *access = RTE_PTR_SUB(host, offsetof(struct access_dev, host));
	struct access_irq *irq;

	if (access_irq_fd_raise(access, vector) || access->irqs == NULL || vector > ACCESS_IRQS)
		return;
	irq = &access->irqs->irq[vector];
	/* Sequentially consistent with irq_sleep: either the new count is seen there before it
	 * sleeps, or its sleeper is seen here.
	 */
	atomic_fetch_add(&irq->count, 1);
	if (atomic_load(&irq->sleepers) != 0)
		futex(&irq->count, FUTEX_WAKE, INT_MAX, NULL);
}

uint32_t
access_irq_call_seen(struct access_dev *access, unsigned int vector)
{
	return atomic_load(&access->irqs->irq[vector].count);
}

void
access_irq_call_sleep(struct access_dev *access, unsigned int vector, uint32_t seen, uint64_t ns)
{
	struct access_irq *irq = &access->irqs->irq[vector];
	uint64_t now, deadline = access_idle_until(access, &now);
	struct timespec ts;

	/* The device's own time has to pass, too. */
	if (deadline < now + ns)
		ns = deadline > now ? deadline - now : 0;
	ts.tv_sec = (time_t)(ns / NS_IN_S);
	ts.tv_nsec = (long)(ns % NS_IN_S);
	atomic_fetch_add(&irq->sleepers, 1);
	/* The kernel looks at the count once more, and then sleeps. */
	if (atomic_load(&irq->count) == seen)
		futex(&irq->count, FUTEX_WAIT, seen, &ts);
	atomic_fetch_sub(&irq->sleepers, 1);
}
