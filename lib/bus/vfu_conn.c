/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "vfu_conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEADER sizeof(struct vfu_header)
#define MOST   (VFU_MAX_DATA + VFU_MAX_HEAD)

int
vfu_conn_create(struct vfu_conn *c, int socket)
{
	memset(c, 0, sizeof(*c));
	c->socket = -1;
	c->in = malloc(VFU_CONN_IN);
	c->out = malloc(VFU_CONN_OUT);
	if (c->in == NULL || c->out == NULL) {
		vfu_conn_destroy(c);
		return -ENOMEM;
	}
	c->socket = socket;
	return 0;
}

void
vfu_conn_destroy(struct vfu_conn *c)
{
	vfu_message_close(c->fds, c->n_fds);
	c->n_fds = 0;
	if (c->socket >= 0)
		close(c->socket);
	c->socket = -1;
	free(c->in);
	free(c->out);
	c->in = NULL;
	c->out = NULL;
}

/* ---- In ---- */

static struct vfu_header
header_at(const struct vfu_conn *c, size_t at)
{
	struct vfu_header h;

	memcpy(&h, c->in + at, HEADER);
	return h;
}

static bool
size_fits(uint32_t size)
{
	return size >= HEADER && size <= MOST;
}

/* May descriptors come with it? */
static bool
may_have_fds(const struct vfu_header *h)
{
	switch (h->command) {
	case VFU_DMA_MAP:
	case VFU_DEVICE_SET_IRQS:
		return true;
	case VFU_VERSION:
	case VFU_DEVICE_GET_REGION_INFO:
	case VFU_DEVICE_GET_REGION_IO_FDS:
	case VFU_SHARE:
		return (h->flags & VFU_TYPE) == VFU_TYPE_REPLY;
	}
	return false;
}

/* How many of `n` bytes that could be had, looked at but not received, may be received at once:
 * either whole and broken messages without descriptors, or one message, perhaps just its beginning.
 */
static size_t
take_together(const struct vfu_conn *c, size_t n)
{
	size_t end = c->tail + n, at;
	struct vfu_header h;

	for (at = c->tail; end - at >= HEADER; at += h.size) {
		h = header_at(c, at);
		if (may_have_fds(&h) && at != c->tail)
			return at - c->tail;
		if (!size_fits(h.size))
			return at + HEADER - c->tail;
		if (h.size >= end - at)
			return n;
		if (may_have_fds(&h))
			return h.size;
	}
	return at == c->tail ? n : at - c->tail;
}

/* What is missing of the message at the end: its header, or all the rest. */
static size_t
missing(const struct vfu_conn *c)
{
	size_t have = c->tail - c->whole;

	return have < HEADER ? HEADER - have : header_at(c, c->whole).size - have;
}

static void
make_room(struct vfu_conn *c)
{
	size_t gone = c->head;

	if (gone == 0)
		return;
	memmove(c->in, c->in + gone, c->tail - gone);
	c->head -= gone;
	c->whole -= gone;
	c->tail -= gone;
	c->fds_at -= gone;
}

/* Move on over the messages that are whole now. */
static void
count_whole(struct vfu_conn *c)
{
	struct vfu_header h;

	while (c->tail - c->whole >= HEADER) {
		h = header_at(c, c->whole);
		if (!size_fits(h.size) || h.size > c->tail - c->whole)
			return;
		c->whole += h.size;
	}
}

/* Where the last of the messages in from..to begins: nothing is received behind descriptors, so
 * they came with that one.
 */
static size_t
last_begin(const struct vfu_conn *c, size_t from, size_t to)
{
	struct vfu_header h;

	for (; to - from >= HEADER; from += h.size) {
		h = header_at(c, from);
		if (!size_fits(h.size) || h.size >= to - from)
			break;
	}
	return from;
}

/* Receive `len` bytes, with descriptors or, in the middle of a message, without. */
static ssize_t
receive(struct vfu_conn *c, size_t len, bool fds_allowed)
{
	int fds[VFU_MAX_FDS];
	unsigned int n_fds;
	ssize_t n;

	n = vfu_message_recv(c->socket, c->in + c->tail, len, MSG_DONTWAIT, fds, &n_fds);
	if (n_fds > 0 && !fds_allowed) {
		vfu_message_close(fds, n_fds);
		return -EPROTO;
	}
	if (n <= 0)
		return n < 0 ? n : -ENOTCONN;
	if (n_fds > 0) {
		memcpy(c->fds, fds, n_fds * sizeof(fds[0]));
		c->n_fds = n_fds;
		c->fds_at = last_begin(c, c->tail, c->tail + (size_t)n);
	}
	c->tail += (size_t)n;
	c->bytes_in += (uint64_t)n;
	count_whole(c);
	return n;
}

