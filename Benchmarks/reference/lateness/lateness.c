// How late a bare timerfd loop wakes for the slots of an absolute grid, when each tick keeps it busy for a share of the period.
//
// Usage: lateness-reference --hz N --load SHARE --ticks N
// Prints `ready` when it begins and, after so many ticks, a line for each, `SLOT LATENESS` in nanoseconds, and `end`.
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

struct note { uint64_t slot, lateness; };

static void die(const char *what) {
    fprintf(stderr, "lateness-reference: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

// The slot after an instant; at once if that has passed already.
static void arm(int timer, uint64_t period, uint64_t after) {
    uint64_t slot = (after / period + 1) * period;
    struct itimerspec when = {
        .it_value = {.tv_sec = (time_t)(slot / 1000000000u), .tv_nsec = (long)(slot % 1000000000u)}};
    if (timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL) != 0) die("timerfd_settime");
}

int main(int count, char **words) {
    double hz = 20, load = 0.8;
    size_t tick_count = 100, noted = 0;
    for (int i = 1; i + 1 < count; i += 2) {
        if (strcmp(words[i], "--hz") == 0) hz = atof(words[i + 1]);
        if (strcmp(words[i], "--load") == 0) load = atof(words[i + 1]);
        if (strcmp(words[i], "--ticks") == 0) tick_count = strtoull(words[i + 1], NULL, 10);
    }
    if (hz < 0.001 || load < 0 || load > 1 || tick_count < 1) {
        fprintf(stderr, "usage: lateness-reference --hz N --load SHARE --ticks N\n");
        return 2;
    }
    struct note *notes = calloc(tick_count, sizeof *notes);
    int events = epoll_create1(EPOLL_CLOEXEC), timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (!notes || events < 0 || timer < 0) die("a loop");
    struct epoll_event event = {.events = EPOLLIN, .data.fd = timer};
    if (epoll_ctl(events, EPOLL_CTL_ADD, timer, &event) != 0) die("epoll_ctl");
    const char *lifeline = getenv("SWITCHBACK_LIFELINE");
    int life = lifeline ? atoi(lifeline) : -1;
    event.data.fd = life;
    if (life >= 0 && epoll_ctl(events, EPOLL_CTL_ADD, life, &event) != 0) die("epoll_ctl");
    printf("ready\n");
    fflush(stdout);
    uint64_t period = (uint64_t)(1e9 / hz + 0.5);
    arm(timer, period, now());
    for (;;) {
        struct epoll_event ready[2];
        int ready_count = epoll_wait(events, ready, 2, -1);
        if (ready_count < 0 && errno != EINTR) die("epoll_wait");
        for (int i = 0; i < ready_count; i++) {
            uint64_t fired;
            if (ready[i].data.fd == life) return 0;
            if (read(timer, &fired, sizeof fired) != sizeof fired) continue;
            uint64_t begun = now(), busy_until = begun + (uint64_t)((double)period * load);
            while (now() < busy_until) {}
            // Like a back: from when the tick began, so that one that took too long does not cost the next its slot.
            arm(timer, period, begun);
            if (noted == tick_count) continue;
            notes[noted++] = (struct note){begun / period, begun % period};
            if (noted < tick_count) continue;
            for (size_t j = 0; j < noted; j++)
                printf("%llu %llu\n", (unsigned long long)notes[j].slot, (unsigned long long)notes[j].lateness);
            printf("end\n");
            fflush(stdout);
        }
    }
}
