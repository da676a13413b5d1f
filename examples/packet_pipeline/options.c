/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline.h"

static const char help[] =
	"NAME\n"
	"       packet_pipeline - forward packets by route through an event device\n"
	"\n"
	"SYNOPSIS\n"
	"       packet_pipeline [EAL options] -- [--routes FILE] [--stages LIST] [options]\n"
	"\n"
	"DESCRIPTION\n"
	"       Receives from every Ethernet port that EAL is given, takes each packet\n"
	"       through the stages of an event device, and sends it. IPv4 and IPv6 packets\n"
	"       go to the port of the longest matching route, with new Ethernet addresses\n"
	"       (destination 02:00:00:00:00:PORT, source the port's own), a time to live or\n"
	"       hop limit one smaller, and the IPv4 header checksum to match. All others go\n"
	"       to the default port unchanged: what is not IP, a header that does not bear\n"
	"       inspection, a time to live or hop limit of 1 or 0, and what has no route.\n"
	"\n"
	"       The first stage looks up the route. The first atomic stage counts packets\n"
	"       and bytes of each flow and watches their order. The last stage rewrites.\n"
	"       A flow is a pair of source and destination address; packets that have none\n"
	"       are one flow for each input port. Packets of a flow leave in the order in\n"
	"       which they came, unless a stage is parallel. None is dropped: when a port or\n"
	"       the device is full, the ports are polled less.\n"
	"\n"
	"       The main lcore receives and sends; the others are workers. A device that\n"
	"       needs a service takes EAL's service lcore, or else the main lcore.\n"
	"\n"
	"OPTIONS\n"
	"       --stages LIST      schedule types of 1 to 8 stages: atomic, ordered, parallel,\n"
	"                          or a, o, p, with commas between; default atomic,ordered\n"
	"       --workers N        worker lcores, 1 to 60; default all but the main one\n"
	"       --routes FILE      lines of PREFIX PORT, such as 10.0.0.0/8 1 or\n"
	"                          2001:db8::/32 0; '#' begins a comment; default no routes\n"
	"       --default-port N   port of what is not routed; default 0\n"
	"       --burst N          packets and events at a time, 1 to 128; default 32\n"
	"       --event-dev NAME   the event device, e.g. event_dlb0; default the first\n"
	"       --idle-exit MS     end when nothing came in for so long, 1 to 3600000, and all\n"
	"                          is out; default never\n"
	"       --expect N         end when N packets came in and are out; an end with fewer\n"
	"                          is a failure\n"
	"       --help             this text\n"
	"\n"
	"       SIGINT and SIGTERM end the program when all that came in is out; a second one\n"
	"       ends it at once.\n"
	"\n"
	"EXIT STATUS\n"
	"       0  done; nothing lost, nothing out of order\n"
	"       1  a failure at run time, or fewer packets than expected\n"
	"       2  an option, a route or a port that is not accepted\n"
	"       3  the event device cannot do what was asked\n"
	"\n"
	"EXAMPLE\n"
	"       packet_pipeline --no-pci --no-huge -m 512 --lcores '(0-2)@(0-1)' \\\n"
	"           --vdev=event_sw0 \\\n"
	"           --vdev=net_pcap0,rx_pcap=in.pcap,tx_pcap=out0.pcap \\\n"
	"           --vdev=net_pcap1,tx_pcap=out1.pcap \\\n"
	"           -- --routes routes.txt --stages a,o --idle-exit 500\n";

static const struct {
	const char *name;
	uint8_t schedule;
} schedules[] = {
	{"atomic", RTE_SCHED_TYPE_ATOMIC},
	{"ordered", RTE_SCHED_TYPE_ORDERED},
	{"parallel", RTE_SCHED_TYPE_PARALLEL},
};

