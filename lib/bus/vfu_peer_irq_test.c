/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * DEVICE_SET_IRQS, section 7 of the protocol's text, by a scripted client.
 */
#include "vfu_peer.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* Data, and what is done with it. */
#define NO_DATA  0x01u
#define BOOLS    0x02u
#define EVENTFDS 0x04u
#define MASK     0x08u
#define UNMASK   0x10u
#define TRIGGER  0x20u
/* Descriptors that a message may carry. */
#define AT_ONCE 16u

static void
fds_make(int fd[], unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		fd[i] = peer_eventfd();
}

static void
fds_close(const int fd[], unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		close(fd[i]);
}

static void
set_irqs(struct peer *p, uint32_t flags, uint32_t index, uint32_t start, uint32_t count,
	 const int fd[], unsigned int fds)
{
	struct peer_bytes b = peer_irqs_body(flags, index, start, count);

	peer_call_fds(p, PEER_SET_IRQS, &b, fd, fds);
	assert_int_equal(p->m.size, PEER_HEADER);
}

static void
raise_irq(struct peer *p, unsigned int vector)
{
	p->device.host->ops->irq(p->device.host, vector);
}

static void
vectors_fire_through_their_eventfds(void **state)
{
	struct peer *p = *state;
	int fd[AT_ONCE];

	fds_make(fd, AT_ONCE);
	set_irqs(p, EVENTFDS | TRIGGER, PEER_MSIX, 2, AT_ONCE, fd, AT_ONCE);
	for (unsigned int i = 0; i < AT_ONCE; i++) {
		raise_irq(p, 2 + i);
		for (unsigned int k = 0; k < AT_ONCE; k++)
			assert_int_equal(peer_fired(fd[k]), k == i);
	}
	raise_irq(p, 7);
	raise_irq(p, 7);
	assert_int_equal(peer_fired(fd[5]), 2);
	fds_close(fd, AT_ONCE);
}

static void
eventfds_are_kept_and_given_back(void **state)
{
	struct peer *p = *state;
	int fd[AT_ONCE];
	unsigned int before;

	fds_make(fd, AT_ONCE);
	before = peer_open_fds();
	set_irqs(p, EVENTFDS | TRIGGER, PEER_MSIX, 0, AT_ONCE, fd, AT_ONCE);
	assert_int_equal(peer_open_fds(), before + AT_ONCE);
	/* New ones take the places of the old. */
	set_irqs(p, EVENTFDS | TRIGGER, PEER_MSIX, 0, AT_ONCE, fd, AT_ONCE);
	assert_int_equal(peer_open_fds(), before + AT_ONCE);
	set_irqs(p, EVENTFDS | TRIGGER, PEER_MSIX, 0, 4, NULL, 0);
	assert_int_equal(peer_open_fds(), before + AT_ONCE - 4);
	set_irqs(p, NO_DATA | TRIGGER, PEER_MSIX, 0, 0, NULL, 0);
	assert_int_equal(peer_open_fds(), before);
	fds_close(fd, AT_ONCE);
}

static void
vectors_without_eventfd_do_not_fire(void **state)
{
	struct peer *p = *state;
	int fd[3];

	fds_make(fd, 3);
	set_irqs(p, EVENTFDS | TRIGGER, PEER_MSIX, 0, 3, fd, 3);
	set_irqs(p, EVENTFDS | TRIGGER, PEER_MSIX, 1, 1, NULL, 0);
	for (unsigned int i = 0; i < 3; i++) {
		raise_irq(p, i);
		assert_int_equal(peer_fired(fd[i]), i != 1);
	}
	set_irqs(p, NO_DATA | TRIGGER, PEER_MSIX, 0, 0, NULL, 0);
	raise_irq(p, 0);
	raise_irq(p, PEER_VECTORS);
	raise_irq(p, UINT32_MAX);
	assert_int_equal(peer_fired(fd[0]), 0);
	fds_close(fd, 3);
}

/* As at MSI-X enable: the first message takes away what is not there. */
static void
taking_away_nothing_is_fine(void **state)
{
	struct peer *p = *state;

	set_irqs(p, EVENTFDS | TRIGGER, PEER_MSIX, 0, 1, NULL, 0);
	set_irqs(p, NO_DATA | TRIGGER, PEER_MSIX, 0, 0, NULL, 0);
	set_irqs(p, NO_DATA | TRIGGER, PEER_INTX, 0, 0, NULL, 0);
	set_irqs(p, NO_DATA | TRIGGER, PEER_MSI, 0, 0, NULL, 0);
	set_irqs(p, EVENTFDS | TRIGGER, PEER_ERR_IRQ, 0, 1, NULL, 0);
}

