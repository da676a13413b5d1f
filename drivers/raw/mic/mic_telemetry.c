/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include <rte_common.h>
#include <rte_cycles.h>

#include "dpdk_compat.h"
#include "mic_boot.h"
#include "mic_priv.h"
#include "mic_smpt.h"
#include "mic_state.h"
#include "mic_telemetry.h"

#define LIST "/slipway/mic/list"

/* How often whoever hides a device looks whether all answers about it are given. */
#define LOOK_US 1000

/* The devices, by raw device id. Requests come from threads of telemetry's. The lock is not held
 * while a card is asked, which one that hangs makes last for seconds.
 */
static rte_spinlock_t lock = RTE_SPINLOCK_INITIALIZER;
static struct {
	struct mic *mic;
	unsigned int users; /* answers about it that are under way */
} shown[RTE_RAWDEV_MAX_DEVS];

void
mic_telemetry_show(struct mic *mic)
{
	rte_spinlock_lock(&lock);
	shown[mic->raw->dev_id].mic = mic;
	rte_spinlock_unlock(&lock);
}

static bool
is_used(unsigned int id)
{
	bool used;

	rte_spinlock_lock(&lock);
	used = shown[id].users != 0;
	rte_spinlock_unlock(&lock);
	return used;
}

void
mic_telemetry_hide(struct mic *mic)
{
	rte_spinlock_lock(&lock);
	shown[mic->raw->dev_id].mic = NULL;
	rte_spinlock_unlock(&lock);
	while (is_used(mic->raw->dev_id))
		rte_delay_us_sleep(LOOK_US);
}

static struct mic *
take(unsigned long id)
{
	struct mic *mic = NULL;

	rte_spinlock_lock(&lock);
	if (id < RTE_DIM(shown))
		mic = shown[id].mic;
	if (mic != NULL)
		shown[id].users++;
	rte_spinlock_unlock(&lock);
	return mic;
}

static void
put(unsigned long id)
{
	rte_spinlock_lock(&lock);
	shown[id].users--;
	rte_spinlock_unlock(&lock);
}

/* Fill in an answer; the device stays as it is meanwhile. */
typedef void add_fn(struct mic *mic, struct rte_tel_data *answer);

static int
answer_one(const char *cmd, const char *params, add_fn *add, struct rte_tel_data *answer)
{
	const char *text = params != NULL ? params : "";
	struct mic *mic;
	unsigned long id;
	char *end;

	errno = 0;
	id = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end != '\0' || errno != 0) {
		MIC_LOG(ERR, cmd, "parameters \"%s\": accepted: ID", text);
		return -EINVAL;
	}
	mic = take(id);
	if (mic == NULL) {
		MIC_LOG(ERR, cmd, "device %lu: not one of ours; accepted: those of " LIST, id);
		return -ENODEV;
	}
	rte_tel_data_start_dict(answer);
	add(mic, answer);
	put(id);
	return 0;
}

/* ---- Answers ---- */

static void
add_info(struct mic *mic, struct rte_tel_data *answer)
{
	static const char *const at[] = {"pci", "model", "vfu", "card"};
	static const char *const eras[] = {"a", "c", "d"};

	rte_tel_data_add_dict_string(answer, "name", mic->name);
	rte_tel_data_add_dict_string(answer, "at", at[mic->args.at]);
	rte_tel_data_add_dict_string(answer, "path", mic->args.path);
	rte_tel_data_add_dict_string(answer, "card", mic->args.card);
	rte_tel_data_add_dict_string(answer, "family", mic_family_name(mic->device_id));
	rte_tel_data_add_dict_string(answer, "stepping", mic_stepping_name(mic->revision));
	rte_tel_data_add_dict_string(answer, "era", eras[mic->conf.era]);
	rte_tel_data_add_dict_int(answer, "device_id", mic->device_id);
	rte_tel_data_add_dict_int(answer, "time_scale", (int)mic->args.time_scale);
	compat_tel_add_dict_uint(answer, "aperture_size", mic_dev_aperture_size(mic->dev));
}

static void
add_state(struct mic *mic, struct rte_tel_data *answer)
{
	struct rte_pmd_mic_status s;

	mic_fill_status(mic, &s);
	rte_tel_data_add_dict_string(answer, "state", s.state_text);
	rte_tel_data_add_dict_string(answer, "shutdown_status", s.shutdown_text);
	rte_tel_data_add_dict_string(answer, "post_code", s.post_code);
	rte_tel_data_add_dict_int(answer, "ready", s.ready);
	rte_tel_data_add_dict_int(answer, "image_loaded", s.image_loaded);
	compat_tel_add_dict_uint(answer, "boots", s.boots);
	compat_tel_add_dict_uint(answer, "resets", s.resets);
	compat_tel_add_dict_uint(answer, "reset_failures", s.reset_failures);
	compat_tel_add_dict_uint(answer, "crashes", s.crashes);
	compat_tel_add_dict_uint(answer, "restarts", s.restarts);
	compat_tel_add_dict_uint(answer, "restarts_refused", s.restarts_refused);
}

static void
add_smpt(struct mic *mic, struct rte_tel_data *answer)
{
	struct mic_dev_stats s;

	mic_dev_stats(mic->dev, &s);
	compat_tel_add_dict_uint(answer, "entries", MIC_SMPT_ENTRIES);
	compat_tel_add_dict_uint(answer, "entries_used", s.smpt_entries_used);
	compat_tel_add_dict_uint(answer, "ref_bytes", s.smpt_ref_bytes);
	compat_tel_add_dict_uint(answer, "maps", s.smpt_maps);
	compat_tel_add_dict_uint(answer, "unmaps", s.smpt_unmaps);
	compat_tel_add_dict_uint(answer, "refused", s.smpt_failed);
}

/* ---- Commands ---- */

static int
answer_list(const char *cmd, const char *params, struct rte_tel_data *answer)
{
	unsigned int i;
	char id[8];

	RTE_SET_USED(cmd);
	RTE_SET_USED(params);
	rte_tel_data_start_dict(answer);
	rte_spinlock_lock(&lock);
	for (i = 0; i < RTE_DIM(shown); i++) {
		if (shown[i].mic == NULL)
			continue;
		snprintf(id, sizeof(id), "%u", i);
		rte_tel_data_add_dict_string(answer, id, shown[i].mic->name);
	}
	rte_spinlock_unlock(&lock);
	return 0;
}

static int
answer_info(const char *cmd, const char *params, struct rte_tel_data *answer)
{
	return answer_one(cmd, params, add_info, answer);
}

static int
answer_state(const char *cmd, const char *params, struct rte_tel_data *answer)
{
	return answer_one(cmd, params, add_state, answer);
}

static int
answer_smpt(const char *cmd, const char *params, struct rte_tel_data *answer)
{
	return answer_one(cmd, params, add_smpt, answer);
}

RTE_INIT(mic_telemetry_register)
{
	rte_telemetry_register_cmd(LIST, answer_list, "Devices of raw_mic. Takes no parameters");
	rte_telemetry_register_cmd("/slipway/mic/info", answer_info,
				   "A card. Parameters: int raw device id");
	rte_telemetry_register_cmd("/slipway/mic/state", answer_state,
				   "How a card is. Parameters: int raw device id");
	rte_telemetry_register_cmd(
		"/slipway/mic/smpt", answer_smpt,
		"Host memory that a card reaches. Parameters: int raw device id");
}
