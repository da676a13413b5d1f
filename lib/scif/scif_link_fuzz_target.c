/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "scif_link_fuzz_target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fuzz_input.h"
#include "scif_link_rig.h"
#include "scif_path.h"
#include "scif_priv.h"
#include "scif_request.h"
#include "scif_test_rig.h"

#define OPERATIONS_MAX 200u
#define LINKS          6u
#define CLIENTS        2u
#define BYTES_MAX      64u
/* Of memory that is large: a box goes in, behind what it is for. */
#define MEMORY_BYTES (2u << 20)
#define NS_PER_S       UINT64_C(1000000000)
/* A node that this one joins, or that node 0 speaks of. */
#define JOINED 5u
/* One that nothing else calls itself. */
#define GOOD 77u

struct fuzz {
	struct fuzz_input input;
	struct scif_host *host;
	uint16_t node;
	int listener;
	struct link_rig link[LINKS]; /* with a page, where there is one */
	int client[CLIENTS];         /* sockets of clients, and of who controls; -1: none */
	int control;
	int loose;                   /* memory that was passed, and may become smaller */
	uint64_t now;
};

static uint64_t
take(struct fuzz *f, unsigned int n)
{
	return fuzz_take(&f->input, n);
}

static struct link_rig *
take_link(struct fuzz *f)
{
	struct link_rig *r = &f->link[take(f, 1) % LINKS];

	return r->page != NULL ? r : NULL;
}

/* ---- Links ---- */

static uint16_t
take_node(struct fuzz *f)
{
	static const uint16_t odd[] = {0, 1, 2, JOINED, 6, 128, 129, 65535};

	return odd[take(f, 1) % 8];
}

static void
come(struct fuzz *f)
{
	struct link_rig *r = &f->link[take(f, 1) % LINKS];
	uint8_t how = (uint8_t)take(f, 1);
	int fd;

	if (r->page != NULL)
		return;
	fd = (how & 1) == 0 ? link_rig_connect(f->node) : accept(f->listener, NULL, NULL);
	if (fd < 0)
		return;
	link_rig_begin(r, fd, (how & 2) == 0 ? (how & 1) * JOINED : take_node(f));
	r->peer = (how & 4) != 0;
	if ((how & 8) == 0)
		return;
	link_rig_hello(r);
	scif_host_serve(f->host, 0);
	link_rig_hear(r);
	link_rig_publish(r);
}

static void
go(struct fuzz *f)
{
	struct link_rig *r = take_link(f);

	if (r == NULL)
		return;
	link_rig_end(r);
	r->page = NULL;
}

/* ---- What they say ---- */

static uint64_t
take_word(struct fuzz *f, const struct link_rig *r)
{
	uint8_t kind = (uint8_t)take(f, 1);

	if (kind < 64)
		return (kind & 7) * LINK_MEMORY_SPAN + (kind >> 3) * SCIF_PAGE;
	if (kind < 128)
		return LINK_RIG_HALF + (kind - 64) * 8u;
	if (kind < 160)
		return r->host_at + (kind - 128) * 64u;
	if (kind < 192)
		return (uint64_t)(kind - 160) * SCIF_PAGE;
	return take(f, kind % 9);
}

static unsigned int
take_fds(struct fuzz *f, int fds[LINK_RIG_FDS])
{
	unsigned int count = (unsigned int)take(f, 1), n = 0;

	count = count < 200 ? count % 2 : count % (LINK_RIG_FDS + 1);
	for (unsigned int i = 0; i < count; i++) {
		uint8_t kind = (uint8_t)take(f, 1);
		size_t size = (kind & 0x80) != 0 ? MEMORY_BYTES : LINK_PAGE_BYTES;

		fds[n] = link_rig_fd((kind & 0x7f) % LINK_RIG_KINDS, size);
		if (fds[n] < 0)
			continue;
		if ((kind & 0x7f) % LINK_RIG_KINDS == LINK_RIG_LOOSE && f->loose < 0)
			f->loose = dup(fds[n]);
		n++;
	}
	return n;
}

static void
say(struct fuzz *f, const struct link_rig *r, const void *bytes, size_t len)
{
	int fds[LINK_RIG_FDS];
	unsigned int n = take_fds(f, fds);

	link_rig_send(r->socket, bytes, len, fds, n);
	for (unsigned int i = 0; i < n; i++)
		close(fds[i]);
}

static void
say_packet(struct fuzz *f)
{
	const struct link_rig *r = take_link(f);
	struct link_packet p = {.kind = (uint32_t)take(f, 1) % 8, .version = 1};
	uint8_t how = (uint8_t)take(f, 1);
	size_t len = sizeof(p);

	if (r == NULL)
		return;
	p.node = (how & 1) != 0 ? take_node(f) : r->node;
	p.peer = (how & 2) != 0;
	p.version += (how & 0x3c) == 0x3c;
	p.address = take_word(f, r);
	p.size = take_word(f, r);
	if ((how & 0xc0) == 0xc0)
		len = take(f, 1) % (sizeof(p) + 1);
	say(f, r, &p, len);
}