/* What the device wanted while there was nobody to tell. */
static void
pending_vectors_fire_when_an_eventfd_comes(void **state)
{
	struct peer *p = *state;
	int fd[2];

	fds_make(fd, 2);
	raise_irq(p, 5);
	raise_irq(p, 5);
	set_irqs(p, EVENTFDS | TRIGGER, PEER_MSIX, 5, 2, fd, 2);
	assert_int_equal(peer_fired(fd[0]), 1);
	assert_int_equal(peer_fired(fd[1]), 0);
	set_irqs(p, EVENTFDS | TRIGGER, PEER_MSIX, 5, 1, fd, 1);
	assert_int_equal(peer_fired(fd[0]), 0);
	fds_close(fd, 2);
}

static void
pending_vectors_are_not_the_next_clients(void **state)
{
	struct peer *p = *state;
	int fd = peer_eventfd();

	raise_irq(p, 5);
	peer_reopen(p);
	set_irqs(p, EVENTFDS | TRIGGER, PEER_MSIX, 5, 1, &fd, 1);
	assert_int_equal(peer_fired(fd), 0);
	close(fd);
}

static void
loopback_fires_now(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b;
	int fd[4];

	fds_make(fd, 4);
	set_irqs(p, EVENTFDS | TRIGGER, PEER_MSIX, 4, 4, fd, 4);
	set_irqs(p, NO_DATA | TRIGGER, PEER_MSIX, 5, 2, NULL, 0);
	assert_int_equal(peer_fired(fd[0]), 0);
	assert_int_equal(peer_fired(fd[1]), 1);
	assert_int_equal(peer_fired(fd[2]), 1);
	assert_int_equal(peer_fired(fd[3]), 0);
	b = peer_irqs_body(BOOLS | TRIGGER, PEER_MSIX, 4, 4);
	peer_put_bytes(&b, "\1\0\0\xff", 4);
	peer_call(p, PEER_SET_IRQS, &b);
	assert_int_equal(peer_fired(fd[0]), 1);
	assert_int_equal(peer_fired(fd[1]), 0);
	assert_int_equal(peer_fired(fd[2]), 0);
	assert_int_equal(peer_fired(fd[3]), 1);
	fds_close(fd, 4);
}

static void
notifiers_are_taken(void **state)
{
	struct peer *p = *state;
	int fd[2];
	unsigned int before;

	fds_make(fd, 2);
	before = peer_open_fds();
	set_irqs(p, EVENTFDS | TRIGGER, PEER_ERR_IRQ, 0, 1, &fd[0], 1);
	set_irqs(p, EVENTFDS | TRIGGER, PEER_REQ_IRQ, 0, 1, &fd[1], 1);
	assert_in_range(peer_open_fds(), before, before + 2);
	/* An interrupt of the device is none of these. */
	raise_irq(p, 0);
	assert_int_equal(peer_fired(fd[0]) + peer_fired(fd[1]), 0);
	set_irqs(p, NO_DATA | TRIGGER, PEER_ERR_IRQ, 0, 0, NULL, 0);
	set_irqs(p, NO_DATA | TRIGGER, PEER_REQ_IRQ, 0, 0, NULL, 0);
	assert_int_equal(peer_open_fds(), before);
	fds_close(fd, 2);
}

static void
vectors_outside_are_refused(void **state)
{
	static const uint32_t wrong[][3] = {
		/* index, start, count */
		{PEER_MSIX, PEER_VECTORS, 1},
		{PEER_MSIX, PEER_VECTORS - 1, 2},
		{PEER_MSIX, 0xffffffff, 1},
		{PEER_MSIX, 0xffffffff, 2},
		{PEER_MSIX, 1, 0xffffffff},
		{PEER_MSIX, 0, 0xffffffff},
		{PEER_MSIX, 0x80000000, 0x80000000},
		{PEER_MSI, 0, 1},
		{PEER_INTX, 0, 1},
		{PEER_ERR_IRQ, 1, 1},
		{PEER_ERR_IRQ, 0, 2},
		{PEER_REQ_IRQ, 1, 1},
		{5, 0, 1},
		{0xffffffff, 0, 1},
	};
	struct peer *p = *state;
	int fd[2];
	unsigned int before;

	fds_make(fd, 2);
	before = peer_open_fds();
	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct peer_bytes b;

		for (unsigned int fds = 0; fds <= 2; fds++) {
			b = peer_irqs_body(EVENTFDS | TRIGGER, wrong[i][0], wrong[i][1],
					   wrong[i][2]);
			peer_refused_fds(p, PEER_SET_IRQS, &b, fd, fds, EINVAL);
			assert_int_equal(peer_open_fds(), before);
		}
		b = peer_irqs_body(NO_DATA | TRIGGER, wrong[i][0], wrong[i][1], wrong[i][2]);
		peer_refused(p, PEER_SET_IRQS, &b, EINVAL);
	}
	fds_close(fd, 2);
}

