/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_VFU_TEST_RIG_H
#define SLIPWAY_VFU_TEST_RIG_H

/**
 * @file
 * A server with a small device at one end of a socket pair, a test that writes and reads messages
 * at the other.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>

#include "vfu_message.h"
#include "vfu_server.h"
#include "vfu_test_device.h"

#define RIG_CAPS                                                                   \
	"\"max_msg_fds\":8,\"max_data_xfer_size\":1048576,\"max_dma_maps\":65535," \
	"\"write_multiple\":true"
#define RIG_JSON       "{\"capabilities\":{" RIG_CAPS "}}"
#define RIG_JSON_SHARE "{\"capabilities\":{" RIG_CAPS ",\"slipway\":{\"share\":true}}}"

/** The rig. */
struct rig {
	struct vfu_server *server;
	struct test_device device;
	int peer; /**< the client's end */
	int open_before;
	unsigned int came, gone;
	unsigned int lines; /**< in the log */
	char line[512];     /**< the last one */
	/* The last reply. */
	struct vfu_header reply;
	unsigned char payload[70000];
	size_t len;
	int fds[VFU_MAX_FDS];
	unsigned int n_fds;
	uint16_t id;
};

/** Descriptors that this process has open. */
static inline int
rig_open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static inline void
rig_log(void *arg, const char *line)
{
	struct rig *r = arg;

	r->lines++;
	snprintf(r->line, sizeof(r->line), "%s", line);
}

static inline void
rig_came(void *arg, pid_t pid, uid_t uid)
{
	(void)uid;
	assert_int_equal(pid, getpid());
	((struct rig *)arg)->came++;
}

static inline struct vfu_server_config
rig_config(struct rig *r)
{
	return (struct vfu_server_config){
		.share = true,
		.about = "{\"device\":\"test\"}",
		.dma_timeout_ms = 30,
		.events = {.log = rig_log, .came = rig_came},
		.arg = r,
	};
}

/** A server without a device: what the rig's one is like can still be changed. */
static inline void
rig_create_unplugged(struct rig *r, struct vfu_server_config (*config)(struct rig *r))
{
	struct vfu_server_config c;
	int pair[2];

	memset(r, 0, sizeof(*r));
	r->open_before = rig_open_fds();
	c = config(r);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	r->peer = pair[0];
	assert_int_equal(vfu_server_open_fd(&c, pair[1], &r->server), 0);
	assert_int_equal(test_device_create(&r->device, vfu_server_host(r->server)), 0);
}

static inline void
rig_plug(struct rig *r)
{
	vfu_server_plug(r->server, &r->device.dev);
	test_device_forget(&r->device);
}

/** A server whose client has not said anything yet. */
static inline void
rig_create_with(struct rig *r, struct vfu_server_config (*config)(struct rig *r))
{
	rig_create_unplugged(r, config);
	rig_plug(r);
}

/** Nothing is left of it. */
static inline void
rig_destroy(struct rig *r)
{
	vfu_message_close(r->fds, r->n_fds);
	vfu_server_close(r->server);
	test_device_destroy(&r->device);
	if (r->peer >= 0)
		close(r->peer);
	assert_int_equal(rig_open_fds(), r->open_before);
}

/* ---- Messages ---- */

static inline void
rig_send_fds(struct rig *r, uint16_t command, uint32_t flags, const void *payload, size_t len,
	     const int fds[], unsigned int n_fds)
{
	struct vfu_header h = {++r->id, command, (uint32_t)(sizeof(h) + len), flags, 0};
	const struct iovec parts[] = {{&h, sizeof(h)}, {(void *)(uintptr_t)payload, len}};

	assert_int_equal(vfu_message_send(r->peer, parts, 2, fds, n_fds), sizeof(h) + len);
}

static inline void
rig_send(struct rig *r, uint16_t command, uint32_t flags, const void *payload, size_t len)
{
	rig_send_fds(r, command, flags, payload, len, NULL, 0);
}

static inline void
rig_work(struct rig *r)
{
	while (vfu_server_work(r->server) > 0)
		;
}

/** Receive a message: false when there is none, or the server has hung up. */
static inline bool
rig_receive(struct rig *r)
{
	unsigned int n_fds;
	size_t rest;
	ssize_t n;

	vfu_message_close(r->fds, r->n_fds);
	r->n_fds = 0;
	n = vfu_message_recv(r->peer, &r->reply, sizeof(r->reply), MSG_DONTWAIT, r->fds, &r->n_fds);
	if (n <= 0)
		return false;
	assert_int_equal(n, sizeof(r->reply));
	assert_true(r->reply.size >= sizeof(r->reply));
	rest = r->reply.size - sizeof(r->reply);
	assert_true(rest <= sizeof(r->payload));
	for (r->len = 0; r->len < rest; r->len += (size_t)n) {
		n = vfu_message_recv(r->peer, r->payload + r->len, rest - r->len, MSG_DONTWAIT,
				     (int[VFU_MAX_FDS]){0}, &n_fds);
		assert_true(n > 0);
		assert_int_equal(n_fds, 0);
	}
	return true;
}