static const struct option long_options[] = {
	{"stages", required_argument, NULL, 's'},
	{"workers", required_argument, NULL, 'w'},
	{"routes", required_argument, NULL, 'r'},
	{"default-port", required_argument, NULL, 'd'},
	{"burst", required_argument, NULL, 'b'},
	{"event-dev", required_argument, NULL, 'e'},
	{"idle-exit", required_argument, NULL, 'i'},
	{"expect", required_argument, NULL, 'x'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

const char *
schedule_name(uint8_t schedule)
{
	unsigned int i;

	for (i = 0; i < RTE_DIM(schedules) - 1; i++)
		if (schedules[i].schedule == schedule)
			break;
	return schedules[i].name;
}

/* --help as the first word, before EAL, which would answer with its own. */
bool
options_help_wanted(int argc, char **argv)
{
	if (argc < 2 || (strcmp(argv[1], "--help") != 0 && strcmp(argv[1], "-h") != 0))
		return false;
	fputs(help, stdout);
	return true;
}

static int
number_parse(const char *name, const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	if (*text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && *value >= min &&
	    *value <= max)
		return 0;
	complain("--%s %s: accepted are %" PRIu64 " to %" PRIu64, name, text, min, max);
	return -EINVAL;
}

static int
small_parse(const char *name, const char *text, unsigned int min, unsigned int max,
	    unsigned int *value)
{
	uint64_t number;

	if (number_parse(name, text, min, max, &number) < 0)
		return -EINVAL;
	*value = number;
	return 0;
}

/* One word of the stage list: a schedule type's name or its first letter. */
static int
stage_parse(struct options *options, const char *word, size_t length)
{
	unsigned int i;

	if (options->nb_stages == PIPELINE_MAX_STAGES) {
		complain("--stages: accepted are 1 to %u stages", PIPELINE_MAX_STAGES);
		return -EINVAL;
	}
	for (i = 0; i < RTE_DIM(schedules); i++) {
		if (strncmp(word, schedules[i].name, length) != 0 ||
		    (length != 1 && length != strlen(schedules[i].name)))
			continue;
		options->stages[options->nb_stages++].schedule = schedules[i].schedule;
		return 0;
	}
	complain(
		"--stages: '%.*s': accepted are atomic, ordered, parallel, or a, o, p, with commas "
		"between",
		(int)length, word);
	return -EINVAL;
}

static int
stages_parse(struct options *options, const char *list)
{
	size_t length;
	int ret;

	options->nb_stages = 0;
	for (;;) {
		length = strcspn(list, ",");
		ret = stage_parse(options, list, length);
		if (ret < 0 || list[length] == '\0')
			return ret;
		list += length + 1;
	}
}

/* Which stage does what: look up in the first, count in the first atomic, rewrite in the last. */
static void
work_assign(struct options *options)
{
	unsigned int i;

	for (i = 0; i < options->nb_stages; i++)
		options->stages[i].work = 0;
	options->stages[0].work |= WORK_LOOKUP;
	options->stages[options->nb_stages - 1].work |= WORK_REWRITE;
	for (i = 0; i < options->nb_stages; i++) {
		if (options->stages[i].schedule != RTE_SCHED_TYPE_ATOMIC)
			continue;
		options->stages[i].work |= WORK_STATE;
		return;
	}
}

static int
option_parse(struct options *options, int option, const char *value)
{
	switch (option) {
	case 's':
		return stages_parse(options, value);
	case 'w':
		return small_parse("workers", value, 1, PIPELINE_MAX_WORKERS, &options->nb_workers);
	case 'r':
		options->routes = value;
		return 0;
	case 'd':
		return small_parse("default-port", value, 0, PIPELINE_MAX_PORTS - 1,
				   &options->default_port);
	case 'b':
		return small_parse("burst", value, 1, PIPELINE_MAX_BURST, &options->burst);
	case 'e':
		options->event_dev = value;
		return 0;
	case 'i':
		return small_parse("idle-exit", value, 1, 3600000, &options->idle_exit_ms);
	case 'x':
		return number_parse("expect", value, 1, INT64_MAX, &options->expect);
	default:
		complain("see --help for the options");
		return -EINVAL;
	}
}

int
options_parse(struct options *options, int argc, char **argv)
{
	int option;

	*options = (struct options){.burst = 32};
	stages_parse(options, "atomic,ordered");
	while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
		if (option == 'h') {
			fputs(help, stdout);
			return 1;
		}
		if (option_parse(options, option, optarg) < 0)
			return -EINVAL;
	}
	if (optind < argc) {
		complain("'%s': there are no arguments, only options; see --help", argv[optind]);
		return -EINVAL;
	}
	work_assign(options);
	return 0;
}
