/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "mic_smpt.h"

#include <errno.h>
#include <string.h>

static uint64_t
page_of(uint64_t address)
{
	return address & ~(MIC_SMPT_WINDOW - 1);
}

/* Windows that a range touches. */
static unsigned int
windows(uint64_t address, uint64_t len)
{
	return (unsigned int)mic_smpt_span(address, len);
}

/* Bytes of a range that lie in its i-th window. */
static uint64_t
bytes_in(uint64_t address, uint64_t len, unsigned int i)
{
	uint64_t first = address - page_of(address);
	uint64_t head = MIC_SMPT_WINDOW - first < len ? MIC_SMPT_WINDOW - first : len;
	uint64_t before = i == 0 ? 0 : head + (i - 1) * MIC_SMPT_WINDOW;
	uint64_t rest = len - before;

	if (i == 0)
		return head;
	return rest < MIC_SMPT_WINDOW ? rest : MIC_SMPT_WINDOW;
}

void
mic_smpt_init(struct mic_smpt *smpt)
{
	unsigned int i;

	memset(smpt, 0, sizeof(*smpt));
	for (i = 0; i < MIC_SMPT_ENTRIES; i++)
		smpt->entry[i].host = i * MIC_SMPT_WINDOW;
}

/* Could `n` entries from here on lead to `base` and what follows? Those in use must do so already;
 * `exact` asks that all do.
 */
static bool
fits(const struct mic_smpt *smpt, unsigned int at, unsigned int n, uint64_t base, bool exact)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		const struct mic_smpt_entry *e = &smpt->entry[at + i];

		if (e->host != base + i * MIC_SMPT_WINDOW && (exact || e->refs != 0))
			return false;
	}
	return true;
}

/* Entries that lead there already are best. Where only some do, others are still looked for: a
 * broken run is no reason to give up (section 24, quirk 2).
 */
static int
find(const struct mic_smpt *smpt, uint64_t base, unsigned int n)
{
	unsigned int exact, at;

	for (exact = 2; exact-- > 0;) {
		for (at = 0; at + n <= MIC_SMPT_ENTRIES; at++)
			if (fits(smpt, at, n, base, exact != 0))
				return (int)at;
	}
	return -ENOMEM;
}

static void
use(struct mic_smpt_entry *entry, uint64_t host, uint64_t bytes, uint32_t bit, uint32_t *changed)
{
	if (entry->host != host) {
		entry->host = host;
		*changed |= bit;
	}
	entry->refs += bytes;
}

int
mic_smpt_map(struct mic_smpt *smpt, uint64_t host, uint64_t len, uint64_t *mic_address,
	     uint32_t *changed)
{
	uint64_t base = page_of(host);
	unsigned int i, n;
	int at;

	*changed = 0;
	if (len == 0 || len > MIC_SMPT_REACH || host + (len - 1) < host) {
		smpt->failed++;
		return -EINVAL;
	}
	n = windows(host, len);
	at = n <= MIC_SMPT_ENTRIES ? find(smpt, base, n) : -ENOMEM;
	if (at < 0) {
		smpt->failed++;
		return at;
	}
	for (i = 0; i < n; i++)
		use(&smpt->entry[(unsigned int)at + i], base + i * MIC_SMPT_WINDOW,
		    bytes_in(host, len, i), UINT32_C(1) << ((unsigned int)at + i), changed);
	smpt->refs += len;
	smpt->maps++;
	*mic_address = MIC_SYSTEM_MEMORY + (unsigned int)at * MIC_SMPT_WINDOW + (host - base);
	return 0;
}

static bool
is_mic(uint64_t mic_address, uint64_t len)
{
	return mic_address >= MIC_SYSTEM_MEMORY && len <= MIC_SMPT_REACH &&
	       mic_address - MIC_SYSTEM_MEMORY <= MIC_SMPT_REACH - len;
}

int
mic_smpt_unmap(struct mic_smpt *smpt, uint64_t mic_address, uint64_t len)
{
	unsigned int i, n, at;

	if (len == 0)
		return 0;
	if (!is_mic(mic_address, len))
		return -EINVAL;
	at = (unsigned int)((mic_address - MIC_SYSTEM_MEMORY) >> MIC_SMPT_SHIFT);
	n = windows(mic_address, len);
	for (i = 0; i < n; i++)
		if (smpt->entry[at + i].refs < bytes_in(mic_address, len, i))
			return -EINVAL;
	/* Registers stay as they are: a free entry is written when it is needed for something else.
	 */
	for (i = 0; i < n; i++)
		smpt->entry[at + i].refs -= bytes_in(mic_address, len, i);
	smpt->refs -= len;
	smpt->unmaps++;
	return 0;
}

int
mic_smpt_host(const struct mic_smpt *smpt, uint64_t mic_address, uint64_t *host)
{
	uint64_t off = mic_address - MIC_SYSTEM_MEMORY;

	if (!is_mic(mic_address, 1))
		return -EINVAL;
	*host = smpt->entry[off >> MIC_SMPT_SHIFT].host + (off & (MIC_SMPT_WINDOW - 1));
	return 0;
}

uint32_t
mic_smpt_register(const struct mic_smpt *smpt, unsigned int entry)
{
	/* No snoop stays 0: rings and the device page count on coherency. */
	return mic_smpt_value(smpt->entry[entry].host);
}

unsigned int
mic_smpt_used(const struct mic_smpt *smpt)
{
	unsigned int i, n = 0;

	for (i = 0; i < MIC_SMPT_ENTRIES; i++)
		n += smpt->entry[i].refs != 0;
	return n;
}
