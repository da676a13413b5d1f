/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "vfu_test_rig.h"

#include "vfu_wire.h"

/* The client's memory, with a file and without. */

static struct bus_host *
host(struct rig *r)
{
	return vfu_server_host(r->server);
}

static void *
map(struct rig *r, uint64_t iova, size_t *len, enum bus_prot prot)
{
	struct bus_fault fault;

	return host(r)->ops->map(host(r), BUS_NO_PASID, iova, len, prot, &fault);
}

static int
dma(struct rig *r, uint64_t iova, void *bytes, size_t len, bool write)
{
	return host(r)->ops->dma(host(r), BUS_NO_PASID, iova, bytes, len, write);
}

static void
expect(struct rig *r, const char *text)
{
	assert_string_equal(test_device_log(&r->device), text);
}

/* ---- With a file ---- */

static void
memory_of_a_file_is_reached_by_pointer(void **state)
{
	size_t len = 0x10000;
	int fd, open_fds;
	struct rig r;
	char *at, byte;

	(void)state;
	rig_create(&r);
	fd = rig_memory(0x8000);
	open_fds = rig_open_fds();
	assert_int_equal(rig_map(&r, 0x100000, 0x4000, 3, fd, 0x2000), 0);
	assert_int_equal(r.len, 0);
	/* The descriptor is not kept, and the device looks its addresses up before the reply. */
	assert_int_equal(rig_open_fds(), open_fds);
	expect(&r, "remap\n");
	at = map(&r, 0x101000, &len, BUS_PROT_WRITE);
	assert_non_null(at);
	assert_int_equal(len, 0x3000);
	at[7] = 'p';
	assert_int_equal(pread(fd, &byte, 1, 0x3007), 1);
	assert_int_equal(byte, 'p');
	assert_int_equal(vfu_server_stats(r.server)->maps, 1);
	close(fd);
	rig_destroy(&r);
}

static void
addresses_without_memory_are_faults(void **state)
{
	struct bus_fault fault = {0};
	size_t len = 8;
	struct rig r;

	(void)state;
	rig_create(&r);
	assert_null(host(&r)->ops->map(host(&r), 5, 0x77000, &len, BUS_PROT_WRITE, &fault));
	assert_int_equal(fault.iova, 0x77000);
	assert_int_equal(fault.pasid, 5);
	assert_int_equal(fault.prot, BUS_PROT_WRITE);
	assert_int_equal(dma(&r, 0x77000, &len, 8, false), -EFAULT);
	rig_destroy(&r);
}

static void
read_only_memory_is_not_written(void **state)
{
	uint64_t word = 1;
	size_t len = 8;
	struct rig r;
	int fd;

	(void)state;
	rig_create(&r);
	fd = rig_memory(0x1000);
	assert_int_equal(rig_map(&r, 0xc0000, 0x1000, 1, fd, 0), 0);
	assert_int_equal(rig_map(&r, 0xd0000, 0x1000, 1, -1, 0), 0);
	assert_null(map(&r, 0xc0000, &len, BUS_PROT_WRITE));
	assert_non_null(map(&r, 0xc0000, &len, BUS_PROT_READ));
	assert_int_equal(dma(&r, 0xc0000, &word, 8, true), -EFAULT);
	assert_int_equal(dma(&r, 0xd0000, &word, 8, true), -EFAULT);
	assert_int_equal(dma(&r, 0xc0000, &word, 8, false), 0);
	assert_int_equal(word, 0);
	close(fd);
	rig_destroy(&r);
}