static void
descriptors_have_to_be_one_each(void **state)
{
	static const unsigned int wrong[][2] = {{1, 2}, {2, 1}, {3, 16}, {16, 15}, {0, 1}};
	struct peer *p = *state;
	int fd[AT_ONCE];
	unsigned int before;

	fds_make(fd, AT_ONCE);
	before = peer_open_fds();
	for (unsigned int i = 0; i < 5; i++) {
		struct peer_bytes b = peer_irqs_body(EVENTFDS | TRIGGER, PEER_MSIX, 0, wrong[i][0]);

		peer_refused_fds(p, PEER_SET_IRQS, &b, fd, wrong[i][1], EINVAL);
		assert_int_equal(peer_open_fds(), before);
	}
	/* Where none belong. */
	for (uint32_t data = NO_DATA; data <= BOOLS; data++) {
		struct peer_bytes b = peer_irqs_body(data | TRIGGER, PEER_MSIX, 0, 1);

		if (data == BOOLS)
			peer_put(&b, 1, 1);
		peer_refused_fds(p, PEER_SET_IRQS, &b, fd, 1, EINVAL);
		assert_int_equal(peer_open_fds(), before);
	}
	fds_close(fd, AT_ONCE);
}

static void
flags_are_one_of_each_kind(void **state)
{
	static const uint32_t wrong[] = {
		0,
		NO_DATA,
		BOOLS,
		EVENTFDS,
		MASK,
		UNMASK,
		TRIGGER,
		NO_DATA | BOOLS | TRIGGER,
		NO_DATA | EVENTFDS | TRIGGER,
		0x07 | TRIGGER,
		NO_DATA | MASK | UNMASK,
		NO_DATA | UNMASK | TRIGGER,
		NO_DATA | 0x38,
		NO_DATA | TRIGGER | 0x40,
		NO_DATA | TRIGGER | 0x80000000,
		0xffffffff,
	};
	struct peer *p = *state;

	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct peer_bytes b = peer_irqs_body(wrong[i], PEER_MSIX, 0, 1);

		peer_put(&b, 1, 1);
		peer_refused(p, PEER_SET_IRQS, &b, EINVAL);
	}
}

static void
short_requests_are_refused(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = peer_irqs_body(NO_DATA | TRIGGER, PEER_MSIX, 0, 0);

	for (b.len = 0; b.len < 20; b.len++)
		peer_refused(p, PEER_SET_IRQS, &b, EINVAL);
	/* One byte per vector. */
	b = peer_irqs_body(BOOLS | TRIGGER, PEER_MSIX, 0, 3);
	peer_refused(p, PEER_SET_IRQS, &b, EINVAL);
	peer_put(&b, 0x0101, 2);
	peer_refused(p, PEER_SET_IRQS, &b, EINVAL);
	peer_put(&b, 1, 1);
	peer_call(p, PEER_SET_IRQS, &b);
}

/* Not made for message-signalled vectors: done or refused, and never fired. */
static void
masking_does_not_fire(void **state)
{
	static const uint32_t flags[] = {NO_DATA | MASK, NO_DATA | UNMASK};
	struct peer *p = *state;
	int fd = peer_eventfd();

	set_irqs(p, EVENTFDS | TRIGGER, PEER_MSIX, 0, 1, &fd, 1);
	for (unsigned int i = 0; i < 2; i++) {
		struct peer_bytes b = peer_irqs_body(flags[i], PEER_MSIX, 0, 1);

		peer_send(p, PEER_SET_IRQS, PEER_COMMAND, &b, NULL, 0);
		assert_true(peer_receive(p));
		assert_int_equal(peer_fired(fd), 0);
	}
	peer_still_there(p);
	close(fd);
}

