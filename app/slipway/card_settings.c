/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Settings of cards: lines "key = value". A file is replaced as a whole, never changed.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cards.h"
#include "slipway.h"

/* Larger than a file with every key at its longest. */
#define FILE_MAX 32768

#define MEMORY_MIN     32u
#define MEMORY_MAX     16384u
#define MEMORY_DEFAULT 256u
#define SCALE_MAX      1000u
/* The bootstrap takes 10 s on silicon: 1 s is long enough to watch and short enough to wait for. */
#define SCALE_DEFAULT 10u

static const char *const revisions[] = {"A0", "B0", "B1", "C0"};

#define REVISIONS (sizeof(revisions) / sizeof(revisions[0]))

void
card_settings_default(struct card_settings *s)
{
	*s = (struct card_settings){
		.memory = MEMORY_DEFAULT,
		.era = 'a',
		.time_scale = SCALE_DEFAULT,
		.revision = "C0",
		.restart = true,
	};
}

/* ---- Values ---- */

static int
refuse(const char *where, const char *key, const char *value, const char *accepted)
{
	complain("card: %s: %s = %s: accepted: %s", where, key, value, accepted);
	return -EINVAL;
}

static int
parse_number(const char *value, unsigned int min, unsigned int max, unsigned int *number)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(value, &end, 10);
	if (!isdigit((unsigned char)value[0]) || *end != '\0' || errno != 0 || n < min || n > max)
		return -EINVAL;
	*number = (unsigned int)n;
	return 0;
}

static int
set_memory(struct card_settings *s, const char *key, const char *value, const char *where)
{
	unsigned int n;

	if (parse_number(value, MEMORY_MIN, MEMORY_MAX, &n) < 0 || (n & (n - 1)) != 0)
		return refuse(where, key, value, "a power of two from 32 to 16384, in MiB");
	s->memory = n;
	return 0;
}

static int
set_era(struct card_settings *s, const char *key, const char *value, const char *where)
{
	int era = tolower((unsigned char)value[0]);

	if (era == '\0' || value[1] != '\0' || strchr("acd", era) == NULL)
		return refuse(where, key, value, "a, c and d");
	s->era = (char)era;
	return 0;
}

static int
set_scale(struct card_settings *s, const char *key, const char *value, const char *where)
{
	return parse_number(value, 1, SCALE_MAX, &s->time_scale) < 0
		       ? refuse(where, key, value, "1 to 1000")
		       : 0;
}

static int
set_revision(struct card_settings *s, const char *key, const char *value, const char *where)
{
	for (size_t i = 0; i < REVISIONS; i++)
		if (strcasecmp(value, revisions[i]) == 0) {
			strcpy(s->revision, revisions[i]);
			return 0;
		}
	return refuse(where, key, value, "A0, B0, B1 and C0");
}

static int
set_restart(struct card_settings *s, const char *key, const char *value, const char *where)
{
	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
		return refuse(where, key, value, "yes and no");
	s->restart = value[0] == 'y';
	return 0;
}

/* A process finds it wherever it was started. */
static int
set_path(char path[PATH_MAX], const char *key, const char *value, const char *where)
{
	char given[PATH_MAX];

	if (value[0] != '\0' && value[0] != '/')
		return refuse(where, key, value, "an absolute path, or nothing");
	if (strlen(value) >= PATH_MAX)
		return refuse(where, key, "...", "up to 4095 characters");
	/* `value` may be the one that is set. */
	strcpy(given, value);
	strcpy(path, given);
	return 0;
}

static int
set_image(struct card_settings *s, const char *key, const char *value, const char *where)
{
	return set_path(s->image, key, value, where);
}

static int
set_ramdisk(struct card_settings *s, const char *key, const char *value, const char *where)
{
	return set_path(s->ramdisk, key, value, where);
}

static int
set_cmdline(struct card_settings *s, const char *key, const char *value, const char *where)
{
	if (strlen(value) > CARD_CMDLINE_MAX)
		return refuse(where, key, "...", "up to 2035 characters");
	strcpy(s->cmdline, value);
	return 0;
}

