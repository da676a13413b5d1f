/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "scif_copy_box.h"
#include "scif_host_link.h"
#include "scif_host_priv.h"
#include "scif_path.h"
#include "scif_priv.h"
#include "scif_test_rig.h"

/* A link whose other side reads nothing for a while. */

#define OTHER 2u
#define MANY  2000u

static struct scif_host *host;
static struct scif_bus *bus;
static int peer, page, memory;

static int
sealed(size_t size)
{
	int fd = memfd_create("link", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	return fd;
}

static int
begin(void **state)
{
	const struct scif_host_config config = {0};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct link_packet hello = {.kind = LINK_HELLO, .version = 1, .node = OTHER};

	(void)state;
	assert_int_equal(rig_place(&rig_node), 0);
	assert_int_equal(scif_host_create(&config, &host), 0);
	assert_int_equal(scif_path(address.sun_path, 0, "link"), 0);
	peer = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(peer, (struct sockaddr *)&address, sizeof(address)), 0);
	page = sealed(LINK_PAGE_BYTES);
	memory = sealed(LINK_PAGE_BYTES);
	assert_int_equal(scif_host_send(peer, &hello, sizeof(hello), &page, 1), 0);
	for (int i = 0; i < 10; i++)
		scif_host_serve(host, 0);
	assert_non_null(host->engine->node[OTHER]);
	bus = host->engine->node[OTHER]->bus;
	return 0;
}

static int
end(void **state)
{
	(void)state;
	close(peer);
	close(page);
	close(memory);
	scif_host_destroy(host);
	rig_clean(&rig_node);
	return 0;
}

/* The next memory that the other side is told of, if there is one. */
static uint64_t
told_of(void)
{
	struct link_packet p;
	ssize_t n;
	int fd;

	do {
		fd = -1;
		n = scif_host_receive(peer, &p, sizeof(p), &fd, NULL);
		if (fd >= 0)
			close(fd);
	} while (n == sizeof(p) && p.kind != LINK_SHARE);
	if (n != sizeof(p))
		return 0;
	assert_true(fd >= 0);
	return p.address;
}

static int
share(uint64_t *address)
{
	const struct scif_memory m = {.size = LINK_PAGE_BYTES, .fd = memory};

	return bus->ops->share(bus, &m, address);
}

static void
memory_for_which_there_is_no_room_is_told_of_later(void **state)
{
	uint64_t address[MANY], at;
	uint32_t n = 0;

	(void)state;
	while (told_of() != 0)
		;
	for (uint32_t i = 0; i < MANY; i++)
		assert_int_equal(share(&address[i]), 0);
	assert_false(bus->ops->told(bus));
	/* What was never told of need not be. */
	bus->ops->unshare(bus, address[MANY - 1]);
	bus->ops->unshare(bus, address[MANY - 3]);
	do {
		while ((at = told_of()) != 0) {
			if (n == MANY - 3)
				n++;
			assert_int_equal(at, address[n++]);
		}
	} while (!bus->ops->told(bus) || n < MANY - 1);
	assert_int_equal(n, MANY - 1);
	assert_int_equal(told_of(), 0);
}

static void
a_side_shares_as_much_as_the_other_takes_and_no_more(void **state)
{
	uint64_t address = 0, first = 0;
	uint32_t n = 0;
	int ret;

	(void)state;
	while ((ret = share(&address)) == 0 && n < LINK_MEMORIES_MAX) {
		if (n++ == 0)
			first = address;
		told_of();
	}
	assert_int_equal(ret, -ENOMEM);
	/* One is the queue pair. */
	assert_int_equal(n, LINK_MEMORIES_MAX - 1);
	bus->ops->unshare(bus, first);
	assert_int_equal(share(&address), 0);
}

static void
a_box_is_behind_what_is_mapped(void **state)
{
	struct link_packet p = {.kind = LINK_COPIES, .version = 1, .address = 1u << 30};
	int fd = sealed(LINK_PAGE_BYTES + SCIF_BOX_BYTES);
	struct scif_view view;

	(void)state;
	p.size = LINK_PAGE_BYTES;
	assert_int_equal(scif_host_send(peer, &p, sizeof(p), &memory, 1), 0);
	assert_int_equal(bus->ops->map(bus, p.address, LINK_PAGE_BYTES, &view), -EFAULT);
	p.address *= 2;
	p.size = LINK_PAGE_BYTES + SCIF_BOX_BYTES;
	assert_int_equal(scif_host_send(peer, &p, sizeof(p), &fd, 1), 0);
	assert_int_equal(bus->ops->map(bus, p.address, LINK_PAGE_BYTES, &view), 0);
	bus->ops->unmap(bus, &view);
	assert_int_equal(bus->ops->map(bus, p.address + LINK_PAGE_BYTES, LINK_PAGE_BYTES, &view),
			 -EFAULT);
	close(fd);
}

/* How many memories the other side is told of. */
static uint32_t
told_of_all(void)
{
	uint32_t n = 0;

	while (told_of() != 0)
		n++;
	return n;
}

