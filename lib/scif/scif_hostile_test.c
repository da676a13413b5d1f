/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "scif_half.h"
#include "scif_path.h"
#include "scif_test_far.h"
#include "scif_test_pair.h"

/* A process that calls itself node 2, and says anything. Nodes 0 and 1 go on. */

#define LINK_HELLO   1u
#define LINK_SHARE   2u
#define LINK_UNSHARE 3u
#define LINK_RING    4u
#define NODE         2u

/* As lib/scif/host/scif_host_link.h has it. */
struct packet {
	uint32_t kind, version, node, zero;
	uint64_t address, size;
};

struct page {
	_Atomic uint64_t qp;
	_Alignas(64) _Atomic uint32_t rung;
};

/* ---- Node 1: sends back what comes ---- */

static int
echo(scif_epd_t epd)
{
	char byte;

	while (scif_recv(epd, &byte, 1, SCIF_RECV_BLOCK) == 1)
		if (scif_send(epd, &byte, 1, SCIF_SEND_BLOCK) != 1)
			return 1;
	return 0;
}

static scif_epd_t listener, epd;
static pid_t pid;

static int
begin(void **state)
{
	(void)state;
	listener = far_listen();
	pid = far_visitor(listener, &epd);
	return 0;
}

static int
end(void **state)
{
	char byte = 'a';

	(void)state;
	/* Whatever was said: the others never noticed. */
	assert_int_equal(scif_send(epd, &byte, 1, SCIF_SEND_BLOCK), 1);
	byte = 0;
	assert_int_equal(scif_recv(epd, &byte, 1, SCIF_RECV_BLOCK), 1);
	assert_int_equal(byte, 'a');
	scif_close(epd);
	assert_int_equal(far_wait(pid), 0);
	scif_close(listener);
	assert_int_equal(far_nodes(2), 2);
	return 0;
}

/* ---- The link ---- */

