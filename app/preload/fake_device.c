/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "fake_device.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include "device.h"

uint8_t *fake_bar;
uint8_t fake_memory[FAKE_BYTES];
struct fake_seen fake_seen;

static struct device fake = {.address = "0000:7e:00.0", .model = "fake"};

int
fake_map(void)
{
	void *bar = mmap(NULL, 2 * FAKE_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (bar == MAP_FAILED)
		return -1;
	fake_bar = bar;
	return 0;
}

void
fake_forget(void)
{
	memset(&fake_seen, 0, sizeof(fake_seen));
	memset(fake_memory, 0, sizeof(fake_memory));
}

bool
device_owns(uint64_t addr)
{
	return addr - (uintptr_t)fake_bar < FAKE_BYTES;
}

bool
device_lost(uint64_t addr)
{
	return addr - (uintptr_t)fake_bar - FAKE_BYTES < FAKE_BYTES;
}

struct device *
device_at(uint64_t addr, unsigned int *bar, uint64_t *off)
{
	if (!device_owns(addr))
		return NULL;
	*bar = 2;
	*off = addr - (uintptr_t)fake_bar;
	return &fake;
}

static uint8_t *
reached(uint64_t addr, unsigned int size)
{
	fake_seen.last_off = addr - (uintptr_t)fake_bar;
	fake_seen.last_size = size;
	/* As any system call may do. */
	errno = EIO;
	if (fake_seen.hook != NULL)
		fake_seen.hook();
	return fake_memory + (addr - (uintptr_t)fake_bar);
}

uint64_t
device_load(uint64_t addr, unsigned int size)
{
	uint64_t value = 0;

	atomic_fetch_add(&fake_seen.loads, 1);
	memcpy(&value, reached(addr, size), size);
	return value;
}

void
device_store(uint64_t addr, uint64_t value, unsigned int size)
{
	atomic_fetch_add(&fake_seen.stores, 1);
	memcpy(reached(addr, size), &value, size);
}

static void
count_line(const uint64_t *words, unsigned int len)
{
	unsigned int poster = words[0] >> 32 & (FAKE_POSTERS - 1);

	for (unsigned int i = 1; i < len / 8; i++) {
		if (words[i] != words[0])
			atomic_fetch_add(&fake_seen.torn, 1);
	}
	/* Only this poster's own thread comes here. */
	if ((words[0] & UINT32_MAX) != fake_seen.next[poster]++)
		atomic_fetch_add(&fake_seen.torn, 1);
}

void
device_post(uint64_t addr, const void *line, unsigned int len)
{
	atomic_fetch_add(&fake_seen.posts, 1);
	if (fake_seen.counting) {
		uint64_t words[8];

		memcpy(words, line, len);
		count_line(words, len);
	} else {
		memcpy(reached(addr, len), line, len);
	}
}

uint32_t
device_pasid(uint64_t addr)
{
	(void)addr;
	return FAKE_PASID;
}

int
device_submit(uint64_t addr, const void *line, uint32_t pasid)
{
	atomic_fetch_add(&fake_seen.submits, 1);
	fake_seen.pasid = pasid;
	memcpy(reached(addr, 64), line, 64);
	return fake_seen.submit_answer;
}