int
card_cpus_parse(const char *text, cpu_set_t *set)
{
	unsigned long first, last;
	char *end;

	CPU_ZERO(set);
	for (; *text != '\0'; text = *end == ',' ? end + 1 : end) {
		if (!isdigit((unsigned char)*text))
			return -EINVAL;
		first = last = strtoul(text, &end, 10);
		if (*end == '-') {
			if (!isdigit((unsigned char)end[1]))
				return -EINVAL;
			last = strtoul(end + 1, &end, 10);
		}
		if (last < first || last >= CPU_SETSIZE || (*end != '\0' && *end != ','))
			return -EINVAL;
		for (; first <= last; first++)
			CPU_SET(first, set);
	}
	return 0;
}

static int
set_cpu(struct card_settings *s, const char *key, const char *value, const char *where)
{
	cpu_set_t set;

	if (strlen(value) >= sizeof(s->cpu) || card_cpus_parse(value, &set) < 0)
		return refuse(where, key, value, "CPUs as in 1 or 0-1,3, or nothing");
	strcpy(s->cpu, value);
	return 0;
}

/* ---- Keys ---- */

static const struct {
	const char *name;
	int (*set)(struct card_settings *s, const char *key, const char *value, const char *where);
	const char *meaning;
} keys[] = {
	{"memory", set_memory, "MiB of card memory: a power of two, 32 to 16384"},
	{"era", set_era, "protocol of the card OS: a, c or d"},
	{"image", set_image, "what boot loads; if nothing, the .img beside this file"},
	{"ramdisk", set_ramdisk, "what it loads besides, if anything"},
	{"cmdline", set_cmdline, "command line of the card OS"},
	{"restart", set_restart, "boot again when the card asks for a restart: yes or no"},
	{"time_scale", set_scale, "so many times faster than the silicon's waits, 1 to 1000"},
	{"revision", set_revision, "stepping: A0, B0, B1 or C0"},
	{"cpu", set_cpu, "CPUs of the card's process, as in 1 or 0-1,3; any if nothing"},
};

#define KEYS (sizeof(keys) / sizeof(keys[0]))

static void
key_names(char *buf, size_t len)
{
	size_t at = 0;

	for (size_t i = 0; i < KEYS && at < len; i++)
		at += (size_t)snprintf(buf + at, len - at, "%s%s",
				       i == 0         ? ""
				       : i + 1 < KEYS ? ", "
						      : " and ",
				       keys[i].name);
}

static bool
is_printable(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return false;
	return true;
}

int
card_settings_set(struct card_settings *s, const char *key, const char *value, const char *where)
{
	char names[128];

	/* Messages show both. */
	if (!is_printable(key) || !is_printable(value)) {
		complain("card: %s: %s: a %s is of printable characters", where,
			 is_printable(key) ? key : "?", is_printable(key) ? "value" : "key");
		return -EINVAL;
	}
	for (size_t i = 0; i < KEYS; i++)
		if (strcmp(key, keys[i].name) == 0)
			return keys[i].set(s, key, value, where);
	key_names(names, sizeof(names));
	complain("card: %s: '%s' is no key: accepted are %s", where, key, names);
	return -EINVAL;
}

const char *
card_settings_get(const struct card_settings *s, size_t n, const char **key, char *buf, size_t len)
{
	const char era[] = {s->era, '\0'};
	const char *const texts[KEYS] = {NULL,       era,         s->image,
					 s->ramdisk, s->cmdline,  s->restart ? "yes" : "no",
					 NULL,       s->revision, s->cpu};

	if (n >= KEYS)
		return NULL;
	*key = keys[n].name;
	if (texts[n] != NULL)
		snprintf(buf, len, "%s", texts[n]);
	else
		snprintf(buf, len, "%u", n == 0 ? s->memory : s->time_scale);
	return buf;
}

/* ---- Reading ---- */

static char *
trim(char *text)
{
	size_t len;

	while (isspace((unsigned char)*text))
		text++;
	len = strlen(text);
	while (len > 0 && isspace((unsigned char)text[len - 1]))
		text[--len] = '\0';
	return text;
}

