/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "mic_model_priv.h"

#include <errno.h>
#include <string.h>

/* What is at a card address: the card's memory from 0 on, and the host's behind the 32 windows of
 * the SMPT. Sections 4.1 and 7.1. The engine asks from any thread, so nothing here takes the lock.
 */

void
mic_smpt_wrote(struct mic_model *m, unsigned int entry, uint32_t value)
{
	atomic_store_explicit(&m->smpt[entry], value, memory_order_relaxed);
}

void
mic_smpt_reset(struct mic_model *m)
{
	for (unsigned int i = 0; i < MIC_SMPT_ENTRIES; i++)
		mic_smpt_wrote(m, i, mic_reg(m, MIC_SMPT, i));
}

bool
mic_bus_master(const struct mic_model *m)
{
	return atomic_load(&m->master);
}

/* Where a card address behind the SMPT leads, and how far that window goes on. */
static uint64_t
translate(const struct mic_model *m, uint64_t address, uint64_t *rest)
{
	uint32_t value = atomic_load_explicit(&m->smpt[mic_smpt_index(address)],
					      memory_order_relaxed);

	*rest = MIC_SMPT_WINDOW - (address & (MIC_SMPT_WINDOW - 1));
	return mic_smpt_translate(value, address);
}

void *
mic_address_map(struct mic_model *m, uint64_t address, size_t *len, enum bus_prot prot)
{
	struct bus_fault fault;
	uint64_t rest, iova;

	if (*len == 0)
		return NULL;
	if (address < m->config.gddr_size) {
		rest = m->config.gddr_size - address;
		*len = *len < rest ? *len : (size_t)rest;
		return (uint8_t *)m->config.gddr + address;
	}
	if (!mic_is_system(address) || !mic_bus_master(m) || m->host->ops->map == NULL)
		return NULL;
	iova = translate(m, address, &rest);
	*len = *len < rest ? *len : (size_t)rest;
	return m->host->ops->map(m->host, BUS_NO_PASID, iova, len, prot, &fault);
}

/* A piece of host memory, by the host's own copy or through a pointer: bytes done, or an errno. */
static int64_t
system_copy(struct mic_model *m, uint64_t address, void *bytes, size_t len, bool write)
{
	uint64_t rest, iova = translate(m, address, &rest);
	size_t n = len < rest ? len : (size_t)rest;
	void *p;
	int ret;

	if (m->host->ops->dma != NULL) {
		ret = m->host->ops->dma(m->host, BUS_NO_PASID, iova, bytes, n, write);
		return ret < 0 ? ret : (int64_t)n;
	}
	p = mic_address_map(m, address, &n, write ? BUS_PROT_WRITE : BUS_PROT_READ);
	if (p == NULL || n == 0)
		return -EFAULT;
	memcpy(write ? p : bytes, write ? bytes : p, n);
	return (int64_t)n;
}

/* Does all of it lie in the card's memory, or all of it behind the SMPT? */
static bool
is_one_kind(const struct mic_model *m, uint64_t address, size_t len)
{
	uint64_t end = mic_is_system(address) ? MIC_ADDRESS_END : m->config.gddr_size;

	return address < end && len <= end - address;
}

int
mic_address_copy(struct mic_model *m, uint64_t address, void *bytes, size_t len, bool write)
{
	uint8_t *at = bytes;
	int64_t n;

	if (len == 0)
		return 0;
	if (!is_one_kind(m, address, len))
		return -EFAULT;
	if (!mic_is_system(address)) {
		uint8_t *p = (uint8_t *)m->config.gddr + address;

		memcpy(write ? p : at, write ? at : p, len);
		return 0;
	}
	for (; len > 0; at += n, address += (uint64_t)n, len -= (size_t)n) {
		if (!mic_bus_master(m))
			return -EFAULT;
		n = system_copy(m, address, at, len, write);
		if (n < 0)
			return (int)n;
	}
	return 0;
}