static void
a_transfer_crosses_from_one_map_into_the_next(void **state)
{
	unsigned char out[64], in[64];
	struct rig r;
	int fd;

	(void)state;
	rig_create(&r);
	fd = rig_memory(0x4000);
	assert_int_equal(rig_map(&r, 0x10000, 0x1000, 3, fd, 0x3000), 0);
	assert_int_equal(rig_map(&r, 0x11000, 0x1000, 3, fd, 0x1000), 0);
	for (unsigned int i = 0; i < 64; i++)
		out[i] = (unsigned char)(i + 1);
	assert_int_equal(dma(&r, 0x11000 - 20, out, 64, true), 0);
	assert_int_equal(dma(&r, 0x11000 - 20, in, 64, false), 0);
	assert_memory_equal(in, out, 64);
	assert_int_equal(pread(fd, in, 44, 0x1000), 44);
	assert_memory_equal(in, out + 20, 44);
	assert_int_equal(dma(&r, 0x12000 - 20, out, 64, true), -EFAULT);
	close(fd);
	rig_destroy(&r);
}

static void
maps_that_make_no_sense_are_refused(void **state)
{
	struct vfu_dma_map short_argsz = {31, 3, 0, 0x1000, 0x1000};
	int fd, pipes[2];
	struct rig r;

	(void)state;
	rig_create(&r);
	fd = rig_memory(0x2000);
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	assert_int_equal(rig_ask(&r, VFU_DMA_MAP, &short_argsz, sizeof(short_argsz)), -EINVAL);
	assert_int_equal(rig_map(&r, 0x1000, 0x1000, 0, fd, 0), -EINVAL);
	assert_int_equal(rig_map(&r, 0x1000, 0x1000, 0xb, fd, 0), -EINVAL);
	assert_int_equal(rig_map(&r, 0x1000, 0x1000, 0x83, fd, 0), -EINVAL);
	assert_int_equal(rig_map(&r, 0x1000, 0, 3, fd, 0), -EINVAL);
	assert_int_equal(rig_map(&r, 0x1000, 0x3000, 3, fd, 0), -EINVAL);
	assert_int_equal(rig_map(&r, 0x1000, 0x1000, 3, fd, 0x2000), -EINVAL);
	assert_int_equal(rig_map(&r, 0x1000, 0x1000, 3, fd, UINT64_MAX - 0xfff), -EINVAL);
	assert_int_equal(rig_map(&r, UINT64_MAX - 0xfff, 0x2000, 3, fd, 0), -EINVAL);
	assert_int_equal(rig_map(&r, 0x1000, 0x1000, 3, pipes[0], 0), -ENOTSUP);
	expect(&r, "");
	assert_int_equal(rig_map(&r, 0x1000, 0x1000, 7, fd, 0), 0);
	assert_int_equal(rig_map(&r, 0x1000, 0x1000, 3, fd, 0), -EEXIST);
	close(fd);
	close(pipes[0]);
	close(pipes[1]);
	rig_destroy(&r);
}

static void
the_number_of_maps_is_what_was_agreed_on(void **state)
{
	struct rig r;

	(void)state;
	rig_create_with(&r, rig_config);
	assert_int_equal(rig_version(&r, "{\"capabilities\":{\"max_dma_maps\":2}}"), 0);
	assert_int_equal(rig_map(&r, 0x1000, 0x1000, 3, -1, 0), 0);
	assert_int_equal(rig_map(&r, 0x2000, 0x1000, 3, -1, 0), 0);
	assert_int_equal(rig_map(&r, 0x3000, 0x1000, 3, -1, 0), -ENOSPC);
	rig_destroy(&r);
}

/* ---- Unmap ---- */

static struct vfu_server_config
two_maps(struct rig *r)
{
	struct vfu_server_config config = rig_config(r);

	config.max_dma_maps = 2;
	return config;
}

static void
the_number_of_maps_is_what_the_owner_allows(void **state)
{
	struct rig r;

	(void)state;
	rig_create_with(&r, two_maps);
	assert_int_equal(rig_version(&r, RIG_JSON), 0);
	assert_non_null(strstr((const char *)r.payload + 4, "\"max_dma_maps\":2"));
	assert_int_equal(rig_map(&r, 0x1000, 0x1000, 3, -1, 0), 0);
	assert_int_equal(rig_map(&r, 0x2000, 0x1000, 3, -1, 0), 0);
	assert_int_equal(rig_map(&r, 0x3000, 0x1000, 3, -1, 0), -ENOSPC);
	rig_destroy(&r);
}

