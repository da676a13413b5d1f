/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "scif_link_fuzz_target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz_input.h"
#include "scif_link_rig.h"
#include "scif_path.h"
#include "scif_priv.h"
#include "scif_test_rig.h"

#define OPERATIONS_MAX 200u
#define LINKS          6u
#define BYTES_MAX      64u
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
		size_t size = (kind & 0x80) != 0 ? 1u << 20 : LINK_PAGE_BYTES;

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

static int
begin(struct fuzz *f, uint8_t how)
{
	const struct scif_host_config config = {
		.engine = {.node = (how & 1) != 0 ? 3 : 0, .quiet = true},
		.joins = (how & 2) != 0,
		.join = JOINED,
	};

	f->node = config.engine.node;
	f->loose = -1;
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
