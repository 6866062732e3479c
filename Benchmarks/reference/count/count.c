#define _GNU_SOURCE
#include "count.h"

#include <signal.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/user.h>
#include <sys/wait.h>
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

static long follow(void (*work)(void *), void *context, enum __ptrace_request request) {
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
#endif
        }
        count++;
    }
}

long count_instructions(void (*work)(void *), void *context) { return follow(work, context, PTRACE_SINGLESTEP); }

// Stopping itself takes a few: those of an empty piece of work are taken off.
static void nothing(void *context) { (void)context; }

long count_system_calls(void (*work)(void *), void *context) {
    long all = follow(work, context, PTRACE_SYSCALL), own = follow(nothing, NULL, PTRACE_SYSCALL);
    return all < 0 || own < 0 ? -1 : all - own;
}
