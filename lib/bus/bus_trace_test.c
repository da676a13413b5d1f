/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * What the recorder records, and that it changes nothing.
 */
#include "bus_trace_bench.h"

/* ---- What is recorded ---- */

static void
a_device_says_what_it_is(void **state)
{
	struct bus_trace_record r;
	struct bus_trace_hello hello;
	struct bench b;

	(void)state;
	bench_open(&b);
	r = expect(&b, BUS_TRACE_DEVICE);
	assert_int_equal(r.pid, getpid());
	assert_int_equal(r.tid, gettid());
	assert_true(r.ns != 0);
	assert_int_equal(r.bytes, sizeof(hello));
	memcpy(&hello, b.payload, sizeof(hello));
	assert_memory_equal(hello.magic, BUS_TRACE_MAGIC, sizeof(hello.magic));
	assert_int_equal(hello.format, BUS_TRACE_FORMAT);
	assert_int_equal(hello.version, 1);
	assert_string_equal(hello.model, "dlb");
	expect_end(&b);
	bench_close(&b);
}

static void
registers_pass_and_are_recorded(void **state)
{
	struct bus_trace_record r;
	struct bench b;

	(void)state;
	bench_open(&b);
	errno = ENOENT;
	assert_int_equal(b.dev->ops->read(b.dev, 2, 0x10, 4), UINT64_C(2) << 48 | 0x1004);
	assert_int_equal(errno, ENOENT);
	b.dev->ops->write(b.dev, 2, 0x20, 0x55, 8);
	assert_int_equal(b.fake.reads, 1);
	assert_int_equal(b.fake.last, UINT64_C(2) << 56 | UINT64_C(0x20) << 32 | 0x5508);
	expect(&b, BUS_TRACE_DEVICE);
	r = expect(&b, BUS_TRACE_READ);
	assert_int_equal(r.bar, 2);
	assert_int_equal(r.off, 0x10);
	assert_int_equal(r.size, 4);
	assert_int_equal(r.value, UINT64_C(2) << 48 | 0x1004);
	assert_true(r.took != 0);
	r = expect(&b, BUS_TRACE_WRITE);
	assert_int_equal(r.off, 0x20);
	assert_int_equal(r.size, 8);
	assert_int_equal(r.value, 0x55);
	assert_int_equal(r.took, 0);
	expect_end(&b);
	bench_close(&b);
}

static void
config_space_passes_and_is_recorded(void **state)
{
	struct bus_trace_record r;
	unsigned char bytes[4] = {1, 2, 3, 4};
	struct bench b;

	(void)state;
	bench_open(&b);
	assert_int_equal(b.dev->ops->config(b.dev, 4, bytes, 2, true), 0);
	assert_int_equal(b.dev->ops->config(b.dev, 2, bytes, 4, false), 0);
	assert_int_equal(b.dev->ops->config(b.dev, 4095, bytes, 4, false), -EINVAL);
	assert_int_equal(b.fake.configs, 3);
	expect(&b, BUS_TRACE_DEVICE);
	r = expect(&b, BUS_TRACE_CONFIG_WRITE);
	assert_int_equal(r.off, 4);
	assert_int_equal(r.value, 2);
	assert_memory_equal(b.payload, "\1\2", 2);
	r = expect(&b, BUS_TRACE_CONFIG_READ);
	assert_int_equal(r.bytes, 4);
	assert_memory_equal(b.payload, "\xc2\xc2\xc2\xc2", 4);
	r = expect(&b, BUS_TRACE_CONFIG_READ);
	assert_int_equal(r.result, -EINVAL);
	assert_int_equal(r.bytes, 0);
	expect_end(&b);
	bench_close(&b);
}

static void
a_post_is_recorded_before_what_comes_of_it(void **state)
{
	struct bus_trace_record r;
	unsigned char line[64];
	struct bench b;

	(void)state;
	bench_open(&b);
	memset(line, 0x5a, sizeof(line));
	b.dev->ops->post(b.dev, 0, 0x1000, line, sizeof(line));
	b.dev->ops->post(b.dev, 0, 0x2000, line, 16);
	assert_memory_equal(b.host.memory + 0x1000, line, sizeof(line));
	assert_int_equal(b.host.memory[0x2010], 0);
	expect(&b, BUS_TRACE_DEVICE);
	r = expect(&b, BUS_TRACE_POST);
	assert_int_equal(r.off, 0x1000);
	assert_int_equal(r.value, 64);
	assert_int_equal(r.bytes, 64);
	assert_memory_equal(b.payload, line, 64);
	r = expect(&b, BUS_TRACE_DMA_WRITE);
	assert_int_equal(r.off, TEST_HOST_IOVA + 0x1000);
	assert_int_equal(r.pasid, 3);
	assert_memory_equal(b.payload, line, 64);
	r = expect(&b, BUS_TRACE_POST);
	assert_int_equal(r.bytes, 16);
	expect(&b, BUS_TRACE_DMA_WRITE);
	expect_end(&b);
	bench_close(&b);
}

