/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "client_memory.h"
#include "scif.h"

/* Transfers: the calling process copies, from memory to memory where both sides are mapped here. */

#define LINE   64u
#define BOUNCE 65536u

#define RMA_FLAGS (SCIF_RMA_USECPU | SCIF_RMA_USECACHE | SCIF_RMA_SYNC | SCIF_RMA_ORDERED)

/* One end of a copy. */
struct place {
	char *at;    /* here, or by calls, where the program may have unmapped it */
	int32_t pid; /* for those; 0: here */
	int fd;      /* instead; -1: none */
	uint64_t off;
	const struct client_piece *asked; /* its owner copies; NULL: this process does */
};

static bool
is_memory(const struct place *p)
{
	return p->pid == 0 && p->fd < 0 && p->asked == NULL;
}

/* ---- By system calls: memory that may shrink, or that the program may unmap ---- */

static ssize_t
transfer_some(const struct place *p, char *here, size_t n, bool out)
{
	struct iovec local = {here, n}, remote = {p->at, n};

	if (p->fd >= 0)
		return out ? pwrite(p->fd, here, n, (off_t)p->off)
			   : pread(p->fd, here, n, (off_t)p->off);
	return out ? process_vm_writev(p->pid, &local, 1, &remote, 1, 0)
		   : process_vm_readv(p->pid, &local, 1, &remote, 1, 0);
}

/* Between memory here and a place that is not. */
static int
transfer_by_call(struct place p, char *here, size_t n, bool out)
{
	CLIENT_UNCANCELLED;
	ssize_t done;

	if (p.asked != NULL)
		return client_box_copy(p.asked, p.off, here, n, out);
	while (n > 0) {
		done = transfer_some(&p, here, n, out);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return -EIO;
		p.at += done;
		p.off += (uint64_t)done;
		here += done;
		n -= (size_t)done;
	}
	return 0;
}

static int
transfer_bounced(struct place to, struct place from, size_t n)
{
	char *bounce = malloc(BOUNCE);
	int ret = bounce == NULL ? -ENOMEM : 0;

	while (n > 0 && ret == 0) {
		size_t part = n < BOUNCE ? n : BOUNCE;

		ret = transfer_by_call(from, bounce, part, false);
		if (ret == 0)
			ret = transfer_by_call(to, bounce, part, true);
		to.at += part;
		to.off += part;
		from.at += part;
		from.off += part;
		n -= part;
	}
	free(bounce);
	return ret;
}

/* ---- Copy ---- */

static inline void
store_byte(char *to, char byte)
{
	/* Pairs with the acquire of who polls there. */
	atomic_store_explicit((_Atomic char *)to, byte, memory_order_release);
}

/* Upwards in words, so that who looks at the last of them has seen all others. */
static void
copy_upwards(char *to, const char *from, size_t n)
{
	uint64_t word;

	for (; n > 0 && (uintptr_t)to % 8 != 0; n--)
		store_byte(to++, *from++);
	for (; n >= 8; n -= 8, to += 8, from += 8) {
		memcpy(&word, from, sizeof(word));
		/* Pairs with the acquire of who polls there. */
		atomic_store_explicit((_Atomic uint64_t *)(void *)to, word, memory_order_release);
	}
	for (; n > 0; n--)
		store_byte(to++, *from++);
}

static int
copy(const struct place *to, const struct place *from, size_t n, bool upwards)
{
	if (is_memory(to) && is_memory(from)) {
		if (upwards)
			copy_upwards(to->at, from->at, n);
		else
			memcpy(to->at, from->at, n);
		return 0;
	}
	if (is_memory(to))
		return transfer_by_call(*from, to->at, n, false);
	if (is_memory(from))
		return transfer_by_call(*to, from->at, n, true);
	return transfer_bounced(*to, *from, n);
}

/* Stores before this are seen before those after it, large copies by special stores too. */
static inline void
store_fence(void)
{
#if defined(__x86_64__)
	__builtin_ia32_sfence();
#endif
	atomic_thread_fence(memory_order_seq_cst);
}

/* ---- Ranges ---- */

/* The place of an offset, and how far it goes on; `index` is where the last one was. */
static struct place
place_at(const struct client_span *span, uint32_t *index, uint64_t offset, uint64_t *room)
{
	const struct client_piece *piece;

	while (client_span_piece(span, *index)->end <= offset)
		++*index;
	piece = client_span_piece(span, *index);
	if (*room > piece->end - offset)
		*room = piece->end - offset;
	if (piece->box != NULL)
		return (struct place){
			.fd = -1,
			.off = offset - piece->offset,
			.asked = piece,
		};
	return (struct place){
		.at = piece->base + (offset - piece->offset),
		.pid = piece->pid,
		.fd = piece->fd,
		.off = piece->fd_off + (offset - piece->offset),
	};
}

static int
transfer_part(const struct client_transfer *t, uint64_t from, uint64_t end, bool upwards)
{
	uint32_t li = 0, ri = 0;
	struct place local, remote;
	uint64_t n;
	int ret = 0;

	for (uint64_t at = from; at < end && ret == 0; at += n) {
		n = end - at;
		remote = place_at(&t->remote, &ri, t->remote_offset + at, &n);
		if (t->address != NULL)
			local = (struct place){.at = t->address + at, .fd = -1};
		else
			local = place_at(&t->local, &li, t->local_offset + at, &n);
		ret = t->to_remote ? copy(&remote, &local, n, upwards)
				   : copy(&local, &remote, n, upwards);
	}
	return ret;
}

