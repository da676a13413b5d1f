/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * A connection of QEMU replayed message by message: sections 10 and 11 of the protocol's text, and
 * the map as a guest changes it (section 5).
 */
#include "vfu_peer.h"

#include <unistd.h>

#define RAM_BYTES UINT64_C(0x200000)
#define PAGE      0x1000u

static const char hello
	[] = "{\"capabilities\": {\"pgsizes\": 4096, \"max_msg_fds\": 16, \"max_dma_maps\": 65535, "
	     "\"max_data_xfer_size\": 1048576, \"write_multiple\": true, "
	     "\"migration\": {\"max_bitmap_size\": 268435456, \"pgsize\": 4096}}}";

static void
map(struct peer *p, uint32_t flags, uint64_t offset, uint64_t address, uint64_t size, int fd)
{
	struct peer_bytes b = peer_map_body(flags, offset, address, size);

	peer_call_fds(p, PEER_DMA_MAP, &b, &fd, fd >= 0);
	assert_int_equal(p->m.size, PEER_HEADER);
}

static void
unmap(struct peer *p, uint64_t address, uint64_t size)
{
	struct peer_bytes b = peer_unmap_body(0, address, size);

	peer_call(p, PEER_DMA_UNMAP, &b);
}

static uint32_t
config(struct peer *p, uint32_t off, uint32_t count)
{
	return (uint32_t)peer_get(peer_read(p, PEER_CONFIG, off, count), 0, count);
}

static void
info(struct peer *p, uint16_t command, uint32_t argsz, uint32_t index, size_t len)
{
	struct peer_bytes b = peer_info_body(argsz, index, len);

	peer_call(p, command, &b);
}

static void
set_irqs(struct peer *p, uint32_t flags, uint32_t index, uint32_t count, const int *fd)
{
	struct peer_bytes b = peer_irqs_body(flags, index, 0, count);

	peer_call_fds(p, PEER_SET_IRQS, &b, fd, fd != NULL);
	assert_int_equal(p->m.size, PEER_HEADER);
}

/* From the first message to the first reset. */
static void
connect_as_qemu(struct peer *p, int ram, int notifier)
{
	static const uint32_t regions[] = {0, 1, 2, 3, 4, 5, 7};

	peer_version(p, hello);
	assert_in_range(p->m.size, PEER_HEADER + 5, PEER_HEADER + 4 + sizeof(hello));
	map(p, 3, 0, 0, RAM_BYTES, ram);
	map(p, 1, 0, 0xfffc0000, 0x40000, -1);
	info(p, PEER_GET_INFO, 16, 0, 16);
	for (unsigned int i = 0; i < sizeof(regions) / sizeof(regions[0]); i++)
		info(p, PEER_GET_REGION_INFO, 32, regions[i], 32);
	info(p, PEER_GET_IRQ_INFO, 16, PEER_ERR_IRQ, 16);
	assert_int_equal(peer_get(p->m.at, 12, 4), 1);
	peer_read(p, PEER_CONFIG, 0, 4096);
	/* The ROM's size: there is none. */
	peer_write(p, PEER_CONFIG, 0x30, 0xfffff800, 4);
	assert_int_equal(config(p, 0x30, 4), 0);
	peer_write(p, PEER_CONFIG, 0x30, 0, 4);
	assert_int_equal(config(p, 0x10, 4) & 0xf, 0xc);
	assert_int_equal(config(p, 0x18, 4) & 0xf, 0xc);
	assert_int_equal(config(p, PEER_CAP_MSIX + 2, 2) & 0x7ff, PEER_VECTORS - 1);
	config(p, PEER_CAP_MSIX + 4, 4);
	config(p, PEER_CAP_MSIX + 8, 4);
	info(p, PEER_GET_IRQ_INFO, 16, PEER_MSIX, 16);
	assert_int_equal(peer_get(p->m.at, 12, 4), PEER_VECTORS);
	assert_int_equal(config(p, 0x3d, 1), 0);
	set_irqs(p, 0x24, PEER_ERR_IRQ, 1, &notifier);
	peer_write(p, PEER_CONFIG, 0x04, 0, 2);
	peer_call(p, PEER_RESET, NULL);
	for (uint32_t off = 0x10; off <= 0x24; off += 4)
		peer_write(p, PEER_CONFIG, off, 0, 4);
}

