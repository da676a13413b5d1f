/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * What other drivers of the DSA expect of it, step by step: the kernel's idxd (datasheet sections
 * 20.6 and 25) and SPDK's. A second witness, which was written from the text alone.
 */
#include "dsa_idxd_rig.h"

static struct bench bench;

static int
begin(void **state)
{
	static const struct bus_host_ops ops = {
		.map = host_map,
		.dma = host_dma,
		.page_request = host_page_request,
		.irq = host_irq,
	};
	struct dsa_model_config config = {.version = *(const unsigned int *)*state};

	bench = (struct bench){.host.ops = &ops, .version = config.version};
	bench.memory = calloc(1, MEMORY);
	return bench.memory == NULL || dsa_model_create(&config, &bench.host, &bench.dev) < 0;
}

static int
end(void **state)
{
	uint64_t stray = dsa_model_stray(bench.dev);

	(void)state;
	dsa_model_destroy(bench.dev);
	free(bench.memory);
	return stray == 0 ? 0 : -1;
}

static void
function_is_as_the_bus_driver_wants_it(void **state)
{
	struct bench *b = &bench;

	(void)state;
	assert_int_equal(config_get(b, 0, 4), 0x0b258086);
	assert_int_equal(config_get(b, 8, 4) >> 8, 0x088000);
	assert_true(bar_size(b, 0x10) >= 0x10000);
	assert_true(bar_size(b, 0x18) >= 8 * 0x4000);
	/* DMWr completer: how the kernel would know that ENQCMD may be used, FR-09. */
	assert_int_equal(config_get(b, capability(b, 0x10) + 0x24, 4) >> 28 & 1, 1);
	probe(b);
}

static void
kernel_queue_completes_by_interrupt(void **state)
{
	struct bench *b = &bench;
	struct descriptor d = describe(MOVE, CRAV | RCR | RCI, 0);

	(void)state;
	probe(b);
	enable(b, &kernel_queue);
	d.src = IOVA + 0x2000;
	d.dst = IOVA + 0x3000;
	d.size = 300;
	d.handle = handle_of(b, 1);
	memset(b->memory + 0x2000, 0xa5, 300);
	b->watched = d.record;
	post(b, 0, &d);
	settle(b);
	assert_int_equal(record_at(b, 0)[0], 1);
	assert_memory_equal(b->memory + 0x3000, b->memory + 0x2000, 300);
	assert_int_equal(b->irqs[1], 1);
	/* The record is there before the interrupt is. */
	assert_int_equal(b->at_irq, 1);
	assert_int_equal(command(b, DRAIN_WQ, 1), 0);
	assert_int_equal(command(b, DISABLE_WQ, 1), 0);
	assert_int_equal(state_of(b, 0), 0);
	assert_int_equal(command(b, DISABLE_DEVICE, 0), 0);
	assert_int_equal(STATE_OF(get(b, GENSTS, 4)), 0);
}

/* Section 25 B8: an entry of the permission table that ignores, and one of another PASID. */
static void
permission_table_is_heeded(void **state)
{
	struct bench *b = &bench;
	struct descriptor d = describe(NOOP, CRAV | RCR | RCI, 0);
	uint16_t handle;

	(void)state;
	probe(b);
	enable(b, &kernel_queue);
	handle = handle_of(b, 1);
	d.handle = handle;
	put(b, b->perm + 8, SYSTEM_PASID << 12 | 1 << 3 | 1 << 2, 4);
	post(b, 0, &d);
	settle(b);
	assert_int_equal(record_at(b, 0)[0], 1);
	assert_int_equal(b->irqs[1], 0);
	permission_write(b, 1, SYSTEM_PASID + 1);
	d = describe(NOOP, CRAV | RCR | RCI, 1);
	d.handle = handle;
	post(b, 0, &d);
	settle(b);
	assert_int_equal(record_at(b, 1)[0] & 0x3f, 0x19);
	assert_int_equal(b->irqs[1], 0);
}