static void
unmap_covers_many_maps_or_none(void **state)
{
	struct vfu_dma_unmap un;
	size_t len = 1;
	struct rig r;
	int fd;

	(void)state;
	rig_create(&r);
	fd = rig_memory(0x10000);
	for (uint64_t i = 0; i < 4; i++)
		assert_int_equal(rig_map(&r, 0x10000 + i * 0x4000, 0x1000, 3, fd, i * 0x1000), 0);
	test_device_forget(&r.device);
	assert_int_equal(rig_unmap(&r, 0x80000, 0x1000, 0), 0);
	expect(&r, "");
	assert_int_equal(rig_unmap(&r, 0x14000, 0x5000, 0), 0);
	/* The reply repeats the request, and the device has let go by then. */
	assert_int_equal(r.len, sizeof(un));
	memcpy(&un, r.payload, sizeof(un));
	assert_int_equal(un.address, 0x14000);
	assert_int_equal(un.size, 0x5000);
	expect(&r, "remap\n");
	assert_non_null(map(&r, 0x10000, &len, BUS_PROT_READ));
	assert_null(map(&r, 0x14000, &len, BUS_PROT_READ));
	assert_null(map(&r, 0x18000, &len, BUS_PROT_READ));
	assert_non_null(map(&r, 0x1c000, &len, BUS_PROT_READ));
	/* As QEMU does it: up to 2^64. */
	assert_int_equal(rig_unmap(&r, 0x11000, UINT64_C(0xfffffffffffef000), 0), 0);
	assert_null(map(&r, 0x1c000, &len, BUS_PROT_READ));
	assert_int_equal(rig_unmap(&r, 0, 0, 2), 0);
	assert_null(map(&r, 0x10000, &len, BUS_PROT_READ));
	close(fd);
	rig_destroy(&r);
}

static void
unmap_by_halves_changes_nothing(void **state)
{
	size_t len = 1;
	struct rig r;

	(void)state;
	rig_create(&r);
	assert_int_equal(rig_map(&r, 0x10000, 0x4000, 3, -1, 0), 0);
	test_device_forget(&r.device);
	assert_int_equal(rig_unmap(&r, 0x10000, 0x2000, 0), -EINVAL);
	assert_int_equal(rig_unmap(&r, 0x13000, 0x2000, 0), -EINVAL);
	assert_int_equal(rig_unmap(&r, 0x10000, 0, 0), -EINVAL);
	assert_int_equal(rig_unmap(&r, 0x10000, UINT64_MAX, 0), -EINVAL);
	assert_int_equal(rig_unmap(&r, 0x10000, 0x4000, 1), -ENOTSUP);
	expect(&r, "");
	assert_null(map(&r, 0x10000, &len, BUS_PROT_READ));
	assert_int_equal(rig_unmap(&r, 0x10000, 0x4000, 0), 0);
	rig_destroy(&r);
}

/* ---- Without a file: messages ---- */

static void
no_file(struct rig *r)
{
	rig_create(r);
	assert_int_equal(rig_map(r, 0x10000, 0x4000, 3, -1, 0), 0);
}

/* The client answers a message of the server's; `extra` bytes of data, repeated head first. */
static void
answer(struct rig *r, uint16_t id, uint16_t command, const void *payload, size_t len)
{
	const struct vfu_header h = {id, command, (uint32_t)(sizeof(h) + len), VFU_TYPE_REPLY, 0};
	const struct iovec parts[] = {{(void *)(uintptr_t)&h, sizeof(h)},
				      {(void *)(uintptr_t)payload, len}};

	assert_int_equal(vfu_message_send(r->peer, parts, 2, NULL, 0), sizeof(h) + len);
}

