/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_PORTAL_H
#define SLIPWAY_PORTAL_H

/**
 * @file
 * Commands of 64 bytes to a mapped page of a device. Inline, because this is all that a hot path
 * does to such a device.
 */

#include <stdbool.h>
#include <stdint.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

/** Bytes of a command. */
#define PORTAL_LINE 64

/** How this CPU gets a command to a page. */
enum portal_how {
	PORTAL_NONE,      /**< in no way that is known to work */
	PORTAL_STORES,    /**< quarter by quarter, by four stores kept apart */
	PORTAL_MOVDIR64B, /**< by one store of 64 bytes */
};

/** Ask the CPU. Takes a while: ask once, when a device is opened. Any thread. */
static inline enum portal_how
portal_query(void)
{
#if defined(__x86_64__)
	unsigned int eax, ebx, ecx, edx;

	/* Leaf 7, bit 28 of ecx. */
	if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (ecx >> 28 & 1))
		return PORTAL_MOVDIR64B;
	return PORTAL_STORES;
#else
	return PORTAL_NONE;
#endif
}

#if defined(__x86_64__)
/* A quarter of a command, whatever its owner calls it. */
typedef uint64_t portal_quarter __attribute__((vector_size(16), may_alias));

static inline void
portal_movdir64b(void *page, const void *line)
{
	/* The source in a register of its own: relative to the instruction pointer, as for a line
	 * that is a constant, the instruction could not be run from elsewhere.
	 */
	__asm__ volatile("movdir64b (%1), %0"
			 :
			 : "r"(page), "r"(line), "m"(*(const char(*)[PORTAL_LINE])line)
			 : "memory");
}

static inline void
portal_stores(void *page, const void *line)
{
	const portal_quarter *quarter = (const portal_quarter *)line;
	unsigned int i;

	/* Each to the same address. A fence after each, or the CPU could merge it with the next
	 * one. The displacement of 0 makes the store 5 bytes long at least, so that a jump fits in
	 * its place.
	 */
	for (i = 0; i < PORTAL_LINE / sizeof(*quarter); i++)
		__asm__ volatile("%{disp8%} movntdq %1, (%0)\n\t"
				 "sfence"
				 :
				 : "r"(page), "x"(quarter[i])
				 : "memory");
}
#endif

/**
 * Post a command: it is on its way when this returns, and always taken. Commands that one thread
 * posts to one page arrive in that order. They may overtake older stores to ordinary memory: who
 * posts what others are to find in memory orders the two before (rte_wmb, an SFENCE). One thread at
 * a time per page.
 *
 * @param how what portal_query returned; under PORTAL_NONE nothing is posted
 * @param page in the device, 64-byte aligned
 * @param line the command, 64-byte aligned
 */
static inline void
portal_post(enum portal_how how, void *page, const void *line)
{
#if defined(__x86_64__)
	if (__builtin_expect(how == PORTAL_MOVDIR64B, true))
		portal_movdir64b(page, line);
	else if (how == PORTAL_STORES)
		portal_stores(page, line);
#else
	(void)how;
	(void)page;
	(void)line;
#endif
}

#endif /* SLIPWAY_PORTAL_H */