/* Shadow memory is switched, page by page, the rest of the block around it. */
static void
firmware_switches_shadows(struct peer *p, int ram)
{
	unmap(p, 0, RAM_BYTES);
	map(p, 3, 0, 0, 0xc0000, ram);
	for (uint64_t at = 0xc0000; at < 0x100000; at += 0x4000)
		map(p, 1, at, at, 0x4000, at % 0x8000 ? -1 : ram);
	map(p, 3, 0x100000, 0x100000, RAM_BYTES - 0x100000, ram);
	for (uint64_t at = 0xc0000; at < 0x100000; at += 0x4000) {
		unmap(p, at, 0x4000);
		map(p, 3, at, at, 0x4000, ram);
	}
	assert_int_equal(config(p, 0, 2), 0x8086);
	assert_int_equal(config(p, 0x0a, 2), 0x0b40);
	config(p, 0x0e, 1);
}

/* The kernel lists the device: sizes of bars, capabilities by their chain. */
static void
kernel_lists_the_device(struct peer *p)
{
	unsigned int seen = 0, n = 0;

	for (uint32_t bar = 0x10; bar < 0x28; bar += 4) {
		uint32_t old = config(p, bar, 4);

		peer_write(p, PEER_CONFIG, bar, 0xffffffff, 4);
		config(p, bar, 4);
		peer_write(p, PEER_CONFIG, bar, old, 4);
	}
	assert_int_equal(config(p, 0x06, 2) & 0x10, 0x10);
	for (uint32_t at = config(p, 0x34, 1); at != 0; at = config(p, at, 2) >> 8) {
		assert_true(n++ < 48);
		seen |= 1u << config(p, at, 1) % 32;
	}
	assert_int_equal(seen, 1u << 0x10 | 1u << 0x11);
	/* A type-0 header's COMMAND keeps memory, master, parity, error and INTx bits. */
	peer_write(p, PEER_CONFIG, 0x04, 0xffff, 2);
	assert_int_equal(config(p, 0x04, 2), 0x0547);
	peer_write(p, PEER_CONFIG, 0x04, 0, 2);
}

/* The IOMMU comes up, vfio-pci opens the device and resets it by its function. */
static void
vfio_opens_the_device(struct peer *p, int ram)
{
	unmap(p, 0, UINT64_C(0x100000000));
	unmap(p, 0, UINT64_C(0xfee00000));
	unmap(p, UINT64_C(0xfef00000), UINT64_C(0xffffffff01100000));
	for (unsigned int i = 0; i < 512; i++)
		map(p, 3, (uint64_t)i * PAGE, UINT64_C(0x100200000) + i * PAGE, PAGE, ram);
	peer_write(p, PEER_CONFIG, 0x04, 0x0406, 2);
	peer_write(p, PEER_CONFIG, PEER_DEVICE_CONTROL, 0xa810, 2);
	assert_int_equal(p->device.function_resets, 1);
	assert_int_equal(config(p, PEER_DEVICE_CONTROL + 2, 2) & 0x20, 0);
	peer_write(p, PEER_CONFIG, 0x04, 0x0406, 2);
}

/* MSI-X is enabled: first nothing, then the vectors that are used, one by one. */
static void
guest_enables_vectors(struct peer *p, const int fd[], unsigned int n)
{
	peer_write(p, PEER_CONFIG, PEER_CAP_MSIX + 2, 0x8000 | (PEER_VECTORS - 1), 2);
	set_irqs(p, 0x24, PEER_MSIX, 1, NULL);
	for (unsigned int i = 0; i < n; i++) {
		struct peer_bytes b = peer_irqs_body(0x24, PEER_MSIX, i, 1);

		peer_call_fds(p, PEER_SET_IRQS, &b, &fd[i], 1);
	}
	for (unsigned int i = 0; i < n; i++) {
		p->device.host->ops->irq(p->device.host, i);
		assert_int_equal(peer_fired(fd[i]), 1);
	}
}