static int
read_line(struct card_settings *s, char *line, const char *where)
{
	char *equals;

	line = trim(line);
	if (line[0] == '\0' || line[0] == '#')
		return 0;
	equals = strchr(line, '=');
	if (equals == NULL) {
		complain("card: %s: a line is 'key = value', or begins with #", where);
		return -EINVAL;
	}
	*equals = '\0';
	return card_settings_set(s, trim(line), trim(equals + 1), where);
}

/* Every line has its end: one that was cut off could say something else. */
static int
read_lines(struct card_settings *s, char *text, size_t len, const char *path)
{
	char where[PATH_MAX + 16];
	unsigned int number = 1;
	char *end;

	if (len == 0 || text[len - 1] != '\n' || memchr(text, '\0', len) != NULL) {
		complain("card: %s: the file is %s: was it written only in part?", path,
			 len == 0 ? "empty" : "cut off");
		return -EINVAL;
	}
	for (; *text != '\0'; text = end + 1, number++) {
		end = strchr(text, '\n');
		*end = '\0';
		snprintf(where, sizeof(where), "%s:%u", path, number);
		if (read_line(s, text, where) < 0)
			return -EINVAL;
	}
	return 0;
}

/* Bytes of a file, ended by 0; -EFBIG when there are more. */
static ssize_t
read_file(const char *path, char buf[FILE_MAX])
{
	size_t at = 0;
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), ret;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, buf + at, FILE_MAX - at)) > 0)
		at += (size_t)n;
	ret = n < 0 ? -errno : at == FILE_MAX ? -EFBIG : 0;
	close(fd);
	buf[at < FILE_MAX ? at : 0] = '\0';
	return ret < 0 ? ret : (ssize_t)at;
}

int
card_settings_load(const struct card_paths *paths, struct card_settings *s)
{
	char text[FILE_MAX];
	ssize_t n = read_file(paths->settings, text);

	card_settings_default(s);
	if (n == -ENOENT) {
		complain("card: %s: there is no such card; slipway card list shows those there are",
			 paths->name);
		return EXIT_NO_CARD;
	}
	if (n < 0) {
		complain("card: %s: %s", paths->settings, strerror((int)-n));
		return EXIT_FAILED;
	}
	return read_lines(s, text, (size_t)n, paths->settings) < 0 ? EXIT_FAILED : 0;
}

/* ---- Writing ---- */

static bool
print_all(FILE *file, const struct card_settings *s, const char *name)
{
	const char *key, *value;
	char buf[PATH_MAX];

	fprintf(file, "# Card %s; see slipway card --help.\n", name);
	for (size_t i = 0; (value = card_settings_get(s, i, &key, buf, sizeof(buf))) != NULL; i++)
		fprintf(file, "\n# %s\n%s = %s\n", keys[i].meaning, key, value);
	return fflush(file) == 0 && !ferror(file) && fsync(fileno(file)) == 0;
}

static int
write_new(const char *path, const struct card_settings *s, const char *name)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	int ret = 0;

	if (file == NULL) {
		ret = -errno;
		if (fd >= 0)
			close(fd);
		return ret;
	}
	if (!print_all(file, s, name))
		ret = errno != 0 ? -errno : -EIO;
	if (fclose(file) != 0 && ret == 0)
		ret = -errno;
	return ret;
}

int
card_settings_save(const struct card_paths *paths, const struct card_settings *s)
{
	char fresh[PATH_MAX + 16];
	int ret;

	if (card_make_above(paths->settings) < 0)
		return EXIT_FAILED;
	snprintf(fresh, sizeof(fresh), "%s.%d", paths->settings, (int)getpid());
	ret = write_new(fresh, s, paths->name);
	if (ret == 0 && rename(fresh, paths->settings) < 0)
		ret = -errno;
	if (ret == 0)
		return 0;
	unlink(fresh);
	complain("card: %s: %s; what was there is as it was", paths->settings, strerror(-ret));
	return EXIT_FAILED;
}
