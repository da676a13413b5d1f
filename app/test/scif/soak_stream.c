/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <string.h>

#include "soak.h"
#include "test.h"

/* Each direction of a connection carries bytes that its key and their position tell, with what is
 * to be said added to them: whatever is lost, doubled or moved shows at once.
 */

#define WAIT_MS 100

uint64_t
soak_key(const struct soak_session *s, unsigned int end)
{
	return soak_mix(atomic_load(&s->conn->key) + end);
}

void
soak_cover(uint8_t *p, size_t n, uint64_t key, uint64_t position)
{
	uint64_t word = soak_mix(key + (position >> 3));

	for (size_t i = 0; i < n; i++, position++) {
		if ((position & 7) == 0)
			word = soak_mix(key + (position >> 3));
		p[i] ^= (uint8_t)(word >> (position & 7) * 8);
	}
}

/* ---- One call ---- */

/* Of the bytes at `position` of what is sent, or of zeros: what went, or leaves the session. */
static size_t
send_once(struct soak_session *s, const uint8_t *bytes, size_t len, int flags)
{
	struct soak_end *mine = &s->conn->end[s->end];
	uint64_t position = atomic_load(&mine->sent);
	long ret;

	if (len > SOAK_BUFFER)
		len = SOAK_BUFFER;
	if (bytes != NULL)
		memcpy(s->buffer, bytes, len);
	else
		memset(s->buffer, 0, len);
	soak_cover(s->buffer, len, soak_key(s, s->end), position);
	/* Whoever finds this side dead has to know that some of them may have gone. */
	atomic_store(&mine->begun, position + len);
	ret = SOAK(SEND, scif_send(s->epd, s->buffer, (int)len, flags));
	soak_judge(s, SOAK_SEND, ret);
	if (ret > (long)len)
		soak_fail("send of %zu bytes returned %ld", len, ret);
	if (flags == SCIF_SEND_BLOCK && ret < (long)len && !soak_gone(s))
		soak_fail("blocking send of %zu bytes returned %ld, and the peer lives", len, ret);
	atomic_store(&mine->sent, position + (uint64_t)ret);
	atomic_store(&mine->begun, position + (uint64_t)ret);
	return (size_t)ret;
}

static size_t
wrong_at(const uint8_t *p, size_t n)
{
	size_t i = 0;

	while (i < n && p[i] == 0)
		i++;
	return i;
}

/* What came, checked where it is known. */
static void
take(struct soak_session *s, uint8_t *bytes, size_t n)
{
	struct soak_end *mine = &s->conn->end[s->end];
	uint64_t position = atomic_load(&mine->received);
	uint64_t most = atomic_load(&s->conn->end[!s->end].begun);
	size_t wrong;

	if (position + n > most)
		soak_fail("recv: %zu bytes at %" PRIu64 ", but only %" PRIu64 " were sent", n,
			  position, most);
	soak_cover(s->other, n, soak_key(s, !s->end), position);
	wrong = bytes == NULL ? wrong_at(s->other, n) : n;
	if (wrong < n)
		soak_fail("recv: byte %" PRIu64 " of the stream is wrong by %02x",
			  position + wrong, s->other[wrong]);
	if (bytes != NULL)
		memcpy(bytes, s->other, n);
	atomic_store(&mine->received, position + n);
	soak_bytes(n);
}

/* All that was sent has come, or as much as can be known of what somebody sent who died. */
static void
check_end(struct soak_session *s)
{
	const struct soak_end *peer = &s->conn->end[!s->end];
	uint64_t received = atomic_load(&s->conn->end[s->end].received);
	uint64_t sent = atomic_load(&peer->sent), begun = atomic_load(&peer->begun);

	if (soak_engine_died(s))
		return;
	if (received < sent || received > begun)
		soak_fail("recv: the stream ended after %" PRIu64 " bytes; %" PRIu64
			  " were sent, and %" PRIu64 " begun",
			  received, sent, begun);
}

static size_t
recv_once(struct soak_session *s, uint8_t *bytes, size_t len, int flags)
{
	long ret;

	if (len > SOAK_BUFFER)
		len = SOAK_BUFFER;
	ret = SOAK(RECV, scif_recv(s->epd, s->other, (int)len, flags));
	if (ret < 0 && errno == ECONNRESET && soak_gone(s))
		check_end(s);
	soak_judge(s, SOAK_RECV, ret);
	if (ret > (long)len)
		soak_fail("recv of %zu bytes returned %ld", len, ret);
	if (flags == SCIF_RECV_BLOCK && ret < (long)len && !soak_gone(s))
		soak_fail("blocking recv of %zu bytes returned %ld, and the peer lives", len, ret);
	take(s, bytes, (size_t)ret);
	return (size_t)ret;
}