/* Go on with the message at the end. */
static ssize_t
fill_rest(struct vfu_conn *c)
{
	size_t len = missing(c);

	if (len > VFU_CONN_IN - c->tail)
		return -ENOBUFS;
	return receive(c, len, false);
}

ssize_t
vfu_conn_fill(struct vfu_conn *c)
{
	size_t room;
	ssize_t n;

	if (c->tail > VFU_CONN_AHEAD / 2 || c->head == c->tail)
		make_room(c);
	if (c->tail - c->whole >= HEADER && !size_fits(header_at(c, c->whole).size))
		return -ENOBUFS;
	if (c->tail != c->whole)
		return fill_rest(c);
	room = VFU_CONN_IN - c->tail;
	if (room < HEADER || c->n_fds > 0)
		return -ENOBUFS;
	do
		n = recv(c->socket, c->in + c->tail, room < VFU_CONN_AHEAD ? room : VFU_CONN_AHEAD,
			 MSG_PEEK | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n < 0 ? -errno : -ENOTCONN;
	return receive(c, take_together(c, (size_t)n), true);
}

int
vfu_conn_look(const struct vfu_conn *c, size_t *at, struct vfu_message *m)
{
	size_t from = c->head + *at;

	if (from >= c->whole)
		return 0;
	*m = (struct vfu_message){.header = header_at(c, from)};
	m->payload = c->in + from + HEADER;
	m->len = m->header.size - (uint32_t)HEADER;
	*at += m->header.size;
	return 1;
}

int
vfu_conn_next(struct vfu_conn *c, struct vfu_message *m)
{
	size_t at = 0;

	if (vfu_conn_look(c, &at, m) == 0) {
		if (c->tail - c->head < HEADER)
			return 0;
		m->header = header_at(c, c->head);
		return size_fits(m->header.size) ? 0 : -EMSGSIZE;
	}
	if (c->n_fds > 0 && c->fds_at == c->head) {
		m->fds = c->fds;
		m->n_fds = c->n_fds;
	}
	return 1;
}

void
vfu_conn_done(struct vfu_conn *c, const struct vfu_message *m)
{
	for (unsigned int i = 0; i < m->n_fds; i++)
		if (m->fds[i] >= 0)
			close(m->fds[i]);
	if (m->n_fds > 0)
		c->n_fds = 0;
	c->head += m->header.size;
}

void
vfu_conn_forget(struct vfu_conn *c, size_t at)
{
	struct vfu_header h = header_at(c, c->head + at);

	/* No command has this number, so nobody waits for such a reply. */
	h.command = 0;
	h.flags = VFU_TYPE_REPLY;
	memcpy(c->in + c->head + at, &h, HEADER);
}

/* ---- Out ---- */

/* Keep what was not sent, behind what waits already. */
static int
keep(struct vfu_conn *c, const struct iovec parts[], unsigned int n_parts, size_t sent)
{
	size_t skip;

	memmove(c->out, c->out + c->out_head, c->out_tail - c->out_head);
	c->out_tail -= c->out_head;
	c->out_head = 0;
	for (unsigned int i = 0; i < n_parts; i++) {
		skip = sent < parts[i].iov_len ? sent : parts[i].iov_len;
		sent -= skip;
		if (parts[i].iov_len - skip > VFU_CONN_OUT - c->out_tail)
			return -ENOBUFS;
		if (parts[i].iov_len > skip)
			memcpy(c->out + c->out_tail, (const char *)parts[i].iov_base + skip,
			       parts[i].iov_len - skip);
		c->out_tail += parts[i].iov_len - skip;
	}
	return 0;
}

int
vfu_conn_flush(struct vfu_conn *c)
{
	struct iovec part;
	ssize_t n;

	while (vfu_conn_is_stuck(c)) {
		part.iov_base = c->out + c->out_head;
		part.iov_len = c->out_tail - c->out_head;
		n = vfu_message_send(c->socket, &part, 1, c->out_fds, c->n_out_fds);
		if (n < 0)
			return (int)n;
		c->n_out_fds = 0;
		c->out_head += (size_t)n;
		c->bytes_out += (uint64_t)n;
	}
	return 0;
}

int
vfu_conn_send(struct vfu_conn *c, const struct iovec parts[], unsigned int n_parts, const int fds[],
	      unsigned int n_fds)
{
	ssize_t n = 0;

	if (vfu_conn_is_stuck(c))
		return n_fds > 0 ? -EAGAIN : keep(c, parts, n_parts, 0);
	n = vfu_message_send(c->socket, parts, n_parts, fds, n_fds);
	if (n < 0 && n != -EAGAIN)
		return (int)n;
	if (n < 0) {
		n = 0;
		if (n_fds > 0)
			memcpy(c->out_fds, fds, n_fds * sizeof(fds[0]));
		c->n_out_fds = n_fds;
	}
	c->bytes_out += (uint64_t)n;
	return keep(c, parts, n_parts, (size_t)n);
}
