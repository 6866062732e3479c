#define _GNU_SOURCE
#include "count.h"

#include <signal.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// The copy stops itself before the work and after it.
static pid_t begin(void (*work)(void *), void *context) {
    pid_t child = fork();
    if (child != 0) return child;
    if (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0) _exit(1);
    raise(SIGSTOP);
    work(context);
    raise(SIGSTOP);
    _exit(0);
}

static long end(pid_t child, long answer) {
    int status;
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return answer;
}

// Places make it count how often one of them is come to, and nothing else.
struct places {
    const void *const *list;
    int count;
};

static int is_among(const struct places *places, long place) {
    for (int i = 0; i < places->count; i++)
        if ((long)places->list[i] == place) return 1;
    return 0;
}

static long follow(
    void (*work)(void *), void *context, enum __ptrace_request request, const struct places *places) {
    pid_t child = begin(work, context);
    if (child < 0) return -1;
    int status;
    if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) return end(child, -1);
    // However this process ends, the copy ends with it.
    if (ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_EXITKILL) != 0) return end(child, -1);
    long count = 0, place = 0;
    for (;;) {
        if (ptrace(request, child, 0, 0) != 0 || waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
            return end(child, -1);
        if (WSTOPSIG(status) == SIGSTOP) return end(child, request == PTRACE_SYSCALL ? count / 2 : count);
        if (WSTOPSIG(status) != SIGTRAP) return end(child, -1);
        if (request == PTRACE_SINGLESTEP) {
#if defined(__x86_64__)
            long next = ptrace(PTRACE_PEEKUSER, child, offsetof(struct user_regs_struct, rip), 0);
            if (next == place) continue;
            place = next;
            if (places && !is_among(places, place)) continue;
#else
            if (places) return end(child, -1);
#endif
        }
        count++;
    }
}

long count_instructions(void (*work)(void *), void *context) { return follow(work, context, PTRACE_SINGLESTEP, NULL); }

long count_calls(void (*work)(void *), void *context, const void *const *places, int place_count) {
    struct places wanted = {places, place_count};
    return follow(work, context, PTRACE_SINGLESTEP, &wanted);
}

// Stopping itself takes a few: those of an empty piece of work are taken off.
static void nothing(void *context) { (void)context; }

long count_system_calls(void (*work)(void *), void *context) {
    long all = follow(work, context, PTRACE_SYSCALL, NULL), own = follow(nothing, NULL, PTRACE_SYSCALL, NULL);
    return all < 0 || own < 0 ? -1 : all - own;
}

static long nanoseconds_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000000000L + time.tv_nsec;
}

long count_system_calls_of(int thread, long nanoseconds) {
    if (ptrace(PTRACE_SEIZE, thread, 0, PTRACE_O_TRACESYSGOOD) != 0) return -1;
    ptrace(PTRACE_INTERRUPT, thread, 0, 0);
    long stops = 0, until = nanoseconds_now() + nanoseconds;
    for (;;) {
        int status;
        if (waitpid(thread, &status, __WALL) != thread || !WIFSTOPPED(status)) return -1;
        int signal = WSTOPSIG(status);
        if (signal == (SIGTRAP | 0x80)) stops++;
        // What is no signal of its own is not handed on to it.
        if (signal == (SIGTRAP | 0x80) || status >> 16) signal = 0;
        if (nanoseconds_now() >= until) {
            ptrace(PTRACE_DETACH, thread, 0, signal);
            return stops / 2;
        }
        if (ptrace(PTRACE_SYSCALL, thread, 0, signal) != 0) return -1;
    }
}
