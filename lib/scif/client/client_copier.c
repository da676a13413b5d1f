/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "client_memory.h"
#include "scif.h"
#include "scif_copy_box.h"

/* The owner of registered memory that cannot be shared: a thread for each piece of it that copies
 * what it is asked to. It reads and writes by system calls, as the program may have unmapped the
 * memory meanwhile.
 */

#define THREAD_STACK 262144u

struct client_copier {
	struct client_copier *next; /* of a registration, or of all */
	struct client_endpoint *ep;
	uint64_t window; /* its offset */
	uintptr_t start;
	size_t len;
	uint32_t prot;
	struct scif_board *board;
	struct scif_box *box;
	struct client_lock copying;
	_Atomic bool stop;
	_Atomic bool kept; /* by a window, whose node closes the box when it is gone */
};

/* All that run and belong to a window. A copier is freed by its thread, under this lock. Of an
 * endpoint that others hold, too, those are in no list once it is closed here.
 */
static struct client_lock all_lock;
static struct client_copier *all;

/* ---- The thread ---- */

static int
copy(const struct client_copier *c, const struct scif_box_slot *asked, void *room)
{
	struct iovec here = {room, asked->length};
	struct iovec there = {(void *)(c->start + asked->offset), asked->length};
	ssize_t n;

	if (asked->length > SCIF_BOX_ROOM || asked->offset > c->len ||
	    asked->length > c->len - asked->offset)
		return ENXIO;
	if ((c->prot & (asked->write != 0 ? SCIF_PROT_WRITE : SCIF_PROT_READ)) == 0)
		return EACCES;
	n = asked->write != 0 ? process_vm_writev(getpid(), &here, 1, &there, 1, 0)
			      : process_vm_readv(getpid(), &here, 1, &there, 1, 0);
	if (n != (ssize_t)asked->length)
		return n < 0 && errno != EFAULT ? EIO : EFAULT;
	atomic_fetch_add_explicit(&c->board->copies, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&c->board->copied, asked->length, memory_order_relaxed);
	return 0;
}

/* What is asked is read once: who asks may change it. */
static void
serve(struct client_copier *c, unsigned int i, uint32_t word)
{
	struct scif_box_slot *slot = &c->box->slot[i];
	const struct scif_box_slot asked = {
		.write = *(volatile uint32_t *)&slot->write,
		.offset = *(volatile uint64_t *)&slot->offset,
		.length = *(volatile uint32_t *)&slot->length,
	};
	uint32_t done = scif_box_word(SCIF_BOX_DONE, scif_box_pid(word));

	slot->error = copy(c, &asked, c->box->room[i]);
	/* Pairs with who waits: bytes and error are there. */
	if (scif_box_state(word) == SCIF_BOX_ASKED &&
	    atomic_compare_exchange_strong(&slot->state, &word, done))
		client_futex_wake(&slot->state);
	else
		atomic_store(&slot->state, SCIF_BOX_FREE);
}

static void
serve_all(struct client_copier *c)
{
	for (unsigned int i = 0; i < SCIF_BOX_SLOTS; i++) {
		uint32_t word = atomic_load(&c->box->slot[i].state);

		if (scif_box_state(word) != SCIF_BOX_ASKED && scif_box_state(word) != SCIF_BOX_LEFT)
			continue;
		client_lock(&c->copying);
		if (!atomic_load(&c->stop))
			serve(c, i, word);
		client_unlock(&c->copying);
	}
}

static void
copier_free(struct client_copier *c)
{
	munmap(c->box, SCIF_BOX_BYTES);
	free(c);
}

/* Nobody will ask any more. */
static bool
is_over(const struct client_copier *c)
{
	return atomic_load(&c->stop) ||
	       (atomic_load(&c->kept) && atomic_load(&c->box->closed) != 0);
}

static void
take_out(const struct client_copier *c)
{
	for (struct client_copier **at = &all; *at != NULL; at = &(*at)->next)
		if (*at == c) {
			*at = c->next;
			return;
		}
}

static void *
work(void *arg)
{
	struct client_copier *c = arg;

	while (!is_over(c)) {
		uint32_t bell = atomic_load(&c->box->bell);

		serve_all(c);
		if (!is_over(c))
			client_futex_wait(&c->box->bell, bell, -1);
	}
	client_lock(&all_lock);
	take_out(c);
	copier_free(c);
	client_unlock(&all_lock);
	return NULL;
}

