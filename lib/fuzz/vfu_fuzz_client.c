/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Fuzz target: any bytes as a server's replies, all of them there before the client asks. The first
 * byte says whether an honest handshake comes before them (bit 0), whether the client asks for
 * shared rings (bit 1), and what it does then (bits 2 to 7).
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test_host.h"
#include "vfu_client.h"
#include "vfu_fuzz.h"

#define HONEST     1u
#define SHARES     2u
#define HOST_BYTES 0x4000u
#define REGIONS    9u
/* Bytes that fit a socket's buffer, whatever its pieces are. */
#define STREAM_MAX 0x8000u

static void
on_log(void *arg, const char *line)
{
	(void)arg;
	if (strlen(line) > 1024 || strchr(line, '\n') != NULL)
		vfu_fuzz_broken("a log line that is no line");
}

/* ---- The server's side, written in advance ---- */

struct stream {
	size_t len;
	unsigned char at[STREAM_MAX];
	uint16_t id;
};

static void
put(struct stream *s, uint64_t value, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes && s->len < sizeof(s->at); i++)
		s->at[s->len++] = (unsigned char)(value >> (8 * i));
}

/* Ids run from 1. */
static void
put_reply(struct stream *s, uint16_t command, uint32_t payload)
{
	put(s, ++s->id, 2);
	put(s, command, 2);
	put(s, 16 + payload, 4);
	put(s, 1, 4);
	put(s, 0, 4);
}

static void
put_version(struct stream *s, bool shares)
{
	static const char plain[] = "{\"capabilities\":{\"max_msg_fds\":16}}";
	static const char share[] = "{\"capabilities\":{\"slipway\":{\"share\":true,"
				    "\"about\":{\"device\":\"x\"}}}}";
	const char *json = shares ? share : plain;

	put_reply(s, 1, 4 + (uint32_t)strlen(json) + 1);
	put(s, 0, 4);
	for (size_t i = 0; i <= strlen(json); i++)
		put(s, (unsigned char)json[i], 1);
}

static void
put_hello(struct stream *s, bool shares)
{
	put_version(s, shares);
	put_reply(s, 4, 16);
	put(s, 16, 4);
	put(s, 3, 4);
	put(s, REGIONS, 4);
	put(s, 5, 4);
	for (uint32_t i = 0; i < REGIONS; i++) {
		put_reply(s, 5, 32);
		put(s, 32, 4);
		put(s, 3, 4);
		put(s, i, 4);
		put(s, 0, 4);
		put(s, i == 7 ? 4096 : i == 0 || i == 2 ? 0x10000 : 0, 8);
		put(s, 0, 8);
	}
	put_reply(s, 7, 16);
	put(s, 16, 4);
	put(s, 1, 4);
	put(s, 2, 4);
	put(s, 20, 4);
}

/* ---- The client ---- */

static void
use(struct vfu_client *client, unsigned int what)
{
	struct bus_device *dev = vfu_client_device(client);
	unsigned char bytes[64] = {0};
	struct vfu_client_shared shared;
	int none[3] = {-1, 0, -1};

	dev->ops->read(dev, 2, 0x10, 4);
	if (what & 1)
		vfu_client_dma_map(client, TEST_HOST_IOVA, HOST_BYTES, what & 2 ? 0 : -1, 0,
				   BUS_PROT_READ | BUS_PROT_WRITE);
	if (what & 4)
		vfu_client_set_irqs(client, 1, 3, none);
	dev->ops->post(dev, 0, 0x2100000, bytes, 64);
	dev->ops->config(dev, 0, bytes, 64, false);
	if (what & 8) {
		dev->ops->write(dev, 2, 0, 1, 4);
		dev->ops->reset(dev, BUS_RESET_FUNCTION);
		vfu_client_shared(client, &shared);
		vfu_client_ring(client);
	}
	if (dev->ops->submit != NULL)
		dev->ops->submit(dev, 0, 0x40, bytes, BUS_NO_PASID);
	vfu_client_look_now(client);
	dev->ops->step(dev, 0);
	vfu_client_dma_unmap(client, TEST_HOST_IOVA, HOST_BYTES);
	vfu_client_disable_irqs(client);
	dev->ops->read(dev, 0, 0, 8);
	vfu_client_region_size(client, 0);
	vfu_client_about(client);
}

static int
lowest_fd(void)
{
	int fd = fcntl(0, F_DUPFD_CLOEXEC, 0);

	close(fd);
	return fd;
}

