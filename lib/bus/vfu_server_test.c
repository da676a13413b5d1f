/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "vfu_test_rig.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>

/* The life of a server, the handshake, and what it refuses before it knows what it is about. */

static bool
is_readable(const struct rig *r)
{
	struct pollfd p = {.fd = vfu_server_fd(r->server), .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

/* ---- Handshake ---- */

static void
version_is_answered_in_kind(void **state)
{
	struct rig r;

	(void)state;
	rig_create_with(&r, rig_config);
	assert_int_equal(rig_version(&r, RIG_JSON), 0);
	assert_memory_equal(r.payload, "\0\0\0\0", 4);
	assert_string_equal((char *)r.payload + 4,
			    "{\"capabilities\":{\"max_msg_fds\":16,"
			    "\"max_data_xfer_size\":1048576,\"write_multiple\":true}}");
	assert_int_equal(r.len, 4 + strlen((char *)r.payload + 4) + 1);
	assert_int_equal(r.came, 1);
	rig_destroy(&r);
}

static void
version_without_text_is_answered_without(void **state)
{
	struct rig r;

	(void)state;
	rig_create_with(&r, rig_config);
	assert_int_equal(rig_ask(&r, VFU_VERSION, "\0\0\7\0", 4), 0);
	assert_int_equal(r.len, 4);
	assert_memory_equal(r.payload, "\0\0\0\0", 4);
	rig_destroy(&r);
}

/* A client may have room for no more than it sent. */
static void
version_is_answered_no_longer_than_asked(void **state)
{
	const char *short_text = "{\"capabilities\":{\"max_data_xfer_size\":99999999}}";
	struct rig r;

	(void)state;
	rig_create_with(&r, rig_config);
	assert_int_equal(rig_version(&r, short_text), 0);
	assert_true(r.len <= 4 + strlen(short_text) + 1);
	rig_destroy(&r);
	rig_create_with(&r, rig_config);
	assert_int_equal(rig_version(&r, "{\"capabilities\":{\"max_msg_fds\":1}}"), 0);
	assert_int_equal(r.len, 4);
	rig_destroy(&r);
}

/* Refused with an error, then nothing but the end of the connection. */
static void
expect_end(struct rig *r, int error)
{
	rig_work(r);
	assert_true(rig_receive(r));
	assert_int_equal(r->reply.flags, VFU_TYPE_REPLY | VFU_ERROR);
	assert_int_equal(r->reply.error, error);
	assert_false(rig_receive(r));
	assert_false(vfu_server_has_client(r->server));
	assert_int_equal(vfu_server_stats(r->server)->dropped, 1);
}

static void
versions_not_spoken_end_it(void **state)
{
	struct rig r;

	(void)state;
	rig_create_with(&r, rig_config);
	rig_send(&r, VFU_VERSION, 0, "\1\0\0\0", 4);
	expect_end(&r, ENOTSUP);
	rig_destroy(&r);
}

static void
a_handshake_that_is_no_json_ends_it(void **state)
{
	struct rig r;

	(void)state;
	rig_create_with(&r, rig_config);
	rig_send(&r, VFU_VERSION, 0, "\0\0\0\0{", 6);
	expect_end(&r, EINVAL);
	rig_destroy(&r);
}

static void
version_comes_first(void **state)
{
	struct rig r;

	(void)state;
	rig_create_with(&r, rig_config);
	rig_send(&r, VFU_DEVICE_RESET, 0, NULL, 0);
	expect_end(&r, EPROTO);
	assert_string_equal(test_device_log(&r.device), "reset power\n");
	rig_destroy(&r);
}

static void
version_comes_once(void **state)
{
	struct rig r;

	(void)state;
	rig_create(&r);
	assert_int_equal(rig_version(&r, RIG_JSON), -EINVAL);
	assert_int_equal(rig_read(&r, VFU_REGION_CONFIG, 0, 4), 0);
	rig_destroy(&r);
}

/* ---- Messages ---- */

static void
unknown_commands_are_refused_and_forgotten(void **state)
{
	const uint16_t commands[] = {0,
				     VFU_DEVICE_GET_REGION_IO_FDS,
				     VFU_DMA_READ,
				     VFU_DMA_WRITE,
				     14,
				     16,
				     17,
				     18,
				     19,
				     0x5300,
				     0xffff};
	struct rig r;

	(void)state;
	rig_create(&r);
	for (unsigned int i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		assert_int_equal(rig_ask(&r, commands[i], "12345678", 8), -ENOTSUP);
	assert_int_equal(vfu_server_stats(r.server)->refused, 11);
	assert_string_equal(r.line,
			    "command (65535), id 12: refused with EOPNOTSUPP: not known here");
	rig_destroy(&r);
}

static void
lengths_that_do_not_fit_are_refused(void **state)
{
	static const struct {
		uint16_t command;
		size_t len;
	} wrong[] = {
		{VFU_DMA_MAP, 31},
		{VFU_DMA_MAP, 33},
		{VFU_DMA_UNMAP, 23},
		{VFU_DMA_UNMAP, 25},
		{VFU_DEVICE_GET_INFO, 15},
		{VFU_DEVICE_GET_REGION_INFO, 31},
		{VFU_DEVICE_GET_IRQ_INFO, 15},
		{VFU_DEVICE_SET_IRQS, 19},
		{VFU_REGION_READ, 15},
		{VFU_REGION_READ, 17},
		{VFU_REGION_WRITE, 15},
		{VFU_DEVICE_RESET, 1},
		{VFU_REGION_WRITE_MULTI, 7},
		{VFU_DMA_MAP, 0},
	};
	const unsigned char zeros[64] = {0};
	struct rig r;

	(void)state;
	rig_create(&r);
	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(rig_ask(&r, wrong[i].command, zeros, wrong[i].len), -EINVAL);
	assert_string_equal(test_device_log(&r.device), "");
	rig_destroy(&r);
}

static void
a_posted_command_that_fails_is_only_counted(void **state)
{
	struct rig r;

	(void)state;
	rig_create(&r);
	rig_send(&r, 99, VFU_NO_REPLY, NULL, 0);
	rig_work(&r);
	assert_false(rig_receive(&r));
	assert_int_equal(vfu_server_stats(r.server)->refused, 1);
	assert_int_equal(r.lines, 1);
	rig_destroy(&r);
}

static void
types_that_are_neither_end_it(void **state)
{
	struct rig r;

	(void)state;
	rig_create(&r);
	rig_send(&r, VFU_DEVICE_RESET, 2, NULL, 0);
	rig_work(&r);
	assert_false(vfu_server_has_client(r.server));
	assert_string_equal(test_device_log(&r.device), "reset power\n");
	rig_destroy(&r);
}

static void
sizes_no_message_has_end_it(void **state)
{
	const uint32_t sizes[] = {0, 15, VFU_MAX_DATA + VFU_MAX_HEAD + 1, UINT32_MAX};
	struct rig r;

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		struct vfu_header h = {.id = 5, .command = VFU_REGION_WRITE, .size = sizes[i]};

		rig_create(&r);
		assert_int_equal(write(r.peer, &h, sizeof(h)), sizeof(h));
		expect_end(&r, EINVAL);
		rig_destroy(&r);
	}
}

static void
replies_nobody_waits_for_are_counted(void **state)
{
	struct rig r;

	(void)state;
	rig_create(&r);
	rig_send(&r, VFU_DMA_WRITE, VFU_TYPE_REPLY, NULL, 0);
	rig_work(&r);
	assert_false(rig_receive(&r));
	assert_true(vfu_server_has_client(r.server));
	assert_int_equal(vfu_server_stats(r.server)->refused, 1);
	rig_destroy(&r);
}

static void
descriptors_nobody_announced_are_refused_and_closed(void **state)
{
	const struct vfu_dma_map map = {sizeof(map), 3, 0, 0x1000, 0x1000};
	int open_fds, fds[2];
	struct rig r;

	(void)state;
	rig_create(&r);
	fds[0] = fds[1] = r.peer;
	open_fds = rig_open_fds();
	assert_int_equal(rig_ask_fds(&r, VFU_DEVICE_RESET, NULL, 0, fds, 1), -EINVAL);
	assert_int_equal(rig_ask_fds(&r, VFU_DMA_MAP, &map, sizeof(map), fds, 2), -EINVAL);
	assert_int_equal(rig_open_fds(), open_fds);
	rig_destroy(&r);
}

static void
the_log_of_one_client_is_bounded(void **state)
{
	struct rig r;

	(void)state;
	rig_create(&r);
	for (unsigned int i = 0; i < 500; i++)
		assert_int_equal(rig_ask(&r, 99, NULL, 0), -ENOTSUP);
	assert_in_range(r.lines, 60, 66);
	assert_string_equal(r.line, "no more lines about this client: the rest is only counted");
	assert_int_equal(vfu_server_stats(r.server)->refused, 500);
	rig_destroy(&r);
}

static unsigned int named;

static void
on_message(void *arg, uint16_t id, const char *command, uint32_t size, int result)
{
	(void)arg;
	assert_int_equal(id, 1);
	assert_string_equal(command, "VERSION");
	assert_int_equal(size, 20);
	assert_int_equal(result, 0);
	named++;
}

static struct vfu_server_config
config_naming(struct rig *r)
{
	struct vfu_server_config c = rig_config(r);

	c.events.message = on_message;
	return c;
}

static void
each_message_can_be_seen_by_name(void **state)
{
	struct rig r;

	(void)state;
	rig_create_with(&r, config_naming);
	assert_int_equal(rig_ask(&r, VFU_VERSION, "\0\0\0\0", 4), 0);
	assert_int_equal(named, 1);
	rig_destroy(&r);
}

/* A client that asks and asks, and takes no answer: it waits, the server does not. */
static void
a_client_that_takes_no_answers_is_not_read_from(void **state)
{
	const struct vfu_region_access a = {0, VFU_REGION_CONFIG, 4096};
	unsigned int asked = 0, answered = 0;
	struct rig r;

	(void)state;
	rig_create(&r);
	for (; asked < 150; asked++)
		rig_send(&r, VFU_REGION_READ, 0, &a, sizeof(a));
	rig_work(&r);
	assert_true(vfu_server_stats(r.server)->reads < 150);
	assert_false(is_readable(&r));
	while (answered < asked) {
		while (rig_receive(&r))
			assert_int_equal(r.reply.id, 2 + answered++);
		assert_true(answered == asked || is_readable(&r));
		rig_work(&r);
	}
	rig_destroy(&r);
}

/* ---- Clients come and go ---- */

static void
at_the_end_of_a_client_everything_of_it_goes(void **state)
{
	int memory = rig_memory(0x10000), irq = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), open_fds;
	size_t len = 0x1000;
	struct bus_fault fault;
	struct bus_host *host;
	struct rig r;

	(void)state;
	rig_create_sharing(&r);
	open_fds = rig_open_fds();
	host = vfu_server_host(r.server);
	assert_int_equal(rig_map(&r, 0x10000, 0x10000, 3, memory, 0), 0);
	assert_int_equal(rig_irqs(&r, 0x24, VFU_IRQ_MSIX, 0, 1, &irq, 1), 0);
	assert_int_equal(rig_ask(&r, VFU_SHARE, NULL, 0), 0);
	assert_non_null(host->ops->map(host, BUS_NO_PASID, 0x10000, &len, BUS_PROT_READ, &fault));
	test_device_forget(&r.device);
	vfu_message_close(r.fds, r.n_fds);
	r.n_fds = 0;
	close(r.peer);
	r.peer = -1;
	rig_work(&r);
	assert_false(vfu_server_has_client(r.server));
	assert_null(host->ops->map(host, BUS_NO_PASID, 0x10000, &len, BUS_PROT_READ, &fault));
	assert_string_equal(test_device_log(&r.device), "remap\nconfig 0x42 2\nconfig 0x4 2\n"
							"config 0x4 2\nreset power\n");
	assert_int_equal(rig_open_fds(), open_fds - 2);
	assert_int_equal(vfu_server_stats(r.server)->dropped, 0);
	close(memory);
	close(irq);
	r.open_before -= 2;
	rig_destroy(&r);
}

static void
the_owner_can_let_a_client_go(void **state)
{
	struct rig r;

	(void)state;
	rig_create(&r);
	vfu_server_drop(r.server);
	assert_false(vfu_server_has_client(r.server));
	assert_false(rig_receive(&r));
	assert_int_equal(vfu_server_work(r.server), 0);
	rig_destroy(&r);
}

/* ---- Listening ---- */

static char path[100];

static void
path_make(void)
{
	strcpy(path, "/tmp/vfu-test-XXXXXX");
	assert_non_null(mkdtemp(path));
	strcat(path, "/socket");
}

static void
path_remove(void)
{
	unlink(path);
	*strrchr(path, '/') = '\0';
	assert_int_equal(rmdir(path), 0);
}

static int
try_connect(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(a.sun_path, path);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	close(fd);
	return -1;
}

static int
try_open(struct vfu_server **server, mode_t mode)
{
	const struct vfu_server_config c = {.path = path, .mode = mode};

	return vfu_server_open(&c, server);
}

static void
clients_come_one_after_the_other(void **state)
{
	struct vfu_server *server;
	struct test_device device;
	int first, second, open_fds = rig_open_fds();
	struct pollfd p = {.events = POLLIN};
	struct vfu_header h;

	(void)state;
	path_make();
	assert_int_equal(try_open(&server, 0600), 0);
	assert_int_equal(test_device_create(&device, vfu_server_host(server)), 0);
	vfu_server_plug(server, &device.dev);
	p.fd = vfu_server_fd(server);
	assert_int_equal(poll(&p, 1, 0), 0);
	first = try_connect();
	assert_int_equal(poll(&p, 1, 0), 1);
	vfu_server_work(server);
	second = try_connect();
	assert_true(first >= 0 && second >= 0);
	h = (struct vfu_header){1, VFU_VERSION, 20, 0, 0};
	assert_int_equal(write(second, &h, 16), 16);
	assert_int_equal(write(second, "\0\0\0\0", 4), 4);
	/* The second waits without a word, and keeps nobody awake. */
	assert_int_equal(vfu_server_work(server), 0);
	assert_int_equal(poll(&p, 1, 0), 0);
	close(first);
	assert_int_equal(poll(&p, 1, 0), 1);
	vfu_server_work(server);
	assert_int_equal(poll(&p, 1, 0), 1);
	assert_int_equal(vfu_server_work(server), 1);
	assert_int_equal(read(second, &h, sizeof(h)), 16);
	assert_int_equal(h.flags, VFU_TYPE_REPLY);
	assert_int_equal(vfu_server_stats(server)->clients, 2);
	vfu_server_close(server);
	close(second);
	assert_int_equal(try_connect(), -1);
	assert_int_equal(access(path, F_OK), -1);
	test_device_destroy(&device);
	path_remove();
	assert_int_equal(rig_open_fds(), open_fds);
}

static void
a_live_socket_is_refused_and_a_stale_one_replaced(void **state)
{
	struct vfu_server *server, *other;
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	path_make();
	strcpy(a.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	close(fd);
	assert_int_equal(try_open(&server, 0600), 0);
	assert_int_equal(try_open(&other, 0600), -EADDRINUSE);
	assert_null(other);
	assert_int_equal(access(path, F_OK), 0);
	vfu_server_close(server);
	path_remove();
}

/* Somebody listens, and is only slow to accept. */
static void
a_socket_whose_queue_is_full_is_live(void **state)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), queued[8], n = 0;
	struct vfu_server *server;

	(void)state;
	path_make();
	strcpy(a.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 1), 0);
	for (; n < 8; n++) {
		queued[n] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (connect(queued[n], (struct sockaddr *)&a, sizeof(a)) < 0)
			break;
	}
	assert_in_range(n, 1, 7);
	assert_int_equal(try_open(&server, 0600), -EADDRINUSE);
	assert_int_equal(access(path, F_OK), 0);
	vfu_message_close(queued, (unsigned int)n + 1);
	close(fd);
	path_remove();
}