static void
eventfds_survive_a_reset(void **state)
{
	struct peer *p = *state;
	int fd = peer_eventfd();

	set_irqs(p, EVENTFDS | TRIGGER, PEER_MSIX, 0, 1, &fd, 1);
	peer_call(p, PEER_RESET, NULL);
	raise_irq(p, 0);
	assert_int_equal(peer_fired(fd), 1);
	close(fd);
}

static void
eventfds_go_with_the_client(void **state)
{
	struct peer *p = *state;
	int fd = peer_eventfd();
	unsigned int before = peer_open_fds();

	set_irqs(p, EVENTFDS | TRIGGER, PEER_MSIX, 0, 1, &fd, 1);
	peer_hang_up(p);
	assert_in_range(peer_open_fds(), before - 2, before - 1);
	raise_irq(p, 0);
	assert_int_equal(peer_fired(fd), 0);
	close(fd);
}

/* ---- Descriptors that are not what they should be ---- */

/* A counter that is full makes writers wait: not the server. */
static void
full_eventfd_does_not_block(void **state)
{
	struct peer *p = *state;
	uint64_t most = UINT64_MAX - 1;
	int fd = eventfd(0, EFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, &most, sizeof(most)), sizeof(most));
	set_irqs(p, EVENTFDS | TRIGGER, PEER_MSIX, 0, 1, &fd, 1);
	alarm(10);
	raise_irq(p, 0);
	set_irqs(p, NO_DATA | TRIGGER, PEER_MSIX, 0, 1, NULL, 0);
	alarm(0);
	peer_still_there(p);
	close(fd);
}

/* Refused, or of no effect: a pipe nobody reads ends who writes to it; a full one makes it wait. */
static void
pipes_do_no_harm(void **state)
{
	struct peer *p = *state;
	static char page[4096];
	int fd[2];

	for (unsigned int full = 0; full < 2; full++) {
		struct peer_bytes b = peer_irqs_body(EVENTFDS | TRIGGER, PEER_MSIX, 0, 1);

		assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
		if (full) {
			assert_int_equal(fcntl(fd[1], F_SETFL, O_NONBLOCK), 0);
			while (write(fd[1], page, sizeof(page)) > 0)
				;
			assert_int_equal(fcntl(fd[1], F_SETFL, 0), 0);
		}
		peer_send(p, PEER_SET_IRQS, PEER_COMMAND, &b, &fd[1], 1);
		assert_true(peer_receive(p));
		if (!full)
			close(fd[0]);
		alarm(10);
		raise_irq(p, 0);
		alarm(0);
		peer_still_there(p);
		if (full)
			close(fd[0]);
		close(fd[1]);
	}
}

static void
files_and_sockets_do_no_harm(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = peer_irqs_body(EVENTFDS | TRIGGER, PEER_MSIX, 0, 3);
	int fd[3] = {open("/", O_RDONLY | O_CLOEXEC), open("/dev/full", O_WRONLY | O_CLOEXEC)};
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	fd[2] = pair[0];
	peer_send(p, PEER_SET_IRQS, PEER_COMMAND, &b, fd, 3);
	assert_true(peer_receive(p));
	close(pair[1]);
	for (unsigned int i = 0; i < 3; i++)
		raise_irq(p, i);
	fds_close(fd, 3);
	set_irqs(p, NO_DATA | TRIGGER, PEER_MSIX, 0, 0, NULL, 0);
	peer_still_there(p);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, peer_setup_greeted, peer_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(vectors_fire_through_their_eventfds),
		TEST(eventfds_are_kept_and_given_back),
		TEST(vectors_without_eventfd_do_not_fire),
		TEST(taking_away_nothing_is_fine),
		TEST(pending_vectors_fire_when_an_eventfd_comes),
		cmocka_unit_test_setup_teardown(pending_vectors_are_not_the_next_clients,
						peer_setup_listens, peer_teardown),
		TEST(loopback_fires_now),
		TEST(notifiers_are_taken),
		TEST(vectors_outside_are_refused),
		TEST(descriptors_have_to_be_one_each),
		TEST(flags_are_one_of_each_kind),
		TEST(short_requests_are_refused),
		TEST(masking_does_not_fire),
		TEST(eventfds_survive_a_reset),
		TEST(eventfds_go_with_the_client),
		TEST(full_eventfd_does_not_block),
		TEST(pipes_do_no_harm),
		TEST(files_and_sockets_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
