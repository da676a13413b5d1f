/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_DLB_FLR_H
#define SLIPWAY_DLB_FLR_H

#include "dlb_priv.h"

/**
 * Reset the function behind a device by its configuration space, datasheet section 1.4: whatever a
 * program left in it before is gone. Configuration space is afterwards as it was, but for errors
 * recorded there, which are cleared, and PASID, which is off. The device may take some more time
 * until its registers answer. Control path, one thread at a time.
 *
 * @return 0, or a negative errno after one log line
 */
int dlb_flr(struct dlb *dlb);

#endif /* SLIPWAY_DLB_FLR_H */
