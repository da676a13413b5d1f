/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

/* The conversation: one command at a time goes out, and nothing else comes in than its reply and
 * what the server asks for. Whoever talks masks all signals, so that a handler that wants to talk
 * never finds its own thread in the middle of it. Nothing that a server sends is trusted: what
 * breaks the protocol, or does not come in time, ends it for good.
 */

#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "bus_relax.h"
#include "bus_store.h"
#include "vfu_client_priv.h"
#include "vfu_message.h"

/* States of the lock. */
enum { FREE, TAKEN, AWAITED };

/* Of one visit of step: a server that asks without end does not keep a thread. */
#define LOOK_MESSAGES 16

/* Looks for a reply before it is slept for: some 20 us. After one that was slept for, so many
 * commands go without.
 */
#define AWAKE_TRIES 32
#define SLEEPS      64

/* The largest errno there is. */
#define ERRNO_MAX 4095

/* ---- The lock ---- */

static long
futex(_Atomic uint32_t *word, int op, uint32_t value)
{
	return syscall(SYS_futex, word, op | FUTEX_PRIVATE_FLAG, value, NULL, NULL, 0);
}

static void
mask_signals(sigset_t *before)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, before);
}

static bool
try_lock(struct vfu_client *c)
{
	uint32_t state = FREE;

	return atomic_compare_exchange_strong_explicit(&c->lock, &state, TAKEN,
						       memory_order_acquire, memory_order_relaxed);
}

static void
lock(struct vfu_client *c)
{
	if (try_lock(c))
		return;
	while (atomic_exchange_explicit(&c->lock, AWAITED, memory_order_acquire) != FREE)
		futex(&c->lock, FUTEX_WAIT, AWAITED);
}

static void
unlock(struct vfu_client *c)
{
	if (atomic_exchange_explicit(&c->lock, FREE, memory_order_release) == AWAITED)
		futex(&c->lock, FUTEX_WAKE, 1);
}

/* ---- Words to the owner ---- */

void
vfu_client_say(const struct vfu_client *c, const char *text)
{
	char line[sizeof(c->name) + 256];
	size_t name = strnlen(c->name, sizeof(c->name)), len = strnlen(text, 253);

	if (c->log == NULL)
		return;
	memcpy(line, c->name, name);
	memcpy(line + name, ": ", 2);
	memcpy(line + name + 2, text, len);
	line[name + 2 + len] = '\0';
	c->log(c->arg, line);
}

void
vfu_client_give_up(struct vfu_client *c, const char *why)
{
	if (atomic_exchange(&c->giving_up, true))
		return;
	/* Another process may think better of the server. */
	if (!c->joined)
		shutdown(c->socket, SHUT_RDWR);
	vfu_client_share_cut(c);
	/* Pairs with the acquire in vfu_client_lost: what posts from here on posts to nobody. */
	atomic_store_explicit(&c->lost, true, memory_order_release);
	vfu_client_say(c, why);
}

static int
break_off(struct vfu_client *c, const char *why)
{
	vfu_client_give_up(c, why);
	return -ENOTCONN;
}

/* ---- Bytes, up to a time ---- */

static uint64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static int
wait_for(struct vfu_client *c, short events, uint64_t deadline)
{
	struct pollfd fd = {.fd = c->socket, .events = events};
	uint64_t now = now_ms();

	if (now < deadline && poll(&fd, 1, (int)(deadline - now)) != 0)
		return 0;
	c->timed_out = true;
	/* Who has a client lets others wait without a word. */
	if (!c->agreed)
		return break_off(c, "does not answer; one client at a time is accepted, end the "
				    "other one, or start another server");
	return break_off(c, "has not answered in time, given up; restart it, then this program");
}

/* A server that is awake, on another CPU, answers in a few microseconds: less than it takes to fall
 * asleep and be woken. One that has not done so may need this CPU, and is slept for a while.
 */