static void
say_bytes(struct fuzz *f)
{
	const struct link_rig *r = take_link(f);
	size_t len = take(f, 1) % (BYTES_MAX + 1);
	uint8_t bytes[BYTES_MAX];

	if (r == NULL)
		return;
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)take(f, 1);
	say(f, r, bytes, len);
}

static void
say_message(struct fuzz *f)
{
	struct link_rig *r = take_link(f);
	struct scif_message m = {.op = (uint32_t)take(f, 1) % (SCIF_OP_MAX + 2)};

	if (r == NULL)
		return;
	m.src.node = take_node(f);
	m.dst.node = take_node(f);
	for (unsigned int i = 0; i < 4; i++)
		m.payload[i] = take_word(f, r);
	link_rig_message(r, &m);
}

/* Words that the other side looks at. */
static void
scribble(struct fuzz *f)
{
	struct link_rig *r = take_link(f);
	uint8_t what = (uint8_t)take(f, 1);

	if (r == NULL)
		return;
	if (what % 5 == 0 && r->theirs != NULL)
		atomic_store(&r->theirs->qp, take_word(f, r));
	else if (what % 5 == 1 && r->theirs != NULL)
		atomic_store(&r->theirs->rung, what);
	else if (what % 5 == 2)
		r->half->local_buf = take_word(f, r);
	else if (what % 5 == 3 && r->host != NULL)
		atomic_store(&r->host->qp_state,
			     (what & 1) != 0 ? SCIF_QP_ONLINE : SCIF_QP_OFFLINE);
	else
		atomic_store(&r->half->local_read, (uint32_t)take_word(f, r));
}

/* ---- Clients of the node, and who controls it ---- */

/* At the socket of that kind: a descriptor that does not wait, or -1. */
static int
call_on(uint16_t node, const char *suffix, int type)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || (scif_path(at.sun_path, node, suffix) == 0 &&
		       connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0))
		return fd;
	close(fd);
	return -1;
}

/* All answers that there are, and the descriptors that come with them. */
static void
client_hear(int from)
{
	char bytes[256], control[CMSG_SPACE(LINK_RIG_FDS * sizeof(int))];
	struct iovec iov = {bytes, sizeof(bytes)};
	struct msghdr msg;
	int fd;

	do {
		msg = (struct msghdr){.msg_iov = &iov,
				      .msg_iovlen = 1,
				      .msg_control = control,
				      .msg_controllen = sizeof(control)};
		if (recvmsg(from, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) <= 0)
			return;
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c != NULL; c = CMSG_NXTHDR(&msg, c))
			for (size_t i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++) {
				memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
				close(fd);
			}
	} while (true);
}

/* A number that requests have. */
static uint64_t
take_arg(struct fuzz *f)
{
	uint8_t kind = (uint8_t)take(f, 1);

	if (kind < 64)
		return kind;
	if (kind < 128)
		return (kind - 64u) * SCIF_PAGE;
	return kind < 160 ? UINT64_MAX : take(f, kind % 9);
}

static void
client_ask(struct fuzz *f, int to)
{
	struct scif_request rq[2] = {{.op = (uint32_t)take(f, 1) % 52}};
	uint8_t how = (uint8_t)take(f, 1);
	size_t len = sizeof(rq[0]);
	int fds[LINK_RIG_FDS];
	unsigned int n;

	rq[0].endpoint = (how & 0x0f) != 0x0f ? how & 3 : (uint32_t)take_arg(f);
	rq[0].slot = (how & 0x0f) == 0x0e ? (uint32_t)take_arg(f) : 1;
	for (unsigned int i = 0; i < SCIF_REQUEST_ARGS; i++)
		rq[0].arg[i] = take_arg(f);
	if ((how & 0xf0) == 0xf0)
		len = take(f, 1) * sizeof(rq) / 255;
	n = (how & 0x10) != 0 ? take_fds(f, fds) : 0;
	link_rig_send(to, rq, len, fds, n);
	for (unsigned int i = 0; i < n; i++)
		close(fds[i]);
}

