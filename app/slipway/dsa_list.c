/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * slipway dsa list: what is found is put together as JSON, and shown as that or as a table.
 */
#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "ask.h"
#include "dirs.h"
#include "dsa.h"
#include "models.h"
#include "slipway.h"

#define PCI_DEVICES "/sys/bus/pci/devices"

/* ---- Files of the kernel's ---- */

/* A line of a file, without its end; "" when there is none. */
static const char *
attribute(const char *directory, const char *device, const char *name, char *buf, size_t len)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s/%s", directory, device, name);
	buf[0] = '\0';
	file = fopen(path, "re");
	if (file == NULL)
		return buf;
	if (fgets(buf, (int)len, file) == NULL)
		buf[0] = '\0';
	fclose(file);
	buf[strcspn(buf, "\n")] = '\0';
	return buf;
}

static void
set(json_t *object, const char *directory, const char *device, const char *name)
{
	char text[256], *end;
	long long number;

	attribute(directory, device, name, text, sizeof(text));
	if (text[0] == '\0')
		return;
	number = strtoll(text, &end, 10);
	json_object_set_new(object, name, *end == '\0' ? json_integer(number) : json_string(text));
}

/* ---- Names in a directory ---- */

struct names {
	char (*name)[NAME_MAX + 1];
	size_t count;
};

static int
by_version(const void *a, const void *b)
{
	return strverscmp(a, b);
}

/* One by one: scandir would pass by what slipway run shows in place of a directory. */
static void
names_read(struct names *names, const char *directory)
{
	DIR *dir = opendir(directory);
	struct dirent *entry;
	void *more;

	*names = (struct names){0};
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		more = realloc(names->name, (names->count + 1) * sizeof(names->name[0]));
		if (more == NULL)
			break;
		names->name = more;
		strcpy(names->name[names->count++], entry->d_name);
	}
	if (dir != NULL)
		closedir(dir);
	if (names->count > 0)
		qsort(names->name, names->count, sizeof(names->name[0]), by_version);
}

/* ---- The kernel's ---- */

static json_t *
kernel_wqs(const char *directory, const struct names *list, unsigned int device)
{
	static const char *const names[] = {"state",     "mode",  "size",  "threshold", "group_id",
					    "priority",  "type",  "name",  "driver_name",
					    "occupancy", "clients"};
	json_t *wqs = json_array();
	unsigned int d, q;
	int end = 0;

	for (size_t i = 0; i < list->count; i++) {
		const char *name = list->name[i];
		json_t *wq;

		if (sscanf(name, "wq%u.%u%n", &d, &q, &end) != 2 || name[end] != '\0' ||
		    d != device)
			continue;
		wq = json_pack("{s:i}", "wq", (int)q);
		for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++)
			set(wq, directory, name, names[n]);
		json_array_append_new(wqs, wq);
	}
	return wqs;
}

static void
find_kernel(json_t *all)
{
	static const char *const names[] = {"version", "state", "pasid_enabled", "numa_node"};
	struct names list;
	unsigned int device;
	int end = 0;

	names_read(&list, DSA_BUS "/devices");
	for (size_t i = 0; i < list.count; i++) {
		const char *name = list.name[i];
		json_t *one;

		if (sscanf(name, "dsa%u%n", &device, &end) != 1 || name[end] != '\0')
			continue;
		one = json_pack("{s:s, s:s}", "name", name, "at", "kernel");
		for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++)
			set(one, DSA_BUS "/devices", name, names[n]);
		json_object_set_new(one, "wqs",
				    kernel_wqs(DSA_BUS "/devices", &list, device));
		json_array_append_new(all, one);
	}
	free(list.name);
}

/* ---- Served ones ---- */

static bool
is_control(const char *name)
{
	size_t len = strlen(name);

	return len > strlen(".ctl") && strcmp(name + len - strlen(".ctl"), ".ctl") == 0;
}

static void
find_served(json_t *all)
{
	struct names list;
	struct dirs dirs;

	if (dirs_find(&dirs) < 0)
		return;
	names_read(&list, dirs.base);
	for (size_t i = 0; i < list.count; i++) {
		char path[PATH_MAX];
		const char *device;
		json_t *stats;
		int ret;

		if (!is_control(list.name[i]))
			continue;
		snprintf(path, sizeof(path), "%s/%s", dirs.base, list.name[i]);
		stats = ask(path, "stats\n", true, &ret);
		device = json_string_value(json_object_get(stats, "device"));
		if (device != NULL && strcmp(device, "dsa") == 0) {
			list.name[i][strlen(list.name[i]) - strlen(".ctl")] = '\0';
			json_object_set_new(stats, "name", json_string(list.name[i]));
			json_object_set_new(stats, "at", json_string("served"));
			json_array_append(all, stats);
		}
		json_decref(stats);
	}
	free(list.name);
}