static void
shared_queue_answers_retry_at_its_threshold(void **state)
{
	struct bench *b = &bench;
	struct descriptor d;
	unsigned int n = 0;

	(void)state;
	probe(b);
	enable(b, &user_queue);
	for (; n < 4; n++) {
		d = describe(NOOP, CRAV | RCR, n);
		assert_int_equal(submit(b, 2, 0x1000, &d, USER_PASID), 0);
	}
	d = describe(NOOP, CRAV | RCR, n);
	assert_int_equal(submit(b, 2, 0x1000, &d, USER_PASID), -EAGAIN);
	/* The page that is not limited goes on to the size. */
	for (; n < 16; n++) {
		d = describe(NOOP, CRAV | RCR, n);
		assert_int_equal(submit(b, 2, 0, &d, USER_PASID), 0);
	}
	d = describe(NOOP, CRAV | RCR, n);
	assert_int_equal(submit(b, 2, 0, &d, USER_PASID), -EAGAIN);
	/* A posted write is for dedicated queues. */
	post(b, 2, &d);
	assert_int_equal(command(b, DRAIN_PASID, USER_PASID), 0);
	for (unsigned int i = 0; i < 16; i++)
		assert_int_equal(record_at(b, i)[0], 1);
	assert_int_equal(record_at(b, 16)[0], 0);
}

/* What an abort leaves undone stays undone: nothing is written once it has completed. */
static void
aborted_pasid_writes_nothing_later(void **state)
{
	struct bench *b = &bench;
	uint8_t then[16 * 32];

	(void)state;
	probe(b);
	enable(b, &user_queue);
	for (unsigned int i = 0; i < 4; i++) {
		struct descriptor d = describe(NOOP, CRAV | RCR, i);

		assert_int_equal(submit(b, 2, 0x1000, &d, i < 3 ? USER_PASID : USER_PASID + 1), 0);
	}
	assert_int_equal(command(b, ABORT_PASID, USER_PASID), 0);
	memcpy(then, record_at(b, 0), 3 * 32);
	settle(b);
	assert_memory_equal(then, record_at(b, 0), 3 * 32);
	/* That of the other process was not meant. */
	assert_int_equal(record_at(b, 3)[0], 1);
}

static void
software_error_is_told_once(void **state)
{
	struct bench *b = &bench;
	struct descriptor d = describe(UNKNOWN, 0, 0);
	unsigned int before;
	uint64_t error;

	(void)state;
	probe(b);
	enable(b, &kernel_queue);
	before = b->irqs[0];
	post(b, 0, &d);
	settle(b);
	error = get(b, SWERROR, 8);
	assert_int_equal(error & 1, 1);
	assert_int_equal(error >> 8 & 0xff, 0x10);
	assert_int_equal(error >> 32 & 0xff, UNKNOWN);
	assert_int_equal(get(b, INTCAUSE, 4) & 1, 1);
	assert_int_equal(b->irqs[0], before + 1);
	post(b, 0, &d);
	settle(b);
	assert_int_equal(b->irqs[0], before + 1);
	error = get(b, SWERROR, 8);
	assert_int_equal(error & 3, 3);
	/* Section 25 B7: as one write, of the two bits as they were read. */
	put(b, SWERROR, error & 3, 8);
	put(b, INTCAUSE, 1, 4);
	assert_int_equal(get(b, SWERROR, 8) & 3, 0);
	assert_int_equal(get(b, INTCAUSE, 4) & 1, 0);
}

static void
full_dedicated_queue_drops_and_says_so(void **state)
{
	struct bench *b = &bench;

	(void)state;
	probe(b);
	enable(b, &kernel_queue);
	for (unsigned int i = 0; i < 17; i++) {
		struct descriptor d = describe(NOOP, CRAV | RCR, i);

		post(b, 0, &d);
	}
	settle(b);
	for (unsigned int i = 0; i < 16; i++)
		assert_int_equal(record_at(b, i)[0], 1);
	assert_int_equal(record_at(b, 16)[0], 0);
	assert_int_equal(get(b, SWERROR, 8) >> 8 & 0xff, 0x53);
}