static void
hang_up(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void
client(struct fuzz *f, uint8_t op)
{
	int *fd = &f->client[op % CLIENTS];

	if (op < 0xf2 && *fd < 0)
		*fd = call_on(f->node, "sock", SOCK_SEQPACKET);
	else if (op >= 0xf2 && op < 0xf4)
		hang_up(fd);
	else if (op >= 0xfc && *fd >= 0)
		client_hear(*fd);
	else if (*fd >= 0)
		client_ask(f, *fd);
}

/* Lines that mean something, and bytes. */
static void
control(struct fuzz *f)
{
	static const char *const line[] = {"nodes\n", "endpoints\n", "windows\n", "stat\n"};
	uint8_t how = (uint8_t)take(f, 1);
	char bytes[16];

	if (how >= 0xe0)
		hang_up(&f->control);
	else if (f->control < 0)
		f->control = call_on(f->node, "ctl", SOCK_STREAM);
	if (f->control < 0)
		return;
	if (how < 0x80) {
		link_rig_send(f->control, line[how % 4], strlen(line[how % 4]), NULL, 0);
		return;
	}
	for (unsigned int i = 0; i < how % (sizeof(bytes) + 1); i++)
		bytes[i] = (char)take(f, 1);
	link_rig_send(f->control, bytes, how % (sizeof(bytes) + 1), NULL, 0);
}

/* ---- Operations ---- */

static void
rare(struct fuzz *f, uint8_t op)
{
	const struct link_rig *r;

	switch (op % 4) {
	case 0:
		if (f->loose >= 0 && ftruncate(f->loose, 0) < 0)
			return;
		break;
	case 1:
		r = take_link(f);
		if (r != NULL)
			shutdown(r->socket, SHUT_WR);
		break;
	case 2:
		f->now += NS_PER_S;
		scif_host_links_expire(f->host, f->now);
		break;
	default:
		f->host->next_join = 0;
		break;
	}
}

static void
operation(struct fuzz *f)
{
	uint8_t op = (uint8_t)take(f, 1);
	struct link_rig *r;

	if (op < 0x20) {
		come(f);
	} else if (op < 0x30) {
		go(f);
	} else if (op < 0x80) {
		say_packet(f);
	} else if (op < 0x90) {
		say_bytes(f);
	} else if (op < 0xb0) {
		say_message(f);
	} else if (op < 0xc0) {
		scribble(f);
	} else if (op < 0xd0) {
		r = take_link(f);
		if (r != NULL)
			link_rig_hear(r);
	} else if (op < 0xe0) {
		rare(f, op);
	} else if (op >= 0xf0 && op < 0xfe) {
		client(f, op);
	} else if (op >= 0xfe) {
		control(f);
	} else {
		scif_host_serve(f->host, 0);
	}
}

/* ---- Begin and end ---- */

/* Nodes take what is theirs with them; left is where the other one was to be found. */
static void
place_go(void)
{
	rig_node.node = JOINED;
	rig_clean(&rig_node);
}

/* One directory for all inputs. */
static void
place_come(void)
{
	static bool done;

	if (done)
		return;
	done = true;
	rig_place(&rig_node);
	atexit(place_go);
}

static bool
maps_memory(void)
{
	FILE *file = fopen("/proc/self/maps", "r");
	char line[512];
	bool found = false;

	while (!found && fgets(line, sizeof(line), file) != NULL)
		found = strstr(line, "/memfd:") != NULL;
	fclose(file);
	return found;
}

/* Lines are made, and nobody reads them. */
static void
log_line(void *arg, const char *line)
{
	(void)arg;
	(void)line;
}

static int
begin(struct fuzz *f, uint8_t how)
{
	const struct scif_host_config config = {
		.log = log_line,
		.engine = {.node = (how & 1) != 0 ? 3 : 0, .quiet = true},
		.joins = (how & 2) != 0,
		.join = JOINED,
	};

	f->node = config.engine.node;
	f->loose = -1;
	f->control = -1;
	for (unsigned int i = 0; i < CLIENTS; i++)
		f->client[i] = -1;
	f->now = 4 * NS_PER_S;
	if (scif_host_create(&config, &f->host) < 0)
		return -1;
	f->listener = link_rig_listen(JOINED);
	return f->listener;
}

/* A node that comes now is taken. */
static const char *
goes_on(struct fuzz *f)
{
	int fd = link_rig_connect(f->node);
	struct link_rig r;
	bool online;

	if (fd < 0 || link_rig_begin(&r, fd, GOOD) < 0)
		return "nobody can connect";
	online = link_rig_join(&r, f->host);
	link_rig_end(&r);
	return online ? NULL : "a node that joins is not taken";
}

static void
end(struct fuzz *f)
{
	for (unsigned int i = 0; i < LINKS; i++)
		if (f->link[i].page != NULL)
			link_rig_end(&f->link[i]);
	for (unsigned int i = 0; i < CLIENTS; i++)
		hang_up(&f->client[i]);
	hang_up(&f->control);
	if (f->loose >= 0)
		close(f->loose);
	close(f->listener);
	/* All have gone: nobody has to be told, and waited for. */
	for (unsigned int i = 0; i < 20 && f->host->links != NULL; i++)
		scif_host_serve(f->host, 0);
	scif_host_destroy(f->host);
}

const char *
scif_link_fuzz_run(const uint8_t *bytes, size_t len)
{
	struct fuzz f = {.input = {bytes, len}};
	unsigned int before;
	const char *wrong;

	place_come();
	before = rig_descriptors();
	if (begin(&f, (uint8_t)take(&f, 1)) < 0)
		return "there is no node";
	for (unsigned int i = 0; i < OPERATIONS_MAX && f.input.left > 0; i++)
		operation(&f);
	wrong = goes_on(&f);
	end(&f);
	if (wrong == NULL && rig_descriptors() != before)
		wrong = "descriptors are left";
	if (wrong == NULL && maps_memory())
		wrong = "mappings are left";
	return wrong;
}