/* ---- On the PCI bus ---- */

static void
find_pci(json_t *all)
{
	char vendor[32], id[32], driver[PATH_MAX], path[PATH_MAX];
	const char *devices = getenv("SYSFS_PCI_DEVICES");
	const struct model *model;
	unsigned int version;
	struct names list;
	ssize_t n;

	devices = devices == NULL ? PCI_DEVICES : devices;
	names_read(&list, devices);
	for (size_t i = 0; i < list.count; i++) {
		const char *name = list.name[i];
		unsigned int pci_id =
			(unsigned int)strtoul(attribute(devices, name, "vendor", vendor, 32), NULL,
					      16) << 16 |
			(unsigned int)strtoul(attribute(devices, name, "device", id, 32), NULL, 16);

		if (model_of_id(pci_id, &model, &version) &&
		    strcmp(model->name, "dsa") == 0) {
			snprintf(path, sizeof(path), "%s/%s/driver", devices, name);
			n = readlink(path, driver, sizeof(driver) - 1);
			driver[n > 0 ? n : 0] = '\0';
			json_array_append_new(
				all, json_pack("{s:s, s:s, s:s}", "name", name, "at", "pci",
					       "driver",
					       n > 0 && strrchr(driver, '/') != NULL
						       ? strrchr(driver, '/') + 1
						       : "none"));
		}
	}
	free(list.name);
}

/* ---- For people ---- */

static const char *
word(json_t *object, const char *name, char buf[32])
{
	json_t *value = json_object_get(object, name);

	if (json_is_integer(value)) {
		snprintf(buf, 32, "%lld", (long long)json_integer_value(value));
		return buf;
	}
	return json_is_string(value) ? json_string_value(value) : "-";
}

static void
print_wq(json_t *wq)
{
	char buf[8][32];

	printf("  wq %-3s %-9s %-10s size %-5s threshold %-5s priority %-3s occupancy %-5s "
	       "clients %s",
	       word(wq, "wq", buf[0]), word(wq, "state", buf[1]), word(wq, "mode", buf[2]),
	       word(wq, "size", buf[3]), word(wq, "threshold", buf[4]),
	       word(wq, "priority", buf[5]), word(wq, "occupancy", buf[6]),
	       word(wq, "clients", buf[7]));
	if (json_object_get(wq, "name") != NULL)
		printf(" %s %s", word(wq, "type", buf[0]), word(wq, "name", buf[1]));
	putchar('\n');
}

static void
print_device(json_t *one)
{
	char buf[4][32];
	json_t *wq;
	size_t i;

	if (strcmp(word(one, "at", buf[0]), "pci") == 0) {
		printf("%s: on the PCI bus, driver %s\n", word(one, "name", buf[1]),
		       word(one, "driver", buf[2]));
		return;
	}
	printf("%s: %s, version %s, %s\n", word(one, "name", buf[0]),
	       strcmp(word(one, "at", buf[1]), "served") == 0 ? "served here" : "of the kernel",
	       word(one, "version", buf[2]), word(one, "state", buf[3]));
	json_array_foreach(json_object_get(one, "wqs"), i, wq)
	{
		print_wq(wq);
	}
}

int
dsa_list(int argc, char **argv)
{
	static const struct option names[] = {
		{"json", no_argument, NULL, 'j'},
		{0},
	};
	bool as_json = false;
	json_t *all, *one;
	size_t i;
	int opt;

	while ((opt = getopt_long(argc, argv, ":", names, NULL)) != -1) {
		if (opt != 'j')
			return refuse_option("dsa", argv, opt);
		as_json = true;
	}
	if (optind != argc) {
		complain("dsa list: '%s': accepted is --json", argv[optind]);
		return EXIT_USAGE;
	}
	all = json_array();
	find_kernel(all);
	find_served(all);
	find_pci(all);
	if (json_array_size(all) == 0)
		complain("dsa list: no DSA is here: of the kernel's, served, on the PCI bus");
	if (as_json) {
		json_dumpf(all, stdout, JSON_INDENT(1));
		putchar('\n');
	} else {
		json_array_foreach(all, i, one)
		{
			print_device(one);
		}
	}
	opt = json_array_size(all) == 0 ? EXIT_FAILED : EXIT_DONE;
	json_decref(all);
	return opt;
}
