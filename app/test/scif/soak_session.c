/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "soak.h"
#include "test.h"

/* A connection: the side that connected draws what is done, tells the other side in frames of the
 * stream, and both compare. It ends when either closes, or is gone; then calls may fail, in the ways
 * that the list below has, and in no other.
 */

#define MAGIC      0x50416b21u
#define STREAM_MAX 60000u
#define STEPS_MAX  40
#define STEPS_FEW  4 /* where connections are what counts */
#define JOIN_MS    2000

/* ---- What a call may fail with, once the other side or an engine is gone ---- */

static const struct {
	enum soak_op op;
	int error[5];
} once_gone[] = {
	{SOAK_SEND, {ECONNRESET, ENODEV}},
	{SOAK_RECV, {ECONNRESET, ENODEV}},
	{SOAK_POLL, {ENODEV}}, /* of scif_get_fd */
	{SOAK_CONNECT, {EINVAL, ENODEV}},
	{SOAK_LISTEN, {EINVAL, ENODEV}},
	/* Windows of who closes are closed first; and who is about to may not take any. */
	{SOAK_REGISTER, {ECONNRESET, ENODEV, ENOTCONN}},
	{SOAK_UNREGISTER, {ECONNRESET, ENODEV}},
	{SOAK_MMAP, {ECONNRESET, ENODEV, ENXIO}},
	{SOAK_READFROM, {ECONNRESET, ENODEV, ENXIO, EIO}},
	{SOAK_WRITETO, {ECONNRESET, ENODEV, ENXIO, EIO}},
	{SOAK_VREADFROM, {ECONNRESET, ENODEV, ENXIO, EIO}},
	{SOAK_VWRITETO, {ECONNRESET, ENODEV, ENXIO, EIO}},
	{SOAK_MARK, {ECONNRESET, ENODEV, ENOMEM}},
	{SOAK_WAIT, {ECONNRESET, ENODEV, ENOMEM}},
	{SOAK_SIGNAL, {ECONNRESET, ENODEV, ENXIO}},
};

static bool
may_fail_with(enum soak_op op, int error)
{
	for (size_t i = 0; i < COUNT(once_gone); i++)
		for (int k = 0; once_gone[i].op == op && k < 5; k++)
			if (once_gone[i].error[k] == error)
				return error != 0;
	return false;
}

struct soak_since
soak_since(void)
{
	struct soak_since since = {.kills = atomic_load(&soak->kills)};

	for (int i = 0; i < SOAK_NODES; i++)
		since.turns[i] = atomic_load(&soak->turns[i]);
	return since;
}

bool
soak_node_died(uint16_t node, const struct soak_since *since)
{
	return since->turns[node] % 2 != 0 || atomic_load(&soak->turns[node]) != since->turns[node];
}

bool
soak_engine_died(const struct soak_session *s)
{
	return soak_node_died(s->conn->node[0], &s->since) ||
	       soak_node_died(s->conn->node[1], &s->since);
}

static bool
is_killed(const struct soak_end *end)
{
	uint32_t worker = atomic_load(&end->worker);

	return worker != 0 && atomic_load(&soak->worker[worker - 1].killed) >=
				      atomic_load(&end->generation);
}

/* Who has not said that it is there: it may be about to, or its connect or accept has failed, as
 * either does where the other side takes too long. Who connects says so.
 */
static bool
is_missing(const struct soak_end *peer, bool connects)
{
	for (unsigned int ms = 0; atomic_load(&peer->joined) == 0; ms++) {
		if (atomic_load(&peer->leaving) != 0 || is_killed(peer))
			return true;
		if (ms == (connects ? soak->deadline_ns / 1000000 : JOIN_MS))
			return true;
		pause_ms(1);
	}
	return false;
}

bool
soak_gone(const struct soak_session *s)
{
	const struct soak_end *peer = &s->conn->end[!s->end];

	return soak_engine_died(s) || atomic_load(&peer->leaving) != 0 || is_killed(peer) ||
	       is_missing(peer, s->end == 1);
}

_Noreturn void
soak_over(struct soak_session *s)
{
	longjmp(s->over, 1);
}

void
soak_judge(struct soak_session *s, enum soak_op op, long ret)
{
	int error = errno;

	if (ret != -1)
		return;
	if (!soak_gone(s))
		soak_fail("%s failed with %s, and nobody is gone", soak_op_name[op],
			  soak_errno_name(error));
	if (!may_fail_with(op, error))
		soak_fail("%s failed with %s once the peer was gone, which is not documented",
			  soak_op_name[op], soak_errno_name(error));
	soak_over(s);
}

void
soak_expect(struct soak_session *s, enum soak_op op, long ret, int error)
{
	int was = errno;

	if (ret == -1 && was == error)
		return;
	if (ret == -1 && soak_gone(s)) {
		soak_judge(s, op, ret);
		return;
	}
	soak_fail("%s returned %ld, errno %s; it should fail with %s", soak_op_name[op], ret,
		  ret == -1 ? soak_errno_name(was) : "none", soak_errno_name(error));
}