static void
a_file_in_the_way_stays(void **state)
{
	struct vfu_server *server;
	int fd;

	(void)state;
	path_make();
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	close(fd);
	assert_int_equal(try_open(&server, 0600), -EEXIST);
	assert_int_equal(access(path, F_OK), 0);
	path_remove();
}

static void
the_socket_has_the_permissions_asked_for(void **state)
{
	const mode_t modes[] = {0600, 0660, 0666};
	struct vfu_server *server;
	struct stat st;

	(void)state;
	path_make();
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(try_open(&server, modes[i]), 0);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 0777, modes[i]);
		vfu_server_close(server);
	}
	path_remove();
}

static void
a_name_too_long_is_refused(void **state)
{
	struct vfu_server *server;
	char name[200];
	const struct vfu_server_config c = {.path = name, .mode = 0600};

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(vfu_server_open(&c, &server), -ENAMETOOLONG);
	assert_null(server);
}

static void
about_has_to_be_an_object(void **state)
{
	const struct vfu_server_config c = {.path = path, .mode = 0600, .about = "[1]"};
	struct vfu_server *server;

	(void)state;
	assert_int_equal(vfu_server_open(&c, &server), -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_is_answered_in_kind),
		cmocka_unit_test(version_without_text_is_answered_without),
		cmocka_unit_test(version_is_answered_no_longer_than_asked),
		cmocka_unit_test(versions_not_spoken_end_it),
		cmocka_unit_test(a_handshake_that_is_no_json_ends_it),
		cmocka_unit_test(version_comes_first),
		cmocka_unit_test(version_comes_once),
		cmocka_unit_test(unknown_commands_are_refused_and_forgotten),
		cmocka_unit_test(lengths_that_do_not_fit_are_refused),
		cmocka_unit_test(a_posted_command_that_fails_is_only_counted),
		cmocka_unit_test(types_that_are_neither_end_it),
		cmocka_unit_test(sizes_no_message_has_end_it),
		cmocka_unit_test(replies_nobody_waits_for_are_counted),
		cmocka_unit_test(descriptors_nobody_announced_are_refused_and_closed),
		cmocka_unit_test(the_log_of_one_client_is_bounded),
		cmocka_unit_test(each_message_can_be_seen_by_name),
		cmocka_unit_test(a_client_that_takes_no_answers_is_not_read_from),
		cmocka_unit_test(at_the_end_of_a_client_everything_of_it_goes),
		cmocka_unit_test(the_owner_can_let_a_client_go),
		cmocka_unit_test(clients_come_one_after_the_other),
		cmocka_unit_test(a_live_socket_is_refused_and_a_stale_one_replaced),
		cmocka_unit_test(a_socket_whose_queue_is_full_is_live),
		cmocka_unit_test(a_file_in_the_way_stays),
		cmocka_unit_test(the_socket_has_the_permissions_asked_for),
		cmocka_unit_test(a_name_too_long_is_refused),
		cmocka_unit_test(about_has_to_be_an_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
