// What Swift has no word for: hints to the processor, which change nothing but how long something takes.
#pragma once

// Brings a line of memory near that is looked at soon; nobody waits for it. Any address may be asked for, also one that is gone.
static inline void chint_near(const void *memory) {
    __builtin_prefetch(memory);
}