static int
link_open(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	assert_int_equal(scif_path(address.sun_path, 0, "link"), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void
say(int link, const void *bytes, size_t len, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = {0};
	struct iovec iov = {(void *)(uintptr_t)bytes, len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *c;

	if (fd >= 0) {
		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	sendmsg(link, &msg, MSG_NOSIGNAL);
}

static void
say_packet(int link, uint32_t kind, uint64_t address, uint64_t size, int fd)
{
	const struct packet p = {
		.kind = kind, .version = 1, .node = NODE, .address = address, .size = size};

	say(link, &p, sizeof(p), fd);
}

/* Does the other side end it? */
static bool
is_cut(int link)
{
	char bytes[256];
	struct pollfd p = {.fd = link, .events = POLLIN};

	while (poll(&p, 1, 2000) == 1)
		if (recv(link, bytes, sizeof(bytes), 0) <= 0)
			return true;
	return false;
}

static void *
memory(size_t size, int seals, int *fd)
{
	void *base;

	*fd = memfd_create("hostile", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_int_equal(ftruncate(*fd, (off_t)size), 0);
	if (seals != 0)
		assert_int_equal(fcntl(*fd, F_ADD_SEALS, seals), 0);
	base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	assert_ptr_not_equal(base, MAP_FAILED);
	return base;
}

/* ---- A node that is none ---- */

static void
packets_that_are_none_end_a_link(void **state)
{
	static const struct packet bad[] = {
		{.kind = LINK_HELLO, .version = 2, .node = NODE},
		{.kind = LINK_HELLO, .version = 1, .node = NODE},
		{.kind = LINK_RING, .version = 1},
		{.kind = LINK_SHARE, .version = 1, .address = 4096, .size = 4096},
		{.kind = 77, .version = 1},
	};
	int link, fd;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		link = link_open();
		say(link, &bad[i], sizeof(bad[i]), -1);
		assert_true(is_cut(link));
		close(link);
	}
	link = link_open();
	say(link, "hello", 5, -1);
	assert_true(is_cut(link));
	close(link);
	/* A page that can become smaller; a node that is there, and this one. */
	munmap(memory(4096, 0, &fd), 4096);
	link = link_open();
	say_packet(link, LINK_HELLO, 0, 0, fd);
	assert_true(is_cut(link));
	close(link);
	close(fd);
	munmap(memory(4096, F_SEAL_SHRINK, &fd), 4096);
	for (uint32_t node = 0; node < 2; node++) {
		const struct packet p = {.kind = LINK_HELLO, .version = 1, .node = node};

		link = link_open();
		say(link, &p, sizeof(p), fd);
		assert_true(is_cut(link));
		close(link);
	}
	close(fd);
}

/* ---- A node that is there, and talks nonsense ---- */

struct hostile {
	int link, page_fd, fd;
	struct page *page, *theirs;
	struct scif_half *half; /* its own queue pair */
};

#define MEMORY UINT64_C(0x10000000000)
#define HALF   (sizeof(struct scif_half) + SCIF_NODE_RING_SIZE)

/* Memory that the other side sends, mapped; with what it says of it. */
static char *
memory_of_host(int link, uint32_t kind, struct packet *p)
{
	char control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = {p, sizeof(*p)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = sizeof(control)};
	void *base;
	int fd;

	do {
		msg.msg_controllen = sizeof(control);
		assert_int_equal(recvmsg(link, &msg, 0), sizeof(*p));
	} while (p->kind != kind);
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	p->size = p->size == 0 ? 4096 : p->size;
	base = mmap(NULL, p->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(base, MAP_FAILED);
	close(fd);
	return base;
}

static void
join_as_node(struct hostile *h, int seals)
{
	struct packet p;

	h->link = link_open();
	h->page = memory(4096, F_SEAL_SHRINK, &h->page_fd);
	h->theirs = (void *)memory_of_host(h->link, LINK_HELLO, &p);
	say_packet(h->link, LINK_HELLO, 0, 0, h->page_fd);
	h->half = memory(HALF, seals, &h->fd);
	h->half->magic = SCIF_QP_MAGIC;
	h->half->ring_size = SCIF_NODE_RING_SIZE;
	h->half->local_qp = MEMORY;
	h->half->local_buf = MEMORY + sizeof(*h->half);
	say_packet(h->link, LINK_SHARE, MEMORY, HALF, h->fd);
	atomic_store(&h->theirs->qp, MEMORY);
	say_packet(h->link, LINK_RING, 0, 0, -1);
}

static void
leave(struct hostile *h)
{
	/* Only once it is gone there may be another one. */
	shutdown(h->link, SHUT_WR);
	assert_true(is_cut(h->link));
	close(h->link);
	munmap(h->page, 4096);
	munmap(h->theirs, 4096);
	munmap(h->half, HALF);
	close(h->page_fd);
	close(h->fd);
}

static void
a_queue_pair_that_is_none_is_not_used(void **state)
{
	struct hostile h;

	(void)state;
	/* It could become smaller. */
	join_as_node(&h, 0);
	assert_int_equal(ftruncate(h.fd, 0), 0);
	assert_int_equal(far_nodes(2), 2);
	leave(&h);
	join_as_node(&h, F_SEAL_SHRINK);
	for (unsigned int i = 0; i < 6; i++) {
		static const uint64_t address[] = {MEMORY + 8, MEMORY + HALF, UINT64_MAX, 1,
						   MEMORY + HALF - 8, MEMORY - 1};

		atomic_store(&h.theirs->qp, address[i]);
		say_packet(h.link, LINK_RING, 0, 0, -1);
		usleep(3000);
	}
	leave(&h);
}

/* Its own words in the queue pair are anything. */
static void
s209_indices_and_addresses_of_any_kind_hurt_nobody(void **state)
{
	uint64_t random = 5;
	struct hostile h;

	(void)state;
	join_as_node(&h, F_SEAL_SHRINK);
	for (uint32_t n = 0; n < 300; n++) {
		random = random * 6364136223846793005u + 1442695040888963407u;
		atomic_store(&h.half->local_read, (uint32_t)(random >> 20));
		atomic_store(&h.half->local_write, (uint32_t)(random >> 40));
		h.half->local_buf = random % 3 == 0 ? random : MEMORY + random % HALF;
		h.half->ring_size = (uint32_t)(random >> 13);
		say_packet(h.link, LINK_RING, 0, 0, -1);
		if (n % 30 == 29)
			say_packet(h.link, LINK_UNSHARE, n % 60 == 59 ? MEMORY : random, 0, -1);
	}
	leave(&h);
}

/* A message whose parts are guessed, and often right. */
static struct scif_message
guess(uint64_t *random)
{
	struct scif_message m = {.src = {NODE, 9}};

	*random = *random * 6364136223846793005u + 1442695040888963407u;
	m.dst = (struct scif_address){0, *random >> 62 != 0 ? FAR_PORT : (uint16_t)(*random >> 9)};
	m.op = (uint32_t)(*random >> 40) % 42;
	for (unsigned int i = 0; i < 4; i++) {
		uint64_t r = *random >> (i * 11 + 7);

		/* A token: kind, generation, index; or where its own half is; or something. */
		m.payload[i] = r % 4 != 0  ? (r % 3 + 1) << 56 | (r / 4 % 3 + 1) << 32 | r / 16 % 8
			       : r % 8 != 0 ? MEMORY
					    : r;
	}
	/* That would be its own end, as it should. */
	if (m.op == SCIF_EXIT)
		m.op = SCIF_CNCT_REQ;
	return m;
}

static void
s208_messages_of_any_kind_hurt_nobody(void **state)
{
	struct scif_portID peer;
	uint64_t random = 5;
	struct hostile h;
	struct packet p;
	struct scif_half *half;
	uint32_t write = 0;
	scif_epd_t made;

	(void)state;
	join_as_node(&h, F_SEAL_SHRINK);
	half = (void *)memory_of_host(h.link, LINK_SHARE, &p);
	/* It is published when it is complete. */
	while (atomic_load(&h.page->qp) == 0)
		usleep(1000);
	assert_int_equal(half->magic, SCIF_QP_MAGIC);
	for (uint32_t n = 0; n < 20000; n++) {
		struct scif_message m = guess(&random);

		if (n == 0)
			m = (struct scif_message){.op = SCIF_INIT};
		for (size_t i = 0; i < sizeof(m); i++)
			half->ring[write++ % SCIF_NODE_RING_SIZE] = ((uint8_t *)&m)[i];
		if (n % 100 != 0)
			continue;
		atomic_store(&half->local_write, write % SCIF_NODE_RING_SIZE);
		say_packet(h.link, LINK_RING, 0, 0, -1);
		usleep(500);
		/* It reads all that it is sent: nobody waits for it. */
		atomic_store(&h.half->local_read, atomic_load(&h.half->local_write));
	}
	for (int i = 0; i < 3; i++)
		if (scif_accept(listener, &peer, &made, 0) == 0)
			scif_close(made);
	munmap(half, p.size);
	leave(&h);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(packets_that_are_none_end_a_link, begin, end),
		cmocka_unit_test_setup_teardown(a_queue_pair_that_is_none_is_not_used, begin, end),
		cmocka_unit_test_setup_teardown(s209_indices_and_addresses_of_any_kind_hurt_nobody, begin,
						end),
		cmocka_unit_test_setup_teardown(s208_messages_of_any_kind_hurt_nobody, begin, end),
	};

	if (far_is_visitor(argc, argv))
		return far_visit(echo);
	return cmocka_run_group_tests(tests, far_begin, far_end);
}
