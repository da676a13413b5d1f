/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "vfu_test_rig.h"

#include "vfu_wire.h"

/* Vectors and the eventfds they go to. */

#define MSIX VFU_IRQ_MSIX

static int
event(void)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void
raise_vector(struct rig *r, unsigned int vector)
{
	struct bus_host *host = vfu_server_host(r->server);

	host->ops->irq(host, vector);
}

static uint32_t
pending(struct rig *r)
{
	uint32_t bits;

	assert_int_equal(rig_read(r, 0, TEST_DEVICE_PBA, 4), 0);
	memcpy(&bits, r->payload + 16, sizeof(bits));
	return bits;
}

static void
vectors_go_to_their_eventfds(void **state)
{
	struct rig r;
	int fds[2];

	(void)state;
	rig_create(&r);
	fds[0] = event();
	fds[1] = event();
	assert_int_equal(rig_irqs(&r, 0x24, MSIX, 1, 2, fds, 2), 0);
	assert_int_equal(r.len, 0);
	raise_vector(&r, 2);
	raise_vector(&r, 2);
	assert_int_equal(rig_fired(fds[0]), 0);
	assert_int_equal(rig_fired(fds[1]), 2);
	raise_vector(&r, TEST_DEVICE_VECTORS);
	raise_vector(&r, UINT32_MAX);
	assert_int_equal(vfu_server_stats(r.server)->irqs, 2);
	close(fds[0]);
	close(fds[1]);
	rig_destroy(&r);
}

static void
a_vector_without_an_eventfd_waits_for_one(void **state)
{
	struct rig r;
	int fd;

	(void)state;
	rig_create(&r);
	fd = event();
	raise_vector(&r, 1);
	raise_vector(&r, 3);
	assert_int_equal(pending(&r), 0xa);
	assert_int_equal(rig_irqs(&r, 0x24, MSIX, 3, 1, &fd, 1), 0);
	assert_int_equal(rig_fired(fd), 1);
	assert_int_equal(pending(&r), 0x2);
	/* Taken away again. */
	assert_int_equal(rig_irqs(&r, 0x24, MSIX, 3, 1, NULL, 0), 0);
	raise_vector(&r, 3);
	assert_int_equal(rig_fired(fd), 0);
	assert_int_equal(pending(&r), 0xa);
	/* Switched off: forgotten. */
	assert_int_equal(rig_irqs(&r, 0x21, MSIX, 0, 0, NULL, 0), 0);
	assert_int_equal(pending(&r), 0);
	close(fd);
	rig_destroy(&r);
}

static void
the_old_eventfd_is_closed(void **state)
{
	int fds[2], open_fds;
	struct rig r;

	(void)state;
	rig_create(&r);
	fds[0] = event();
	fds[1] = event();
	assert_int_equal(rig_irqs(&r, 0x24, MSIX, 0, 1, fds, 1), 0);
	open_fds = rig_open_fds();
	assert_int_equal(rig_irqs(&r, 0x24, MSIX, 0, 1, fds + 1, 1), 0);
	assert_int_equal(rig_open_fds(), open_fds);
	raise_vector(&r, 0);
	assert_int_equal(rig_fired(fds[0]), 0);
	assert_int_equal(rig_fired(fds[1]), 1);
	assert_int_equal(rig_irqs(&r, 0x21, MSIX, 0, 0, NULL, 0), 0);
	assert_int_equal(rig_open_fds(), open_fds - 1);
	close(fds[0]);
	close(fds[1]);
	rig_destroy(&r);
}

static void
the_device_has_its_vectors_unmasked(void **state)
{
	struct rig r;
	int fd;

	(void)state;
	rig_create(&r);
	r.device.tables = true;
	fd = event();
	assert_int_equal(rig_irqs(&r, 0x24, MSIX, 0, 1, NULL, 0), 0);
	assert_int_equal(r.device.config[TEST_DEVICE_MSIX + 3], 0);
	test_device_forget(&r.device);
	assert_int_equal(rig_irqs(&r, 0x24, MSIX, 2, 1, &fd, 1), 0);
	/* MSI-X on; memory on, the entry, memory as it was. */
	assert_string_equal(test_device_log(&r.device),
			    "config 0x42 2\nconfig 0x4 2\nwrite 0 0x402c 4 0x0\nconfig 0x4 2\n");
	assert_int_equal(r.device.config[TEST_DEVICE_MSIX + 3], 0x80);
	assert_int_equal(r.device.config[4], 0);
	r.device.config[4] = 2;
	assert_int_equal(rig_irqs(&r, 0x24, MSIX, 2, 1, NULL, 0), 0);
	assert_string_equal(test_device_log(&r.device), "write 0 0x402c 4 0x1\n");
	assert_int_equal(rig_irqs(&r, 0x21, MSIX, 0, 0, NULL, 0), 0);
	assert_int_equal(r.device.config[TEST_DEVICE_MSIX + 3], 0);
	close(fd);
	rig_destroy(&r);
}