/* Signals are the program's, and not for this thread. */
static int
run(struct client_copier *c)
{
	sigset_t every, before;
	pthread_attr_t attr;
	pthread_t thread;
	int ret;

	ret = pthread_attr_init(&attr);
	if (ret != 0)
		return -ENOMEM;
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, THREAD_STACK);
	sigfillset(&every);
	pthread_sigmask(SIG_SETMASK, &every, &before);
	ret = pthread_create(&thread, &attr, work, c);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return ret != 0 ? -ENOMEM : 0;
}

/* ---- Begin and end ---- */

/* Memory of a device cannot be copied by calls. */
static bool
can_be_copied(const struct client_copier *c)
{
	const uintptr_t at[] = {c->start, c->start + c->len - 1};
	char byte;

	for (unsigned int i = 0; i < 2; i++) {
		struct iovec here = {&byte, 1}, there = {(void *)at[i], 1};

		if (process_vm_readv(getpid(), &here, 1, &there, 1, 0) != 1)
			return false;
	}
	return true;
}

static int
box_new(struct client_copier *c)
{
	void *box;
	int fd = client_shared_memory(c->len + SCIF_BOX_BYTES);

	if (fd < 0)
		return -ENOMEM;
	box = mmap(NULL, SCIF_BOX_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)c->len);
	if (box == MAP_FAILED) {
		close(fd);
		return -ENOMEM;
	}
	/* Its thread is no child's. */
	madvise(box, SCIF_BOX_BYTES, MADV_DONTFORK);
	c->box = box;
	return fd;
}

int
client_copier_begin(struct client_endpoint *ep, uintptr_t start, size_t len, uint32_t prot,
		    struct client_copier **list)
{
	struct client_copier *c = calloc(1, sizeof(*c));
	int fd, ret;

	if (c == NULL)
		return -ENOMEM;
	c->ep = ep;
	c->start = start;
	c->len = len;
	c->prot = prot;
	c->board = ep->client->board;
	fd = can_be_copied(c) ? box_new(c) : -EFAULT;
	if (fd < 0) {
		free(c);
		return fd;
	}
	ret = run(c);
	if (ret < 0) {
		copier_free(c);
		close(fd);
		return ret;
	}
	c->next = *list;
	*list = c;
	return fd;
}

/* Under the lock. Nothing is copied once this returns. */
static void
end(struct client_copier *c)
{
	struct scif_box *box = c->box;

	client_lock(&c->copying);
	atomic_store(&c->stop, true);
	client_unlock(&c->copying);
	atomic_store(&box->closed, 1);
	for (unsigned int i = 0; i < SCIF_BOX_SLOTS; i++)
		client_futex_wake(&box->slot[i].state);
	atomic_fetch_add(&box->bell, 1);
	client_futex_wake(&box->bell);
}

void
client_copier_cancel(struct client_copier *list)
{
	struct client_copier *next;

	client_lock(&all_lock);
	for (; list != NULL; list = next) {
		next = list->next;
		end(list);
	}
	client_unlock(&all_lock);
}

void
client_copier_keep(struct client_copier *list, uint64_t offset)
{
	struct client_copier *next;

	client_lock(&all_lock);
	for (; list != NULL; list = next) {
		next = list->next;
		list->window = offset;
		list->next = all;
		all = list;
		/* The window may be gone already. */
		atomic_store(&list->kept, true);
		atomic_fetch_add(&list->box->bell, 1);
		client_futex_wake(&list->box->bell);
	}
	client_unlock(&all_lock);
}

static void
end_range(const struct client_endpoint *ep, uint64_t offset, uint64_t len, bool stays)
{
	struct client_copier **at = &all, *c;

	client_lock(&all_lock);
	while ((c = *at) != NULL) {
		if (c->ep != ep || c->window - offset >= len) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		if (!stays)
			end(c);
	}
	client_unlock(&all_lock);
}

void
client_copier_end(const struct client_endpoint *ep, uint64_t offset, uint64_t len)
{
	end_range(ep, offset, len, false);
}

void
client_copier_closed(const struct client_endpoint *ep)
{
	/* Who holds the endpoint, too, goes on with its windows. */
	end_range(ep, 0, UINT64_MAX, ep->forked);
}

void
client_copier_forget(void)
{
	all_lock = (struct client_lock){0};
	all = NULL;
}
