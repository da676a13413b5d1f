/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The client, against a server that speaks from a script.
 */
#include <signal.h>
#include <sys/time.h>
#include <sys/un.h>

#include "vfu_client_test_rig.h"

#define REG 0x128u

/* ---- What there is to know ---- */

static void
hello_only(struct peer *p)
{
	peer_hello(p);
}

static void
a_client_knows_what_the_device_has(void **state)
{
	struct bus_region regions[4];
	struct peer p;

	(void)state;
	peer_init(&p);
	p.json = "{\"capabilities\":{\"slipway\":{\"about\":{\"device\":\"dlb\"}}}}";
	assert_int_equal(peer_open(&p, hello_only), 0);
	assert_string_equal(vfu_client_about(p.client), "{\"device\":\"dlb\"}");
	assert_int_equal(vfu_client_region_size(p.client, BAR), BAR_BYTES);
	assert_int_equal(vfu_client_region_size(p.client, 1), 0);
	assert_int_equal(vfu_client_region_size(p.client, VFU_REGION_CONFIG), 4096);
	assert_int_equal(vfu_client_region_size(p.client, 99), 0);
	assert_int_equal(vfu_client_vectors(p.client), VECTORS);
	assert_int_equal(p.dev->ops->describe(p.dev, regions, 4), 1);
	assert_int_equal(regions[0].kind, BUS_TRAPPED);
	assert_int_equal(regions[0].size, BAR_BYTES);
	assert_int_equal(p.log_lines, 0);
	peer_end(&p);
}

static void
ask_and_hang_up(struct peer *p)
{
	if (peer_take(p, VFU_VERSION) &&
	    memmem(p->payload, p->len, "\"slipway\":{\"share\":true}", 24) == NULL)
		peer_wrong(p, "no wish to share");
}

static void
a_client_asks_for_shares_in_the_handshake(void **state)
{
	struct peer p;

	(void)state;
	peer_init(&p);
	p.share = true;
	assert_int_equal(peer_open(&p, ask_and_hang_up), -EPROTO);
	assert_int_equal(p.log_lines, 1);
	peer_end(&p);
}

/* ---- Registers and lines ---- */

static void
registers(struct peer *p)
{
	struct vfu_region_access ask;

	if (!peer_hello(p))
		return;
	peer_answer_read(p, 0x1122334455667788);
	memcpy(&ask, p->payload, sizeof(ask));
	if (ask.offset != REG || ask.region != BAR || ask.count != 4)
		peer_wrong(p, "a read of something else");
	if (!peer_take(p, VFU_REGION_WRITE))
		return;
	memcpy(&ask, p->payload, sizeof(ask));
	if (!(p->head.flags & VFU_NO_REPLY))
		peer_wrong(p, "a register write that waits for a reply");
	if (ask.offset != REG || ask.count != 4 || p->len != sizeof(ask) + 4 ||
	    memcmp(p->payload + sizeof(ask), "\x78\x56\x34\x12", 4) != 0)
		peer_wrong(p, "a write of something else");
	peer_answer_read(p, 0x99);
}

static void
registers_are_read_and_written(void **state)
{
	struct peer p;

	(void)state;
	peer_begin(&p, registers);
	assert_int_equal(p.dev->ops->read(p.dev, BAR, REG, 4), 0x55667788);
	p.dev->ops->write(p.dev, BAR, REG, 0x12345678, 4);
	assert_int_equal(p.dev->ops->read(p.dev, BAR, REG, 8), 0x99);
	assert_false(vfu_client_lost(p.client));
	peer_end(&p);
}

static void
config_space(struct peer *p)
{
	struct vfu_region_access ask;

	if (!peer_hello(p))
		return;
	peer_answer_read(p, 0x27148086);
	if (!peer_take(p, VFU_REGION_WRITE))
		return;
	memcpy(&ask, p->payload, sizeof(ask));
	if ((p->head.flags & VFU_NO_REPLY) || ask.region != VFU_REGION_CONFIG || ask.offset != 4)
		peer_wrong(p, "another write than to COMMAND, with reply");
	peer_reply(p, &ask, sizeof(ask));
	if (peer_take(p, VFU_REGION_WRITE))
		peer_refuse(p, EINVAL);
}