static void
commands_that_are_answered_are_recorded_with_the_answer(void **state)
{
	unsigned char line[64] = {7};
	struct bus_trace_record r;
	struct bench b;

	(void)state;
	bench_open(&b);
	assert_int_equal(b.dev->ops->submit(b.dev, 1, 0x40, line, 9), -EAGAIN);
	assert_int_equal(b.dev->ops->submit(b.dev, 1, 0x40, line, 8), 0);
	b.dev->ops->reset(b.dev, BUS_RESET_FUNCTION);
	b.dev->ops->remap(b.dev);
	assert_int_equal(b.dev->ops->step(b.dev, 100), 105);
	assert_int_equal(b.fake.submits, 2);
	assert_int_equal(b.fake.resets, 1);
	assert_int_equal(b.fake.remaps, 1);
	assert_int_equal(b.fake.steps, 1);
	expect(&b, BUS_TRACE_DEVICE);
	r = expect(&b, BUS_TRACE_SUBMIT);
	assert_int_equal(r.result, -EAGAIN);
	assert_int_equal(r.pasid, 9);
	assert_memory_equal(b.payload, line, 64);
	assert_int_equal(expect(&b, BUS_TRACE_SUBMIT).result, 0);
	assert_int_equal(expect(&b, BUS_TRACE_RESET).value, BUS_RESET_FUNCTION);
	expect(&b, BUS_TRACE_REMAP);
	/* And no step. */
	expect_end(&b);
	bench_close(&b);
}

static void
what_a_device_asks_of_its_host_is_recorded(void **state)
{
	unsigned char bytes[8];
	struct bus_trace_record r;
	struct bus_host *host;
	struct bench b;

	(void)state;
	bench_open(&b);
	host = bus_trace_host(b.trace);
	memset(b.host.memory, 0x33, 8);
	assert_int_equal(host->ops->dma(host, 1, TEST_HOST_IOVA, bytes, 8, false), 0);
	assert_int_equal(bytes[7], 0x33);
	assert_int_equal(host->ops->dma(host, 1, 0x10, bytes, 8, false), -EFAULT);
	assert_int_equal(host->ops->dma(host, 1, 0x20, bytes, 8, true), -EFAULT);
	assert_int_equal(host->ops->page_request(host, 2, 0x3000, BUS_PROT_WRITE), -EFAULT);
	host->ops->irq(host, 6);
	assert_int_equal(b.host.irqs, 1);
	expect(&b, BUS_TRACE_DEVICE);
	r = expect(&b, BUS_TRACE_DMA_READ);
	assert_memory_equal(b.payload, bytes, 8);
	r = expect(&b, BUS_TRACE_DMA_READ);
	assert_int_equal(r.result, -EFAULT);
	assert_int_equal(r.bytes, 0);
	assert_int_equal(expect(&b, BUS_TRACE_DMA_WRITE).off, 0x20);
	r = expect(&b, BUS_TRACE_DMA_FAULT);
	assert_int_equal(r.off, 0x20);
	assert_int_equal(r.result, -EFAULT);
	r = expect(&b, BUS_TRACE_PAGE_REQUEST);
	assert_int_equal(r.result, -EFAULT);
	assert_int_equal(r.pasid, 2);
	assert_int_equal(expect(&b, BUS_TRACE_IRQ).value, 6);
	expect_end(&b);
	bench_close(&b);
}

/* ---- What the recorder changes ---- */

static void
no_memory_is_given_away(void **state)
{
	struct bus_region regions[2];
	struct bus_fault fault = {0};
	struct bus_host *host;
	struct bench b;
	size_t len = 64;

	(void)state;
	bench_open(&b);
	host = bus_trace_host(b.trace);
	assert_null(host->ops->map(host, 5, TEST_HOST_IOVA, &len, BUS_PROT_READ, &fault));
	assert_int_equal(len, 0);
	assert_int_equal(fault.iova, TEST_HOST_IOVA);
	assert_int_equal(fault.pasid, 5);
	assert_int_equal(b.dev->ops->describe(b.dev, regions, 2), 2);
	assert_int_equal(regions[0].kind, BUS_TRAPPED);
	assert_null(regions[0].memory);
	assert_int_equal(regions[0].fd, -1);
	assert_int_equal(regions[1].kind, BUS_MEMORY);
	assert_int_equal(regions[1].fd, 8);
	bench_close(&b);
}