static int
wait_for_header(struct vfu_client *c, unsigned int tries, uint64_t deadline)
{
	if (c->sleeps == 0 && tries < AWAKE_TRIES) {
		bus_relax(0);
		return 0;
	}
	if (c->sleeps == 0)
		c->sleeps = SLEEPS;
	return wait_for(c, POLLIN, deadline);
}

static int
broken(struct vfu_client *c, ssize_t ret)
{
	if (ret == 0 || ret == -EPIPE || ret == -ECONNRESET)
		return break_off(c, "has closed the connection; restart it, then this program");
	return break_off(c, "cannot be talked to any more; restart it, then this program");
}

/* What is left of the parts when so many bytes of them are done. */
static unsigned int
advance(struct iovec **parts, unsigned int n, size_t done)
{
	while (n != 0 && done >= (*parts)->iov_len) {
		done -= (*parts)->iov_len;
		(*parts)++;
		n--;
	}
	if (n != 0) {
		(*parts)->iov_base = (uint8_t *)(*parts)->iov_base + done;
		(*parts)->iov_len -= done;
	}
	return n;
}

static int
send_parts(struct vfu_client *c, struct iovec *parts, unsigned int n, const int *fds,
	   unsigned int n_fds, uint64_t deadline)
{
	n = advance(&parts, n, 0);
	while (n != 0) {
		ssize_t ret = vfu_message_send(c->socket, parts, n, fds, n_fds);

		if (ret > 0) {
			n_fds = 0;
			n = advance(&parts, n, (size_t)ret);
		} else if (ret != -EAGAIN) {
			return broken(c, ret);
		} else if (wait_for(c, POLLOUT, deadline) < 0) {
			return -ENOTCONN;
		}
	}
	return 0;
}

/* Descriptors come with a header, never behind it. */
static int
receive_bytes(struct vfu_client *c, void *bytes, size_t len, uint64_t deadline)
{
	int fds[VFU_MAX_FDS];
	unsigned int n_fds;
	size_t got = 0;

	while (got < len) {
		ssize_t ret = vfu_message_recv(c->socket, (uint8_t *)bytes + got, len - got,
					       MSG_DONTWAIT, fds, &n_fds);

		if (ret > 0 && n_fds == 0) {
			got += (size_t)ret;
		} else if (ret > 0) {
			vfu_message_close(fds, n_fds);
			return break_off(c, "sent descriptors inside a message; accepted: with its "
					    "header");
		} else if (ret != -EAGAIN) {
			return broken(c, ret);
		} else if (wait_for(c, POLLIN, deadline) < 0) {
			return -ENOTCONN;
		}
	}
	return 0;
}

/* A message that has arrived in part, or is about to. */
struct message {
	struct vfu_header head;
	size_t payload;
	int fds[VFU_MAX_FDS];
	unsigned int n_fds;
};

/* The next header. 1: there was none, and nobody waits for one. */
static int
receive_header(struct vfu_client *c, struct message *m, bool wait, uint64_t deadline)
{
	unsigned int tries = 0;
	ssize_t ret;

	do {
		m->n_fds = 0;
		ret = vfu_message_recv(c->socket, &m->head, sizeof(m->head), MSG_DONTWAIT, m->fds,
				       &m->n_fds);
		if (ret == -EAGAIN && !wait)
			return 1;
		if (ret == -EAGAIN && wait_for_header(c, tries++, deadline) < 0)
			return -ENOTCONN;
	} while (ret == -EAGAIN);
	if (ret <= 0)
		return broken(c, ret);
	if (receive_bytes(c, (uint8_t *)&m->head + ret, sizeof(m->head) - (size_t)ret, deadline) <
	    0) {
		vfu_message_close(m->fds, m->n_fds);
		return -ENOTCONN;
	}
	m->payload = m->head.size - sizeof(m->head);
	if (m->head.size >= sizeof(m->head))
		return 0;
	vfu_message_close(m->fds, m->n_fds);
	return break_off(c, "sent a message of less than 16 bytes");
}