static void
writes_are_sent_and_not_waited_for(void **state)
{
	struct vfu_dma_access a;
	struct rig r;
	size_t len = 8;

	(void)state;
	no_file(&r);
	assert_null(map(&r, 0x10000, &len, BUS_PROT_WRITE));
	assert_int_equal(dma(&r, 0x10010, "0123456789abcdef", 16, true), 0);
	assert_true(rig_receive(&r));
	assert_int_equal(r.reply.command, VFU_DMA_WRITE);
	assert_int_equal(r.reply.flags, VFU_TYPE_COMMAND);
	assert_int_equal(r.len, 32);
	memcpy(&a, r.payload, sizeof(a));
	assert_int_equal(a.address, 0x10010);
	assert_int_equal(a.count, 16);
	assert_memory_equal(r.payload + 16, "0123456789abcdef", 16);
	/* Any length of answer is one: QEMU 11 sends 32 bytes, 10 sends 16, the text says 28. */
	answer(&r, r.reply.id, VFU_DMA_WRITE, r.payload, 12);
	rig_work(&r);
	assert_int_equal(vfu_server_stats(r.server)->refused, 0);
	assert_int_equal(vfu_server_stats(r.server)->dma_write, 1);
	rig_destroy(&r);
}

/* What the device stores next into the file the client sees at once. */
static void
writes_are_waited_for_where_others_could_overtake_them(void **state)
{
	struct rig r;
	int fd;

	(void)state;
	no_file(&r);
	fd = rig_memory(0x1000);
	assert_int_equal(rig_map(&r, 0x20000, 0x1000, 3, fd, 0), 0);
	answer(&r, 0, VFU_DMA_WRITE, NULL, 0);
	assert_int_equal(dma(&r, 0x10000, "01234567", 8, true), 0);
	assert_int_equal(vfu_server_stats(r.server)->refused, 0);
	assert_int_equal(dma(&r, 0x10000, "01234567", 8, true), -ETIMEDOUT);
	close(fd);
	rig_destroy(&r);
}

static void
interrupts_wait_for_the_writes_before_them(void **state)
{
	struct rig r;
	uint16_t id;
	int irq;

	(void)state;
	no_file(&r);
	irq = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	assert_int_equal(rig_irqs(&r, 0x24, VFU_IRQ_MSIX, 0, 1, &irq, 1), 0);
	assert_int_equal(dma(&r, 0x10000, "01234567", 8, true), 0);
	assert_int_equal(dma(&r, 0x10008, "01234567", 8, true), 0);
	host(&r)->ops->irq(host(&r), 0);
	assert_int_equal(rig_fired(irq), 0);
	assert_true(rig_receive(&r));
	id = r.reply.id;
	assert_true(rig_receive(&r));
	assert_int_not_equal(r.reply.id, id);
	answer(&r, r.reply.id, VFU_DMA_WRITE, NULL, 0);
	rig_work(&r);
	assert_int_equal(rig_fired(irq), 0);
	answer(&r, id, VFU_DMA_WRITE, NULL, 0);
	rig_work(&r);
	assert_int_equal(rig_fired(irq), 1);
	close(irq);
	rig_destroy(&r);
}

