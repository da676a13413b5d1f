/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "scif_local.h"
#include "scif_test_far.h"
#include "scif_test_pair.h"

/* A process that hosts node 0, and is its client; node 1 is another process. */

#define OFFSET 0x40000

static struct scif_host *served;
static pthread_t server;
static _Atomic bool ended;

static void *
serve(void *arg)
{
	(void)arg;
	while (!atomic_load(&ended))
		scif_host_serve(served, 10);
	return NULL;
}

static int
begin(void **state)
{
	const struct scif_host_config config = {0};
	int fd[2];

	(void)state;
	if (rig_place(&far_host) < 0 || scif_host_create(&config, &served) < 0 ||
	    scif_host_local(served, fd) < 0 ||
	    pthread_create(&server, NULL, serve, NULL) != 0)
		return -1;
	return scif_local_begin(fd);
}

static int
end(void **state)
{
	(void)state;
	scif_local_end();
	atomic_store(&ended, true);
	pthread_join(server, NULL);
	scif_host_destroy(served);
	rig_clean(&far_host);
	return 0;
}

/* ---- Peers ---- */

struct watched {
	struct scif_local_client client;
	_Atomic uint32_t probes[2], removes[2];
};

static void
probe(struct scif_local_client *client, struct scif_peer_dev *peer)
{
	atomic_fetch_add(&((struct watched *)client)->probes[peer->dnode], 1);
}

static void
removed(struct scif_local_client *client, struct scif_peer_dev *peer)
{
	atomic_fetch_add(&((struct watched *)client)->removes[peer->dnode], 1);
}

static bool
becomes(_Atomic uint32_t *word, uint32_t wanted)
{
	for (int i = 0; i < 400 && atomic_load(word) != wanted; i++)
		usleep(5000);
	return atomic_load(word) == wanted;
}

static void
clients_are_told_of_nodes_that_come_and_go(void **state)
{
	struct watched w = {.client = {.name = "test", .probe = probe, .remove = removed}};
	struct watched late = w;
	struct scif_local_client none = {.name = "none"};

	(void)state;
	assert_failed(scif_client_register(&none), EINVAL);
	assert_int_equal(scif_client_register(&w.client), 0);
	assert_int_equal(atomic_load(&w.probes[0]), 1);
	assert_int_equal(atomic_load(&w.probes[1]), 0);
	assert_int_equal(rig_join(&far_card, &far_host, 1), 0);
	assert_true(becomes(&w.probes[1], 1));
	assert_int_equal(scif_client_register(&late.client), 0);
	assert_int_equal(atomic_load(&late.probes[1]), 1);
	rig_kill(&far_card);
	assert_true(becomes(&w.removes[1], 1));
	assert_true(becomes(&late.removes[1], 1));
	scif_client_unregister(&late.client);
	assert_int_equal(atomic_load(&late.removes[0]), 1);
	assert_int_equal(rig_again(&far_card, NULL), 0);
	assert_true(becomes(&w.probes[1], 2));
	assert_int_equal(atomic_load(&late.probes[1]), 1);
	/* A node that stops in good order. */
	assert_int_equal(rig_end(&far_card), 0);
	assert_true(becomes(&w.removes[1], 2));
	assert_int_equal(atomic_load(&w.removes[0]), 0);
	scif_client_unregister(&w.client);
	assert_int_equal(atomic_load(&w.removes[0]), 1);
}

/* ---- Pages ---- */

/* On node 1: a window, one page of which cannot be written. */
static int
visit(scif_epd_t epd)
{
	char *at = pair_pages(3), byte = 0;

	strcpy(at, "of node 1");
	assert_int_equal(scif_register(epd, at, 2 * PAGE, OFFSET, RW, SCIF_MAP_FIXED), OFFSET);
	assert_int_equal(scif_register(epd, at + 2 * PAGE, PAGE, OFFSET + 2 * PAGE, SCIF_PROT_READ,
				       SCIF_MAP_FIXED),
			 OFFSET + 2 * PAGE);
	pair_say(epd);
	pair_hear(epd);
	assert_int_equal(at[PAGE], 'x');
	/* What is pinned there is two windows. */
	assert_int_equal(scif_vreadfrom(epd, &byte, 1, 0, 0), 0);
	assert_int_equal(byte, 'p');
	assert_int_equal(scif_vreadfrom(epd, &byte, 1, PAGE, 0), 0);
	assert_int_equal(byte, 'p');
	pair_say(epd);
	pair_hear(epd);
	scif_close(epd);
	return 0;
}

static void
hold_pages(scif_epd_t epd)
{
	struct scif_range *pages, *more;

	assert_failed(scif_get_pages(epd, OFFSET, 0, &pages), EINVAL);
	assert_failed(scif_get_pages(epd, OFFSET + 1, PAGE, &pages), EINVAL);
	assert_failed(scif_get_pages(epd, OFFSET - PAGE, PAGE, &pages), ENXIO);
	/* Two windows, side by side. */
	assert_failed(scif_get_pages(epd, OFFSET, 3 * PAGE, &pages), ENXIO);
	assert_int_equal(scif_get_pages(epd, OFFSET, 2 * PAGE, &pages), 0);
	assert_int_equal(pages->nr_pages, 2);
	assert_int_equal(pages->prot_flags, RW);
	assert_string_equal(pages->va[0], "of node 1");
	assert_int_equal(pages->phys_addr[1], (uintptr_t)pages->va[1]);
	*(char *)pages->va[1] = 'x';
	assert_int_equal(scif_get_pages(epd, OFFSET + 2 * PAGE, PAGE, &more), 0);
	assert_int_equal(more->prot_flags, SCIF_PROT_READ);
	assert_int_equal(scif_put_pages(more), 0);
	assert_int_equal(scif_put_pages(pages), 0);
	assert_failed(scif_put_pages(pages), EINVAL);
	assert_failed(scif_put_pages(NULL), EINVAL);
}