static void
memory_of_a_client_is_shared_once(void **state)
{
	struct scif_memory m = {.size = LINK_PAGE_BYTES, .fd = memory, .owner = 7};
	struct host_link *link = host->links;
	uint32_t shared = link->nb_shared;
	uint64_t address[600], other;

	(void)state;
	told_of_all();
	for (uint32_t i = 0; i < 600; i++) {
		/* Whatever descriptor it comes with. */
		m.fd = i % 2 == 0 ? memory : dup(memory);
		assert_int_equal(bus->ops->share(bus, &m, &address[i]), 0);
		assert_int_equal(address[i], address[0]);
		if (m.fd != memory)
			close(m.fd);
	}
	m.fd = memory;
	assert_int_equal(told_of_all(), 1);
	assert_int_equal(link->nb_shared, shared + 1);
	for (uint32_t i = 1; i < 600; i++)
		bus->ops->unshare(bus, address[i]);
	assert_int_equal(link->nb_shared, shared + 1);
	bus->ops->unshare(bus, address[0]);
	assert_int_equal(link->nb_shared, shared);
	/* It is another one then. */
	assert_int_equal(bus->ops->share(bus, &m, &other), 0);
	assert_int_not_equal(other, address[0]);
	assert_int_equal(told_of_all(), 1);
	bus->ops->unshare(bus, other);
}

static void
memory_that_differs_is_shared_apart(void **state)
{
	struct scif_memory m = {.size = LINK_PAGE_BYTES, .fd = memory, .owner = 7};
	uint64_t first, more;
	char path[64];

	(void)state;
	assert_int_equal(bus->ops->share(bus, &m, &first), 0);
	m.owner = 8;
	assert_int_equal(bus->ops->share(bus, &m, &more), 0);
	assert_int_not_equal(more, first);
	m.owner = 7;
	m.copies = true;
	assert_int_equal(bus->ops->share(bus, &m, &more), 0);
	assert_int_not_equal(more, first);
	m.copies = false;
	/* Who may only read it does not get to write. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", memory);
	m.fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(m.fd >= 0);
	assert_int_equal(bus->ops->share(bus, &m, &more), 0);
	assert_int_not_equal(more, first);
	close(m.fd);
	/* And what a file was before it grew does not have all of it. */
	m.fd = memory;
	m.size = 2 * LINK_PAGE_BYTES;
	assert_int_equal(ftruncate(memory, 2 * LINK_PAGE_BYTES), 0);
	assert_int_equal(bus->ops->share(bus, &m, &more), 0);
	assert_int_not_equal(more, first);
}

/* There are so many addresses only, and it is not long before all have been given once. */
static void
an_address_is_given_again_once_nobody_has_it(void **state)
{
	/* The queue pair's. */
	const uint64_t mine = LINK_MEMORY_SPAN;
	uint64_t address;

	(void)state;
	assert_non_null(scif_host_link_own_at(host->links, mine));
	host->links->numbers = LINK_NUMBERS - 3;
	for (int i = 0; i < 5; i++) {
		assert_int_equal(share(&address), 0);
		assert_int_not_equal(address, 0);
		assert_int_not_equal(address, mine);
	}
	assert_int_equal(address, 4 * LINK_MEMORY_SPAN);
}

/* Or the other side would take this one for mad. */
static void
memory_that_is_larger_than_addresses_go_is_not_shared(void **state)
{
	struct scif_memory m = {.size = LINK_MEMORY_SPAN + LINK_PAGE_BYTES, .fd = memory};
	uint64_t address;

	(void)state;
	assert_int_equal(bus->ops->share(bus, &m, &address), -ENOMEM);
	m.size = LINK_MEMORY_SPAN;
	assert_int_equal(bus->ops->share(bus, &m, &address), 0);
}

/* Or who hears it would look before there is an EXIT, and take the node for lost. */
static void
a_node_that_leaves_rings_no_bell_before_it_says_so(void **state)
{
	struct link_page *at =
		mmap(NULL, LINK_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, page, 0);

	(void)state;
	assert_ptr_not_equal(at, MAP_FAILED);
	atomic_store(&at->rung, 0);
	bus->ops->publish(bus, 0);
	assert_int_equal(atomic_load(&at->qp), 0);
	assert_int_equal(atomic_load(&at->rung), 0);
	bus->ops->publish(bus, 7);
	assert_int_equal(atomic_load(&at->rung), 1);
	munmap(at, LINK_PAGE_BYTES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(memory_for_which_there_is_no_room_is_told_of_later,
						begin, end),
		cmocka_unit_test_setup_teardown(
			a_side_shares_as_much_as_the_other_takes_and_no_more, begin, end),
		cmocka_unit_test_setup_teardown(a_box_is_behind_what_is_mapped, begin, end),
		cmocka_unit_test_setup_teardown(memory_of_a_client_is_shared_once, begin, end),
		cmocka_unit_test_setup_teardown(memory_that_differs_is_shared_apart, begin, end),
		cmocka_unit_test_setup_teardown(an_address_is_given_again_once_nobody_has_it, begin,
						end),
		cmocka_unit_test_setup_teardown(
			memory_that_is_larger_than_addresses_go_is_not_shared, begin, end),
		cmocka_unit_test_setup_teardown(
			a_node_that_leaves_rings_no_bell_before_it_says_so, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
