/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

/* Images that are wrong, truncated, too large, or not there. Each is refused with one line before
 * the card is touched, and a good one boots afterwards.
 */

static struct rte_pmd_mic_firmware
good(void)
{
	return (struct rte_pmd_mic_firmware){
		.version = 1,
		.image = image(),
		.image_size = IMAGE_BYTES,
		.mode = RTE_PMD_MIC_BOOT_LINUX,
	};
}

static void
expect_refused(const struct rte_pmd_mic_firmware *f, const char *names)
{
	log_begin();
	assert_int_equal(rte_rawdev_firmware_load(dev.id, (void *)(uintptr_t)f), -EINVAL);
	expect_said(names);
	assert_int_equal(status(dev.id).image_loaded, 0);
	expect_state(dev.id, RTE_PMD_MIC_READY);
}

static void
bad_images_are_refused_with_one_line(void)
{
	uint64_t memory = attr(dev.id, "aperture_size"), at = attr(dev.id, "boot_addr");
	char cmdline[3000], words[64];
	struct rte_pmd_mic_firmware f = good();

	f.version = 2;
	expect_refused(&f, "structure of version 2; accepted: 1");
	f = good();
	f.mode = 3;
	expect_refused(&f, "mode 3; accepted: 0..2");
	f = good();
	f.image_size = 0;
	expect_refused(&f, "image of 0 bytes");
	f = good();
	f.image = NULL;
	expect_refused(&f, "image of 0 bytes");
	/* The bytes are not looked at. */
	f = good();
	f.image_size = memory - at + 1;
	snprintf(words, sizeof(words), "accepted: 1..%llu", (unsigned long long)(memory - at));
	expect_refused(&f, words);
	f = good();
	f.image_size = UINT64_MAX;
	expect_refused(&f, words);
	f = good();
	f.image_size = 0x21f;
	expect_refused(&f, "HdrS");
	f = good();
	f.mode = RTE_PMD_MIC_BOOT_ELF;
	expect_refused(&f, "header of a Linux kernel");
	f = good();
	f.ramdisk = image();
	f.ramdisk_size = memory;
	expect_refused(&f, "ramdisk of ");
	memset(cmdline, 'x', sizeof(cmdline));
	cmdline[sizeof(cmdline) - 1] = '\0';
	f = good();
	f.cmdline = cmdline;
	expect_refused(&f, "command line of 2999 bytes");
	boot(dev.id);
}

static void
null_is_no_image(void)
{
	log_begin();
	assert_int_equal(rte_rawdev_firmware_load(dev.id, NULL), -EINVAL);
	free(log_end());
	boot(dev.id);
}

static void
an_image_in_parts_boots(void)
{
	static uint8_t disk[5000];
	struct rte_pmd_mic_firmware f = good();
	uint8_t *there;

	memset(disk, 0x5a, sizeof(disk));
	f.ramdisk = disk;
	f.ramdisk_size = sizeof(disk);
	f.cmdline = "quiet hello=world";
	assert_int_equal(rte_rawdev_firmware_load(dev.id, &f), 0);
	there = pmd.aperture(dev.id, 2 * attr(dev.id, "boot_addr"), sizeof(disk));
	assert_non_null(there);
	assert_memory_equal(there, disk, sizeof(disk));
	there = pmd.aperture(dev.id, attr(dev.id, "boot_addr") + IMAGE_BYTES, 2048);
	assert_non_null(strstr((char *)there, "M quiet hello=world"));
	assert_int_equal(attr(dev.id, "fw_size"), IMAGE_BYTES);
	assert_int_equal(rte_rawdev_start(dev.id), 0);
	wait_up(dev.id);
}

/* What another program did to the card's memory meanwhile, the bootstrap finds. */
static void
a_card_that_refuses_its_image_is_noticed(void)
{
	struct rte_pmd_mic_status s;
	uint8_t *there;
	char *said;

	assert_int_equal(load(dev.id), 0);
	there = pmd.aperture(dev.id, attr(dev.id, "boot_addr") + IMAGE_BYTES, 8);
	memcpy(there, " nonsens", 8);
	log_begin();
	assert_int_equal(rte_rawdev_start(dev.id), 0);
	wait_state(dev.id, RTE_PMD_MIC_SHUTTING_DOWN);
	said = log_end();
	assert_int_equal(lines_with(said, "refuses the image: POST code nA"), 1);
	free(said);
	s = status(dev.id);
	assert_string_equal(s.post_code, "nA");
	assert_int_equal(s.shutdown, RTE_PMD_MIC_CRASHED);
	assert_int_equal(rte_rawdev_reset(dev.id), 0);
	boot(dev.id);
}

