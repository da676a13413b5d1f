/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vfu_version.h"

/* What QEMU 11.1 sends. */
#define QEMU                                                                                    \
	"{\"capabilities\": {\"pgsizes\": 4096, \"max_msg_fds\": 16, \"max_dma_maps\": 65535, " \
	"\"max_data_xfer_size\": 1048576, \"write_multiple\": true, "                           \
	"\"migration\": {\"max_bitmap_size\": 268435456, \"pgsize\": 4096}}}"

static const struct vfu_capabilities ours = {
	.max_msg_fds = 16,
	.max_data_xfer = 1048576,
	.max_dma_maps = 65535,
	.write_multiple = true,
	.share = true,
	.about = "{\"device\":\"dlb\"}",
};

static int
read_text(const char *text, struct vfu_capabilities *caps)
{
	char why[160] = "";
	int ret = vfu_version_read(text, strlen(text) + 1, caps, why);

	/* Who is refused learns why. */
	assert_int_equal(ret == -EINVAL, why[0] != '\0');
	return ret;
}

static void
answers(const char *asked, const char *answer)
{
	struct vfu_capabilities caps;
	char *text;

	assert_int_equal(read_text(asked, &caps), 0);
	text = vfu_version_answer(&caps, &ours);
	assert_string_equal(text, answer);
	free(text);
}

static void
no_text_means_defaults(void **state)
{
	struct vfu_capabilities caps;
	char why[160];

	(void)state;
	assert_int_equal(vfu_version_read("", 0, &caps, why), 0);
	assert_int_equal(caps.max_msg_fds, 1);
	assert_int_equal(caps.max_data_xfer, 1048576);
	assert_int_equal(caps.max_dma_maps, 65535);
	assert_int_equal(caps.pgsizes, 4096);
	assert_false(caps.write_multiple);
	assert_false(caps.slipway);
}

static void
qemu_is_told_no_name_it_does_not_know(void **state)
{
	(void)state;
	answers(QEMU, "{\"capabilities\":{\"max_msg_fds\":16,\"max_data_xfer_size\":1048576,"
		      "\"write_multiple\":true}}");
}

static void
an_answer_grants_no_more_than_was_asked(void **state)
{
	(void)state;
	answers("{\"capabilities\":{}}", "{\"capabilities\":{}}");
	answers("{\"capabilities\":{\"max_data_xfer_size\":4096,\"max_dma_maps\":7}}",
		"{\"capabilities\":{\"max_data_xfer_size\":4096,\"max_dma_maps\":7}}");
	answers("{\"capabilities\":{\"max_data_xfer_size\":67108864}}",
		"{\"capabilities\":{\"max_data_xfer_size\":1048576}}");
}

static void
clients_of_ours_are_told_about_the_device(void **state)
{
	(void)state;
	answers("{\"capabilities\":{\"slipway\":{\"share\":true}}}",
		"{\"capabilities\":{\"slipway\":{\"share\":true,"
		"\"about\":{\"device\":\"dlb\"}}}}");
	answers("{\"capabilities\":{\"slipway\":{}}}",
		"{\"capabilities\":{\"slipway\":{\"share\":false,"
		"\"about\":{\"device\":\"dlb\"}}}}");
}

static void
what_is_wrong_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"{",
		"[]",
		"\"capabilities\"",
		"{\"capabilities\":[]}",
		"{\"capabilities\":{\"max_msg_fds\":\"16\"}}",
		"{\"capabilities\":{\"max_msg_fds\":-1}}",
		"{\"capabilities\":{\"max_msg_fds\":1.5}}",
		"{\"capabilities\":{\"max_data_xfer_size\":4294967296}}",
		"{\"capabilities\":{\"max_dma_maps\":99999999999999999999999}}",
		"{\"capabilities\":{\"pgsizes\":0}}",
		"{\"capabilities\":{\"write_multiple\":1}}",
		"{\"capabilities\":{\"slipway\":true}}",
		"{\"capabilities\":{\"slipway\":{\"share\":\"yes\"}}}",
		"{\"capabilities\":{},\"capabilities\":{}}",
		"{\"capabilities\":{}} {}",
	};
	struct vfu_capabilities caps;

	(void)state;
	for (unsigned int i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(read_text(texts[i], &caps), -EINVAL);
}

static void
a_text_ends_with_its_only_nul(void **state)
{
	struct vfu_capabilities caps;
	char why[160], *large = malloc(5000);

	(void)state;
	assert_int_equal(vfu_version_read("{}", 2, &caps, why), -EINVAL);
	assert_int_equal(vfu_version_read("{} ", 3, &caps, why), -EINVAL);
	assert_int_equal(vfu_version_read("{}\0\0", 4, &caps, why), -EINVAL);
	assert_int_equal(vfu_version_read("{}", 3, &caps, why), 0);
	memset(large, ' ', 5000);
	memcpy(large, "{}", 2);
	large[4095] = '\0';
	assert_int_equal(vfu_version_read(large, 4096, &caps, why), 0);
	large[4095] = ' ';
	large[4096] = '\0';
	assert_int_equal(vfu_version_read(large, 4097, &caps, why), -EINVAL);
	free(large);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_text_means_defaults),
		cmocka_unit_test(qemu_is_told_no_name_it_does_not_know),
		cmocka_unit_test(an_answer_grants_no_more_than_was_asked),
		cmocka_unit_test(clients_of_ours_are_told_about_the_device),
		cmocka_unit_test(what_is_wrong_is_refused),
		cmocka_unit_test(a_text_ends_with_its_only_nul),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