static void
configuration_space_waits_for_replies(void **state)
{
	struct peer p;
	uint32_t word = 0;

	(void)state;
	peer_begin(&p, config_space);
	assert_int_equal(p.dev->ops->config(p.dev, 0, &word, 4, false), 0);
	assert_int_equal(word, 0x27148086);
	assert_int_equal(p.dev->ops->config(p.dev, 4, &word, 2, true), 0);
	assert_int_equal(p.dev->ops->config(p.dev, 4, &word, 2, true), -EINVAL);
	assert_int_equal(p.dev->ops->config(p.dev, 4095, &word, 2, false), -EINVAL);
	peer_end(&p);
}

static void
lines(struct peer *p)
{
	static const unsigned int lens[] = {64, 16};
	struct vfu_region_access ask;
	unsigned int i;

	if (!peer_hello(p))
		return;
	for (i = 0; i < 2; i++) {
		if (!peer_take(p, VFU_REGION_WRITE))
			return;
		memcpy(&ask, p->payload, sizeof(ask));
		if (!(p->head.flags & VFU_NO_REPLY) || ask.count != lens[i] ||
		    ask.offset != 0x2000 || p->payload[sizeof(ask) + 15] != 0x5a)
			peer_wrong(p, "another line than was posted");
	}
	if (peer_take(p, VFU_REGION_WRITE))
		peer_refuse(p, EAGAIN);
	if (peer_take(p, VFU_REGION_WRITE))
		peer_reply(p, p->payload, sizeof(ask));
}

static void
lines_go_by_message_where_nothing_is_shared(void **state)
{
	uint8_t line[64];
	struct peer p;

	(void)state;
	memset(line, 0x5a, sizeof(line));
	peer_begin(&p, lines);
	p.dev->ops->post(p.dev, BAR, 0x2000, line, 64);
	p.dev->ops->post(p.dev, BAR, 0x2000, line, 16);
	assert_int_equal(p.dev->ops->submit(p.dev, BAR, 0x2000, line, BUS_NO_PASID), -EAGAIN);
	assert_int_equal(p.dev->ops->submit(p.dev, BAR, 0x2000, line, BUS_NO_PASID), 0);
	peer_end(&p);
}

static void
take_reset(struct peer *p)
{
	if (peer_hello(p) && peer_take(p, VFU_DEVICE_RESET))
		peer_reply(p, NULL, 0);
}

static void
a_reset_waits_for_its_reply(void **state)
{
	struct peer p;

	(void)state;
	peer_begin(&p, take_reset);
	p.dev->ops->reset(p.dev, BUS_RESET_FUNCTION);
	assert_false(vfu_client_lost(p.client));
	peer_end(&p);
}

/* ---- What the server asks for ---- */

/* Ask, and take the answer: its error, 0 when there is none. */
static uint32_t
ask_for(struct peer *p, uint16_t command, uint64_t address, uint64_t count, const void *data,
	size_t len)
{
	struct vfu_dma_access dma = {address, count};
	struct vfu_header head = {.id = 77,
				  .command = command,
				  .size = (uint32_t)(sizeof(head) + sizeof(dma) + len)};

	peer_send(p, &head, &dma, sizeof(dma), data, len, NULL, 0);
	if (!peer_take(p, command))
		return 0;
	if ((p->head.flags & VFU_TYPE) != VFU_TYPE_REPLY || p->head.id != 77)
		peer_wrong(p, "no reply to what was asked");
	return p->head.flags & VFU_ERROR ? p->head.error : 0;
}