/* The answer is already there, behind a command that has to wait for its turn. */
static void
reads_are_waited_for_and_commands_wait(void **state)
{
	const struct vfu_region_access read_config = {0, VFU_REGION_CONFIG, 4};
	struct {
		struct vfu_dma_access a;
		char data[8];
	} reply = {{0x10020, 8}, {'a', 'n', 's', 'w', 'e', 'r', '!', '!'}};
	char bytes[8] = {0};
	struct rig r;

	(void)state;
	no_file(&r);
	rig_send(&r, VFU_REGION_READ, 0, &read_config, sizeof(read_config));
	answer(&r, 0, VFU_DMA_READ, &reply, sizeof(reply));
	assert_int_equal(dma(&r, 0x10020, bytes, 8, false), 0);
	assert_memory_equal(bytes, reply.data, 8);
	assert_true(rig_receive(&r));
	assert_int_equal(r.reply.command, VFU_DMA_READ);
	assert_int_equal(r.len, 16);
	assert_false(rig_receive(&r));
	/* The socket says nothing of the command that was taken in: the deadline does. */
	assert_int_equal(vfu_server_deadline(r.server), 0);
	rig_work(&r);
	assert_true(rig_receive(&r));
	assert_int_equal(r.reply.command, VFU_REGION_READ);
	assert_int_equal(vfu_server_stats(r.server)->refused, 0);
	assert_true(vfu_server_deadline(r.server) == BUS_NO_DEADLINE);
	rig_destroy(&r);
}

static void
answers_that_do_not_fit_are_errors(void **state)
{
	struct vfu_header h = {1, VFU_DMA_READ, 16, VFU_TYPE_REPLY | VFU_ERROR, EFAULT};
	unsigned char data[24] = {0};
	char bytes[8];
	struct rig r;

	(void)state;
	no_file(&r);
	answer(&r, 0, VFU_DMA_READ, data, 23);
	assert_int_equal(dma(&r, 0x10000, bytes, 8, false), -EIO);
	assert_int_equal(write(r.peer, &h, sizeof(h)), sizeof(h));
	assert_int_equal(dma(&r, 0x10000, bytes, 8, false), -EIO);
	rig_destroy(&r);
}

static void
a_client_that_does_not_answer_is_waited_for_once(void **state)
{
	uint64_t data[3] = {0x10000, 8, 7}, word;
	struct rig r;

	(void)state;
	no_file(&r);
	assert_int_equal(dma(&r, 0x10000, &word, 8, false), -ETIMEDOUT);
	assert_int_equal(vfu_server_stats(r.server)->dma_read, 1);
	assert_int_equal(dma(&r, 0x10000, &word, 8, false), -EIO);
	assert_int_equal(dma(&r, 0x10000, &word, 8, true), -EIO);
	assert_int_equal(vfu_server_stats(r.server)->dma_read, 1);
	/* It was only slow. */
	answer(&r, 0, VFU_DMA_READ, data, sizeof(data));
	rig_work(&r);
	answer(&r, 1, VFU_DMA_READ, data, sizeof(data));
	assert_int_equal(dma(&r, 0x10000, &word, 8, false), 0);
	assert_int_equal(word, 7);
	rig_destroy(&r);
}

static void
writes_never_answered_hold_nothing_up_for_ever(void **state)
{
	struct rig r;
	int irq;

	(void)state;
	no_file(&r);
	irq = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	assert_int_equal(rig_irqs(&r, 0x24, VFU_IRQ_MSIX, 0, 1, &irq, 1), 0);
	/* The window, and one more, which waits. */
	for (unsigned int i = 0; i < 64; i++)
		assert_int_equal(dma(&r, 0x10000, "01234567", 8, true), 0);
	host(&r)->ops->irq(host(&r), 0);
	assert_true(vfu_server_deadline(r.server) != BUS_NO_DEADLINE);
	assert_int_equal(dma(&r, 0x10000, "01234567", 8, true), -ETIMEDOUT);
	assert_int_equal(rig_fired(irq), 1);
	rig_work(&r);
	assert_true(vfu_server_has_client(r.server));
	close(irq);
	rig_destroy(&r);
}

static void
the_window_opens_with_each_answer(void **state)
{
	struct rig r;

	(void)state;
	no_file(&r);
	for (unsigned int i = 0; i < 64; i++)
		assert_int_equal(dma(&r, 0x10000, "01234567", 8, true), 0);
	answer(&r, 17, VFU_DMA_WRITE, NULL, 0);
	assert_int_equal(dma(&r, 0x10000, "01234567", 8, true), 0);
	rig_destroy(&r);
}