static void
pin(scif_epd_t epd)
{
	char *at = pair_pages(1);
	scif_pinned_pages_t p;

	at[0] = 'p';
	assert_failed(scif_pin_pages(at, PAGE, RW, SCIF_MAP_FIXED, &p), EINVAL);
	assert_failed(scif_pin_pages(at, 0, RW, 0, &p), EINVAL);
	assert_failed(scif_pin_pages(at + 1, PAGE, RW, 0, &p), EINVAL);
	assert_int_equal(scif_pin_pages(at, PAGE, RW, SCIF_MAP_KERNEL, &p), 0);
	/* Several windows of the same pages, which outlive mapping and pin. */
	assert_failed(scif_register_pinned_pages(epd, p, 0, SCIF_MAP_KERNEL), EINVAL);
	assert_int_equal(scif_register_pinned_pages(epd, p, 0, SCIF_MAP_FIXED), 0);
	munmap(at, PAGE);
	assert_int_equal(scif_register_pinned_pages(epd, p, PAGE, SCIF_MAP_FIXED), PAGE);
	assert_int_equal(scif_unpin_pages(p), 0);
	assert_failed(scif_unpin_pages(p), EINVAL);
	assert_failed(scif_register_pinned_pages(epd, p, 2 * PAGE, SCIF_MAP_FIXED), EINVAL);
}

static void
pages_of_both_sides_are_held(void **state)
{
	scif_epd_t listener, epd;
	pid_t pid;

	(void)state;
	assert_int_equal(rig_join(&far_card, &far_host, 1), 0);
	assert_int_equal(far_nodes(2), 2);
	listener = far_listen();
	pid = far_visitor(listener, &epd);
	pair_hear(epd);
	hold_pages(epd);
	pin(epd);
	pair_say(epd);
	pair_hear(epd);
	pair_say(epd);
	assert_int_equal(far_wait(pid), 0);
	scif_close(epd);
	scif_close(listener);
	assert_int_equal(rig_end(&far_card), 0);
}

/* Pages that one thread is told to pin. */
struct pinner {
	_Atomic(char *) pages;
	_Atomic bool over;
};

#define PINNED 8u

static void *
pin_and_unpin(void *arg)
{
	struct pinner *o = arg;
	scif_pinned_pages_t p;
	char *at;

	while (!atomic_load(&o->over)) {
		at = atomic_exchange(&o->pages, NULL);
		if (at == NULL)
			continue;
		assert_int_equal(scif_pin_pages(at, PINNED * PAGE, RW, 0, &p), 0);
		assert_int_equal(scif_unpin_pages(p), 0);
	}
	return NULL;
}

/* Whoever comes second finds memory that is shared already: it is not moved once more. */
static void
pages_are_pinned_while_they_are_registered(void **state)
{
	struct pinner o = {.pages = NULL};
	pthread_t thread;
	struct pair p;
	char byte, *at;
	off_t offset;

	(void)state;
	pair_make(&p);
	assert_int_equal(pthread_create(&thread, NULL, pin_and_unpin, &o), 0);
	for (int i = 0; i < 300; i++) {
		at = pair_pages(PINNED);
		atomic_store(&o.pages, at);
		offset = pair_window(p.a, at, PINNED, RW);
		while (atomic_load(&o.pages) != NULL)
			sched_yield();
		/* It is pinned once more, after what is under way. */
		atomic_store(&o.pages, at);
		while (atomic_load(&o.pages) != NULL)
			sched_yield();
		at[0] = (char)i;
		assert_int_equal(scif_vreadfrom(p.b, &byte, 1, offset, 0), 0);
		assert_int_equal(byte, (char)i);
		assert_int_equal(scif_unregister(p.a, offset, PINNED * PAGE), 0);
	}
	atomic_store(&o.over, true);
	pthread_join(thread, NULL);
	pair_close(&p);
}

static void
ports_of_services_can_be_bound(void **state)
{
	scif_epd_t epd = scif_open();

	(void)state;
	assert_int_equal(scif_bind(epd, SCIF_NETDEV_PORT_0), SCIF_NETDEV_PORT_0);
	scif_close(epd);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clients_are_told_of_nodes_that_come_and_go),
		cmocka_unit_test(pages_of_both_sides_are_held),
		cmocka_unit_test(pages_are_pinned_while_they_are_registered),
		cmocka_unit_test(ports_of_services_can_be_bound),
	};

	if (far_is_visitor(argc, argv))
		return far_visit(visit);
	return cmocka_run_group_tests(tests, begin, end);
}
