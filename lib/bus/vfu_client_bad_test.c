/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The client, against servers that go away, fall silent, or break the protocol.
 */
#include "vfu_client_test_rig.h"

#define REG 0x128u

/* ---- A server that goes ---- */

static void
hello_only(struct peer *p)
{
	peer_hello(p);
}

static void
a_server_that_goes_is_noticed_once(void **state)
{
	uint8_t line[64] = {0};
	struct peer p;

	(void)state;
	peer_begin(&p, hello_only);
	assert_int_equal(p.dev->ops->read(p.dev, BAR, REG, 4), 0xffffffff);
	assert_int_equal(p.dev->ops->read(p.dev, BAR, REG, 8), UINT64_MAX);
	assert_int_equal(p.dev->ops->read(p.dev, BAR, REG, 1), 0xff);
	p.dev->ops->write(p.dev, BAR, REG, 1, 4);
	p.dev->ops->post(p.dev, BAR, 0x2000, line, 64);
	p.dev->ops->reset(p.dev, BUS_RESET_POWER);
	assert_int_equal(p.dev->ops->config(p.dev, 0, line, 4, false), -ENOTCONN);
	assert_int_equal(p.dev->ops->submit(p.dev, BAR, 0, line, 0), -ENOTCONN);
	assert_int_equal(vfu_client_dma_unmap(p.client, 0, 4096), -ENOTCONN);
	assert_true(vfu_client_lost(p.client));
	assert_int_equal(p.log_lines, 1);
	assert_non_null(strstr(p.log, "closed the connection"));
	peer_end(&p);
}

static void
a_step_notices_that_the_server_went(void **state)
{
	uint64_t now = 0;
	struct peer p;

	(void)state;
	peer_begin(&p, hello_only);
	peer_join(&p);
	p.dev->ops->step(p.dev, now += 1000000);
	assert_true(vfu_client_lost(p.client));
	assert_int_equal(p.log_lines, 1);
	peer_end(&p);
}

static void
fall_silent(struct peer *p)
{
	/* Until the client hangs up. */
	if (peer_hello(p) && peer_take(p, VFU_REGION_READ))
		peer_take_any(p);
}

static void
a_server_that_falls_silent_is_given_up(void **state)
{
	struct peer p;

	(void)state;
	peer_init(&p);
	p.timeout_ms = 200;
	assert_int_equal(peer_open(&p, fall_silent), 0);
	assert_int_equal(p.dev->ops->read(p.dev, BAR, REG, 4), 0xffffffff);
	assert_non_null(strstr(p.log, "not answered in time"));
	assert_int_equal(p.dev->ops->read(p.dev, BAR, REG, 4), 0xffffffff);
	assert_int_equal(p.log_lines, 1);
	peer_end(&p);
}

static void
let_wait(struct peer *p)
{
	if (peer_take(p, VFU_VERSION))
		peer_take_any(p);
}

static void
a_server_with_another_client_lets_wait(void **state)
{
	struct peer p;

	(void)state;
	peer_init(&p);
	p.timeout_ms = 200;
	assert_int_equal(peer_open(&p, let_wait), -EBUSY);
	assert_int_equal(p.log_lines, 1);
	assert_non_null(strstr(p.log, "one client at a time"));
	peer_end(&p);
}

/* ---- A server that breaks the protocol ---- */

/* What is sent in answer to a read of 4 bytes, and the word that has to be in the log. */
struct bad {
	const char *word;
	struct vfu_header head; /* id and command are added to those of the reply */
	size_t payload;
	uint32_t count;
	unsigned int fds;
	bool split; /* descriptors come with the payload */
};