/* Section 25 B6; a device of version 1 has no event log. */
static void
event_log_takes_the_record_that_faulted(void **state)
{
	struct bench *b = &bench;
	struct descriptor d = describe(NOOP, CRAV | RCR, 0);
	const uint8_t *entry = b->memory + 0x8000;
	unsigned int before;

	(void)state;
	probe(b);
	if ((b->gencap >> 13 & 3) == 0)
		return;
	put(b, EVLCFG, (IOVA + 0x8000) | 1, 8);
	put(b, EVLCFG + 8, 64 | (uint64_t)SYSTEM_PASID << 16, 8);
	put(b, GENCTRL, 7, 4);
	put(b, GENCFG, (uint32_t)get(b, GENCFG, 4) | 1u << 13, 4);
	enable(b, &kernel_queue);
	before = b->irqs[0];
	d.record = NOWHERE;
	post(b, 0, &d);
	settle(b);
	assert_int_equal(get(b, EVLSTATUS, 8) >> 32 & 0xffff, 1);
	assert_int_equal(get(b, EVLSTATUS, 8) >> 62 & 1, 1);
	assert_int_equal(get(b, INTCAUSE, 4) >> 5 & 1, 1);
	assert_int_equal(b->irqs[0], before + 1);
	assert_int_equal(entry[0] & 1, 1);
	assert_int_equal(entry[1] & 0x3f, 0x1a);
	/* The record that could not be written. */
	assert_int_equal(entry[32], 1);
	put(b, EVLSTATUS, UINT64_C(1) << 62 | 1, 8);
	assert_int_equal(get(b, EVLSTATUS, 8) >> 62 & 1, 0);
	assert_int_equal(get(b, EVLSTATUS, 8) & 0xffff, 1);
	assert_int_equal(get(b, SWERROR, 8) & 1, 0);
}

/* Section 25 B10, a software reset leads out of it. */
static void
changed_configuration_halts(void **state)
{
	struct bench *b = &bench;
	struct descriptor d = describe(NOOP, CRAV | RCR, 0);

	(void)state;
	probe(b);
	enable(b, &user_queue);
	config_put(b, extended(b, 0x0f) + 6, 2, 0);
	settle(b);
	assert_int_equal(get(b, GENSTS, 4) & 0xf, HALT);
	assert_int_equal(get(b, SWERROR, 8) >> 8 & 0xff, 0x51);
	assert_int_equal(get(b, INTCAUSE, 4) >> 4 & 1, 1);
	assert_int_equal(submit(b, 2, 0x1000, &d, USER_PASID), -EAGAIN);
	assert_int_equal(command_polled(b, ENABLE_DEVICE, 0), 5);
	config_put(b, extended(b, 0x0f) + 6, 2, 0x8000);
	assert_int_equal(command_polled(b, RESET_DEVICE, 0), 0);
	assert_int_equal(STATE_OF(get(b, GENSTS, 4)), 0);
	put(b, GENCTRL, 3, 4);
	enable(b, &user_queue);
	assert_int_equal(submit(b, 2, 0x1000, &d, USER_PASID), 0);
	settle(b);
	assert_int_equal(record_at(b, 0)[0], 1);
}

/* The same when only a function-level reset does: configuration is saved and brought back. */
static void
halt_ends_by_function_reset(void **state)
{
	struct bench *b = &bench;
	struct descriptor d = describe(NOOP, CRAV | RCR, 0);
	unsigned int express;

	(void)state;
	probe(b);
	enable(b, &kernel_queue);
	dsa_model_halt(b->dev, 1);
	settle(b);
	assert_int_equal(get(b, GENSTS, 4) & 0xf, HALT | 1 << 2);
	express = capability(b, 0x10);
	config_put(b, express + 8, 2, config_get(b, express + 8, 2) | 0x8000);
	settle(b);
	config_put(b, 4, 2, 6);
	assert_int_equal(get(b, GENSTS, 4) & 0xf, 0);
	assert_int_equal(get(b, SWERROR, 8), 0);
	probe(b);
	enable(b, &kernel_queue);
	post(b, 0, &d);
	settle(b);
	assert_int_equal(record_at(b, 0)[0], 1);
}

