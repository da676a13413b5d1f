/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Rings that a server shares and does not empty: who posts waits for room, asks for it, gives up.
 */
#include <poll.h>

#include "vfu_client_share_rig.h"

/* Takes lines, slowly, until there were so many. */
#define MANY (3 * LINE_RING_LINES)

static bool
peer_is_spoken_to(const struct peer *p)
{
	struct pollfd fd = {.fd = p->fd, .events = POLLIN};

	return poll(&fd, 1, 0) == 1;
}

/* A line by message goes behind those in the ring, as a device does that is posted to. */
static bool
take_line(struct peer *p, struct line_ring *ring, uint64_t number)
{
	struct line_poster poster = {.ring = ring};
	const uint8_t *line = p->payload + sizeof(struct vfu_region_access);
	uint64_t word;

	if (!peer_take(p, VFU_REGION_WRITE))
		return false;
	memcpy(&word, line, sizeof(word));
	if (word != number)
		peer_wrong(p, "another line by message than the next one");
	if (p->head.flags & VFU_NO_REPLY)
		peer_wrong(p, "a line in whose place another may come");
	line_ring_resume(&poster);
	line_ring_post(&poster, line, LINE_RING_LINE);
	peer_reply(p, p->payload, sizeof(struct vfu_region_access));
	return true;
}

static void
take_lines(struct peer *p)
{
	struct shared *s = p->arg;
	struct line_drainer d = {&s->rings[0], 0};
	uint32_t seen = 0, n;

	while (seen < MANY) {
		n = line_ring_ready(&d);
		if (n == 0 && peer_is_spoken_to(p)) {
			/* What was posted before it spoke, or left, may have come only now. */
			n = line_ring_ready(&d);
			if (n == 0 && !take_line(p, &s->rings[0], seen))
				return;
		}
		if (n != 0 && line_ring_word(line_ring_line(&d, 0), 0) != seen)
			peer_wrong(p, "a line out of order");
		seen += n != 0;
		line_ring_take(&d, n != 0);
		if (seen % 64 == 0)
			usleep(10);
	}
	wait_for_end(p);
}

static void
who_posts_to_a_full_ring_waits_for_room(void **state)
{
	uint64_t line[8] = {0};
	struct shared s;
	struct peer p;

	(void)state;
	share_open(&p, &s);
	s.then = take_lines;
	assert_int_equal(peer_open(&p, share), 0);
	for (line[0] = 0; line[0] < MANY; line[0]++)
		p.dev->ops->post(p.dev, BAR, RING_A, line, 64);
	assert_false(vfu_client_lost(p.client));
	share_close(&p, &s);
}

/* Looks at the ring only when it is posted to, as at the page of a port that is not in use. */
static void
take_when_asked(struct peer *p)
{
	struct shared *s = p->arg;
	struct line_drainer d = {&s->rings[0], 0};

	while (d.tail < MANY - 1) {
		if (!peer_is_spoken_to(p)) {
			usleep(100);
			continue;
		}
		line_ring_take(&d, line_ring_ready(&d));
		if (!take_line(p, &s->rings[0], d.tail))
			return;
	}
	wait_for_end(p);
}

static void
a_ring_that_nobody_looks_at_is_emptied_by_a_message(void **state)
{
	uint64_t line[8] = {0};
	struct shared s;
	struct peer p;

	(void)state;
	share_open(&p, &s);
	s.then = take_when_asked;
	assert_int_equal(peer_open(&p, share), 0);
	/* The last of them goes by the third message. */
	for (line[0] = 0; line[0] < MANY + 1; line[0]++)
		p.dev->ops->post(p.dev, BAR, RING_A, line, 64);
	assert_false(vfu_client_lost(p.client));
	assert_int_equal(s.rings[0].head, MANY + 1);
	share_close(&p, &s);
}

static void
go_after_a_while(struct peer *p)
{
	usleep(20000);
	(void)p;
}

static void
post_lines(const struct peer *p, unsigned int n)
{
	uint64_t line[8] = {0};

	while (n-- != 0)
		p->dev->ops->post(p->dev, BAR, RING_A, line, 64);
}

/* As a driver does that posts without `post`. */
static bool
there_is_room(const struct peer *p)
{
	struct bus_region regions[8];
	struct line_poster poster;

	p->dev->ops->describe(p->dev, regions, 8);
	poster = (struct line_poster){.ring = regions[1].memory};
	line_ring_resume(&poster);
	poster.tail = atomic_load(&poster.ring->tail);
	return line_ring_has_room(&poster);
}

static void
who_waits_for_room_notices_that_the_server_went(void **state)
{
	struct shared s;
	struct peer p;

	(void)state;
	share_open(&p, &s);
	s.then = go_after_a_while;
	assert_int_equal(peer_open(&p, share), 0);
	post_lines(&p, LINE_RING_LINES + 2);
	assert_true(vfu_client_lost(p.client));
	assert_int_equal(p.log_lines, 1);
	assert_true(there_is_room(&p));
	post_lines(&p, 2 * LINE_RING_LINES);
	assert_true(there_is_room(&p));
	/* Nothing of that arrived where the next client may be. */
	assert_int_equal(s.rings[0].head, LINE_RING_LINES);
	assert_int_equal(s.rings[0].tail, 0);
	s.bell->asleep = 1;
	p.dev->ops->step(p.dev, 1);
	assert_int_equal(kicks(&s), 0);
	share_close(&p, &s);
}

/* Hears what is said, and does nothing, until the other end has had enough. */
static void
hear_nothing(struct peer *p)
{
	while (peer_take_any(p))
		;
}

static void
a_server_that_never_makes_room_is_given_up(void **state)
{
	struct shared s;
	struct peer p;

	(void)state;
	share_open(&p, &s);
	s.then = hear_nothing;
	p.timeout_ms = 200;
	assert_int_equal(peer_open(&p, share), 0);
	/* As full as can be said, and more. */
	s.rings[0].tail = 12345;
	post_lines(&p, 1);
	assert_true(vfu_client_lost(p.client));
	assert_non_null(strstr(p.log, "has not answered in time"));
	assert_true(there_is_room(&p));
	share_close(&p, &s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_posts_to_a_full_ring_waits_for_room),
		cmocka_unit_test(a_ring_that_nobody_looks_at_is_emptied_by_a_message),
		cmocka_unit_test(who_waits_for_room_notices_that_the_server_went),
		cmocka_unit_test(a_server_that_never_makes_room_is_given_up),
	};

	return cmocka_run_group_tests_name("vfu_client_ring", tests, NULL, NULL);
}
