/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_VFU_CLIENT_TEST_RIG_H
#define SLIPWAY_VFU_CLIENT_TEST_RIG_H

/**
 * @file
 * A server that says what a test has it say: a script in a thread, at the other end of a pair of
 * sockets. The client is in the test's thread, where alone cmocka may assert; a script that finds
 * something wrong keeps the word for the end.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "test_host.h"
#include "vfu_client.h"
#include "vfu_message.h"
#include "vfu_wire.h"

/* What the scripted device has. */
#define BAR_BYTES  0x10000u
#define BAR        0
#define VECTORS    40u
#define TIMEOUT_MS 2000u

struct peer;

typedef void (*script_fn)(struct peer *p);

/** The scripted server, and the client in front of it. */
struct peer {
	int fd;
	pthread_t thread;
	script_fn script;
	const char *wrong; /**< first thing that was not as expected */

	/* The message taken last. */
	struct vfu_header head;
	uint8_t payload[8192];
	size_t len;
	int fds[VFU_MAX_FDS];
	unsigned int n_fds;

	/* What it says of itself; a test may change it. */
	const char *json;
	struct vfu_version version;
	uint32_t version_error;
	struct vfu_device_info info;
	uint64_t bytes[VFU_REGIONS];
	uint32_t vectors;
	bool json_unended; /**< without its NUL */

	/* The other end. */
	struct test_host host;
	struct vfu_client *client;
	struct bus_device *dev;
	unsigned int timeout_ms;
	bool share;
	char log[1024];
	unsigned int log_lines;
	unsigned int fds_before;
	bool joined;
	void *arg; /**< of the script */
};

static inline void
peer_wrong(struct peer *p, const char *what)
{
	if (p->wrong == NULL)
		p->wrong = what;
}

static inline bool
peer_read(struct peer *p, void *bytes, size_t len)
{
	size_t got = 0;

	while (got < len) {
		unsigned int n_fds;
		int fds[VFU_MAX_FDS];
		ssize_t n = vfu_message_recv(p->fd, (uint8_t *)bytes + got, len - got, 0, fds,
					     &n_fds);

		if (n <= 0)
			return false;
		memcpy(p->fds + p->n_fds, fds, n_fds * sizeof(fds[0]));
		p->n_fds += n_fds;
		got += (size_t)n;
	}
	return true;
}

/** Take a message, whatever it is. */
static inline bool
peer_take_any(struct peer *p)
{
	p->n_fds = 0;
	p->len = 0;
	if (!peer_read(p, &p->head, sizeof(p->head)))
		return false;
	p->len = p->head.size - sizeof(p->head);
	if (p->head.size < sizeof(p->head) || p->len > sizeof(p->payload)) {
		peer_wrong(p, "a message of impossible size");
		return false;
	}
	return peer_read(p, p->payload, p->len);
}

/** Take a message, which is to be this command. */
static inline bool
peer_take(struct peer *p, uint16_t command)
{
	if (!peer_take_any(p))
		peer_wrong(p, "the end, in place of a message");
	else if (p->head.command != command)
		peer_wrong(p, "another command than expected");
	else
		return true;
	return false;
}

static inline void
peer_send(struct peer *p, const struct vfu_header *head, const void *a, size_t a_len, const void *b,
	  size_t b_len, const int *fds, unsigned int n_fds)
{
	struct iovec parts[] = {
		{(void *)(uintptr_t)head, sizeof(*head)},
		{(void *)(uintptr_t)a, a_len},
		{(void *)(uintptr_t)b, b_len},
	};

	vfu_message_send(p->fd, parts, 3, fds, n_fds);
}

/** The head of a reply to the message taken last. */
static inline struct vfu_header
peer_head(const struct peer *p, size_t len)
{
	struct vfu_header head = p->head;

	head.flags = VFU_TYPE_REPLY;
	head.error = 0;
	head.size = (uint32_t)(sizeof(head) + len);
	return head;
}

/** Reply to the message taken last, in two parts. */
static inline void
peer_reply2(struct peer *p, const void *a, size_t a_len, const void *b, size_t b_len)
{
	struct vfu_header head = peer_head(p, a_len + b_len);

	peer_send(p, &head, a, a_len, b, b_len, NULL, 0);
}

static inline void
peer_reply(struct peer *p, const void *payload, size_t len)
{
	peer_reply2(p, payload, len, NULL, 0);
}