/* A file to share comes with the bytes' middle, where a reply may want it. */
static void
speak(int fd, const struct stream *s, size_t first, int file)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(3 * sizeof(int))] = {0};
	struct iovec iov = {.iov_base = (void *)(uintptr_t)s->at, .iov_len = first};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *c;
	int three[3] = {file, file, file};

	if (first > 0 && sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return;
	iov = (struct iovec){(void *)(uintptr_t)(s->at + first), s->len - first};
	if (iov.iov_len == 0)
		return;
	msg.msg_control = control;
	msg.msg_controllen = sizeof(control);
	c = CMSG_FIRSTHDR(&msg);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(three));
	memcpy(CMSG_DATA(c), three, sizeof(three));
	sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct test_host host;
	static int file = -1;
	static struct stream s;
	unsigned int kind = size > 0 ? data[0] : 0;
	struct vfu_client_config config = {
		.path = "", .timeout_ms = 1000, .share = kind & SHARES, .log = on_log};
	struct vfu_client *client;
	size_t first;
	int pair[2], lowest;

	if (file < 0) {
		file = memfd_create("vfu-fuzz", MFD_CLOEXEC);
		if (test_host_create(&host, HOST_BYTES, TEST_HOST_WHOLE) < 0 || file < 0 ||
		    ftruncate(file, 0x100000) < 0)
			vfu_fuzz_broken("no memory");
	}
	/* Between inputs, a fuzzer may open something of its own. */
	lowest = lowest_fd();
	s.len = s.id = 0;
	if (kind & HONEST)
		put_hello(&s, kind & SHARES);
	first = s.len;
	for (size_t i = 1; i < size; i++)
		put(&s, data[i], 1);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		vfu_fuzz_broken("no socket");
	speak(pair[0], &s, first, file);
	shutdown(pair[0], SHUT_WR);
	if (vfu_client_open_fd(&config, pair[1], &host.host, &client) == 0) {
		use(client, kind >> 2);
		vfu_client_close(client);
	}
	close(pair[0]);
	if (lowest_fd() != lowest)
		vfu_fuzz_broken("a descriptor is left");
	return 0;
}

/* ---- Seeds ---- */

static void
put_access(struct stream *s, uint16_t command, uint64_t off, uint32_t region, uint32_t count)
{
	put_reply(s, command, command == 9 ? 16 + count : 16);
	put(s, off, 8);
	put(s, region, 4);
	put(s, count, 4);
	for (uint32_t i = 0; i < count && command == 9; i++)
		put(s, i, 1);
}

/* Each reply in its turn, as `use` asks for them; posted writes have ids too. */
static void
put_use(struct stream *s, unsigned int what)
{
	put_access(s, 9, 0x10, 2, 4);
	if (what & 1)
		put_reply(s, 2, 0);
	for (unsigned int i = 0; (what & 4) && i < 3; i++)
		put_reply(s, 8, 0);
	s->id++;
	put_access(s, 9, 0, 7, 64);
	if (what & 8) {
		s->id++;
		put_reply(s, 13, 0);
	}
	put_access(s, 10, 0x40, 0, 64);
	put(s, 7, 2);
	put(s, 11, 2);
	put(s, 32, 4);
	put(s, 0, 8);
	put(s, TEST_HOST_IOVA, 8);
	put(s, 8, 8);
	put_reply(s, 3, 0);
	put_reply(s, 8, 0);
	put_access(s, 9, 0, 0, 8);
}

int
vfu_fuzz_seeds(const char *directory)
{
	static struct stream s, honest;
	char name[32];
	int n = 0;

	for (unsigned int what = 0; what < 16; what++) {
		for (unsigned int hello = 0; hello < 2; hello++) {
			honest.len = honest.id = 0;
			put_hello(&honest, false);
			s.len = 0;
			s.id = honest.id;
			put(&s, what << 2 | !hello, 1);
			if (hello) {
				s.id = 0;
				put_hello(&s, false);
			}
			put_use(&s, what);
			snprintf(name, sizeof(name), "use-%u%s", what, hello ? "-hello" : "");
			n += vfu_fuzz_seed(directory, name, s.at, s.len);
			if (what % 5 != 0)
				break;
		}
	}
	s.len = s.id = 0;
	put(&s, SHARES, 1);
	put_hello(&s, true);
	put_reply(&s, 0x5301, 8 + 32);
	put(&s, 1, 8);
	put(&s, 0, 4);
	put(&s, 2, 4);
	put(&s, 0x2100000, 8);
	put(&s, 4096, 8);
	put(&s, 0, 8);
	put_use(&s, 0);
	n += vfu_fuzz_seed(directory, "share", s.at, s.len);
	return n;
}