/* A device that does DMA where it must not: the client could be waiting for us. */
static struct rig *reading;
static int read_result;

static uint64_t
read_with_dma(struct bus_device *dev, unsigned int bar, uint64_t off, unsigned int size)
{
	uint64_t word;

	(void)dev;
	(void)bar;
	(void)off;
	(void)size;
	read_result = dma(reading, 0x10000, &word, 8, false);
	return 0;
}

static void
no_read_is_made_inside_an_access(void **state)
{
	struct bus_device_ops ops;
	struct rig r;

	(void)state;
	no_file(&r);
	reading = &r;
	ops = *r.device.dev.ops;
	ops.read = read_with_dma;
	r.device.dev.ops = &ops;
	assert_int_equal(rig_read(&r, 0, 0, 4), 0);
	assert_int_equal(read_result, -EDEADLK);
	assert_int_equal(vfu_server_stats(r.server)->dma_read, 0);
	rig_destroy(&r);
}

static void
a_client_gone_while_waited_for_is_let_go(void **state)
{
	struct rig r;
	char bytes[8];

	(void)state;
	no_file(&r);
	close(r.peer);
	r.peer = -1;
	assert_true(dma(&r, 0x10000, bytes, 8, false) < 0);
	assert_int_equal(vfu_server_deadline(r.server), 0);
	vfu_server_work(r.server);
	assert_false(vfu_server_has_client(r.server));
	assert_int_equal(vfu_server_stats(r.server)->dropped, 0);
	rig_destroy(&r);
}

static void
messages_are_no_longer_than_the_client_takes(void **state)
{
	char bytes[40] = {0};
	struct rig r;

	(void)state;
	rig_create_with(&r, rig_config);
	assert_int_equal(rig_version(&r, "{\"capabilities\":{\"max_data_xfer_size\":16}}"), 0);
	assert_int_equal(rig_map(&r, 0x10000, 0x4000, 3, -1, 0), 0);
	assert_int_equal(dma(&r, 0x10000, bytes, 40, true), 0);
	for (unsigned int i = 0; i < 3; i++) {
		assert_true(rig_receive(&r));
		assert_int_equal(r.len, 16 + (i < 2 ? 16 : 8));
	}
	rig_destroy(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_of_a_file_is_reached_by_pointer),
		cmocka_unit_test(addresses_without_memory_are_faults),
		cmocka_unit_test(read_only_memory_is_not_written),
		cmocka_unit_test(a_transfer_crosses_from_one_map_into_the_next),
		cmocka_unit_test(maps_that_make_no_sense_are_refused),
		cmocka_unit_test(the_number_of_maps_is_what_was_agreed_on),
		cmocka_unit_test(the_number_of_maps_is_what_the_owner_allows),
		cmocka_unit_test(unmap_covers_many_maps_or_none),
		cmocka_unit_test(unmap_by_halves_changes_nothing),
		cmocka_unit_test(writes_are_sent_and_not_waited_for),
		cmocka_unit_test(writes_are_waited_for_where_others_could_overtake_them),
		cmocka_unit_test(interrupts_wait_for_the_writes_before_them),
		cmocka_unit_test(reads_are_waited_for_and_commands_wait),
		cmocka_unit_test(answers_that_do_not_fit_are_errors),
		cmocka_unit_test(a_client_that_does_not_answer_is_waited_for_once),
		cmocka_unit_test(writes_never_answered_hold_nothing_up_for_ever),
		cmocka_unit_test(the_window_opens_with_each_answer),
		cmocka_unit_test(no_read_is_made_inside_an_access),
		cmocka_unit_test(a_client_gone_while_waited_for_is_let_go),
		cmocka_unit_test(messages_are_no_longer_than_the_client_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