static const struct bad bads[] = {
	{"nobody waits", {1, 0, 36, VFU_TYPE_REPLY, 0}, 20, 4, 0, false},
	{"nobody waits", {0, 1, 36, VFU_TYPE_REPLY, 0}, 20, 4, 0, false},
	{"nobody waits", {0, 0, 36, 2, 0}, 20, 4, 0, false},
	{"less than 16", {0, 0, 15, VFU_TYPE_REPLY, 0}, 0, 4, 0, false},
	{"less than 16", {0, 0, 0, VFU_TYPE_REPLY, 0}, 0, 4, 3, false},
	{"longer than", {0, 0, 37, VFU_TYPE_REPLY, 0}, 21, 4, 0, false},
	{"longer than", {0, 0, UINT32_MAX, VFU_TYPE_REPLY, 0}, 20, 4, 2, false},
	{"answered a read", {0, 0, 36, VFU_TYPE_REPLY, 0}, 20, 8, 0, false},
	{"answered a read", {0, 0, 35, VFU_TYPE_REPLY, 0}, 19, 4, 0, false},
	{"answered a read", {0, 0, 16, VFU_TYPE_REPLY, 0}, 0, 4, 5, false},
	{"closed", {0, 0, 36, VFU_TYPE_REPLY, 0}, 10, 4, 1, false},
	{"inside a message", {0, 0, 36, VFU_TYPE_REPLY, 0}, 20, 4, 2, true},
	{"too great length", {0, 0, 1 << 20, VFU_TYPE_REPLY | VFU_ERROR, 5}, 20, 4, 0, false},
	{"more data than", {0, 3, 1 << 20, VFU_TYPE_COMMAND, 0}, 20, 4, 0, false},
	{"less than 16", {0, 3, 1, VFU_TYPE_COMMAND, 0}, 0, 4, 16, false},
};

static void
send_bad(struct peer *p)
{
	const struct bad *bad = p->arg;
	struct vfu_header head = bad->head;
	struct vfu_region_access got = {REG, BAR, bad->count};
	uint8_t payload[64] = {0};
	int fds[VFU_MAX_FDS];
	unsigned int i;
	struct iovec rest = {payload, bad->payload};

	if (!peer_hello(p) || !peer_take(p, VFU_REGION_READ))
		return;
	head.id = (uint16_t)(head.id + p->head.id);
	head.command = (uint16_t)(head.command + p->head.command);
	memcpy(payload, &got, sizeof(got));
	for (i = 0; i < bad->fds; i++)
		fds[i] = p->fd;
	if (!bad->split) {
		peer_send(p, &head, payload, bad->payload, NULL, 0, fds, bad->fds);
		return;
	}
	peer_send(p, &head, NULL, 0, NULL, 0, NULL, 0);
	vfu_message_send(p->fd, &rest, 1, fds, bad->fds);
}

static void
a_server_that_breaks_the_protocol_is_left(void **state)
{
	unsigned int i;
	struct peer p;

	(void)state;
	for (i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
		peer_init(&p);
		p.arg = (void *)(uintptr_t)&bads[i];
		assert_int_equal(peer_open(&p, send_bad), 0);
		assert_int_equal(p.dev->ops->read(p.dev, BAR, REG, 4), 0xffffffff);
		if (!vfu_client_lost(p.client) || p.log_lines != 1 ||
		    strstr(p.log, bads[i].word) == NULL)
			fail_msg("%u, %s: lost %d, %u lines: %s", i, bads[i].word,
				 vfu_client_lost(p.client), p.log_lines, p.log);
		peer_end(&p);
	}
}

static void
refuse_oddly(struct peer *p)
{
	struct vfu_header head;

	if (!peer_hello(p) || !peer_take(p, VFU_DMA_UNMAP))
		return;
	head = peer_head(p, 5);
	head.flags |= VFU_ERROR;
	head.error = 1 << 20;
	peer_send(p, &head, "12345", 5, NULL, 0, &p->fd, 1);
	if (peer_take(p, VFU_DMA_UNMAP))
		peer_refuse(p, ENOTCONN);
	peer_answer_read(p, 3);
}

static void
odd_refusals_are_errors_and_no_more(void **state)
{
	struct peer p;

	(void)state;
	peer_begin(&p, refuse_oddly);
	assert_int_equal(vfu_client_dma_unmap(p.client, 0, 4096), -EIO);
	assert_int_equal(vfu_client_dma_unmap(p.client, 0, 4096), -EIO);
	assert_int_equal(p.dev->ops->read(p.dev, BAR, REG, 4), 3);
	peer_end(&p);
}

