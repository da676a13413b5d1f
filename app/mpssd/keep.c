/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_rawdev.h>

#include "ctl_lock.h"
#include "mpssd.h"
#include "rte_pmd_mic.h"

/* Whoever asked for the shutdown resets the card when it comes; so long is that waited for. */
#define SETTLE_MS 300

struct kept {
	char name[MPSSD_NAME_MAX + 1];
	char device[MPSSD_NAME_MAX + 16]; /* raw_mic_NAME */
	uint16_t dev_id;
	int wake_fd; /* of the keeper */
	pthread_t thread;
	/* What has happened last. */
	pthread_mutex_t lock;
	pthread_cond_t happened;
	enum rte_pmd_mic_state state;
	enum rte_pmd_mic_shutdown shutdown;
	unsigned int events;
	bool leave; /* the thread is to let go of the card */
	bool gone;  /* it has */
};

/* DPDK plugs one device at a time. */
static pthread_mutex_t plug = PTHREAD_MUTEX_INITIALIZER;

static const char *
state_name(enum rte_pmd_mic_state state)
{
	static const char *const names[] = {
		[RTE_PMD_MIC_READY] = "ready",
		[RTE_PMD_MIC_BOOTING] = "booting",
		[RTE_PMD_MIC_ONLINE] = "online",
		[RTE_PMD_MIC_SHUTTING_DOWN] = "shutting_down",
		[RTE_PMD_MIC_RESETTING] = "resetting",
		[RTE_PMD_MIC_RESET_FAILED] = "reset_failed",
		[RTE_PMD_MIC_SUSPENDING] = "suspending",
		[RTE_PMD_MIC_SUSPENDED] = "suspended",
		[RTE_PMD_MIC_LOST] = "lost",
	};

	return (size_t)state < RTE_DIM(names) ? names[state] : "?";
}

static const char *
shutdown_name(enum rte_pmd_mic_shutdown shutdown)
{
	static const char *const names[] = {
		[RTE_PMD_MIC_NOP] = "",
		[RTE_PMD_MIC_CRASHED] = ", crashed",
		[RTE_PMD_MIC_HALTED] = ", halted",
		[RTE_PMD_MIC_POWEROFF] = ", powered off",
		[RTE_PMD_MIC_RESTART] = ", asks for a restart",
	};

	return (size_t)shutdown < RTE_DIM(names) ? names[shutdown] : "";
}

/* ---- A card's thread ---- */

/* From the driver's control thread: nothing here may wait. */
static void
event(uint16_t dev_id, enum rte_pmd_mic_state state, enum rte_pmd_mic_shutdown shutdown, void *arg)
{
	struct kept *card = arg;

	(void)dev_id;
	mpssd_say("%s: %s%s", card->name, state_name(state),
		  state == RTE_PMD_MIC_SHUTTING_DOWN ? shutdown_name(shutdown) : "");
	pthread_mutex_lock(&card->lock);
	card->state = state;
	card->shutdown = shutdown;
	card->events++;
	pthread_cond_signal(&card->happened);
	pthread_mutex_unlock(&card->lock);
}

/* Does the card stay shut down, with nobody who resets it? The lock is held. */
static bool
stays_down(struct kept *card)
{
	unsigned int events = card->events;
	struct timespec until;

	if (card->state != RTE_PMD_MIC_SHUTTING_DOWN || card->shutdown == RTE_PMD_MIC_NOP)
		return false;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += SETTLE_MS * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	while (!card->leave && card->events == events)
		if (pthread_cond_timedwait(&card->happened, &card->lock, &until) == ETIMEDOUT)
			return true;
	return false;
}

static void
reset(struct kept *card)
{
	int ret;

	pthread_mutex_unlock(&card->lock);
	ret = rte_rawdev_reset(card->dev_id);
	if (ret < 0)
		mpssd_say("%s: the reset failed: %s", card->name, strerror(-ret));
	pthread_mutex_lock(&card->lock);
}

