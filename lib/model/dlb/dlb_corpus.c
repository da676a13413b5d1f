/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 *
 * Scenes from the life of a DLB, good and bad, played on a device that notes them.
 */
#include "dlb_corpus.h"

#include <stdio.h>

#include "dlb_corpus_scene.h"
#include "dlb_recorder.h"

#define PCI_COMMAND 0x04u
#define PCI_ENABLE  6u
#define WINDOW_BAR  0u
/* No input is longer. */
#define INPUT_MAX   0x10000u

/* ---- Parts of scenes ---- */

static void
wake(struct rig *r)
{
	config16(r, PCI_COMMAND, PCI_ENABLE);
	rig_power_on(r);
	rig_set_dense(r, false);
}

static void
forget(struct rig *r)
{
	r->hist_next = 0;
	memset(r->port, 0, sizeof(r->port));
	memset(r->queue, 0, sizeof(r->queue));
	memset(r->dir_queue, 0, sizeof(r->dir_queue));
}

static void
wrong_commands(struct rig *r, uint32_t port)
{
	for (uint32_t cmd = 0; cmd < 16; cmd++)
		rig_send_one(r, port, rig_hcw(cmd, cmd % 4, cmd * 17, cmd % 8, 0xffff, cmd));
	rig_step(r);
}

/* ---- Scenes ---- */

static void
scene_atomic(struct rig *r)
{
	rig_balance(r, 3, 8, 8, RIG_NOT_ORDERED);
	traffic(r, DLB_ATOMIC, 12);
}

static void
scene_unordered(struct rig *r)
{
	rig_balance(r, 3, 8, 8, RIG_NOT_ORDERED);
	traffic(r, DLB_UNORDERED, 12);
}

static void
scene_ordered(struct rig *r)
{
	rig_balance(r, 3, 8, 8, 0);
	traffic(r, DLB_ORDERED, 12);
}

static void
scene_fragments(struct rig *r)
{
	rig_balance(r, 2, 8, 8, 0);
	for (uint32_t n = 0; n < 4; n++)
		rig_new(r, DLB_ORDERED, 0, 0, n);
	rig_step(r);
	for (uint32_t cmd = DLB_CMD_FRAG; cmd <= DLB_CMD_FRAG_T; cmd++)
		for (uint32_t p = 0; p < 2; p++)
			rig_send_one(r, p, rig_hcw(cmd, DLB_UNORDERED, 0, 0, 0, p));
	rig_send_one(r, 1, rig_hcw(DLB_CMD_FWD_T, DLB_UNORDERED, 0, 0, 0, 9));
	rig_send_one(r, 0, rig_hcw(DLB_CMD_COMP_T, 0, 0, 0, 0, 0));
	rig_step(r);
}

static void
scene_directed(struct rig *r)
{
	rig_balance(r, 0, 8, 8, RIG_NOT_ORDERED);
	directed(r, 1);
	directed(r, r->dir_ports - 1);
	for (uint32_t n = 0; n < 20; n++) {
		rig_new(r, DLB_DIRECTED, n % 2 ? 1 : r->dir_ports - 1, 0, n);
		rig_step(r);
		rig_tokens(r, n % 2 ? RIG_DIR(1) : RIG_DIR(r->dir_ports - 1), 1);
	}
}

static void
scene_full(struct rig *r)
{
	rig_balance(r, 1, 4, 16, RIG_NOT_ORDERED);
	rig_domain(r, 0, 6, 0);
	for (uint32_t n = 0; n < 24; n++)
		rig_new(r, n % 2 ? DLB_ATOMIC : DLB_UNORDERED, 0, 0, n);
	rig_step(r);
}

static void
scene_links(struct rig *r)
{
	rig_balance(r, 2, 8, 8, RIG_NOT_ORDERED);
	rig_ldb_queue(r, 0, 1, rig_queue_plain());
	rig_start(r, 0);
	traffic(r, DLB_ATOMIC, 6);
	rig_map(r, 1, 0, 1, 3);
	rig_new(r, DLB_UNORDERED, 1, 0, 1);
	rig_step(r);
	rig_unmap(r, 0, 1);
	consume(r, 0, false);
	rig_unmap(r, 1, 0);
}

static void
scene_domain_reset(struct rig *r)
{
	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	for (uint32_t n = 0; n < 10; n++)
		rig_new(r, DLB_ATOMIC, 0, n, n);
	rig_step(r);
	rig_domain_reset(r, 0);
}