/* ---- Frames ---- */

static uint32_t
sum_of(const struct soak_frame *f)
{
	uint64_t sum = f->type ^ (uint64_t)f->serial << 32;

	for (int i = 0; i < SOAK_ARGS; i++)
		sum = soak_mix(sum + (uint64_t)f->a[i]);
	return (uint32_t)sum;
}

static void
frame_send(struct soak_session *s, enum soak_command type, const int64_t a[SOAK_ARGS])
{
	struct soak_frame f = {.magic = MAGIC, .type = type, .serial = ++s->serial};

	memcpy(f.a, a, sizeof(f.a));
	f.sum = sum_of(&f);
	soak_send(s, &f, sizeof(f));
}

static void
frame_recv(struct soak_session *s, struct soak_frame *f)
{
	soak_recv(s, f, sizeof(*f));
	s->serial++;
	if (f->magic != MAGIC || f->serial != s->serial || f->sum != sum_of(f))
		soak_fail("recv: frame %u is not what was sent: magic %x, serial %u, sum %x",
			  s->serial, f->magic, f->serial, f->sum);
}

void
soak_command(struct soak_session *s, enum soak_command type, const int64_t a[SOAK_ARGS])
{
	frame_send(s, type, a);
}

int64_t
soak_answer(struct soak_session *s, int *error)
{
	struct soak_frame f;

	frame_recv(s, &f);
	if (f.type != SOAK_REPLY)
		soak_fail("recv: frame %u is of type %u, not a reply", f.serial, f.type);
	*error = (int)f.a[1];
	return f.a[0];
}

void
soak_reply(struct soak_session *s, int64_t value, int error)
{
	const int64_t a[SOAK_ARGS] = {value, error};

	frame_send(s, SOAK_REPLY, a);
}

/* ---- Ends ---- */

void
soak_close(struct soak_session *s)
{
	if (!s->open)
		return;
	s->open = false;
	atomic_store(&s->conn->end[s->end].leaving, 1);
	if (SOAK(CLOSE, scif_close(s->epd)) != 0)
		soak_fail("close failed with %s", soak_errno_name(errno));
}

/* Bytes that nobody waits for, and the end: the other side gets all of them. */
static _Noreturn void
leave_behind(struct soak_session *s, size_t len)
{
	soak_send(s, NULL, len);
	soak_close(s);
	soak_over(s);
}

static void
session_run(struct soak_session *s, void (*run)(struct soak_session *s))
{
	soak_self.conn = s->conn;
	if (setjmp(s->over) == 0)
		run(s);
	soak_close(s);
	soak_self.conn = NULL;
	soak_memory_end(s);
	free(s);
}

static struct soak_session *
session_new(scif_epd_t epd, unsigned int end, const struct soak_since *since)
{
	struct soak_session *s = calloc(1, sizeof(*s));

	if (s == NULL)
		soak_fail("no memory");
	s->epd = epd;
	s->open = true;
	s->end = end;
	s->since = *since;
	return s;
}

static void
end_take(struct soak_end *end)
{
	atomic_store(&end->generation, soak_self.generation);
	atomic_store(&end->worker, soak_self.worker + 1);
}

static void
session_join(struct soak_session *s, struct soak_conn *conn)
{
	struct soak_end *mine = &conn->end[s->end];

	s->conn = conn;
	s->far = conn->node[0] != conn->node[1];
	end_take(mine);
	atomic_store(&mine->joined, 1);
}

struct soak_conn *
soak_conn_new(uint16_t node)
{
	uint32_t at = atomic_fetch_add(&soak->conns, 1) + 1;
	struct soak_conn *conn;

	if (at >= SOAK_CONNS)
		soak_fail("the board has no room for more than %u connections", SOAK_CONNS - 1);
	conn = &soak->conn[at];
	conn->node[0] = soak_self.node;
	conn->node[1] = node;
	end_take(&conn->end[0]);
	atomic_store(&conn->key, soak_mix(soak->seed + at));
	return conn;
}

void
soak_conn_port(const struct soak_conn *conn, uint16_t port)
{
	atomic_store(&soak->by_port[soak_self.node][port], (uint32_t)(conn - soak->conn));
}

/* ---- The side that connected ---- */

static void
end_somehow(struct soak_session *s)
{
	size_t len = soak_pick(6000);

	switch (soak_pick(4)) {
	case 0: /* with no word */
		soak_over(s);
	case 1:
		soak_tell(s, SOAK_BYE_YOURS, (int64_t)len);
		soak_drain(s);
	default:
		soak_tell(s, SOAK_BYE, (int64_t)len);
		leave_behind(s, len);
	}
}