static void
device_writes_to_the_guest(struct peer *p, int ram)
{
	struct bus_host *host = p->device.host;
	unsigned char byte = 0;
	uint64_t iova = UINT64_C(0x100200000) + 3 * PAGE - 2;

	assert_int_equal(host->ops->dma(host, BUS_NO_PASID, iova, "wxyz", 4, true), 0);
	assert_int_equal(pread(ram, &byte, 1, 3 * PAGE + 1), 1);
	assert_int_equal(byte, 'z');
}

/* vfio-pci closes; physical memory comes back. */
static void
vfio_closes_the_device(struct peer *p, int ram)
{
	set_irqs(p, 0x21, PEER_MSIX, 0, NULL);
	peer_write(p, PEER_CONFIG, PEER_CAP_MSIX + 2, PEER_VECTORS - 1, 2);
	for (unsigned int i = 0; i < 512; i++)
		unmap(p, UINT64_C(0x100200000) + i * PAGE, PAGE);
	peer_write(p, PEER_CONFIG, PEER_DEVICE_CONTROL, 0xa810, 2);
	map(p, 3, 0, 0, RAM_BYTES, ram);
	peer_call(p, PEER_RESET, NULL);
	peer_call(p, PEER_RESET, NULL);
}

static void
connection_of_a_guest(void **state)
{
	struct peer *p = *state;
	int ram = peer_memory(RAM_BYTES), notifier = peer_eventfd(), fd[PEER_VECTORS];

	for (unsigned int i = 0; i < PEER_VECTORS; i++)
		fd[i] = peer_eventfd();
	connect_as_qemu(p, ram, notifier);
	firmware_switches_shadows(p, ram);
	kernel_lists_the_device(p);
	peer_look_away(p);
	vfio_opens_the_device(p, ram);
	guest_enables_vectors(p, fd, PEER_VECTORS);
	device_writes_to_the_guest(p, ram);
	vfio_closes_the_device(p, ram);
	assert_int_equal(vfu_server_stats(p->server)->refused, 0);
	assert_int_equal(peer_fired(notifier), 0);
	for (unsigned int i = 0; i < PEER_VECTORS; i++)
		close(fd[i]);
	close(notifier);
	close(ram);
}

/* Twice on one server: the second guest finds what the first one found. */
static void
next_guest_finds_the_same(void **state)
{
	struct peer *p = *state;
	int ram = peer_memory(RAM_BYTES), notifier = peer_eventfd();

	for (unsigned int i = 0; i < 3; i++) {
		peer_hang_up(p);
		p->fd = peer_connect(p->path);
		p->closed = false;
		connect_as_qemu(p, ram, notifier);
		firmware_switches_shadows(p, ram);
		peer_look_away(p);
	}
	close(notifier);
	close(ram);
}

/* Many commands before the first reply is read, as QEMU sends them. */
static void
commands_are_pipelined(void **state)
{
	struct peer *p = *state;
	int ram = peer_memory(RAM_BYTES);
	uint16_t id[100];

	peer_version(p, hello);
	for (unsigned int i = 0; i < 100; i++) {
		struct peer_bytes b = i % 2 ? peer_unmap_body(0, 0, RAM_BYTES)
					    : peer_map_body(3, 0, 0, RAM_BYTES);

		id[i] = peer_send(p, i % 2 ? PEER_DMA_UNMAP : PEER_DMA_MAP, PEER_COMMAND, &b, &ram,
				  i % 2 == 0);
	}
	for (unsigned int i = 0; i < 100; i++) {
		assert_true(peer_receive(p));
		assert_int_equal(p->m.id, id[i]);
		assert_int_equal(p->m.flags, PEER_REPLY);
	}
	close(ram);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(connection_of_a_guest, peer_setup, peer_teardown),
		cmocka_unit_test_setup_teardown(next_guest_finds_the_same, peer_setup_listens,
						peer_teardown),
		cmocka_unit_test_setup_teardown(commands_are_pipelined, peer_setup, peer_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
