/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "soak.h"
#include "test.h"

/* Children of a worker have its connections, too. What is sent and received is counted on the board,
 * so that either goes on where the other stopped.
 */

#define CHILD_SENDS 262144u
#define CHILD_MS    4

enum { CHILD_DONE = 0, CHILD_OVER = 3 };

/* In the child: run, and exit. */
static _Noreturn void
child_run(struct soak_session *s, void (*run)(struct soak_session *s, size_t len), size_t len,
	  pid_t parent)
{
	/* Who is killed takes its children along. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(CHILD_OVER);
	if (setjmp(s->over) != 0)
		_exit(CHILD_OVER);
	run(s, len);
	_exit(CHILD_DONE);
}

static pid_t
child_begin(struct soak_session *s, void (*run)(struct soak_session *s, size_t len), size_t len)
{
	pid_t parent = getpid(), pid;

	soak_begin(SOAK_FORK);
	pid = fork();
	if (pid == 0)
		child_run(s, run, len, parent);
	soak_done(SOAK_FORK, pid);
	if (pid < 0)
		soak_fail("fork failed with %s", soak_errno_name(errno));
	return pid;
}

static int
child_end(pid_t pid)
{
	int status;

	/* Its own calls are what may hang. */
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			soak_fail("the child is not there: %s", soak_errno_name(errno));
	return status;
}

static void
by_child(struct soak_session *s, void (*run)(struct soak_session *s, size_t len), size_t len)
{
	int status = child_end(child_begin(s, run, len));

	if (!WIFEXITED(status) || (WEXITSTATUS(status) != CHILD_DONE &&
				   WEXITSTATUS(status) != CHILD_OVER))
		soak_fail("fork: the child ended with status %x", (unsigned int)status);
	if (WEXITSTATUS(status) == CHILD_OVER)
		soak_over(s);
}

static void
send_some(struct soak_session *s, size_t len)
{
	soak_send(s, NULL, len);
}

static void
recv_some(struct soak_session *s, size_t len)
{
	soak_recv(s, NULL, len);
}

void
soak_fork_send(struct soak_session *s, size_t len)
{
	by_child(s, send_some, len);
}

void
soak_fork_recv(struct soak_session *s, size_t len)
{
	by_child(s, recv_some, len);
}

/* ---- A child that is killed while it sends ---- */

static uint64_t
noise_key(const struct soak_session *s)
{
	return soak_key(s, 7);
}

static void
noise_send(struct soak_session *s, size_t noise)
{
	size_t done = 0;
	long ret;

	memset(s->buffer, 0, noise);
	soak_cover(s->buffer, noise, noise_key(s), 0);
	/* Where the child stopped is not known here: the other side finds out. */
	atomic_fetch_add(&s->conn->end[s->end].begun, noise);
	while (done < noise) {
		ret = SOAK(SEND, scif_send(s->epd, s->buffer + done, (int)(noise - done),
					   SCIF_SEND_BLOCK));
		soak_judge(s, SOAK_SEND, ret);
		done += (size_t)ret;
	}
}

void
soak_fork_kill(struct soak_session *s)
{
	size_t noise = 1 + soak_pick(9000);
	pid_t pid;
	int status;

	soak_tell(s, SOAK_NOISE, (int64_t)noise);
	pid = child_begin(s, send_some, CHILD_SENDS);
	pause_ms((unsigned int)soak_pick(CHILD_MS));
	kill(pid, SIGKILL);
	status = child_end(pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == CHILD_OVER)
		soak_over(s);
	noise_send(s, noise);
	soak_close(s);
	soak_over(s);
}

/* How many of the bytes are those of the stream from a position on. */
static size_t
prefix(uint8_t *p, size_t n, uint64_t key, uint64_t position)
{
	size_t i = 0;

	soak_cover(p, n, key, position);
	while (i < n && p[i] == 0)
		i++;
	soak_cover(p, n, key, position);
	return i;
}

/* Bytes of the child, and then noise: all of it, if who sent it closed. */
static void
noise_check(struct soak_session *s, uint8_t *all, size_t n, size_t noise)
{
	const struct soak_end *peer = &s->conn->end[!s->end];
	uint64_t position = atomic_load(&s->conn->end[s->end].received);
	size_t own = prefix(all, n, soak_key(s, !s->end), position), at = own;
	bool whole = atomic_load(&peer->leaving) != 0 && !soak_engine_died(s);

	if (whole && n < noise)
		soak_fail("recv: the stream ended after %zu bytes; %zu were sent after a child "
			  "was killed", n, noise);
	if (whole)
		at = n - noise;
	/* The first bytes of noise may be what the stream has there. */
	while (at > 0 && own - at < 8 && prefix(all + at, n - at, noise_key(s), 0) < n - at)
		at--;
	if (at > own || n - at > noise || prefix(all + at, n - at, noise_key(s), 0) < n - at)
		soak_fail("recv: %zu bytes, of which %zu are those of a child that was killed; "
			  "what follows is not the %zu of noise", n, own, noise);
	soak_bytes(n);
}

void
soak_noise_recv(struct soak_session *s, size_t noise)
{
	size_t room = CHILD_SENDS + noise + 1, n = 0;
	uint8_t *all = malloc(room);
	uint64_t since = now_ns();
	long ret;

	if (all == NULL)
		soak_fail("no memory");
	free(s->pending);
	s->pending = all;
	while (n < room) {
		ret = SOAK(RECV, scif_recv(s->epd, all + n, (int)(room - n),
					   soak_chance(2) ? SCIF_RECV_BLOCK : 0));
		if (ret < 0 && soak_gone(s))
			noise_check(s, all, n, noise);
		soak_judge(s, SOAK_RECV, ret);
		n += (size_t)ret;
		if (ret > 0)
			since = now_ns();
		if (now_ns() - since > soak->deadline_ns)
			soak_fail("no end of waiting for the end of noise");
	}
	soak_fail("recv: more than the %zu bytes that were sent", room - 1);
}