static void
a_client_can_fire_vectors_itself(void **state)
{
	struct {
		struct vfu_irq_set set;
		uint8_t on[3];
	} bools = {{23, 0x22, MSIX, 0, 3}, {1, 0, 2}};
	struct rig r;
	int fds[3];

	(void)state;
	rig_create(&r);
	for (unsigned int i = 0; i < 3; i++)
		fds[i] = event();
	assert_int_equal(rig_irqs(&r, 0x24, MSIX, 0, 3, fds, 3), 0);
	assert_int_equal(rig_irqs(&r, 0x21, MSIX, 1, 2, NULL, 0), 0);
	assert_int_equal(rig_fired(fds[0]) << 8 | rig_fired(fds[1]) << 4 | rig_fired(fds[2]),
			 0x011);
	assert_int_equal(rig_ask(&r, VFU_DEVICE_SET_IRQS, &bools, 23), 0);
	assert_int_equal(rig_fired(fds[0]) << 8 | rig_fired(fds[1]) << 4 | rig_fired(fds[2]),
			 0x101);
	assert_int_equal(rig_ask(&r, VFU_DEVICE_SET_IRQS, &bools, 22), -EINVAL);
	assert_int_equal(rig_ask(&r, VFU_DEVICE_SET_IRQS, &bools, 24), -EINVAL);
	for (unsigned int i = 0; i < 3; i++)
		close(fds[i]);
	rig_destroy(&r);
}

static void
the_notifiers_of_qemu_are_taken(void **state)
{
	struct rig r;
	int fd;

	(void)state;
	rig_create(&r);
	fd = event();
	assert_int_equal(rig_irqs(&r, 0x24, VFU_IRQ_ERROR, 0, 1, &fd, 1), 0);
	assert_int_equal(rig_irqs(&r, 0x24, VFU_IRQ_REQUEST, 0, 1, &fd, 1), 0);
	assert_int_equal(rig_irqs(&r, 0x24, VFU_IRQ_ERROR, 0, 1, NULL, 0), 0);
	close(fd);
	rig_destroy(&r);
}

static void
what_makes_no_sense_is_refused(void **state)
{
	static const struct {
		uint32_t flags, index, start, count;
		unsigned int n_fds;
	} wrong[] = {
		{0x24, 5, 0, 1, 1},
		{0x24, UINT32_MAX, 0, 1, 1},
		{0x24, MSIX, 4, 1, 1},
		{0x24, MSIX, 0, 5, 0},
		{0x24, MSIX, UINT32_MAX, 2, 2},
		{0x24, MSIX, 1, UINT32_MAX, 0},
		{0x24, MSIX, 0, 2, 1},
		{0x24, MSIX, 0, 1, 2},
		{0x21, MSIX, 0, 1, 1},
		{0x20, MSIX, 0, 1, 0},
		{0x04, MSIX, 0, 1, 0},
		{0x27, MSIX, 0, 1, 0},
		{0x3c, MSIX, 0, 1, 0},
		{0x64, MSIX, 0, 1, 0},
		{0x24, VFU_IRQ_INTX, 0, 1, 1},
		{0x24, VFU_IRQ_MSI, 0, 1, 1},
	};
	struct rig r;
	int fds[2], open_fds;

	(void)state;
	rig_create(&r);
	fds[0] = event();
	fds[1] = event();
	open_fds = rig_open_fds();
	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(rig_irqs(&r, wrong[i].flags, wrong[i].index, wrong[i].start,
					  wrong[i].count, fds, wrong[i].n_fds),
				 -EINVAL);
	assert_int_equal(rig_irqs(&r, 0x09, MSIX, 0, 1, NULL, 0), -ENOTSUP);
	assert_int_equal(rig_irqs(&r, 0x14, MSIX, 0, 1, fds, 1), -ENOTSUP);
	assert_int_equal(rig_open_fds(), open_fds);
	close(fds[0]);
	close(fds[1]);
	rig_destroy(&r);
}

