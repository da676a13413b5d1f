/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "card_watch.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "slipway.h"

/* A POST code of a virtual card stays for some 25 ms. */
#define LOOK_US 15000
#define BAR     24u

static uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

void
card_watch_begin(struct card_watch *w)
{
	w->began = now_ns();
}

double
card_watch_seconds(const struct card_watch *w)
{
	return (double)(now_ns() - w->began) / 1e9;
}

/* ---- What is seen of it ---- */

static unsigned int
percent_of(const struct card_watch *w, json_t *look)
{
	unsigned int percent = card_post_percent(w->post);

	if (strcmp(card_text(look, "state"), "online") == 0)
		percent = 100;
	/* Codes that are out of their order take nothing back; a reset does. */
	return percent > w->percent || w->post[0] == '0' ? percent : w->percent;
}

static void
draw(const struct card_watch *w, const char *what)
{
	static const char full[] = "########################";
	unsigned int n = w->percent * BAR / 100;

	printf("\r\033[K%s: [%.*s%*s] %3u %% %6.2f s  %-13s %.2s %s", w->paths->name, (int)n, full,
	       (int)(BAR - n), "", w->percent, card_watch_seconds(w), w->state, w->post, what);
	fflush(stdout);
}

static void
show(struct card_watch *w, json_t *look)
{
	const char *post = card_text(look, "post_code"), *state = card_text(look, "state");
	bool same = strcmp(post, w->post) == 0 && strcmp(state, w->state) == 0;

	if (w->quiet || (same && !isatty(STDOUT_FILENO)))
		return;
	snprintf(w->post, sizeof(w->post), "%s", post);
	snprintf(w->state, sizeof(w->state), "%s", state);
	w->percent = percent_of(w, look);
	if (isatty(STDOUT_FILENO)) {
		draw(w, card_text(look, "post_text"));
		w->drawn = true;
		return;
	}
	printf("%s: %6.2f s  %-13s %-2s %s\n", w->paths->name, card_watch_seconds(w), w->state,
	       w->post, card_text(look, "post_text"));
	fflush(stdout);
}

/* The line that changed makes way for what comes next. */
static void
wipe(struct card_watch *w)
{
	if (w->drawn)
		fputs("\r\033[K", stdout);
	fflush(stdout);
	w->drawn = false;
}

/* ---- Watching ---- */

int
card_watch(struct card_watch *w)
{
	json_t *look;
	int ret = 0;

	while (ret == 0) {
		look = card_look(w->paths);
		show(w, look);
		if (w->timeout > 0 && card_watch_seconds(w) > w->timeout)
			ret = -EXIT_TIMEOUT;
		if (ret != 0)
			wipe(w);
		if (ret == -EXIT_TIMEOUT)
			complain("card: %s: not %s after %g s, but %s", w->paths->name, w->aim,
				 w->timeout, card_text(look, "state"));
		else
			ret = w->there(w, look);
		json_decref(look);
		if (ret == 0)
			usleep(LOOK_US);
	}
	wipe(w);
	return ret == 1 ? 0 : -ret;
}
