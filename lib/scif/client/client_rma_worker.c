/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "client_memory.h"

/* Transfers that are not complete when their call returns, as those of a DMA engine: with
 * SLIPWAY_SCIF_RMA=worker[,delay_us=N][,reorder] a thread carries them out, so that a program that
 * lacks a fence is seen to lack it. A fence looks at two counters of the half:
 *
 *   rma_begun   transfers ever begun: a mark is its value
 *   rma_done    so many of the first of them are complete
 *
 * The default has neither thread nor counting: what has returned is complete.
 */

/* A second: longer than it takes to see that a fence is missing. */
#define DELAY_US_MAX 1000000ul

struct job {
	struct job *next;
	struct client_endpoint *ep;
	uint32_t ticket; /* of a transfer: how many were begun before; of a store: are waited for */
	bool is_store, done;
	struct client_transfer transfer;
	uint64_t value;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct job *first; /* in the order they were begun; those done, too, until all before are */
	bool running;
} worker = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL, false};

struct setting {
	bool wanted, reorder;
	unsigned long delay_us;
};

static struct setting setting;

/* One of the words after the first; what comes behind it, or NULL. */
static const char *
parse_word(const char *text, struct setting *s)
{
	static const char reorder[] = ",reorder", delay[] = ",delay_us=";
	char *end;

	if (strncmp(text, reorder, strlen(reorder)) == 0) {
		s->reorder = true;
		return text + strlen(reorder);
	}
	if (strncmp(text, delay, strlen(delay)) != 0)
		return NULL;
	text += strlen(delay);
	if (*text < '0' || *text > '9')
		return NULL;
	s->delay_us = strtoul(text, &end, 10);
	return s->delay_us <= DELAY_US_MAX ? end : NULL;
}

static int
parse_setting(struct setting *s)
{
	static const char worker[] = "worker";
	const char *text = getenv("SLIPWAY_SCIF_RMA");

	*s = (struct setting){0};
	if (text == NULL || *text == '\0')
		return 0;
	if (strncmp(text, worker, strlen(worker)) != 0)
		return -EINVAL;
	for (text += strlen(worker); text != NULL && *text != '\0';)
		text = parse_word(text, s);
	if (text == NULL)
		return -EINVAL;
	s->wanted = true;
	return 0;
}

int
client_worker_check(void)
{
	struct setting s;

	return parse_setting(&s);
}

static void
read_setting(void)
{
	parse_setting(&setting);
}

bool
client_worker_wanted(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, read_setting);
	return setting.wanted;
}

/* ---- The thread ---- */

static bool
may_run(const struct job *job)
{
	if (job->done)
		return false;
	return !job->is_store ||
	       (int32_t)(atomic_load(&job->ep->mine->rma_done) - job->ticket) >= 0;
}

/* The next to be carried out: the oldest, or the youngest. */
static struct job *
pick(void)
{
	struct job *picked = NULL;

	for (struct job *job = worker.first; job != NULL; job = job->next) {
		if (!may_run(job))
			continue;
		picked = job;
		if (!setting.reorder)
			break;
	}
	return picked;
}

static void
carry_out(struct job *job)
{
	if (setting.delay_us > 0)
		usleep((useconds_t)setting.delay_us);
	if (job->is_store)
		client_store(&job->transfer.remote, job->transfer.remote_offset, job->value);
	else
		client_transfer_run(&job->transfer);
}

static void
job_free(struct job *job)
{
	client_transfer_end(&job->transfer);
	client_leave(job->ep);
	free(job);
}

/* Those of an endpoint that are done, and all before them: they count, and go. */
static void
retire(struct client_endpoint *ep)
{
	bool behind = false;
	struct job **at = &worker.first, *job;

	while ((job = *at) != NULL) {
		if (job->ep != ep || (!job->done && job->is_store)) {
			at = &job->next;
			continue;
		}
		behind = behind || !job->done;
		if (behind && !job->is_store) {
			at = &job->next;
			continue;
		}
		*at = job->next;
		if (!job->is_store) {
			/* Pairs with who looks at a mark: the transfer is seen. */
			atomic_fetch_add(&ep->mine->rma_done, 1);
			client_futex_wake(&ep->mine->rma_done);
		}
		job_free(job);
	}
}

static void *
work(void *arg)
{
	struct client_endpoint *ep;
	struct job *job;

	pthread_mutex_lock(&worker.lock);
	for (;;) {
		job = pick();
		if (job == NULL) {
			pthread_cond_wait(&worker.wake, &worker.lock);
			continue;
		}
		pthread_mutex_unlock(&worker.lock);
		carry_out(job);
		pthread_mutex_lock(&worker.lock);
		ep = job->ep;
		job->done = true;
		/* Those that are retired let go of the endpoint: it is in use to the end. */
		atomic_fetch_add(&ep->users, 1);
		retire(ep);
		client_leave(ep);
	}
	return arg;
}

/* ---- Leaving work to it ---- */

static void
fork_child(void)
{
	/* The thread is the parent's, and so is what it has to do. */
	worker.lock = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
	worker.wake = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	worker.first = NULL;
	worker.running = false;
}

static int
run(void)
{
	static bool watched;
	pthread_t thread;
	int ret;

	if (worker.running)
		return 0;
	if (!watched)
		watched = pthread_atfork(NULL, NULL, fork_child) == 0;
	ret = pthread_create(&thread, NULL, work, NULL);
	if (ret != 0)
		return -ret;
	pthread_detach(thread);
	worker.running = true;
	return 0;
}

static int
begin(struct job *job)
{
	struct job **at = &worker.first;
	int ret;

	pthread_mutex_lock(&worker.lock);
	ret = run();
	if (ret == 0) {
		atomic_fetch_add(&job->ep->users, 1);
		job->ticket = job->is_store ? atomic_load(&job->ep->mine->rma_begun)
					    : atomic_fetch_add(&job->ep->mine->rma_begun, 1);
		while (*at != NULL)
			at = &(*at)->next;
		*at = job;
		pthread_cond_signal(&worker.wake);
	}
	pthread_mutex_unlock(&worker.lock);
	if (ret < 0)
		free(job);
	return ret;
}

int
client_worker_begin(struct client_endpoint *ep, const struct client_transfer *t)
{
	struct job *job = calloc(1, sizeof(*job));

	if (job == NULL)
		return -ENOMEM;
	job->ep = ep;
	job->transfer = *t;
	return begin(job);
}

int
client_worker_signal(struct client_endpoint *ep, struct client_span *span, uint64_t offset,
		     uint64_t value)
{
	struct job *job = calloc(1, sizeof(*job));
	int ret;

	if (job == NULL)
		return -ENOMEM;
	job->ep = ep;
	job->is_store = true;
	job->value = value;
	job->transfer.remote = *span;
	job->transfer.remote_offset = offset;
	ret = begin(job);
	if (ret == 0)
		*span = (struct client_span){0};
	return ret;
}
