/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include "vfu_gather.h"

#include <string.h>

#define LINE    (VFU_GATHER_WORDS * 8)
#define QUARTER 2u /* words */

void
vfu_gather_create(struct vfu_gather *g, const struct vfu_gather_out *out, uint64_t idle_ns)
{
	g->out = *out;
	g->idle_ns = idle_ns;
	vfu_gather_forget(g);
}

void
vfu_gather_forget(struct vfu_gather *g)
{
	g->n = 0;
	g->quarters = 0;
}

/* ---- One line ---- */

static bool
is_quarter(const struct vfu_line *l)
{
	return l->next == QUARTER && !l->quarter_out && !l->whole;
}

static void
post_quarter(struct vfu_gather *g, struct vfu_line *l)
{
	g->quarters--;
	l->quarter_out = true;
	g->out.post(g->out.arg, l->bar, l->off, l->word, QUARTER * 8);
}

/* All of it is here: as one, or what is left in quarters. */
static void
post_line(struct vfu_gather *g, const struct vfu_line *l)
{
	if (!l->quarter_out) {
		g->out.post(g->out.arg, l->bar, l->off, l->word, LINE);
		return;
	}
	for (unsigned int w = QUARTER; w < VFU_GATHER_WORDS; w += QUARTER)
		g->out.post(g->out.arg, l->bar, l->off + w * 8, &l->word[w], QUARTER * 8);
}

/* ---- All of them ---- */

static struct vfu_line *
find(struct vfu_gather *g, unsigned int bar, uint64_t off)
{
	for (unsigned int i = 0; i < g->n; i++)
		if (g->line[i].off == off && g->line[i].bar == bar)
			return &g->line[i];
	return NULL;
}

static void
forget(struct vfu_gather *g, struct vfu_line *l)
{
	size_t behind = (size_t)(&g->line[g->n] - (l + 1));

	if (is_quarter(l))
		g->quarters--;
	memmove(l, l + 1, behind * sizeof(*l));
	g->n--;
}

/* A line comes to its end before it is complete. */
static void
end(struct vfu_gather *g, struct vfu_line *l)
{
	unsigned int out = l->quarter_out ? QUARTER : 0;

	if (is_quarter(l))
		post_quarter(g, l);
	else if (l->next > out)
		g->out.lost(g->out.arg, l->bar, l->off, (l->next - out) * 8);
	forget(g, l);
}

/* The quarters of a port, but for the one of a line. */
static void
flush_port(struct vfu_gather *g, unsigned int bar, uint64_t off, uint64_t but)
{
	for (unsigned int i = 0; i < g->n && g->quarters > 0; i++) {
		struct vfu_line *l = &g->line[i];

		if (is_quarter(l) && l->bar == bar && l->off != but &&
		    l->off / VFU_GATHER_PAGE == off / VFU_GATHER_PAGE)
			post_quarter(g, l);
	}
}

static struct vfu_line *
begin(struct vfu_gather *g, unsigned int bar, uint64_t off, bool whole)
{
	struct vfu_line *l;

	if (g->n == VFU_GATHER_LINES)
		end(g, &g->line[0]);
	l = &g->line[g->n++];
	l->off = off;
	l->bar = bar;
	l->next = 0;
	l->quarter_out = false;
	l->whole = whole;
	return l;
}

/* The next piece of a line. */
static void
add(struct vfu_gather *g, struct vfu_line *l, uint64_t word, uint64_t (*now)(void))
{
	if (is_quarter(l))
		g->quarters--;
	l->word[l->next++] = word;
	if (is_quarter(l)) {
		g->quarters++;
		l->since = g->idle_ns == UINT64_MAX ? 0 : now();
	} else if (l->next == VFU_GATHER_WORDS) {
		post_line(g, l);
		forget(g, l);
	}
}

void
vfu_gather_write(struct vfu_gather *g, unsigned int bar, uint64_t off, uint64_t word, bool whole,
		 uint64_t (*now)(void))
{
	uint64_t at = off - off % LINE;
	unsigned int w = (unsigned int)(off % LINE / 8);
	struct vfu_line *l;

	if (g->quarters > 0)
		flush_port(g, bar, at, at);
	l = find(g, bar, at);
	if (l != NULL && w != l->next) {
		end(g, l);
		l = NULL;
	}
	if (l == NULL && w != 0) {
		g->out.write(g->out.arg, bar, off, word);
		return;
	}
	add(g, l != NULL ? l : begin(g, bar, at, whole), word, now);
}

void
vfu_gather_other(struct vfu_gather *g, unsigned int bar, uint64_t off)
{
	if (g->quarters > 0)
		flush_port(g, bar, off, UINT64_MAX);
}

void
vfu_gather_flush(struct vfu_gather *g)
{
	for (unsigned int i = 0; i < g->n && g->quarters > 0; i++)
		if (is_quarter(&g->line[i]))
			post_quarter(g, &g->line[i]);
}

void
vfu_gather_idle(struct vfu_gather *g, uint64_t now)
{
	for (unsigned int i = 0; i < g->n && g->quarters > 0; i++)
		if (is_quarter(&g->line[i]) && now - g->line[i].since >= g->idle_ns)
			post_quarter(g, &g->line[i]);
}

uint64_t
vfu_gather_deadline(const struct vfu_gather *g)
{
	uint64_t first = UINT64_MAX;

	if (g->quarters == 0 || g->idle_ns == UINT64_MAX)
		return UINT64_MAX;
	for (unsigned int i = 0; i < g->n; i++)
		if (is_quarter(&g->line[i]) && g->line[i].since < first)
			first = g->line[i].since;
	return first + g->idle_ns;
}
