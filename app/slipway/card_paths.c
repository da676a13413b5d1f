/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cards.h"
#include "dirs.h"
#include "slipway.h"

/* The longest name in a card's directory. */
#define LONGEST "owner.lock"

static bool
name_accepted(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > CARD_NAME_MAX || !isalpha((unsigned char)name[0]))
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && name[i] != '_' && name[i] != '-')
			return false;
	return true;
}

int
card_config_directory(char *path, size_t len)
{
	const char *own = getenv("SLIPWAY_CONFIG_DIR"), *xdg = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME"), *from = "HOME";
	int n;

	if (own != NULL && own[0] != '\0') {
		from = "SLIPWAY_CONFIG_DIR";
		n = snprintf(path, len, "%s", own);
	} else if (geteuid() == 0) {
		n = snprintf(path, len, "/etc/slipway");
	} else if (xdg != NULL && xdg[0] != '\0') {
		from = "XDG_CONFIG_HOME";
		n = snprintf(path, len, "%s/slipway", xdg);
	} else {
		n = snprintf(path, len, "%s/.config/slipway", home != NULL ? home : "");
	}
	if (path[0] == '/' && n + CARD_NAME_MAX + 32 < PATH_MAX)
		return 0;
	complain("card: %s: accepted is an absolute path of a directory for settings", from);
	return -EINVAL;
}

int
card_paths_find(const char *name, struct card_paths *paths)
{
	char config[PATH_MAX - CARD_NAME_MAX - 32];
	struct dirs dirs;

	if (!name_accepted(name)) {
		complain("card: '%s' is no name of a card: accepted are up to %d letters, digits, "
			 "_ and -, a letter first",
			 name, CARD_NAME_MAX);
		return EXIT_USAGE;
	}
	if (dirs_find(&dirs) < 0 || card_config_directory(config, sizeof(config)) < 0)
		return EXIT_FAILED;
	if (strlen(dirs.base) + strlen("/cards//" LONGEST) + strlen(name) >= CARD_SOCKET_MAX) {
		complain("card: %s: sockets below %s would have paths of more than %d characters; "
			 "set %s to a shorter one",
			 name, dirs.base, CARD_SOCKET_MAX - 1, dirs.from);
		return EXIT_FAILED;
	}
#define PATH(member, file) \
	snprintf(paths->member, sizeof(paths->member), "%s/cards/%s%s", dirs.base, name, file)
	snprintf(paths->name, sizeof(paths->name), "%.24s", name);
	PATH(directory, "");
	PATH(socket, "/card");
	PATH(control, "/card.ctl");
	PATH(pid, "/pid");
	PATH(log, "/log");
	PATH(owner_lock, "/owner.lock");
	PATH(owner_control, "/owner.ctl");
#undef PATH
	snprintf(paths->settings, sizeof(paths->settings), "%s/cards/%s.conf", config, name);
	snprintf(paths->image, sizeof(paths->image), "%s/cards/%s.img", config, name);
	snprintf(paths->map, sizeof(paths->map), "%s/cards/%s.map", config, name);
	return 0;
}

int
card_make_above(const char *file)
{
	char part[PATH_MAX];
	int ret;

	for (size_t i = 1; file[i] != '\0'; i++) {
		if (file[i] != '/')
			continue;
		snprintf(part, sizeof(part), "%.*s", (int)i, file);
		ret = mkdir(part, 0700) < 0 ? -errno : 0;
		/* Some file systems refuse before they look whether it is there. */
		if (ret < 0 && access(part, F_OK) < 0) {
			complain("card: %s: %s", part, strerror(-ret));
			return ret;
		}
	}
	return 0;
}

int
card_paths_make(const struct card_paths *paths)
{
	struct dirs dirs;
	int ret = dirs_find(&dirs);

	if (ret == 0)
		ret = dirs_make(&dirs);
	return ret < 0 ? ret : card_make_above(paths->socket);
}
