/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* What a CPU can do by itself. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_common.h>

#include "bench.h"

static void
copy_memcpy(void *dst, const void *src, size_t n)
{
	memcpy(dst, src, n);
}

static bool
always(void)
{
	return true;
}

#if defined(RTE_ARCH_X86_64)
static bool
has_avx2(void)
{
	return __builtin_cpu_supports("avx2");
}

static bool
has_avx512(void)
{
	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	       __builtin_cpu_supports("avx512vl");
}
#endif

static const struct {
	const char *name;
	bench_copy_t copy;
	bool (*usable)(void);
	bool wide;
} copies[] = {
	{"rte_memcpy", bench_copy_rte_memcpy, always, false},
#if defined(RTE_ARCH_X86_64)
	{"rte_memcpy-avx2", bench_copy_rte_memcpy_avx2, has_avx2, true},
	{"rte_memcpy-avx512", bench_copy_rte_memcpy_avx512, has_avx512, true},
#endif
	{"memcpy", copy_memcpy, always, false},
	{"nt", bench_copy_nt, always, false},
};

/** Compare with a way to copy: 0, or -EINVAL when one line says why not. */
int
bench_copies_add(struct bench_run *run, const char *name)
{
	struct bench_subject *subject = &run->subject[run->nb_subjects];
	unsigned int i;

	for (i = 0; i < RTE_DIM(copies); i++)
		if (strcmp(copies[i].name, name) == 0)
			break;
	if (i == RTE_DIM(copies)) {
		fprintf(stderr, "bench-dma: --copies: no way is named '%s', there are", name);
		for (i = 0; i < RTE_DIM(copies); i++)
			fprintf(stderr, " %s", copies[i].name);
		fprintf(stderr, "\n");
		return -EINVAL;
	}
	if (!copies[i].usable()) {
		fprintf(stderr, "bench-dma: --copies %s: this CPU cannot\n", name);
		return -EINVAL;
	}
	subject->copy = copies[i].copy;
	snprintf(subject->label, sizeof(subject->label), "%s", name);
	run->nb_subjects++;
	return 0;
}

/* Is the next one the same for a wider CPU, and this CPU is one? */
static bool
outdone(unsigned int i)
{
	return i + 1 < RTE_DIM(copies) && copies[i].wide && copies[i + 1].wide &&
	       copies[i + 1].usable();
}

/** The ways of this CPU: rte_memcpy as DPDK's packages compile it first, and as wide as it gets. */
int
bench_copies_add_all(struct bench_run *run)
{
	unsigned int i;

	for (i = 0; i < RTE_DIM(copies); i++)
		if (copies[i].usable() && !outdone(i) &&
		    bench_copies_add(run, copies[i].name) < 0)
			return -EINVAL;
	return 0;
}
