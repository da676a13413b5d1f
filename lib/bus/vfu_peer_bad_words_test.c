/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * The vfio-user client against servers that say of themselves what cannot be, and ask for what they
 * may not have.
 */
#include "vfu_peer_bad_server.h"

/* ---- What it says of itself ---- */

static const char *const versions[] = {
	"",
	"{",
	"[]",
	"7",
	"null",
	"{\"capabilities\":[]}",
	"{\"capabilities\":7}",
	"{\"capabilities\":{\"max_msg_fds\":1000}}",
	"{\"capabilities\":{\"max_msg_fds\":-1}}",
	"{\"capabilities\":{\"max_msg_fds\":\"x\"}}",
	"{\"capabilities\":{\"max_data_xfer_size\":-1}}",
	"{\"capabilities\":{\"max_data_xfer_size\":1e300}}",
	"{\"capabilities\":{\"pgsizes\":1}}",
	"{\"capabilities\":{\"slipway\":7}}",
	"{\"capabilities\":{\"slipway\":{\"share\":\"x\",\"about\":[]}}}",
	"{\"capabilities\":{\"slipway\":{\"share\":true,\"about\":{\"device\":null}}}}",
	"{\"capabilities\":{\"twin_socket\":{\"supported\":true,\"fd_index\":99}}}",
};
#define VERSIONS (sizeof(versions) / sizeof(versions[0]))

static bool
script_version(struct peer_server *s, const struct peer_note *n)
{
	struct peer_bytes b = {.len = 0};

	if (n->command != PEER_VERSION)
		return false;
	peer_put(&b, bad.kind == VERSIONS + 1 ? 1 : 0, 2);
	peer_put(&b, bad.kind == VERSIONS + 2 ? 9 : 0, 2);
	if (bad.kind < VERSIONS)
		peer_put_bytes(&b, versions[bad.kind], strlen(versions[bad.kind]) + 1);
	else
		peer_put_bytes(&b, "{}", bad.kind == VERSIONS ? 2 : 3);
	peer_server_reply(s, n, b.at, b.len);
	return true;
}

/* Refused or done without: and what comes next works. */
static void
senseless_versions_do_no_harm(void **state)
{
	struct fixture *f = *state;

	for (bad.kind = 0; bad.kind < VERSIONS + 3; bad.kind++) {
		for (unsigned int share = 0; share < 2; share++) {
			f->share = share;
			peer_server_start(&f->server, script_version);
			if (client_open(f) == 0) {
				/* Another major, a higher minor, no object: no agreement. */
				assert_true(bad.kind > 4 && bad.kind < VERSIONS);
				assert_int_equal(f->dev->ops->read(f->dev, 2, 0, 1),
						 peer_server_byte(2, 0));
			}
			end(f);
		}
	}
}

static bool
script_info(struct peer_server *s, const struct peer_note *n)
{
	static const uint32_t infos[][3] = {
		/* flags, regions, interrupt types */
		{3, 0, 0},   {3, 9, 0},  {3, 0xffffffff, 0xffffffff},
		{1, 9, 5},   {0, 9, 5},  {3, 7, 5},
		{3, 101, 5}, {3, 9, 51}, {3, 9, 2},
	};
	struct peer_bytes b = {.len = 0};

	if (n->command != PEER_GET_INFO)
		return false;
	peer_put(&b, 16, 4);
	for (unsigned int i = 0; i < 3; i++)
		peer_put(&b, infos[bad.kind][i], 4);
	peer_server_reply(s, n, b.at, b.len);
	return true;
}

static void
what_is_no_pci_device_is_refused(void **state)
{
	struct fixture *f = *state;

	for (bad.kind = 0; bad.kind < 9; bad.kind++) {
		peer_server_start(&f->server, script_info);
		if (client_open(f) == 0 && bad.kind != 6 && bad.kind != 7)
			fail_msg("kind %u was taken", bad.kind);
		end(f);
	}
}

/* Regions whose capabilities lead anywhere. */
static bool
script_region(struct peer_server *s, const struct peer_note *n)
{
	struct peer_bytes b = {.len = 0};
	int zero = open("/dev/zero", O_RDWR | O_CLOEXEC);
	uint32_t next = 0, areas = 1, offset = 32, argsz = 64;
	uint64_t at = 0xa000, size = 0x2000;

	if (n->command != PEER_GET_REGION_INFO || peer_get(n->at, 8, 4) != 0) {
		close(zero);
		return false;
	}
	if (bad.kind == 0)
		next = 32; /* a circle */
	else if (bad.kind == 1)
		areas = 0xffffffff;
	else if (bad.kind == 2)
		offset = 0xfffffff0;
	else if (bad.kind == 3)
		offset = 63;
	else if (bad.kind == 4)
		at = UINT64_MAX - 0xfff;
	else if (bad.kind == 5)
		size = UINT64_MAX;
	else if (bad.kind == 6)
		argsz = 0xffffffff;
	else if (bad.kind == 7)
		at = 1, size = 3;
	else if (bad.kind == 8)
		next = 0x7fffffff;
	else if (bad.kind == 9)
		offset = 0;
	peer_put(&b, argsz, 4);
	peer_put(&b, 0xf, 4);
	peer_put(&b, 0, 4);
	peer_put(&b, offset, 4);
	peer_put(&b, bad.kind == 10 ? UINT64_MAX : PEER_SERVER_BAR, 8);
	peer_put(&b, bad.kind == 11 ? UINT64_MAX - 5 : 0, 8);
	peer_put(&b, 1, 2);
	peer_put(&b, 1, 2);
	peer_put(&b, next, 4);
	peer_put(&b, areas, 4);
	peer_put(&b, 0, 4);
	peer_put(&b, at, 8);
	peer_put(&b, size, 8);
	if (peer_get(n->at, 0, 4) < 64)
		b.len = 32;
	peer_server_send(s, n->id, n->command, PEER_REPLY, b.at, b.len, &zero, b.len > 32);
	close(zero);
	return true;
}