/* ---- Files ---- */

static char directory[64];

static void
make_file(char path[128], const char *name, const void *bytes, size_t len)
{
	FILE *f;

	snprintf(path, 128, "%s/%s", directory, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(bytes, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

static void
expect_file_refused(const char *path, const char *ramdisk, const char *names)
{
	char *said;

	log_begin();
	assert_true(pmd.load_files(dev.id, path, ramdisk, NULL, RTE_PMD_MIC_BOOT_LINUX) < 0);
	said = log_end();
	if (lines_with(said, names) != 1)
		fail_msg("no \"%s\" in: %s", names, said);
	free(said);
	assert_int_equal(status(dev.id).image_loaded, 0);
}

static void
remove_all(void)
{
	char command[96];

	snprintf(command, sizeof(command), "rm -rf %s", directory);
	assert_int_equal(system(command), 0);
}

static void
files_are_read_or_refused(void)
{
	char good_file[128], empty[128], cut[128], missing[128];

	strcpy(directory, "/tmp/mic-image-XXXXXX");
	assert_non_null(mkdtemp(directory));
	make_file(good_file, "bzImage", image(), IMAGE_BYTES);
	make_file(empty, "empty", "", 0);
	make_file(cut, "cut", image(), 0x205);
	snprintf(missing, sizeof(missing), "%s/missing", directory);
	expect_file_refused(missing, NULL, "No such file");
	expect_file_refused(directory, NULL, "no regular file");
	expect_file_refused(empty, NULL, "it is empty");
	expect_file_refused(cut, NULL, "HdrS");
	expect_file_refused("", NULL, "no image is named");
	expect_file_refused(good_file, missing, "ramdisk");
	expect_file_refused("/dev/zero", NULL, "no regular file");
	assert_int_equal(pmd.load_files(dev.id, good_file, cut, "x=1", RTE_PMD_MIC_BOOT_LINUX), 0);
	assert_int_equal(rte_rawdev_start(dev.id), 0);
	wait_up(dev.id);
	remove_all();
}

static void
make_sparse(char path[128], const char *name, off_t size)
{
	make_file(path, name, image(), IMAGE_BYTES);
	assert_int_equal(truncate(path, size), 0);
}

/* A file that has no bytes on disk takes long to be read all the same, and memory. */
static void
files_that_are_too_large_are_not_read(void)
{
	off_t most = (off_t)attr(dev.id, "aperture_size");
	char large[128], good_file[128], words[64];
	struct rusage before, after;

	strcpy(directory, "/tmp/mic-image-XXXXXX");
	assert_non_null(mkdtemp(directory));
	make_file(good_file, "bzImage", image(), IMAGE_BYTES);
	getrusage(RUSAGE_SELF, &before);
	make_sparse(large, "image", most + (1 << 30));
	snprintf(words, sizeof(words), "image of %llu bytes; accepted: 1..",
		 (unsigned long long)most + (1 << 30));
	expect_file_refused(large, NULL, words);
	make_sparse(large, "disk", most);
	expect_file_refused(good_file, large, "ramdisk of ");
	/* Not by its size alone. */
	make_file(large, "other", "", 0);
	assert_int_equal(truncate(large, most / 2), 0);
	expect_file_refused(large, NULL, "HdrS");
	/* Nor is an image for a card that takes none. */
	boot(dev.id);
	make_sparse(large, "image", most / 2);
	expect_file_refused(large, NULL, "load in state ");
	getrusage(RUSAGE_SELF, &after);
	/* Pages of it would be counted. */
	assert_in_range(after.ru_minflt - before.ru_minflt, 0, most / 4096 / 16);
	remove_all();
}

static const struct test_case cases[] = {
	TEST_CASE(bad_images_are_refused_with_one_line),
	TEST_CASE(null_is_no_image),
	TEST_CASE(an_image_in_parts_boots),
	TEST_CASE(a_card_that_refuses_its_image_is_noticed),
	TEST_CASE(files_are_read_or_refused),
	TEST_CASE(files_that_are_too_large_are_not_read),
};

TEST_GROUP(image, cases);