/* Section 25 B3 and B12: handles, where there are any to ask for. */
static void
interrupt_handles_are_as_announced(void **state)
{
	struct bench *b = &bench;
	unsigned int error;

	(void)state;
	probe(b);
	error = command(b, REQUEST_HANDLE, 1);
	if (!has_handles(b)) {
		assert_int_equal(error, 1);
		return;
	}
	assert_int_equal(error, 0);
	assert_int_equal(command(b, REQUEST_HANDLE, 0xffff), 0x41);
}

/* Section 4.2: who writes a command while one is under way loses it. */
static void
second_command_is_lost(void **state)
{
	struct bench *b = &bench;

	(void)state;
	probe(b);
	put(b, CMD, RESET_DEVICE << 20, 4);
	assert_int_equal(get(b, CMDSTATUS, 4) & ACTIVE, ACTIVE);
	put(b, CMD, ENABLE_DEVICE << 20, 4);
	settle(b);
	assert_int_equal(get(b, SWERROR, 8) >> 8 & 0xff, 0x52);
	assert_int_equal(STATE_OF(get(b, GENSTS, 4)), 0);
}

/* SPDK: one group, all engines, one dedicated queue of all entries; no PASID, no interrupts. */
static void
spdk_gets_its_one_queue(void **state)
{
	struct bench *b = &bench;
	uint32_t dword[8] = {0};

	(void)state;
	config_put(b, 4, 2, 6);
	capabilities_read(b);
	assert_int_equal(command_polled(b, RESET_DEVICE, 0), 0);
	put(b, b->grp, 1, 8);
	put(b, b->grp + 0x20, (UINT64_C(1) << b->engines) - 1, 8);
	put(b, b->grp + 0x28, UINT64_C(96) << 20, 8);
	for (unsigned int i = 0; i < 8; i++)
		dword[i] = (uint32_t)get(b, b->wqcfg + i * 4, 4);
	dword[0] = 128;
	dword[2] = 1 | 1 << 4;
	dword[3] = 30 | 10 << 5;
	dword[6] = 1u << 30;
	for (unsigned int i = 0; i < 8; i++)
		put(b, b->wqcfg + i * 4, dword[i], 4);
	assert_int_equal(command_polled(b, ENABLE_DEVICE, 0), 0);
	/* What it wrote to the read-only dword is not what enables the queue. */
	assert_int_equal(state_of(b, 0), 0);
	assert_int_equal(command_polled(b, ENABLE_WQ, 0), 0);
	for (unsigned int i = 0; i < 128; i++) {
		struct descriptor d = describe(NOOP, CRAV | RCR, i);

		/* Each at the next slot of the page. */
		b->dev->ops->post(b->dev, 2, i * 64 % 4096, &d, 64);
	}
	settle(b);
	for (unsigned int i = 0; i < 128; i++)
		assert_int_equal(record_at(b, i)[0], 1);
	assert_int_equal(get(b, SWERROR, 8) & 1, 0);
}

#define EACH(T)                                                                                    \
	T(function_is_as_the_bus_driver_wants_it)                                                  \
	T(kernel_queue_completes_by_interrupt)                                                     \
	T(permission_table_is_heeded)                                                              \
	T(shared_queue_answers_retry_at_its_threshold)                                             \
	T(aborted_pasid_writes_nothing_later)                                                      \
	T(software_error_is_told_once)                                                             \
	T(full_dedicated_queue_drops_and_says_so)                                                  \
	T(event_log_takes_the_record_that_faulted)                                                 \
	T(changed_configuration_halts)                                                             \
	T(halt_ends_by_function_reset)                                                             \
	T(interrupt_handles_are_as_announced)                                                      \
	T(second_command_is_lost)                                                                  \
	T(spdk_gets_its_one_queue)

int
main(void)
{
	static unsigned int v1 = 0x100, v2 = 0x200;
	const struct CMUnitTest tests[] = {
#define ON(test) {#test ", 1.0", test, begin, end, &v1},
		EACH(ON)
#undef ON
#define ON(test) {#test ", 2.0", test, begin, end, &v2},
		EACH(ON)
#undef ON
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