static void
ask_for_memory(struct peer *p)
{
	static const char text[] = "a line of the device, in host memory";
	uint64_t at = TEST_HOST_IOVA + TEST_HOST_PIECE - 8;

	if (ask_for(p, VFU_DMA_WRITE, at, sizeof(text), text, sizeof(text)) != 0)
		peer_wrong(p, "a refusal to write");
	if (ask_for(p, VFU_DMA_READ, at, sizeof(text), NULL, 0) != 0 ||
	    p->len != sizeof(struct vfu_dma_access) + sizeof(text) ||
	    memcmp(p->payload + sizeof(struct vfu_dma_access), text, sizeof(text)) != 0)
		peer_wrong(p, "other memory than was written");
	if (ask_for(p, VFU_DMA_READ, 0x1000, 8, NULL, 0) != EFAULT)
		peer_wrong(p, "memory where there is none");
	if (ask_for(p, VFU_DMA_WRITE, at, 8, text, 9) != EINVAL ||
	    ask_for(p, VFU_DMA_READ, at, 1 << 20, NULL, 0) != EINVAL ||
	    ask_for(p, VFU_DMA_READ, at, UINT64_MAX, NULL, 0) != EINVAL)
		peer_wrong(p, "a count taken that does not fit");
	if (ask_for(p, VFU_MIG_DATA_READ, at, 8, NULL, 0) != ENOTSUP)
		peer_wrong(p, "an unknown command taken");
}

static void
ask_inside_a_read(struct peer *p)
{
	struct vfu_header read;
	struct vfu_region_access ask;
	uint32_t value = 5;

	if (!peer_hello(p) || !peer_take(p, VFU_REGION_READ))
		return;
	read = p->head;
	memcpy(&ask, p->payload, sizeof(ask));
	ask_for_memory(p);
	p->head = read;
	peer_reply2(p, &ask, sizeof(ask), &value, 4);
}

static void
the_server_reaches_memory_while_a_reply_is_awaited(void **state)
{
	struct peer p;

	(void)state;
	peer_begin(&p, ask_inside_a_read);
	assert_int_equal(p.dev->ops->read(p.dev, BAR, REG, 4), 5);
	assert_memory_equal(p.host.memory + TEST_HOST_PIECE - 8, "a line", 6);
	peer_end(&p);
}

static void
ask_at_leisure(struct peer *p)
{
	_Atomic bool *done = p->arg;

	if (!peer_hello(p))
		return;
	ask_for_memory(p);
	*done = true;
	peer_answer_read(p, 6);
}

static void
the_server_reaches_memory_when_stepped(void **state)
{
	_Atomic bool done = false;
	uint64_t now = 0;
	struct peer p;

	(void)state;
	peer_init(&p);
	p.arg = &done;
	assert_int_equal(peer_open(&p, ask_at_leisure), 0);
	while (!done && !vfu_client_lost(p.client))
		assert_int_equal(p.dev->ops->step(p.dev, now += 1000000), BUS_NO_DEADLINE);
	assert_int_equal(p.dev->ops->read(p.dev, BAR, REG, 4), 6);
	peer_end(&p);
}

/* ---- Memory and vectors ---- */

static void
take_memory(struct peer *p)
{
	struct vfu_dma_map map;

	if (!peer_hello(p) || !peer_take(p, VFU_DMA_MAP))
		return;
	memcpy(&map, p->payload, sizeof(map));
	if (p->n_fds != 1 || map.argsz != sizeof(map) || map.address != 0x100200000 ||
	    map.size != 0x200000 || map.offset != 0x1000 || map.flags != VFU_DMA_MAP_WRITE)
		peer_wrong(p, "another map");
	vfu_message_close(p->fds, p->n_fds);
	peer_reply(p, NULL, 0);
	if (!peer_take(p, VFU_DMA_MAP))
		return;
	if (p->n_fds != 0)
		peer_wrong(p, "a descriptor of nothing");
	peer_refuse(p, EEXIST);
	if (!peer_take(p, VFU_DMA_UNMAP))
		return;
	if (p->len != sizeof(struct vfu_dma_unmap))
		peer_wrong(p, "another unmap");
	peer_reply(p, p->payload, p->len);
}