/* Where the last line begins, of an end of the transfer. */
static uint64_t
last_line(uint64_t offset, uint64_t len)
{
	uint64_t tail = (offset + len) % LINE;

	tail = tail == 0 ? LINE : tail;
	return len > tail ? len - tail : 0;
}

/* The last line of source or destination comes after all that is before it. */
static int
transfer_ordered(const struct client_transfer *t)
{
	uint64_t at = t->address != NULL ? (uintptr_t)t->address : t->local_offset;
	uint64_t a = last_line(at, t->len), b = last_line(t->remote_offset, t->len);
	uint64_t first = a < b ? a : b, second = a < b ? b : a;
	int ret = transfer_part(t, 0, first, false);

	store_fence();
	if (ret == 0)
		ret = transfer_part(t, first, second, true);
	store_fence();
	if (ret == 0)
		ret = transfer_part(t, second, t->len, true);
	return ret;
}

int
client_transfer_run(const struct client_transfer *t)
{
	int ret = t->ordered ? transfer_ordered(t) : transfer_part(t, 0, t->len, false);

	store_fence();
	return ret;
}

void
client_transfer_end(struct client_transfer *t)
{
	client_span_put(&t->remote);
	if (t->address == NULL)
		client_span_put(&t->local);
}

int
client_store(const struct client_span *span, uint64_t offset, uint64_t value)
{
	struct client_transfer t = {
		.address = (char *)&value,
		.remote = *span,
		.remote_offset = offset,
		.len = sizeof(value),
		.to_remote = true,
	};
	uint32_t index = 0;
	uint64_t room = sizeof(value);
	struct place place = place_at(span, &index, offset, &room);

	store_fence();
	if (!is_memory(&place) || room < sizeof(value) || (uintptr_t)place.at % 8 != 0)
		return transfer_part(&t, 0, t.len, false);
	/* Pairs with the acquire of who waits for the value: transfers before are seen. */
	atomic_store_explicit((_Atomic uint64_t *)(void *)place.at, value, memory_order_release);
	return 0;
}

/* ---- Calls ---- */

static int
begin(struct client_endpoint *ep, struct client_transfer *t, int flags)
{
	int ret = 0;

	t->ordered = (flags & SCIF_RMA_ORDERED) != 0;
	if (!client_worker_wanted() || (flags & (SCIF_RMA_SYNC | SCIF_RMA_USECPU)) != 0 ||
	    ep->forked || ep->mine == NULL) {
		ret = client_transfer_run(t);
		client_transfer_end(t);
		return ret;
	}
	ret = client_worker_begin(ep, t);
	if (ret < 0)
		client_transfer_end(t);
	return ret;
}

/* What is written there is read here, or the other way round. */
static uint32_t
prot_of(bool written)
{
	return written ? SCIF_PROT_WRITE : SCIF_PROT_READ;
}

/* The peer's side, once all that can be wrong before is not. */
static int
find_remote(struct client_endpoint *ep, struct client_transfer *t, int flags)
{
	int ret = client_verify(ep);

	if (ret < 0)
		return ret;
	if ((flags & ~RMA_FLAGS) != 0)
		return -EINVAL;
	return client_span_get(ep, CLIENT_SIDE_PEER, (int64_t)t->remote_offset, t->len,
			       prot_of(t->to_remote), &t->remote);
}

/* This side: a range of registered address space, or memory. */
static int
find_local(struct client_endpoint *ep, struct client_transfer *t, bool registered)
{
	if (registered)
		return client_span_get(ep, CLIENT_SIDE_OWN, (int64_t)t->local_offset, t->len,
				       prot_of(!t->to_remote), &t->local);
	if (t->address == NULL)
		return -EFAULT;
	return client_area_check(t->address, t->len, prot_of(!t->to_remote));
}

static int
transfer(struct client_endpoint *ep, struct client_transfer *t, int flags, bool registered)
{
	int ret = find_remote(ep, t, flags);

	if (ret < 0)
		return ret;
	ret = find_local(ep, t, registered);
	if (ret < 0) {
		client_span_put(&t->remote);
		return ret;
	}
	return begin(ep, t, flags);
}

int
client_rma(struct client_endpoint *ep, int64_t local, uint64_t len, int64_t remote, int flags,
	   bool to_remote)
{
	struct client_transfer t = {
		.local_offset = (uint64_t)local,
		.remote_offset = (uint64_t)remote,
		.len = len,
		.to_remote = to_remote,
	};

	return transfer(ep, &t, flags, true);
}

int
client_rma_memory(struct client_endpoint *ep, void *address, uint64_t len, int64_t remote,
		  int flags, bool to_remote)
{
	struct client_transfer t = {
		.address = address,
		.remote_offset = (uint64_t)remote,
		.len = len,
		.to_remote = to_remote,
	};

	return transfer(ep, &t, flags, false);
}
