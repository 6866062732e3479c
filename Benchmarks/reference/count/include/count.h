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

#endif