static void
stream_step(struct soak_session *s)
{
	size_t to = soak_pick(STREAM_MAX), from = soak_pick(STREAM_MAX);
	int error;

	switch (soak_pick(8)) {
	case 0:
		soak_tell(s, SOAK_DUPLEX, (int64_t)to, (int64_t)from);
		soak_duplex(s, to, from);
		break;
	case 1:
	case 2:
	case 3:
		soak_tell(s, SOAK_STREAM_FROM, (int64_t)from);
		if (soak_chance(12))
			soak_fork_recv(s, from);
		else
			soak_recv(s, NULL, from);
		break;
	default:
		soak_tell(s, SOAK_STREAM_TO, (int64_t)to);
		if (soak_chance(12))
			soak_fork_send(s, to);
		else
			soak_send(s, NULL, to);
		break;
	}
	soak_answer(s, &error);
}

static void
nodes_step(struct soak_session *s)
{
	uint16_t nodes[SOAK_NODES + 2], self = 77;
	long n = SOAK(NODE_IDS, scif_get_nodeIDs(nodes, SOAK_NODES + 2, &self));

	if (n < 0 && soak_engine_died(s) &&
	    (errno == ENODEV || errno == ENOENT || errno == ECONNRESET))
		return;
	if (n < 1 || n > SOAK_NODES || self != soak_self.node)
		soak_fail("get_nodeIDs returned %ld, errno %s, self %u; this is node %u", n,
			  soak_errno_name(errno), self, soak_self.node);
}

static void
lead(struct soak_session *s)
{
	unsigned int most = atomic_load(&soak->counting) != 0 ? STEPS_FEW : STEPS_MAX;
	unsigned int steps = (unsigned int)soak_pick(most);
	uint32_t place = (uint32_t)(s->conn - soak->conn);

	soak_send(s, &place, sizeof(place));
	while (steps-- > 0 && atomic_load(&soak->ending) == 0) {
		if (soak_chance(3))
			stream_step(s);
		else if (soak_chance(40))
			nodes_step(s);
		else if (soak_chance(100))
			soak_fork_kill(s);
		else
			soak_memory_step(s);
	}
	end_somehow(s);
}

void
soak_connecting(scif_epd_t epd, struct soak_conn *conn, const struct soak_since *since)
{
	struct soak_session *s = session_new(epd, 0, since);

	session_join(s, conn);
	session_run(s, lead);
}

/* ---- The side that accepted ---- */

static void
serve_end(struct soak_session *s, const struct soak_frame *f)
{
	switch (f->type) {
	case SOAK_NOISE:
		soak_noise_recv(s, (size_t)f->a[0]);
		break;
	case SOAK_BYE:
		soak_recv(s, NULL, (size_t)f->a[0]);
		soak_drain(s);
	case SOAK_BYE_YOURS:
		leave_behind(s, (size_t)f->a[0]);
	default:
		soak_fail("recv: frame %u is of type %u, which there is none of", f->serial,
			  f->type);
	}
}

static void
serve(struct soak_session *s, const struct soak_frame *f)
{
	switch (f->type) {
	case SOAK_STREAM_TO:
		if (soak_chance(12))
			soak_fork_recv(s, (size_t)f->a[0]);
		else
			soak_recv(s, NULL, (size_t)f->a[0]);
		break;
	case SOAK_STREAM_FROM:
		if (soak_chance(12))
			soak_fork_send(s, (size_t)f->a[0]);
		else
			soak_send(s, NULL, (size_t)f->a[0]);
		break;
	case SOAK_DUPLEX:
		soak_duplex(s, (size_t)f->a[1], (size_t)f->a[0]);
		break;
	default:
		if (soak_memory_serve(s, f))
			return;
		serve_end(s, f);
	}
	soak_reply(s, 0, 0);
}

/* What the other side says first: which connection it is. */
static void
first_words(struct soak_session *s)
{
	uint32_t place;

	soak_recv(s, &place, sizeof(place));
	if (&soak->conn[place % SOAK_CONNS] != s->conn)
		soak_fail("this is connection %u, by its port; the other side says %u",
			  (uint32_t)(s->conn - soak->conn), place);
}

static void
follow(struct soak_session *s)
{
	struct soak_frame f;

	first_words(s);
	for (;;) {
		frame_recv(s, &f);
		serve(s, &f);
	}
}

/* Who connects says so before. */
static struct soak_conn *
connection_from(const struct scif_portID *peer)
{
	uint32_t place = 0;

	if (peer->node < SOAK_NODES)
		place = atomic_load(&soak->by_port[peer->node][peer->port]);
	if (place == 0)
		soak_fail("accept returned a connection from %u:%u, where nobody connects from",
			  peer->node, peer->port);
	return &soak->conn[place];
}

void
soak_accepted(scif_epd_t epd, const struct scif_portID *peer, const struct soak_since *since)
{
	struct soak_session *s = session_new(epd, 1, since);

	session_join(s, connection_from(peer));
	session_run(s, follow);
}