/* Takes as long as the shutdown of what is online may take: nobody else waits for it. */
static void
let_go(struct kept *card)
{
	rte_pmd_mic_event_unregister(card->dev_id, event, card);
	/* Shuts down what is online, and waits for it, within bounds. */
	rte_rawdev_stop(card->dev_id);
	pthread_mutex_lock(&plug);
	if (rte_eal_hotplug_remove("vdev", card->device) < 0)
		mpssd_say("%s: not let go: %s", card->name, rte_strerror(rte_errno));
	else
		mpssd_say("%s: let go", card->name);
	pthread_mutex_unlock(&plug);
}

/* The main thread forgets it. */
static void
tell_gone(struct kept *card)
{
	const uint64_t one = 1;

	pthread_mutex_lock(&card->lock);
	card->gone = true;
	pthread_mutex_unlock(&card->lock);
	if (write(card->wake_fd, &one, sizeof(one)) < 0)
		mpssd_say("%s: %s", card->name, strerror(errno));
}

static void *
watch(void *arg)
{
	struct kept *card = arg;
	unsigned int seen = 0;

	pthread_mutex_lock(&card->lock);
	while (!card->leave) {
		while (!card->leave && card->events == seen)
			pthread_cond_wait(&card->happened, &card->lock);
		seen = card->events;
		if (card->state == RTE_PMD_MIC_LOST)
			card->leave = true;
		else if (stays_down(card))
			reset(card);
	}
	pthread_mutex_unlock(&card->lock);
	let_go(card);
	tell_gone(card);
	return NULL;
}

static int
watch_start(struct kept *card)
{
	pthread_condattr_t clock;
	int ret;

	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_mutex_init(&card->lock, NULL);
	pthread_cond_init(&card->happened, &clock);
	pthread_condattr_destroy(&clock);
	ret = rte_pmd_mic_event_register(card->dev_id, event, card);
	if (ret < 0)
		return ret;
	ret = pthread_create(&card->thread, NULL, watch, card);
	if (ret != 0)
		rte_pmd_mic_event_unregister(card->dev_id, event, card);
	return -ret;
}

static void
ask_to_leave(struct kept *card)
{
	pthread_mutex_lock(&card->lock);
	card->leave = true;
	pthread_cond_signal(&card->happened);
	pthread_mutex_unlock(&card->lock);
}

static bool
is_leaving(struct kept *card)
{
	bool leave;

	pthread_mutex_lock(&card->lock);
	leave = card->leave;
	pthread_mutex_unlock(&card->lock);
	return leave;
}

static bool
is_gone(struct kept *card)
{
	bool gone;

	pthread_mutex_lock(&card->lock);
	gone = card->gone;
	pthread_mutex_unlock(&card->lock);
	return gone;
}

/* ---- Taking ---- */

static int
configure(const struct kept *card, bool restart)
{
	struct rte_pmd_mic_info mic = {0};
	struct rte_rawdev_info info = {.dev_private = &mic};
	int ret = rte_rawdev_info_get(card->dev_id, &info, sizeof(mic));

	if (ret < 0)
		return ret;
	mic.restart = restart;
	return rte_rawdev_configure(card->dev_id, &info, sizeof(mic));
}

/* Without it there is no reading of the log, and all else. */
static void
tell_log(const struct kept *card, const char *map)
{
	uint64_t addr, len;
	int ret = map_read(map, &addr, &len);

	if (ret == 0)
		ret = rte_rawdev_set_attr(card->dev_id, "log_buf_addr", addr);
	if (ret == 0)
		ret = rte_rawdev_set_attr(card->dev_id, "log_buf_len", len);
	if (ret < 0)
		mpssd_say("%s: %s: %s; its log cannot be read", card->name, map, strerror(-ret));
}

static int
probe(struct kept *card, const char *name)
{
	char arguments[MPSSD_NAME_MAX + 8];
	int ret;

	snprintf(card->name, sizeof(card->name), "%s", name);
	snprintf(card->device, sizeof(card->device), "raw_mic_%s", name);
	snprintf(arguments, sizeof(arguments), "card=%s", name);
	ret = rte_eal_hotplug_add("vdev", card->device, arguments);
	if (ret < 0)
		return ret;
	card->dev_id = rte_rawdev_get_dev_id(card->device);
	return 0;
}