/* ---- What the server asks for ---- */

static int
copy(struct vfu_client *c, uint64_t iova, uint8_t *data, size_t len, bool write)
{
	enum bus_prot prot = write ? BUS_PROT_WRITE : BUS_PROT_READ;
	struct bus_fault fault;

	while (len != 0) {
		size_t piece = len;
		uint8_t *at =
			c->host->ops->map(c->host, BUS_NO_PASID, iova, &piece, prot, &fault);

		if (at == NULL || piece == 0)
			return -EFAULT;
		if (write)
			bus_store(at, data, piece);
		else
			memcpy(data, at, piece);
		iova += piece;
		data += piece;
		len -= piece;
	}
	return 0;
}

/* What was asked for, done: 0 and the length of the data in the reply, or a negative errno. */
static int
serve(struct vfu_client *c, const struct message *m, size_t *len)
{
	bool write = m->head.command == VFU_DMA_WRITE;
	uint64_t count = c->in.dma.count;

	*len = 0;
	if (m->head.command != VFU_DMA_READ && !write)
		return -ENOTSUP;
	if (m->payload < sizeof(c->in.dma) || count > sizeof(c->in.data) ||
	    m->payload - sizeof(c->in.dma) != (write ? count : 0))
		return -EINVAL;
	if (!write)
		*len = count;
	return copy(c, c->in.dma.address, c->in.data, count, write);
}

static int
answer(struct vfu_client *c, const struct message *m, uint64_t deadline)
{
	struct vfu_header head = m->head;
	struct iovec parts[VFU_CLIENT_PARTS] = {{&head, sizeof(head)}};
	size_t len = 0;
	int ret;

	vfu_message_close(m->fds, m->n_fds);
	if (m->payload > sizeof(c->in))
		return break_off(c, "sent a message of more data than it was told is taken");
	if (receive_bytes(c, &c->in, m->payload, deadline) < 0)
		return -ENOTCONN;
	ret = serve(c, m, &len);
	if (m->head.flags & VFU_NO_REPLY)
		return 0;
	head.flags = VFU_TYPE_REPLY;
	head.error = 0;
	if (ret < 0) {
		head.flags |= VFU_ERROR;
		head.error = (uint32_t)-ret;
	} else {
		parts[1] = (struct iovec){&c->in.dma, sizeof(c->in.dma)};
		parts[2] = (struct iovec){c->in.data, len};
	}
	head.size = (uint32_t)(sizeof(head) + parts[1].iov_len + parts[2].iov_len);
	return send_parts(c, parts, VFU_CLIENT_PARTS, NULL, 0, deadline);
}

/* ---- Commands of ours ---- */

/* An error, with whatever came behind it. */
static int
take_refusal(struct vfu_client *c, const struct message *m, uint64_t deadline)
{
	vfu_message_close(m->fds, m->n_fds);
	if (m->payload > sizeof(c->in))
		return break_off(c, "refused a command at too great length");
	if (receive_bytes(c, &c->in, m->payload, deadline) < 0)
		return -ENOTCONN;
	if (m->head.error == 0 || m->head.error > ERRNO_MAX || m->head.error == ENOTCONN)
		return -EIO;
	return -(int)m->head.error;
}