static void
what_is_missing_stays_missing(void **state)
{
	static const struct bus_device_ops read_only = {.read = fake_read};
	static const struct bus_host_ops dma_only = {.dma = test_host_dma};
	struct fake fake = {.dev.ops = &read_only};
	struct bus_device *dev;
	struct bus_host *host;
	struct bus_trace *t;
	struct bench b;

	(void)state;
	bench_open(&b);
	b.host.host.ops = &dma_only;
	t = bus_trace_create(b.fd, 4, "dlb", 0, &b.host.host);
	host = bus_trace_host(t);
	dev = bus_trace_device(t, &fake.dev);
	assert_null(host->ops->map);
	assert_null(host->ops->page_request);
	assert_null(host->ops->irq);
	assert_non_null(dev->ops->read);
	assert_null(dev->ops->config);
	assert_null(dev->ops->describe);
	assert_null(dev->ops->write);
	assert_null(dev->ops->post);
	assert_null(dev->ops->submit);
	assert_null(dev->ops->step);
	assert_null(dev->ops->reset);
	assert_null(dev->ops->remap);
	bus_trace_destroy(t);
	bench_close(&b);
}

static void
bad_arguments_are_refused(void **state)
{
	static const struct bus_host_ops nothing = {.dma = NULL};
	struct bus_host host = {.ops = &nothing};
	struct bench b;

	(void)state;
	bench_open(&b);
	errno = 0;
	assert_null(bus_trace_create(b.fd, 256, "dlb", 0, &b.host.host));
	assert_int_equal(errno, EINVAL);
	assert_null(bus_trace_create(b.fd, 0, "sixteen letters!", 0, &b.host.host));
	assert_null(bus_trace_create(b.fd, 0, "dlb", 0, &host));
	bus_trace_destroy(NULL);
	bench_close(&b);
}

static void
of_a_long_transfer_the_first_bytes_are_kept(void **state)
{
	static unsigned char bytes[BUS_TRACE_PAYLOAD_MAX + 100];
	struct bus_trace_record r;
	struct bus_host *host;
	struct bench b;

	(void)state;
	bench_open(&b);
	host = bus_trace_host(b.trace);
	memset(bytes, 0x11, sizeof(bytes));
	assert_int_equal(host->ops->dma(host, 0, TEST_HOST_IOVA, bytes, sizeof(bytes), true), 0);
	assert_int_equal(b.host.memory[sizeof(bytes) - 1], 0x11);
	expect(&b, BUS_TRACE_DEVICE);
	r = expect(&b, BUS_TRACE_DMA_WRITE);
	assert_int_equal(r.bytes, BUS_TRACE_PAYLOAD_MAX);
	assert_int_equal(r.value, sizeof(bytes));
	expect_end(&b);
	bench_close(&b);
}

/* ---- When it is recorded ---- */

/* How long the file is whenever the host is called. */
static struct bench *watched;
static off_t length;

static off_t
length_now(void)
{
	struct stat st;

	assert_int_equal(fstat(watched->fd, &st), 0);
	return st.st_size;
}

static int
watching_dma(struct bus_host *host, uint32_t pasid, uint64_t iova, void *bytes, size_t len,
	     bool write)
{
	length = length_now();
	return test_host_dma(host, pasid, iova, bytes, len, write);
}

static void
watching_irq(struct bus_host *host, unsigned int vector)
{
	(void)host;
	(void)vector;
	length = length_now();
}

static void
what_others_may_see_is_recorded_first(void **state)
{
	static const struct bus_host_ops ops = {.dma = watching_dma, .irq = watching_irq};
	unsigned char bytes[16] = {1};
	struct bus_trace *t;
	struct bus_host *host;
	struct bench b;

	(void)state;
	bench_open(&b);
	watched = &b;
	b.host.host.ops = &ops;
	t = bus_trace_create(b.fd, 4, "dlb", 0, &b.host.host);
	host = bus_trace_host(t);
	host->ops->dma(host, 0, TEST_HOST_IOVA, bytes, sizeof(bytes), true);
	assert_int_equal(length, length_now());
	host->ops->irq(host, 1);
	assert_int_equal(length, length_now());
	host->ops->dma(host, 0, TEST_HOST_IOVA, bytes, sizeof(bytes), false);
	assert_true(length < length_now());
	bus_trace_destroy(t);
	bench_close(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_says_what_it_is),
		cmocka_unit_test(registers_pass_and_are_recorded),
		cmocka_unit_test(config_space_passes_and_is_recorded),
		cmocka_unit_test(a_post_is_recorded_before_what_comes_of_it),
		cmocka_unit_test(commands_that_are_answered_are_recorded_with_the_answer),
		cmocka_unit_test(what_a_device_asks_of_its_host_is_recorded),
		cmocka_unit_test(no_memory_is_given_away),
		cmocka_unit_test(what_is_missing_stays_missing),
		cmocka_unit_test(bad_arguments_are_refused),
		cmocka_unit_test(of_a_long_transfer_the_first_bytes_are_kept),
		cmocka_unit_test(what_others_may_see_is_recorded_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
