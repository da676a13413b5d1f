/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * VERSION, section 4 of the protocol's text, by a scripted client.
 */
#include "vfu_peer.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

/* What QEMU 11.1 sends. */
static const char qemu
	[] = "{\"capabilities\": {\"pgsizes\": 4096, \"max_msg_fds\": 16, \"max_dma_maps\": 65535, "
	     "\"max_data_xfer_size\": 1048576, \"write_multiple\": true, "
	     "\"migration\": {\"max_bitmap_size\": 268435456, \"pgsize\": 4096}}}";

static struct peer_bytes
version(unsigned int major, unsigned int minor, const char *json)
{
	struct peer_bytes b = {.len = 0};

	peer_put(&b, major, 2);
	peer_put(&b, minor, 2);
	if (json != NULL)
		peer_put_bytes(&b, json, strlen(json) + 1);
	return b;
}

/* The capabilities of the last reply, or NULL when it names none. */
static json_t *
answered(struct peer *p)
{
	json_t *all, *caps;

	assert_true(p->m.len >= 4);
	assert_int_equal(p->m.fds, 0);
	if (p->m.len == 4)
		return NULL;
	/* One NUL, at the end. */
	assert_ptr_equal(memchr(p->m.at + 4, 0, p->m.len - 4), p->m.at + p->m.len - 1);
	all = json_loads((const char *)p->m.at + 4, JSON_REJECT_DUPLICATES, NULL);
	assert_true(json_is_object(all));
	caps = json_incref(json_object_get(all, "capabilities"));
	json_decref(all);
	return caps;
}

/* Say hello; what is answered is a part of what was proposed, and no longer. */
static json_t *
agree(struct peer *p, const char *json)
{
	struct peer_bytes b = version(0, 0, json);
	json_t *proposed = json_loads(json, 0, NULL), *caps, *value;
	const char *name;

	peer_call(p, PEER_VERSION, &b);
	assert_in_range(p->m.size, PEER_HEADER + 4, PEER_HEADER + b.len);
	assert_int_equal(peer_get(p->m.at, 0, 4), 0);
	caps = answered(p);
	json_object_foreach(caps, name, value)
	{
		if (json_object_get(json_object_get(proposed, "capabilities"), name) == NULL)
			fail_msg("'%s' was not proposed", name);
	}
	json_decref(proposed);
	return caps;
}

static json_int_t
number(const json_t *caps, const char *name)
{
	assert_true(json_is_integer(json_object_get(caps, name)));
	return json_integer_value(json_object_get(caps, name));
}

static void
what_qemu_sends_is_agreed_on(void **state)
{
	struct peer *p = *state;
	json_t *caps = agree(p, qemu);

	assert_non_null(caps);
	assert_in_range(number(caps, "max_msg_fds"), 1, 16);
	assert_true(json_is_true(json_object_get(caps, "write_multiple")));
	if (json_object_get(caps, "max_data_xfer_size") != NULL)
		assert_in_range(number(caps, "max_data_xfer_size"), 4096, 0x100000);
	if (json_object_get(caps, "max_dma_maps") != NULL)
		assert_in_range(number(caps, "max_dma_maps"), 1, 65535);
	if (json_object_get(caps, "pgsizes") != NULL)
		assert_int_equal(number(caps, "pgsizes") & 0xfff, 0);
	/* Saying so would promise migration; and unknown names make QEMU warn. */
	assert_null(json_object_get(caps, "migration"));
	assert_null(json_object_get(caps, "slipway"));
	json_decref(caps);
	peer_still_there(p);
}

static void
json_is_optional(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = version(0, 0, NULL);

	peer_call(p, PEER_VERSION, &b);
	/* No longer than the request. */
	assert_int_equal(p->m.len, 4);
	assert_int_equal(peer_get(p->m.at, 0, 4), 0);
	peer_still_there(p);
}