static inline void
peer_refuse(struct peer *p, uint32_t error)
{
	struct vfu_header head = peer_head(p, 0);

	head.flags |= VFU_ERROR;
	head.error = error;
	peer_send(p, &head, NULL, 0, NULL, 0, NULL, 0);
}

static inline bool
peer_version(struct peer *p)
{
	size_t len = p->json != NULL ? strlen(p->json) + !p->json_unended : 0;

	if (!peer_take(p, VFU_VERSION))
		return false;
	if (p->version_error != 0)
		peer_refuse(p, p->version_error);
	else
		peer_reply2(p, &p->version, sizeof(p->version), p->json, len);
	return true;
}

/** All that is said before a device can be used. */
static inline bool
peer_hello(struct peer *p)
{
	struct vfu_irq_info irq = {sizeof(irq), VFU_IRQ_EVENTFD, VFU_IRQ_MSIX, p->vectors};
	struct vfu_region_info region = {.argsz = sizeof(region)};
	unsigned int i;

	if (!peer_version(p) || !peer_take(p, VFU_DEVICE_GET_INFO))
		return false;
	peer_reply(p, &p->info, sizeof(p->info));
	for (i = 0; i <= VFU_REGION_CONFIG; i++) {
		if (!peer_take(p, VFU_DEVICE_GET_REGION_INFO))
			return false;
		region.index = i;
		region.size = p->bytes[i];
		peer_reply(p, &region, sizeof(region));
	}
	if (!peer_take(p, VFU_DEVICE_GET_IRQ_INFO))
		return false;
	peer_reply(p, &irq, sizeof(irq));
	return true;
}

/** Take a read of a region and answer it with a value. */
static inline void
peer_answer_read(struct peer *p, uint64_t value)
{
	struct vfu_region_access ask;

	if (!peer_take(p, VFU_REGION_READ))
		return;
	memcpy(&ask, p->payload, sizeof(ask));
	peer_reply2(p, &ask, sizeof(ask), &value, ask.count);
}

static inline void
peer_log(void *arg, const char *line)
{
	struct peer *p = arg;

	snprintf(p->log, sizeof(p->log), "%s", line);
	p->log_lines++;
}

static inline void *
peer_run(void *arg)
{
	struct peer *p = arg;

	p->script(p);
	shutdown(p->fd, SHUT_RDWR);
	return NULL;
}

static inline unsigned int
fds_open(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static inline void
peer_init(struct peer *p)
{
	*p = (struct peer){
		.json = "{\"capabilities\":{\"max_msg_fds\":16}}",
		.info = {sizeof(p->info), VFU_DEVICE_RESETS | VFU_DEVICE_PCI, VFU_REGIONS,
			 VFU_IRQS},
		.bytes = {[BAR] = BAR_BYTES, [VFU_REGION_CONFIG] = 4096},
		.vectors = VECTORS,
		.timeout_ms = TIMEOUT_MS,
	};
	p->fds_before = fds_open();
}

/** Start the script, and open a client at the other end: what that returns. */
static inline int
peer_open(struct peer *p, script_fn script)
{
	struct vfu_client_config config = {
		.share = p->share,
		.timeout_ms = p->timeout_ms,
		.log = peer_log,
		.arg = p,
	};
	int ends[2], ret;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(test_host_create(&p->host, 8192, TEST_HOST_PIECES), 0);
	p->fd = ends[0];
	p->script = script;
	assert_int_equal(pthread_create(&p->thread, NULL, peer_run, p), 0);
	ret = vfu_client_open_fd(&config, ends[1], &p->host.host, &p->client);
	p->dev = ret == 0 ? vfu_client_device(p->client) : NULL;
	return ret;
}

/** A peer as it usually is. */
static inline void
peer_begin(struct peer *p, script_fn script)
{
	peer_init(p);
	assert_int_equal(peer_open(p, script), 0);
}

/** Wait for the end of the script. */
static inline void
peer_join(struct peer *p)
{
	if (!p->joined)
		pthread_join(p->thread, NULL);
	p->joined = true;
}

/** End of both: the script found nothing wrong, and no descriptor is left. */
static inline void
peer_end(struct peer *p)
{
	vfu_client_close(p->client);
	peer_join(p);
	vfu_message_close(p->fds, p->n_fds);
	close(p->fd);
	test_host_destroy(&p->host);
	if (p->wrong != NULL)
		fail_msg("the script met %s", p->wrong);
	assert_int_equal(fds_open(), p->fds_before);
}

#endif /* SLIPWAY_VFU_CLIENT_TEST_RIG_H */