static void
regions_that_cannot_be_do_no_harm(void **state)
{
	struct fixture *f = *state;

	for (bad.kind = 0; bad.kind < 13; bad.kind++) {
		for (unsigned int share = 0; share < 2; share++) {
			f->share = share;
			peer_server_start(&f->server, script_region);
			if (client_open(f) == 0) {
				assert_int_equal(f->dev->ops->read(f->dev, 2, 0, 1),
						 peer_server_byte(2, 0));
				f->dev->ops->read(f->dev, 0, 0xa000, 4);
			}
			end(f);
		}
	}
}

static bool
script_vectors(struct peer_server *s, const struct peer_note *n)
{
	struct peer_bytes b = {.len = 0};

	if (n->command != PEER_GET_IRQ_INFO)
		return false;
	peer_put(&b, 16, 4);
	peer_put(&b, 1, 4);
	peer_put(&b, peer_get(n->at, 8, 4), 4);
	peer_put(&b, 0xffffffff, 4);
	peer_server_reply(s, n, b.at, b.len);
	return true;
}

/* MSI-X has 2048 at most. */
static void
vectors_beyond_msix_are_not_believed(void **state)
{
	struct fixture *f = *state;

	peer_server_start(&f->server, script_vectors);
	if (client_open(f) == 0)
		assert_in_range(vfu_client_vectors(f->client), 0, 2048);
	end(f);
}

/* ---- What it asks for ---- */

static void
ask(struct fixture *f, uint16_t command, uint64_t address, uint64_t count, size_t data)
{
	struct peer_bytes b = {.len = 0};
	struct peer_note n;
	unsigned int before = peer_server_count(&f->server, command);

	peer_put(&b, address, 8);
	peer_put(&b, count, 8);
	while (data-- > 0)
		peer_put(&b, 0x55, 1);
	peer_server_send(&f->server, 0x4000, command, PEER_COMMAND, b.at, b.len, NULL, 0);
	for (unsigned int wait = 0; wait < ANSWER_MS; wait++) {
		f->dev->ops->step(f->dev, wait * UINT64_C(10000000));
		if (vfu_client_lost(f->client) || peer_server_count(&f->server, command) > before)
			break;
		poll(NULL, 0, 1);
	}
	if (vfu_client_lost(f->client))
		return;
	if (!peer_server_saw(&f->server, command, before, &n))
		fail_msg("command %u is not answered", command);
	assert_int_equal(n.id, 0x4000);
	assert_int_equal(n.flags, PEER_REPLY | PEER_ERROR);
	assert_int_equal(n.len, 0);
}

static void
memory_it_may_not_have_is_refused(void **state)
{
	static const uint64_t wrong[][3] = {
		/* address, count, bytes of data in a write */
		{TEST_HOST_IOVA - 8, 8, 8},
		{TEST_HOST_IOVA - 4, 8, 8},
		{TEST_HOST_IOVA + HOST_BYTES, 1, 1},
		{TEST_HOST_IOVA + HOST_BYTES - 4, 8, 8},
		{TEST_HOST_IOVA, UINT64_MAX, 8},
		{TEST_HOST_IOVA, UINT64_C(1) << 40, 8},
		{UINT64_MAX - 3, 8, 8},
		{0, 4, 4},
		{TEST_HOST_IOVA, 16, 8},
		{TEST_HOST_IOVA, 8, 16},
		{TEST_HOST_IOVA, 0x100001, 0},
	};
	struct fixture *f = *state;

	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		for (unsigned int write = 0; write < 2; write++) {
			if (!write && wrong[i][1] <= 16 && wrong[i][0] == TEST_HOST_IOVA)
				continue;
			peer_server_start(&f->server, NULL);
			assert_int_equal(client_open(f), 0);
			assert_int_equal(vfu_client_dma_map(f->client, TEST_HOST_IOVA, HOST_BYTES,
							    -1, 0, BUS_PROT_READ | BUS_PROT_WRITE),
					 0);
			ask(f, write ? PEER_DMA_WRITE : PEER_DMA_READ, wrong[i][0], wrong[i][1],
			    write ? wrong[i][2] : 0);
			end(f);
		}
	}
}

static void
commands_clients_do_not_know_are_refused(void **state)
{
	static const uint16_t commands[] = {
		0, PEER_VERSION, PEER_GET_INFO, PEER_REGION_READ, PEER_FEATURE, 0x5301, 0xffff};
	struct fixture *f = *state;

	for (unsigned int i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		peer_server_start(&f->server, NULL);
		assert_int_equal(client_open(f), 0);
		ask(f, commands[i], 0, 8, 8);
		end(f);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(senseless_versions_do_no_harm),
		TEST(what_is_no_pci_device_is_refused),
		TEST(regions_that_cannot_be_do_no_harm),
		TEST(vectors_beyond_msix_are_not_believed),
		TEST(memory_it_may_not_have_is_refused),
		TEST(commands_clients_do_not_know_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