/* Writing to a pipe whose reader is gone kills, to one that is full blocks. */
static void
only_eventfds_are_taken(void **state)
{
	int ends[2], fd;
	struct rig r;

	(void)state;
	rig_create(&r);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(rig_irqs(&r, 0x24, MSIX, 0, 1, &ends[1], 1), -EINVAL);
	assert_int_equal(rig_irqs(&r, 0x24, MSIX, 0, 1, &r.peer, 1), -EINVAL);
	close(ends[0]);
	close(ends[1]);
	/* One that blocks, and is full: the server goes on. */
	fd = eventfd(0, EFD_CLOEXEC);
	assert_int_equal(write(fd, &(uint64_t){UINT64_MAX - 1}, 8), 8);
	assert_int_equal(rig_irqs(&r, 0x24, MSIX, 0, 1, &fd, 1), 0);
	raise_vector(&r, 0);
	close(fd);
	rig_destroy(&r);
}

static void
a_device_with_a_pin_has_intx(void **state)
{
	int irq = event(), unmask = event();
	struct rig r;

	(void)state;
	rig_create_unplugged(&r, rig_config);
	r.device.config[0x34] = TEST_DEVICE_PCIE;
	r.device.config[0x3d] = 1;
	rig_plug(&r);
	assert_int_equal(rig_version(&r, RIG_JSON), 0);
	assert_int_equal(rig_irqs(&r, 0x24, VFU_IRQ_INTX, 0, 1, &irq, 1), 0);
	assert_int_equal(rig_irqs(&r, 0x14, VFU_IRQ_INTX, 0, 1, &unmask, 1), 0);
	/* It masks itself, until the client says that it has been seen to. */
	raise_vector(&r, 0);
	raise_vector(&r, 0);
	assert_int_equal(rig_fired(irq), 1);
	assert_int_equal(write(unmask, &(uint64_t){1}, 8), 8);
	rig_work(&r);
	assert_int_equal(rig_fired(irq), 1);
	assert_int_equal(rig_irqs(&r, 0x11, VFU_IRQ_INTX, 0, 1, NULL, 0), 0);
	assert_int_equal(rig_irqs(&r, 0x09, VFU_IRQ_INTX, 0, 1, NULL, 0), 0);
	raise_vector(&r, 0);
	assert_int_equal(rig_fired(irq), 0);
	assert_int_equal(rig_irqs(&r, 0x11, VFU_IRQ_INTX, 0, 1, NULL, 0), 0);
	assert_int_equal(rig_fired(irq), 1);
	close(irq);
	close(unmask);
	r.open_before -= 2;
	rig_destroy(&r);
}

/* As a guest does that begins with the line, goes over to messages, and comes back. */
static void
vectors_go_to_the_type_that_got_an_eventfd_last(void **state)
{
	int line = event(), message = event();
	struct rig r;

	(void)state;
	rig_create_unplugged(&r, rig_config);
	r.device.config[0x3d] = 1;
	rig_plug(&r);
	assert_int_equal(rig_version(&r, RIG_JSON), 0);
	/* Nobody listens yet: what waits is for whoever does first. */
	raise_vector(&r, 0);
	assert_int_equal(rig_irqs(&r, 0x24, VFU_IRQ_INTX, 0, 1, &line, 1), 0);
	assert_int_equal(rig_fired(line), 1);
	assert_int_equal(rig_irqs(&r, 0x21, VFU_IRQ_INTX, 0, 0, NULL, 0), 0);
	assert_int_equal(rig_irqs(&r, 0x24, MSIX, 0, 1, &message, 1), 0);
	raise_vector(&r, 0);
	assert_int_equal(rig_fired(message), 1);
	assert_int_equal(rig_fired(line), 0);
	assert_int_equal(rig_irqs(&r, 0x21, MSIX, 0, 0, NULL, 0), 0);
	assert_int_equal(rig_irqs(&r, 0x24, VFU_IRQ_INTX, 0, 1, &line, 1), 0);
	raise_vector(&r, 0);
	assert_int_equal(rig_fired(line), 1);
	assert_int_equal(rig_fired(message), 0);
	close(line);
	close(message);
	r.open_before -= 2;
	rig_destroy(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors_go_to_their_eventfds),
		cmocka_unit_test(a_vector_without_an_eventfd_waits_for_one),
		cmocka_unit_test(the_old_eventfd_is_closed),
		cmocka_unit_test(the_device_has_its_vectors_unmasked),
		cmocka_unit_test(a_client_can_fire_vectors_itself),
		cmocka_unit_test(the_notifiers_of_qemu_are_taken),
		cmocka_unit_test(what_makes_no_sense_is_refused),
		cmocka_unit_test(only_eventfds_are_taken),
		cmocka_unit_test(a_device_with_a_pin_has_intx),
		cmocka_unit_test(vectors_go_to_the_type_that_got_an_eventfd_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