static void
memory_is_told_with_its_descriptor(void **state)
{
	struct peer p;
	int fd;

	(void)state;
	peer_begin(&p, take_memory);
	fd = memfd_create("memory", MFD_CLOEXEC);
	assert_int_equal(vfu_client_dma_map(p.client, 0x100200000, 0x200000, fd, 0x1000,
					    BUS_PROT_WRITE),
			 0);
	assert_false(vfu_client_needs_step(p.client));
	assert_int_equal(vfu_client_dma_map(p.client, 0x100200000, 0x200000, -1, 0, BUS_PROT_READ),
			 -EEXIST);
	assert_true(vfu_client_needs_step(p.client));
	assert_int_equal(vfu_client_dma_unmap(p.client, 0x100200000, 0x200000), 0);
	close(fd);
	peer_end(&p);
}

/* What a message about vectors said. */
struct said {
	uint32_t flags, start, count, n_fds;
};

static void
take_vectors(struct peer *p)
{
	struct said *said = p->arg;
	struct vfu_irq_set set;

	if (!peer_hello(p))
		return;
	for (; said->flags != 0; said++) {
		if (!peer_take(p, VFU_DEVICE_SET_IRQS))
			return;
		memcpy(&set, p->payload, sizeof(set));
		if (set.flags != said->flags || set.index != VFU_IRQ_MSIX ||
		    set.start != said->start || set.count != said->count ||
		    p->n_fds != said->n_fds)
			peer_wrong(p, "other vectors");
		vfu_message_close(p->fds, p->n_fds);
		p->n_fds = 0;
		peer_reply(p, NULL, 0);
	}
}

static void
vectors_go_in_messages_of_what_the_server_takes(void **state)
{
	struct said said[] = {
		{0x24, 3, 4, 4}, {0x24, 7, 2, 2},  {0x24, 9, 3, 0},
		{0x24, 12, 1, 1}, {0x21, 0, 0, 0}, {0, 0, 0, 0},
	};
	int fd = dup(STDIN_FILENO), fds[10] = {fd, fd, fd, fd, fd, fd, -1, -1, -1, fd};
	struct peer p;

	(void)state;
	peer_init(&p);
	p.json = "{\"capabilities\":{\"max_msg_fds\":4}}";
	p.arg = said;
	assert_int_equal(peer_open(&p, take_vectors), 0);
	assert_int_equal(vfu_client_set_irqs(p.client, 3, 10, fds), 0);
	assert_int_equal(vfu_client_disable_irqs(p.client), 0);
	assert_int_equal(vfu_client_set_irqs(p.client, VECTORS, 1, fds), -EINVAL);
	assert_int_equal(vfu_client_set_irqs(p.client, UINT32_MAX, 2, fds), -EINVAL);
	peer_end(&p);
	close(fd);
}

/* ---- Threads and signals ---- */

#define READERS     4
#define READER_READS 500

static void
echo_reads(struct peer *p)
{
	struct vfu_region_access ask;

	if (!peer_hello(p))
		return;
	while (peer_take_any(p)) {
		if (p->head.command != VFU_REGION_READ) {
			peer_wrong(p, "something else than a read");
			return;
		}
		memcpy(&ask, p->payload, sizeof(ask));
		peer_reply2(p, &ask, sizeof(ask), &ask.offset, ask.count);
	}
}

struct reader {
	struct peer *peer;
	uint32_t base;
	unsigned int wrong;
};

static void *
read_much(void *arg)
{
	struct reader *r = arg;
	uint32_t i;

	for (i = 0; i < READER_READS; i++)
		r->wrong += r->peer->dev->ops->read(r->peer->dev, BAR, r->base + i, 4) !=
			    r->base + i;
	return NULL;
}