static void
scene_alarms(struct rig *r)
{
	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	directed(r, 2);
	rig_write(r, DLB_SYS_INGRESS_ALARM_ENBL, 0, 0x3f);
	config16(r, capability(r, 0x11) + 2, 0x8000);
	rig_write(r, DLB_MSIX_VECTOR_CTRL, 0, 0);
	wrong_commands(r, 0);
	wrong_commands(r, RIG_DIR(2));
	wrong_commands(r, 17);
	rig_write(r, DLB_SYS_ALARM_PF_SYND0, 0, UINT32_C(0xc0000000));
	rig_write(r, DLB_SYS_ALARM_HW_SYND, 0, UINT32_C(0xc0000000));
	rig_write(r, DLB_SYS_MSIX_ACK, 0, 1);
	wrong_commands(r, RIG_PRODUCER);
}

static void
scene_msix(struct rig *r)
{
	uint32_t msix = capability(r, 0x11);

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	rig_write(r, DLB_SYS_INGRESS_ALARM_ENBL, 0, 1);
	rig_write(r, DLB_SYS_MSIX_PASSTHRU, 0, 1);
	config16(r, msix + 2, 0xc000);
	for (uint32_t n = 0; n < 4; n++) {
		rig_send_one(r, 0, rig_hcw(0x4, 0, 0, 0, 0, 0));
		rig_step(r);
		rig_write(r, DLB_MSIX_VECTOR_CTRL, 0, n % 2);
		config16(r, msix + 2, n < 2 ? 0x8000 : 0xc000);
		rig_read(r, DLB_MSIX_PBA, 0);
		rig_write(r, DLB_SYS_ALARM_PF_SYND0, 0, UINT32_C(0xc0000000));
	}
	config16(r, msix + 2, 0);
}

static void
scene_function_reset(struct rig *r)
{
	uint32_t ctl = capability(r, 0x10) + 8;

	for (uint32_t n = 0; n < 2; n++) {
		rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
		traffic(r, DLB_ATOMIC, 3);
		rig_new(r, DLB_UNORDERED, 0, 0, 5);
		config16(r, ctl, 0xa910);
		forget(r);
		wake(r);
	}
	r->dev->ops->reset(r->dev, BUS_RESET_FUNCTION);
}

static void
scene_switches(struct rig *r)
{
	uint32_t pm = capability(r, 0x01) + 4;

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	for (uint32_t command = 0; command < 8; command += 2) {
		rig_new(r, DLB_UNORDERED, 0, 0, command);
		config16(r, PCI_COMMAND, command);
		rig_new(r, DLB_UNORDERED, 0, 0, command + 1);
		rig_step(r);
	}
	config16(r, pm, 3);
	rig_new(r, DLB_UNORDERED, 0, 0, 9);
	rig_step(r);
	config16(r, pm, 0);
	rig_write(r, DLB_CM_CFG_PM_PMCSR_DISABLE, 0, 1);
	rig_step(r);
}

static void
scene_header(struct rig *r)
{
	unsigned char all[4096], ones[4] = {0xff, 0xff, 0xff, 0xff};

	r->dev->ops->config(r->dev, 0, all, sizeof(all), false);
	for (uint32_t off = 0; off < 0x40; off += 4)
		r->dev->ops->config(r->dev, (uint16_t)off, ones, sizeof(ones), true);
	for (uint32_t off = 0; off < 0x40; off += 4)
		r->dev->ops->config(r->dev, (uint16_t)off, &all[off], 4, true);
	for (uint32_t off = 0x100; off < 0x180; off += 8)
		r->dev->ops->config(r->dev, (uint16_t)off, ones, sizeof(ones), true);
	config16(r, 0x14e, 0);
}

static void
scene_memory_comes_and_goes(struct rig *r)
{
	rig_balance(r, 2, 8, 8, RIG_NOT_ORDERED);
	traffic(r, DLB_UNORDERED, 4);
	dlb_recorder_map(0, false);
	traffic(r, DLB_UNORDERED, 8);
	dlb_recorder_map(0, true);
	traffic(r, DLB_ATOMIC, 8);
	dlb_recorder_map(1, false);
	rig_new(r, DLB_UNORDERED, 0, 0, 1);
	rig_step(r);
}

static void
scene_host_refuses(struct rig *r)
{
	dlb_recorder_host(FUZZ_HOST_PIECES);
	rig_balance(r, 1, 64, 64, RIG_NOT_ORDERED);
	traffic(r, DLB_UNORDERED, 8);
	dlb_recorder_host(FUZZ_HOST_NO_MAP);
	traffic(r, DLB_UNORDERED, 8);
	dlb_recorder_host(FUZZ_HOST_NO_MAP | FUZZ_HOST_NO_DMA);
	traffic(r, DLB_UNORDERED, 8);
	dlb_recorder_host(0);
	traffic(r, DLB_UNORDERED, 8);
}

static void
scene_dense(struct rig *r)
{
	rig_set_dense(r, true);
	rig_balance(r, 1, 16, 16, RIG_NOT_ORDERED);
	traffic(r, DLB_UNORDERED, 16);
}

