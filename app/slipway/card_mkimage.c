/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * slipway card mkimage: an image that virtual cards boot, a ramdisk, a System.map.
 */
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "card.h"
#include "card_image.h"
#include "cards.h"
#include "slipway.h"

#define BUILD_MAX 48
#define MODE      0644

struct options {
	uint64_t size, ramdisk_size;
	const char *ramdisk, *map, *build;
};

/* ---- Arguments ---- */

/* "64K", "1M". */
static int
parse_size(const char *option, const char *value, uint64_t min, uint64_t *size)
{
	unsigned long long n;
	unsigned int shift = 0;
	char *end;

	errno = 0;
	n = strtoull(value, &end, 10);
	if (*end != '\0' && strchr("kKmM", *end) != NULL)
		shift = toupper((unsigned char)*end++) == 'K' ? 10 : 20;
	if (isdigit((unsigned char)value[0]) && *end == '\0' && errno == 0 &&
	    n <= CARD_IMAGE_MAX >> shift && n << shift >= min &&
	    (n << shift) % CARD_IMAGE_STEP == 0) {
		*size = n << shift;
		return 0;
	}
	complain("card: mkimage: %s %s: accepted are %llu to %u bytes, a multiple of %u, also as "
		 "in 512K and 4M",
		 option, value, (unsigned long long)min, CARD_IMAGE_MAX, CARD_IMAGE_STEP);
	return EXIT_USAGE;
}

static int
take_build(struct options *o, const char *value)
{
	for (const char *c = value; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~' || c - value >= BUILD_MAX) {
			complain("card: mkimage: --build %s: accepted are up to %d visible "
				 "characters",
				 value, BUILD_MAX);
			return EXIT_USAGE;
		}
	o->build = value;
	return 0;
}

static int
take_option(void *arg, int opt, const char *value)
{
	struct options *o = arg;

	switch (opt) {
	case 's':
		return parse_size("--size", value, CARD_IMAGE_MIN, &o->size);
	case 'r':
		o->ramdisk = value;
		return 0;
	case 'R':
		return parse_size("--ramdisk-size", value, CARD_RAMDISK_MIN, &o->ramdisk_size);
	case 'm':
		o->map = value;
		return 0;
	default:
		return take_build(o, value);
	}
}

/* ---- Files ---- */

/* As a whole or not at all: under another name first. */
static int
write_file(const char *path, const void *bytes, size_t len)
{
	char new[PATH_MAX];
	int fd, ret = 0, n = snprintf(new, sizeof(new), "%s.XXXXXX", path);
	const uint8_t *p = bytes;
	ssize_t done;

	fd = n >= (int)sizeof(new) ? -1 : mkstemp(new);
	if (n >= (int)sizeof(new))
		errno = ENAMETOOLONG;
	if (fd < 0) {
		complain("card: %s: %s", path, strerror(errno));
		return -EIO;
	}
	for (; ret == 0 && len > 0; p += done, len -= (size_t)done) {
		done = write(fd, p, len);
		ret = done < 0 ? -errno : done == 0 ? -ENOSPC : 0;
		done = done < 0 ? 0 : done;
	}
	if (ret == 0 && (fchmod(fd, MODE) < 0 || fsync(fd) < 0))
		ret = -errno;
	close(fd);
	if (ret == 0 && rename(new, path) < 0)
		ret = -errno;
	if (ret == 0)
		return 0;
	complain("card: %s: %s", path, strerror(-ret));
	unlink(new);
	return ret;
}

static int
make(const char *path, uint64_t size, int (*fill)(void *bytes, size_t size, const char *build),
     const char *build)
{
	void *bytes = malloc(size);
	int ret;

	if (bytes == NULL) {
		complain("card: %s: no memory for %llu bytes", path, (unsigned long long)size);
		return -ENOMEM;
	}
	ret = fill(bytes, size, build);
	if (ret == 0)
		ret = write_file(path, bytes, size);
	free(bytes);
	return ret;
}

static int
fill_ramdisk(void *bytes, size_t size, const char *build)
{
	(void)build;
	return card_ramdisk_write(bytes, size);
}

/* When it was made tells one from another. */
static void
usual_build(char text[BUILD_MAX + 1])
{
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(text, BUILD_MAX + 1, SLIPWAY_VERSION "-%Y%m%dT%H%M%SZ", &tm);
}

int
card_image_make(const char *path)
{
	char build[BUILD_MAX + 1];

	usual_build(build);
	return make(path, CARD_IMAGE_DEFAULT, card_image_write, build);
}

int
card_map_make(const char *path)
{
	return write_file(path, card_system_map(), strlen(card_system_map()));
}

int
card_mkimage(int argc, char **argv)
{
	static const struct option options[] = {
		{"size", required_argument, NULL, 's'},
		{"ramdisk", required_argument, NULL, 'r'},
		{"ramdisk-size", required_argument, NULL, 'R'},
		{"map", required_argument, NULL, 'm'},
		{"build", required_argument, NULL, 'b'},
		{0},
	};
	struct options o = {.size = CARD_IMAGE_DEFAULT, .ramdisk_size = CARD_IMAGE_DEFAULT};
	char build[BUILD_MAX + 1];
	int status = card_arguments(argc, argv, options, take_option, &o, 1, 1);

	if (status != 0)
		return status < 0 ? EXIT_DONE : status;
	usual_build(build);
	if (o.build == NULL)
		o.build = build;
	if (make(argv[optind], o.size, card_image_write, o.build) < 0 ||
	    (o.ramdisk != NULL && make(o.ramdisk, o.ramdisk_size, fill_ramdisk, NULL) < 0) ||
	    (o.map != NULL && card_map_make(o.map) < 0))
		return EXIT_FAILED;
	printf("%s: image of %llu bytes, %s%s\n", argv[optind], (unsigned long long)o.size,
	       CARD_IMAGE_NAME, o.build);
	return EXIT_DONE;
}