static void
short_json_gets_a_short_answer(void **state)
{
	static const char *const texts[] = {
		"{}",
		"{\"capabilities\":{}}",
		"{\"capabilities\":{\"max_msg_fds\":1}}",
		"{\"capabilities\":{\"write_multiple\":true}}",
		"{\"capabilities\":{\"max_data_xfer_size\":1}}",
		"{\"capabilities\":{\"max_dma_maps\":1}}",
		"{\"capabilities\":{\"pgsizes\":4096}}",
		"{\"other\":[1,2,3],\"capabilities\":{\"nobody_knows\":{\"a\":1}}}",
	};
	struct peer *p = *state;

	for (unsigned int i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		json_decref(agree(p, texts[i]));
		peer_still_there(p);
		peer_teardown(state);
		peer_setup(state);
		p = *state;
	}
}

static void
less_than_ours_is_taken_as_proposed(void **state)
{
	struct peer *p = *state;
	json_t *caps = agree(p, "{\"capabilities\":{\"max_msg_fds\":4,\"max_dma_maps\":10,"
				"\"max_data_xfer_size\":65536,\"pgsizes\":4096,"
				"\"write_multiple\":false}}");

	if (json_object_get(caps, "max_dma_maps") != NULL)
		assert_in_range(number(caps, "max_dma_maps"), 0, 10);
	assert_false(json_is_true(json_object_get(caps, "write_multiple")));
	json_decref(caps);
}

static void
refused(void **state, const struct peer_bytes *b)
{
	struct peer *p = *state;

	peer_refused_somehow(p, PEER_VERSION, PEER_COMMAND, b, NULL, 0);
	peer_teardown(state);
	peer_setup(state);
}

static void
other_majors_are_refused(void **state)
{
	struct peer_bytes b = version(1, 0, qemu), c = version(0xffff, 0, NULL);

	refused(state, &b);
	refused(state, &c);
}

static void
higher_minors_are_lowered(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = version(0, 9, qemu);

	peer_call(p, PEER_VERSION, &b);
	assert_int_equal(peer_get(p->m.at, 0, 2), 0);
	assert_in_range(peer_get(p->m.at, 2, 2), 0, 9);
	json_decref(answered(p));
}

static void
short_requests_are_refused(void **state)
{
	struct peer_bytes b = version(0, 0, NULL);

	for (size_t len = 0; len < 4; len++) {
		b.len = len;
		refused(state, &b);
	}
}

static void
what_is_no_json_object_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"{",
		"[]",
		"[1]",
		"7",
		"null",
		"\"x\"",
		"{\"capabilities\":}",
		"{} {}",
		"{\"capabilities\":{\"max_msg_fds\":16}",
		"{\"a\":\"\\u0000\"",
		"\xff\xfe{}",
	};
	struct peer_bytes b;

	for (unsigned int i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		b = version(0, 0, texts[i]);
		refused(state, &b);
	}
}

static void
json_without_its_nul_is_refused(void **state)
{
	struct peer_bytes b = version(0, 0, "{\"capabilities\":{}}");

	b.len--;
	refused(state, &b);
	b = version(0, 0, "{}");
	peer_put_bytes(&b, "x", 1);
	refused(state, &b);
}

/* Wrong types and senseless values: refused, or taken for absent; never for good. */
static void
senseless_capabilities_are_no_capabilities(void **state)
{
	static const char *const texts[] = {
		"{\"capabilities\":[]}",
		"{\"capabilities\":7}",
		"{\"capabilities\":null}",
		"{\"capabilities\":{\"max_msg_fds\":\"16\"}}",
		"{\"capabilities\":{\"max_msg_fds\":-1}}",
		"{\"capabilities\":{\"max_msg_fds\":1e99}}",
		"{\"capabilities\":{\"max_msg_fds\":99999999999999999999999}}",
		"{\"capabilities\":{\"max_data_xfer_size\":0}}",
		"{\"capabilities\":{\"max_data_xfer_size\":-9223372036854775808}}",
		"{\"capabilities\":{\"max_data_xfer_size\":{}}}",
		"{\"capabilities\":{\"max_dma_maps\":1.5}}",
		"{\"capabilities\":{\"pgsizes\":1}}",
		"{\"capabilities\":{\"pgsizes\":\"4096\"}}",
		"{\"capabilities\":{\"write_multiple\":1}}",
		"{\"capabilities\":{\"write_multiple\":\"true\"}}",
		"{\"capabilities\":{\"twin_socket\":true}}",
		"{\"capabilities\":{\"twin_socket\":{\"supported\":7}}}",
		"{\"capabilities\":{\"slipway\":1}}",
		"{\"capabilities\":{\"slipway\":{\"share\":\"yes\"}}}",
		"{\"capabilities\":{},\"capabilities\":{}}",
	};
	struct peer *p = *state;
	struct peer_bytes b;
	json_t *caps;

	for (unsigned int i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		b = version(0, 0, texts[i]);
		peer_send(p, PEER_VERSION, PEER_COMMAND, &b, NULL, 0);
		if (!peer_receive(p)) {
			assert_true(p->closed);
		} else if (p->m.flags == PEER_REPLY) {
			assert_in_range(p->m.size, PEER_HEADER + 4, PEER_HEADER + b.len);
			caps = answered(p);
			assert_false(json_is_true(json_object_get(caps, "write_multiple")));
			json_decref(caps);
			peer_still_there(p);
		}
		peer_teardown(state);
		peer_setup(state);
		p = *state;
	}
}