static void
threads_get_their_own_replies(void **state)
{
	struct reader readers[READERS];
	pthread_t threads[READERS];
	struct peer p;
	unsigned int i;

	(void)state;
	peer_begin(&p, echo_reads);
	for (i = 0; i < READERS; i++) {
		readers[i] = (struct reader){&p, i * 0x1000, 0};
		assert_int_equal(pthread_create(&threads[i], NULL, read_much, &readers[i]), 0);
	}
	for (i = 0; i < READERS; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(readers[i].wrong, 0);
	}
	peer_end(&p);
}

static struct reader in_handler;
static volatile sig_atomic_t handled;

static void
read_in_handler(int sig)
{
	struct bus_device *dev = in_handler.peer->dev;

	(void)sig;
	in_handler.wrong += dev->ops->read(dev, BAR, 0x7000, 4) != 0x7000;
	handled++;
}

static void
handlers_may_use_the_device(void **state)
{
	struct itimerval often = {{0, 200}, {0, 200}}, never = {{0, 0}, {0, 0}};
	struct sigaction action = {.sa_handler = read_in_handler, .sa_flags = SA_RESTART};
	sigset_t alarm_only;
	struct reader r;
	struct peer p;
	unsigned int i;

	(void)state;
	sigemptyset(&alarm_only);
	sigaddset(&alarm_only, SIGALRM);
	/* The script's thread inherits it. */
	pthread_sigmask(SIG_BLOCK, &alarm_only, NULL);
	peer_begin(&p, echo_reads);
	r = (struct reader){&p, 0x100, 0};
	in_handler = r;
	sigfillset(&action.sa_mask);
	assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
	pthread_sigmask(SIG_UNBLOCK, &alarm_only, NULL);
	assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
	for (i = 0; i < 20 && handled < 20; i++)
		read_much(&r);
	assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
	assert_true(handled > 0);
	assert_int_equal(r.wrong + in_handler.wrong, 0);
	peer_end(&p);
}

/* ---- Connecting ---- */

static void
expect_no_socket(const char *path, int error, const char *word)
{
	struct peer p = {.log_lines = 0};
	struct vfu_client_config config = {.path = path, .log = peer_log, .arg = &p};

	assert_int_equal(vfu_client_open(&config, NULL, &p.client), error);
	assert_int_equal(p.log_lines, 1);
	if (strstr(p.log, word) == NULL || strstr(p.log, path) == NULL)
		fail_msg("%s does not say %s", p.log, word);
}

static void
a_socket_that_cannot_be_reached_says_what_to_do(void **state)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	char dir[] = "/tmp/vfu_client_test.XXXXXX", path[64];
	char far[200];
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/socket", dir);
	expect_no_socket(path, -ENOENT, "slipway serve");
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	strcpy(addr.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	expect_no_socket(path, -ECONNREFUSED, "nobody listens");
	close(fd);
	unlink(path);
	rmdir(dir);
	memset(far, 'x', sizeof(far) - 1);
	far[sizeof(far) - 1] = '\0';
	expect_no_socket(far, -ENAMETOOLONG, "shorter");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_knows_what_the_device_has),
		cmocka_unit_test(a_client_asks_for_shares_in_the_handshake),
		cmocka_unit_test(registers_are_read_and_written),
		cmocka_unit_test(configuration_space_waits_for_replies),
		cmocka_unit_test(lines_go_by_message_where_nothing_is_shared),
		cmocka_unit_test(a_reset_waits_for_its_reply),
		cmocka_unit_test(the_server_reaches_memory_while_a_reply_is_awaited),
		cmocka_unit_test(the_server_reaches_memory_when_stepped),
		cmocka_unit_test(memory_is_told_with_its_descriptor),
		cmocka_unit_test(vectors_go_in_messages_of_what_the_server_takes),
		cmocka_unit_test(threads_get_their_own_replies),
		cmocka_unit_test(handlers_may_use_the_device),
		cmocka_unit_test(a_socket_that_cannot_be_reached_says_what_to_do),
	};

	return cmocka_run_group_tests_name("vfu_client", tests, NULL, NULL);
}