static void
scene_priorities(struct rig *r)
{
	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	rig_enable(r, 0, false);
	for (uint32_t n = 0; n < 16; n++)
		rig_send_one(r, RIG_PRODUCER, rig_hcw(DLB_CMD_NEW, n % 2, 0, 7 - n % 8, n, n));
	rig_enable(r, 0, true);
	rig_step(r);
	consume(r, 0, false);
	rig_step(r);
}

static void
scene_single_stores(struct rig *r)
{
	struct dlb_qe hcw = rig_hcw(DLB_CMD_NEW, DLB_UNORDERED, 0, 0, 0, 1);
	uint64_t at = rig_offset(r, DLB_LDB_PP, RIG_PRODUCER);

	rig_balance(r, 1, 8, 8, RIG_NOT_ORDERED);
	for (uint32_t n = 0; n < 6; n++)
		r->dev->ops->post(r->dev, WINDOW_BAR, at + n * DLB_LINE_SIZE, &hcw, sizeof(hcw));
	hcw = rig_hcw(DLB_CMD_BAT_T, 0, 0, 0, 3, 0);
	at = rig_offset(r, DLB_LDB_PP, 0);
	r->dev->ops->post(r->dev, WINDOW_BAR, at, &hcw, sizeof(hcw));
	rig_fence(r, 0);
	rig_step(r);
}

static void
scene_profiling(struct rig *r)
{
	for (uint32_t p = 0; p < 64 + r->dir_ports; p += 7)
		rig_send_one(r, p, rig_hcw(DLB_CMD_COMP_T, 0, 0, 0, 1, 0));
	rig_step(r);
}

/* ---- Files ---- */

static const struct scene {
	const char *name;
	void (*play)(struct rig *r);
} scenes[] = {
	{"atomic", scene_atomic},
	{"unordered", scene_unordered},
	{"ordered", scene_ordered},
	{"fragments", scene_fragments},
	{"directed", scene_directed},
	{"full", scene_full},
	{"links", scene_links},
	{"domain-reset", scene_domain_reset},
	{"alarms", scene_alarms},
	{"msix", scene_msix},
	{"function-reset", scene_function_reset},
	{"switches", scene_switches},
	{"header", scene_header},
	{"memory-comes-and-goes", scene_memory_comes_and_goes},
	{"host-refuses", scene_host_refuses},
	{"dense", scene_dense},
	{"priorities", scene_priorities},
	{"single-stores", scene_single_stores},
	{"profiling", scene_profiling},
	{"interrupts-packed", dlb_scene_interrupts_packed},
	{"interrupts-compressed", dlb_scene_interrupts_compressed},
	{"interrupts-written", dlb_scene_interrupts_written},
	{"watchdogs", dlb_scene_watchdogs},
	{"arbitration", dlb_scene_arbitration},
	{"work-units", dlb_scene_work_units},
	{"monitors", dlb_scene_monitors},
};

static int
notes_write(const char *path, const struct dlb_recorder *notes)
{
	FILE *file = fopen(path, "wb");
	size_t written;

	if (file == NULL)
		return -errno;
	written = fwrite(notes->notes, 1, notes->used, file);
	return fclose(file) == 0 && written == notes->used ? 0 : -EIO;
}

/* Play a scene from power-on, and keep what was noted. */
static int
scene_write(const char *directory, const struct scene *scene, enum dlb_version version)
{
	const struct dlb_recorder *notes;
	struct bus_device *real;
	char path[4096];
	struct rig r;
	int ret = rig_open(&r, version, TEST_HOST_WHOLE);

	if (ret < 0)
		return ret;
	real = r.dev;
	real->ops->reset(real, BUS_RESET_POWER);
	notes = dlb_recorder_begin(real, version, &r.dev);
	wake(&r);
	scene->play(&r);
	r.dev = real;
	rig_close(&r);
	snprintf(path, sizeof(path), "%s/%s-%s", directory, scene->name,
		 version == DLB_V20 ? "2.0" : "2.5");
	return notes_write(path, notes);
}

int
dlb_corpus_write(const char *directory)
{
	int files = 0, ret;

	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
		for (enum dlb_version v = DLB_V20; v <= DLB_V25; v++, files++) {
			ret = scene_write(directory, &scenes[i], v);
			if (ret < 0)
				return ret;
		}
	}
	return files;
}

int
dlb_corpus_run(const uint8_t *bytes, size_t size)
{
	static uint8_t other[INPUT_MAX];
	int ret = LLVMFuzzerTestOneInput(bytes, size);

	if (ret != 0 || size == 0 || size > sizeof(other))
		return ret;
	memcpy(other, bytes, size);
	other[0] ^= FUZZ_OTHER_READINGS;
	return LLVMFuzzerTestOneInput(other, size);
}