/* Each changes one thing of a server that is well. */
static void
bad_hello(unsigned int i, struct peer *p)
{
	static const char *const texts[] = {
		"no JSON", "[1]", "{\"capabilities\":{\"max_msg_fds\":0}}",
		"{\"capabilities\":{\"max_msg_fds\":-4}}",
		"{\"capabilities\":{\"max_data_xfer_size\":8}}",
	};

	if (i < 5)
		p->json = texts[i];
	p->json_unended = i == 5;
	p->version.major = i == 6;
	p->version.minor = i == 7;
	p->version_error = i == 8 ? EBUSY : i == 9 ? EINVAL : 0;
	if (i == 10)
		p->info.flags = VFU_DEVICE_RESETS;
	if (i == 11)
		p->info.num_regions = 7;
	if (i == 12)
		p->info.num_regions = UINT32_MAX;
	if (i == 13)
		p->info.num_irqs = 2;
	if (i == 14)
		p->bytes[VFU_REGION_CONFIG] = 0;
	if (i == 15)
		p->bytes[VFU_REGION_CONFIG] = 1 << 20;
	if (i == 16)
		p->vectors = 4096;
}

/* It ends where the client has had enough, which is nothing wrong. */
static void
hello_as_far_as_it_goes(struct peer *p)
{
	peer_hello(p);
	p->wrong = NULL;
}

static void
a_server_that_makes_no_sense_is_refused_with_one_line(void **state)
{
	struct peer p;
	unsigned int i;
	int ret;

	(void)state;
	for (i = 0; i < 17; i++) {
		peer_init(&p);
		bad_hello(i, &p);
		ret = peer_open(&p, hello_as_far_as_it_goes);
		if (ret != (i == 8 ? -EBUSY : i == 9 ? -EINVAL : -EPROTO) || p.log_lines != 1)
			fail_msg("%u: returned %d, %u lines: %s", i, ret, p.log_lines, p.log);
		peer_end(&p);
	}
}

/* ---- Random bytes: whatever comes, the client comes back ---- */

#define RANDOM_ROUNDS 200

static uint32_t
random_next(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

static void
send_random(struct peer *p)
{
	uint32_t *seed = p->arg;
	uint8_t bytes[600];
	struct vfu_header *head = (void *)bytes;
	struct vfu_region_access *got = (void *)(head + 1);
	struct iovec part = {bytes, random_next(seed) % sizeof(bytes)};
	unsigned int i;

	if (!peer_hello(p) || !peer_take(p, VFU_REGION_READ))
		return;
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)random_next(seed);
	/* Mostly a message that begins well. */
	if (random_next(seed) % 8 != 0)
		*head = peer_head(p, 20);
	if (random_next(seed) % 4 == 0) {
		head->flags = 0;
		head->command = VFU_DMA_READ + random_next(seed) % 2;
		got->offset = TEST_HOST_IOVA;
		got->region = random_next(seed) % 64;
		got->count = 0;
	}
	if (random_next(seed) % 4 == 0)
		head->size = random_next(seed) % 64;
	vfu_message_send(p->fd, &part, 1, &p->fd, random_next(seed) % 2);
}

static void
random_bytes_end_in_order(void **state)
{
	uint32_t seed = 1;
	unsigned int i;
	struct peer p;

	(void)state;
	for (i = 0; i < RANDOM_ROUNDS; i++) {
		peer_init(&p);
		p.arg = &seed;
		assert_int_equal(peer_open(&p, send_random), 0);
		p.dev->ops->read(p.dev, BAR, REG, 4);
		p.dev->ops->step(p.dev, 1000000);
		assert_true(p.log_lines <= 1);
		peer_end(&p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_that_goes_is_noticed_once),
		cmocka_unit_test(a_step_notices_that_the_server_went),
		cmocka_unit_test(a_server_that_falls_silent_is_given_up),
		cmocka_unit_test(a_server_with_another_client_lets_wait),
		cmocka_unit_test(a_server_that_breaks_the_protocol_is_left),
		cmocka_unit_test(odd_refusals_are_errors_and_no_more),
		cmocka_unit_test(a_server_that_makes_no_sense_is_refused_with_one_line),
		cmocka_unit_test(random_bytes_end_in_order),
	};

	return cmocka_run_group_tests_name("vfu_client_bad", tests, NULL, NULL);
}