/** Send a command and take its reply: 0, or its error as a negative errno. */
static inline int
rig_ask_fds(struct rig *r, uint16_t command, const void *payload, size_t len, const int fds[],
	    unsigned int n_fds)
{
	rig_send_fds(r, command, 0, payload, len, fds, n_fds);
	rig_work(r);
	assert_true(rig_receive(r));
	assert_int_equal(r->reply.id, r->id);
	assert_int_equal(r->reply.command, command);
	if (r->reply.flags == VFU_TYPE_REPLY) {
		assert_int_equal(r->reply.error, 0);
		return 0;
	}
	/* An error is the bare header. */
	assert_int_equal(r->reply.flags, VFU_TYPE_REPLY | VFU_ERROR);
	assert_int_equal(r->reply.size, sizeof(r->reply));
	assert_true(r->reply.error > 0);
	return -(int)r->reply.error;
}

static inline int
rig_ask(struct rig *r, uint16_t command, const void *payload, size_t len)
{
	return rig_ask_fds(r, command, payload, len, NULL, 0);
}

/** VERSION with a text. */
static inline int
rig_version(struct rig *r, const char *text)
{
	unsigned char payload[5000] = {0};

	strcpy((char *)payload + 4, text);
	return rig_ask(r, VFU_VERSION, payload, 4 + strlen(text) + 1);
}

/** A server whose client has been agreed with. */
static inline void
rig_create(struct rig *r)
{
	rig_create_with(r, rig_config);
	assert_int_equal(rig_version(r, RIG_JSON), 0);
}

static inline void
rig_create_sharing(struct rig *r)
{
	rig_create_with(r, rig_config);
	assert_int_equal(rig_version(r, RIG_JSON_SHARE), 0);
}

/* ---- Accesses ---- */

/** A write's message: its length. */
static inline size_t
rig_write_message(unsigned char *payload, uint32_t region, uint64_t off, const void *bytes,
		  uint32_t count)
{
	const struct vfu_region_access a = {off, region, count};

	memcpy(payload, &a, sizeof(a));
	memcpy(payload + sizeof(a), bytes, count);
	return sizeof(a) + count;
}

static inline int
rig_write(struct rig *r, uint32_t region, uint64_t off, const void *bytes, uint32_t count)
{
	unsigned char payload[5000];

	return rig_ask(r, VFU_REGION_WRITE, payload,
		       rig_write_message(payload, region, off, bytes, count));
}

/** A posted write, not worked on yet. */
static inline void
rig_post(struct rig *r, uint32_t region, uint64_t off, const void *bytes, uint32_t count)
{
	unsigned char payload[5000];

	rig_send(r, VFU_REGION_WRITE, VFU_NO_REPLY, payload,
		 rig_write_message(payload, region, off, bytes, count));
}

static inline int
rig_read(struct rig *r, uint32_t region, uint64_t off, uint32_t count)
{
	const struct vfu_region_access a = {off, region, count};

	return rig_ask(r, VFU_REGION_READ, &a, sizeof(a));
}

/* ---- Memory and interrupts ---- */

/** A file of memory. */
static inline int
rig_memory(size_t bytes)
{
	int fd = memfd_create("rig", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)bytes), 0);
	return fd;
}

static inline int
rig_map(struct rig *r, uint64_t address, uint64_t size, uint32_t flags, int fd, uint64_t offset)
{
	const struct vfu_dma_map map = {sizeof(map), flags, offset, address, size};

	return rig_ask_fds(r, VFU_DMA_MAP, &map, sizeof(map), &fd, fd < 0 ? 0 : 1);
}

static inline int
rig_unmap(struct rig *r, uint64_t address, uint64_t size, uint32_t flags)
{
	const struct vfu_dma_unmap un = {sizeof(un), flags, address, size};

	return rig_ask(r, VFU_DMA_UNMAP, &un, sizeof(un));
}

static inline int
rig_irqs(struct rig *r, uint32_t flags, uint32_t index, uint32_t start, uint32_t count,
	 const int fds[], unsigned int n_fds)
{
	const struct vfu_irq_set set = {sizeof(set), flags, index, start, count};

	return rig_ask_fds(r, VFU_DEVICE_SET_IRQS, &set, sizeof(set), fds, n_fds);
}

/** How often an eventfd has been written since the last call. */
static inline unsigned int
rig_fired(int fd)
{
	uint64_t n = 0;

	return read(fd, &n, sizeof(n)) == sizeof(n) ? (unsigned int)n : 0;
}

#endif /* SLIPWAY_VFU_TEST_RIG_H */