static int
take_plugged(struct kept *card, const char *name, const struct keeper_want *want)
{
	int ret = probe(card, name);

	if (ret < 0)
		return ret;
	ret = configure(card, want->restart);
	if (ret == 0 && want->map != NULL)
		tell_log(card, want->map);
	if (ret == 0)
		ret = watch_start(card);
	if (ret < 0)
		rte_eal_hotplug_remove("vdev", card->device);
	return ret;
}

static int
take(struct kept *card, const char *name, const struct keeper_want *want)
{
	int ret;

	pthread_mutex_lock(&plug);
	ret = take_plugged(card, name, want);
	pthread_mutex_unlock(&plug);
	return ret;
}

/* ---- All of them ---- */

static unsigned int
find(const struct keeper *k, const char *name)
{
	unsigned int i;

	for (i = 0; i < k->count && strcmp(k->card[i]->name, name) != 0;)
		i++;
	return i;
}

/* Its thread has let go of the card, or is about to. */
static void
drop(struct keeper *k, unsigned int i)
{
	struct kept *card = k->card[i];

	k->card[i] = k->card[--k->count];
	pthread_join(card->thread, NULL);
	pthread_cond_destroy(&card->happened);
	pthread_mutex_destroy(&card->lock);
	free(card);
}

static void
tell_why(const struct keeper *k, const char *name, int ret, char *why, size_t len)
{
	char path[256];
	pid_t holder;

	snprintf(path, sizeof(path), "%s/cards/%s/owner.lock", k->directory, name);
	holder = ctl_lock_holder(path);
	if ((ret == -EBUSY || ret == -EEXIST) && holder != 0)
		snprintf(why, len, "%s: process %d holds it", name, (int)holder);
	else
		snprintf(why, len, "%s: cannot be taken: %s; see %s/mpssd.log", name,
			 strerror(-ret), k->directory);
}

int
keeper_attach(struct keeper *k, const char *name, const struct keeper_want *want, char *why,
	      size_t len)
{
	unsigned int held = find(k, name);
	struct kept *card;
	int ret = -ENOMEM;

	if (held < k->count && !is_leaving(k->card[held]))
		return 0;
	if (held < k->count) {
		snprintf(why, len, "%s: is being let go; accepted once it is", name);
		return -EBUSY;
	}
	if (k->count == MPSSD_CARDS_MAX) {
		snprintf(why, len, "%s: %d cards are held, and there is room for no more", name,
			 MPSSD_CARDS_MAX);
		return -ENOSPC;
	}
	card = calloc(1, sizeof(*card));
	if (card != NULL) {
		card->wake_fd = k->wake_fd;
		ret = take(card, name, want);
	}
	if (ret < 0) {
		tell_why(k, name, ret, why, len);
		mpssd_say("%s", why);
		free(card);
		return ret;
	}
	k->card[k->count++] = card;
	mpssd_say("%s: taken, as %s", name, card->device);
	return 0;
}

int
keeper_detach(struct keeper *k, const char *name)
{
	unsigned int i = find(k, name);

	if (i == k->count)
		return -ENOENT;
	ask_to_leave(k->card[i]);
	return 0;
}

void
keeper_sweep(struct keeper *k)
{
	uint64_t count;

	if (read(k->wake_fd, &count, sizeof(count)) < 0)
		return;
	for (unsigned int i = k->count; i-- > 0;)
		if (is_gone(k->card[i]))
			drop(k, i);
}

const char *
keeper_name(const struct keeper *k, unsigned int i)
{
	return k->card[i]->name;
}

const char *
keeper_state(const struct keeper *k, unsigned int i)
{
	struct kept *card = k->card[i];
	enum rte_pmd_mic_state state;

	pthread_mutex_lock(&card->lock);
	state = card->state;
	pthread_mutex_unlock(&card->lock);
	return state_name(state);
}

bool
keeper_leaves(const struct keeper *k, unsigned int i)
{
	return is_leaving(k->card[i]);
}

int
keeper_open(struct keeper *k, const char *directory)
{
	*k = (struct keeper){.directory = directory};
	k->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return k->wake_fd < 0 ? -errno : 0;
}

void
keeper_close(struct keeper *k)
{
	for (unsigned int i = 0; i < k->count; i++)
		ask_to_leave(k->card[i]);
	while (k->count > 0)
		drop(k, k->count - 1);
	close(k->wake_fd);
}
