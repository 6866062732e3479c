// A disk that forgets: see power_cut.c.
#pragma once

/// Begins to keep account of the files directly in `folder`, which must be empty. From then on their bytes and names are durable
/// only once they were synced. At the `cut_at`th change or sync the power is cut: what survived is written to `shadow`, and the
/// process ends with code 9. `seed` decides what of the unsynced survived. A `lying` disk answers syncs and does nothing.
void power_cut_begin(const char *folder, const char *shadow, long cut_at, unsigned seed, int lying);
