/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "slipway_portal.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

/* Features and the bit of leaf 7, ecx, that says so (datasheet section 6.7). */
static const struct {
	const char *name;
	enum portal_feature feature;
	unsigned int bit;
} known[] = {
	{"waitpkg", PORTAL_CPU_WAITPKG, 5},       {"cldemote", PORTAL_CPU_CLDEMOTE, 25},
	{"movdiri", PORTAL_CPU_MOVDIRI, 27},      {"movdir64b", PORTAL_CPU_MOVDIR64B, 28},
	{"enqcmd", PORTAL_CPU_ENQCMD, 29},
};
#define KNOWN (sizeof(known) / sizeof(known[0]))

/* In `answer`: it is there. */
#define ANSWERED (1u << 31)

static _Atomic unsigned int answer;

static unsigned int
ask_cpu(void)
{
	unsigned int features = 0;
#if defined(__x86_64__)
	unsigned int eax, ebx, ecx, edx;

	if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx))
		return 0;
	for (size_t i = 0; i < KNOWN; i++)
		if (ecx >> known[i].bit & 1)
			features |= known[i].feature;
#endif
	return features;
}

/* One of "-name" and "+name"; others are nobody's, and change nothing. */
static unsigned int
apply(unsigned int features, const char *word, size_t len)
{
	for (size_t i = 0; i < KNOWN; i++) {
		if (len == 0 || strlen(known[i].name) != len - 1 ||
		    memcmp(word + 1, known[i].name, len - 1) != 0)
			continue;
		if (*word == '-')
			features &= ~(unsigned int)known[i].feature;
		else if (*word == '+')
			features |= known[i].feature;
	}
	return features;
}

static unsigned int
apply_environment(unsigned int features)
{
	const char *word = getenv("SLIPWAY_CPU");

	while (word != NULL && *word != '\0') {
		size_t len = strcspn(word, ",");

		features = apply(features, word, len);
		word += len + (word[len] == ',');
	}
	return features;
}

unsigned int
portal_features(void)
{
	unsigned int known_answer = atomic_load_explicit(&answer, memory_order_relaxed);

	/* Two threads that ask at once get, and store, the same. */
	if ((known_answer & ANSWERED) == 0) {
		known_answer = apply_environment(ask_cpu()) | ANSWERED;
		atomic_store_explicit(&answer, known_answer, memory_order_relaxed);
	}
	return known_answer & ~ANSWERED;
}

void
portal_features_override(unsigned int hidden, unsigned int emulated)
{
	atomic_store_explicit(&answer, (ask_cpu() & ~hidden) | emulated | ANSWERED,
			      memory_order_relaxed);
}

enum portal_how
portal_query(void)
{
	if (portal_features() & PORTAL_CPU_MOVDIR64B)
		return PORTAL_MOVDIR64B;
#if defined(__x86_64__)
	return PORTAL_STORES;
#else
	return PORTAL_NONE;
#endif
}