static int
take_reply(struct vfu_client *c, struct vfu_call *call, const struct message *m, uint64_t deadline)
{
	size_t first = call->reply[0].iov_len, second = call->reply[1].iov_len;

	if (m->payload > first + second) {
		vfu_message_close(m->fds, m->n_fds);
		return break_off(c, "sent a reply longer than was asked for");
	}
	if (call->reply_fds != NULL) {
		memcpy(call->reply_fds, m->fds, m->n_fds * sizeof(m->fds[0]));
		call->n_reply_fds = m->n_fds;
	} else {
		vfu_message_close(m->fds, m->n_fds);
	}
	call->reply_len = m->payload;
	if (m->payload < first)
		first = m->payload;
	if (receive_bytes(c, call->reply[0].iov_base, first, deadline) == 0 &&
	    receive_bytes(c, call->reply[1].iov_base, m->payload - first, deadline) == 0)
		return 0;
	vfu_message_close(call->reply_fds, call->n_reply_fds);
	call->n_reply_fds = 0;
	return -ENOTCONN;
}

/* Until the reply has come. */
static int
await(struct vfu_client *c, struct vfu_call *call, uint16_t id, uint64_t deadline)
{
	struct message m;

	for (;;) {
		if (receive_header(c, &m, true, deadline) < 0)
			return -ENOTCONN;
		if ((m.head.flags & VFU_TYPE) == VFU_TYPE_COMMAND) {
			if (answer(c, &m, deadline) < 0)
				return -ENOTCONN;
			continue;
		}
		if ((m.head.flags & VFU_TYPE) == VFU_TYPE_REPLY && m.head.id == id &&
		    m.head.command == call->command)
			break;
		vfu_message_close(m.fds, m.n_fds);
		return break_off(c, "sent a reply that nobody waits for");
	}
	if (m.head.flags & VFU_ERROR)
		return take_refusal(c, &m, deadline);
	return take_reply(c, call, &m, deadline);
}

static int
talk(struct vfu_client *c, struct vfu_call *call)
{
	uint64_t deadline = now_ms() + c->timeout_ms;
	struct vfu_header head = {
		.id = ++c->last_id,
		.command = call->command,
		.size = (uint32_t)(sizeof(head) + call->parts[0].iov_len + call->parts[1].iov_len),
		.flags = call->posted ? VFU_NO_REPLY : 0,
	};
	struct iovec parts[VFU_CLIENT_PARTS] = {
		{&head, sizeof(head)}, call->parts[0], call->parts[1]};

	c->sleeps -= c->sleeps > 0;
	if (send_parts(c, parts, VFU_CLIENT_PARTS, call->fds, call->n_fds, deadline) < 0)
		return -ENOTCONN;
	return call->posted ? 0 : await(c, call, head.id, deadline);
}

int
vfu_client_call(struct vfu_client *c, struct vfu_call *call)
{
	int ret = -ENOTCONN;
	sigset_t before;

	call->reply_len = 0;
	call->n_reply_fds = 0;
	if (c->joined)
		return -ENOTSUP;
	mask_signals(&before);
	lock(c);
	if (!vfu_client_lost(c))
		ret = talk(c, call);
	unlock(c);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return ret;
}

/* The words are for another process; that there will be no more is for all. */
static void
look_for_end(struct vfu_client *c)
{
	char byte;
	ssize_t ret = recv(c->socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	if (ret == 0 || (ret < 0 && errno != EAGAIN && errno != EINTR))
		broken(c, 0);
}

static void
look(struct vfu_client *c)
{
	uint64_t deadline = now_ms() + c->timeout_ms;
	struct message m;
	unsigned int i;

	for (i = 0; i < LOOK_MESSAGES; i++) {
		if (receive_header(c, &m, false, deadline) != 0)
			return;
		if ((m.head.flags & VFU_TYPE) != VFU_TYPE_COMMAND) {
			vfu_message_close(m.fds, m.n_fds);
			break_off(c, "sent a reply that nobody waits for");
			return;
		}
		if (answer(c, &m, deadline) < 0)
			return;
	}
}

void
vfu_client_look_now(struct vfu_client *c)
{
	sigset_t before;

	mask_signals(&before);
	/* Whoever has it looks as well. */
	if (!vfu_client_lost(c) && try_lock(c)) {
		if (c->joined)
			look_for_end(c);
		else
			look(c);
		unlock(c);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}