/* A text as deep as a message allows would break a parser that calls itself. */
static void
deep_json_does_no_harm(void **state)
{
	static char deep[8000];

	for (unsigned int i = 0; i < 2; i++) {
		struct peer_bytes b;

		memset(deep, i == 0 ? '[' : '{', sizeof(deep) - 1);
		b = version(0, 0, deep);
		refused(state, &b);
	}
}

static void
descriptors_of_a_version_are_closed(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = version(0, 0, qemu);
	int fd[2] = {peer_eventfd(), peer_eventfd()};
	unsigned int before = peer_open_fds();

	peer_send(p, PEER_VERSION, PEER_COMMAND, &b, fd, 2);
	peer_receive(p);
	peer_pump(p);
	assert_in_range(peer_open_fds(), before - 2, before);
	close(fd[0]);
	close(fd[1]);
}

/* A second one changes nothing for the better. */
static void
second_version_does_no_harm(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = version(0, 0, "{}");

	json_decref(agree(p, qemu));
	peer_send(p, PEER_VERSION, PEER_COMMAND, &b, NULL, 0);
	if (peer_receive(p) && p->m.flags == PEER_REPLY)
		peer_still_there(p);
}

/* If the server says that it has a second socket, it comes with the reply. */
static void
twin_socket_is_there_or_not_promised(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = version(0, 0,
				      "{\"capabilities\":{\"twin_socket\":"
				      "{\"supported\":true,\"fd_index\":0}}}");
	json_t *all, *twin;
	unsigned int fds;

	peer_call(p, PEER_VERSION, &b);
	fds = p->m.fds;
	peer_close_received(p);
	all = p->m.len > 4 ? json_loads((char *)p->m.at + 4, 0, NULL) : NULL;
	twin = json_object_get(json_object_get(all, "capabilities"), "twin_socket");
	assert_int_equal(fds, json_is_true(json_object_get(twin, "supported")));
	json_decref(all);
}

/* Not agreed on: not there. */
static void
write_multi_has_to_be_agreed_on(void **state)
{
	struct peer *p = *state;
	struct peer_bytes b = {.len = 0};

	json_decref(agree(p, "{\"capabilities\":{\"max_msg_fds\":16}}"));
	peer_put(&b, 1, 8);
	peer_put(&b, 0x100, 8);
	peer_put(&b, 0, 4);
	peer_put(&b, 4, 4);
	peer_put(&b, 7, 8);
	peer_refused_somehow(p, PEER_WRITE_MULTI, PEER_COMMAND, &b, NULL, 0);
	peer_saw_nothing(p);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, peer_setup, peer_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_qemu_sends_is_agreed_on),
		TEST(json_is_optional),
		TEST(short_json_gets_a_short_answer),
		TEST(less_than_ours_is_taken_as_proposed),
		TEST(other_majors_are_refused),
		TEST(higher_minors_are_lowered),
		TEST(short_requests_are_refused),
		TEST(what_is_no_json_object_is_refused),
		TEST(json_without_its_nul_is_refused),
		TEST(senseless_capabilities_are_no_capabilities),
		TEST(deep_json_does_no_harm),
		TEST(descriptors_of_a_version_are_closed),
		TEST(second_version_does_no_harm),
		TEST(twin_socket_is_there_or_not_promised),
		TEST(write_multi_has_to_be_agreed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
