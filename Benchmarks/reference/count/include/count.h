// Counts the machine instructions of a piece of work, without the help of hardware counters: a copy of the process runs it one
// instruction at a time.
#ifndef SWITCHBACK_COUNT_H
#define SWITCHBACK_COUNT_H

/// Runs `work(context)` in a copy of this process, stepping through it. Answers the number of instructions outside the kernel (a
/// repeated string instruction counts once), or -1 if it could not be stepped or did not come to its end. What the work changes
/// is changed in the copy alone.
long count_instructions(void (*work)(void *), void *context);

/// The same for system calls: how many of them the work makes.
long count_system_calls(void (*work)(void *), void *context);

/// The same for calls: how often the work comes to one of these places, the first instructions of functions. -1 also where
/// places cannot be told.
long count_calls(void (*work)(void *), void *context, const void *const *places, int place_count);

/// How many system calls a thread of a child of this process makes in so many nanoseconds; it has to make some. It is stopped at
/// each, so more of its work may come together than would otherwise. -1 if it may not be watched, or ended.
long count_system_calls_of(int thread, long nanoseconds);

#endif