/* ---- Waiting for events ---- */

static short
poll_events(struct soak_session *s, short events, unsigned int how)
{
	struct scif_pollepd record = {s->epd, events, 0};
	struct pollfd pfd = {.events = events};
	long ret;

	if (how == 0) {
		/* By looking, but not for long: there are more threads than CPUs. */
		if (soak_chance(8))
			pause_ms(1);
		else
			sched_yield();
		return events;
	}
	if (how == 1) {
		ret = SOAK(POLL, scif_poll(&record, 1, WAIT_MS));
	} else {
		pfd.fd = scif_get_fd(s->epd);
		/* Without an engine there is nobody to ask for it. */
		if (pfd.fd < 0)
			soak_judge(s, SOAK_POLL, -1);
		ret = SOAK(POLL, poll(&pfd, 1, WAIT_MS));
		record.revents = pfd.revents;
	}
	/* A descriptor whose engine was killed may show ERR beside HUP. */
	if (how == 2 && (record.revents & POLLHUP) != 0 && soak_engine_died(s))
		record.revents &= (short)~POLLERR;
	if (ret < 0 || (record.revents & (POLLNVAL | POLLERR)) != 0)
		soak_fail("poll returned %ld, errno %s, events %x", ret, soak_errno_name(errno),
			  (unsigned int)record.revents);
	if ((record.revents & POLLHUP) != 0 && !soak_gone(s))
		soak_fail("poll: HUP, and the peer lives");
	return record.revents;
}

/* Nothing moves for that long: somebody waits who should not. */
static void
check_patience(uint64_t since, const char *what)
{
	if (now_ns() - since > soak->deadline_ns)
		soak_fail("no end of waiting %s", what);
}

/* ---- Streams ---- */

static size_t
piece(size_t left)
{
	static const uint16_t most[] = {16, 300, 9000, 65535};
	size_t n = 1 + soak_pick(most[soak_pick(4)]);

	return n < left ? n : left;
}

void
soak_send(struct soak_session *s, const void *bytes, size_t len)
{
	unsigned int how = (unsigned int)soak_pick(4);
	const uint8_t *p = bytes;
	uint64_t since = now_ns();
	size_t done = 0, n;

	while (done < len) {
		n = send_once(s, p != NULL ? p + done : NULL, piece(len - done),
			      how == 3 ? SCIF_SEND_BLOCK : 0);
		done += n;
		if (n > 0)
			since = now_ns();
		else
			poll_events(s, POLLOUT, how);
		check_patience(since, "for room");
	}
}

void
soak_recv(struct soak_session *s, void *bytes, size_t len)
{
	unsigned int how = (unsigned int)soak_pick(4);
	uint64_t since = now_ns();
	uint8_t *p = bytes;
	size_t done = 0, n;

	while (done < len) {
		n = recv_once(s, p != NULL ? p + done : NULL, piece(len - done),
			      how == 3 ? SCIF_RECV_BLOCK : 0);
		done += n;
		if (n > 0)
			since = now_ns();
		else
			poll_events(s, POLLIN, how);
		check_patience(since, "for bytes");
	}
}

void
soak_duplex(struct soak_session *s, size_t out, size_t in)
{
	unsigned int how = (unsigned int)soak_pick(3);
	uint64_t since = now_ns();
	short events;
	size_t n;

	while (out > 0 || in > 0) {
		events = poll_events(s, (short)((out > 0 ? POLLOUT : 0) | (in > 0 ? POLLIN : 0)),
				     how);
		if ((events & POLLHUP) != 0)
			events = (short)(in > 0 ? POLLIN : POLLOUT);
		if ((events & POLLOUT) != 0 && out > 0) {
			n = send_once(s, NULL, piece(out), 0);
			out -= n;
			since = n > 0 ? now_ns() : since;
		}
		if ((events & POLLIN) != 0 && in > 0) {
			n = recv_once(s, NULL, piece(in), 0);
			in -= n;
			since = n > 0 ? now_ns() : since;
		}
		check_patience(since, "for both");
	}
}

_Noreturn void
soak_drain(struct soak_session *s)
{
	uint64_t since = now_ns();

	/* It ends by ECONNRESET, which leaves the session. */
	for (;;) {
		if (recv_once(s, NULL, piece(SOAK_BUFFER),
			      soak_chance(2) ? SCIF_RECV_BLOCK : 0) > 0)
			since = now_ns();
		check_patience(since, "for the end of the stream");
	}
}
