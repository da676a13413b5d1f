/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <string.h>

#include "doctor.h"
#include "doctor_read.h"

/* Instructions, by their names in /proc/cpuinfo, and what they mean for us. */
static const struct {
	const char *flag, *name, *there, *missing, *next;
} instructions[] = {
	{"sse4_2", "SSE4.2", "what DPDK is built for", "Debian's DPDK wants a CPU that has it",
	 "use a newer CPU, or a DPDK built for this one"},
	{"movdir64b", "MOVDIR64B", "a line of 64 bytes goes to a device by one store",
	 "event_dlb posts by four 16-byte stores to a PCI device; the stock DLB driver cannot post",
	 "nothing for event_dlb; the stock driver runs under slipway run, which carries it out"},
	{"enqcmd", "ENQCMD", "commands can go to shared work queues",
	 "only shared work queues of a DSA need it: a DLB does not", NULL},
	{"avx2", "AVX2", "DPDK's own vector paths; ours get along without",
	 "some of DPDK's own vector paths are off; ours get along without", NULL},
	{"avx512vl", "AVX-512VL", "the stock DLB driver has burst functions for it",
	 "the stock DLB driver uses its plain burst functions; ours never needs it", NULL},
};

/* A word of a list that spaces part. */
static bool
has_word(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = list; (at = strstr(at, word)) != NULL; at += n) {
		if ((at == list || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0'))
			return true;
	}
	return false;
}

void
doctor_cpu(struct doctor *d)
{
	char flags[8192];

	d->about = "CPU";
	if (!doctor_find(d, "/proc/cpuinfo", "flags", flags, sizeof(flags))) {
		doctor_say(d, doctor_missing(d, DOCTOR_PCI), "x86-64",
			   "/proc/cpuinfo tells of no x86-64: no slipway run, no PCI devices");
		doctor_next(d, "use --vdev=event_dlb0, or an x86-64 machine");
		return;
	}
	for (size_t i = 0; i < sizeof(instructions) / sizeof(instructions[0]); i++) {
		if (has_word(flags, instructions[i].flag)) {
			doctor_say(d, DOCTOR_OK, instructions[i].name, "%s", instructions[i].there);
			continue;
		}
		/* The first is for programs as such. */
		doctor_say(d, i == 0 ? DOCTOR_PROBLEM : DOCTOR_NOTE, instructions[i].name,
			   "not there: %s", instructions[i].missing);
		if (instructions[i].next != NULL)
			doctor_next(d, "%s", instructions[i].next);
	}
}
