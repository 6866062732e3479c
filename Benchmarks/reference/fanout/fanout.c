// What fan-out costs in plain C: one buffer, made once a tick, written to every client of a bare epoll loop.
//
// It speaks as much of the protocol as the load generator needs (docs/WIRE.md): an upgrade without checks, then one WebSocket
// message a tick with a section of one row and its mark, the same bytes that a front sends. Whatever clients say is read and
// thrown away.
//
// Usage: fanout-reference --hz N --bytes N        prints the address that clients connect to
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { EVENT_LIMIT = 256, READ_BYTES = 64 * 1024, HEAD_BYTES = 64 };

// A client: opening until its request has ended, then waiting until it has said something (its hello), then served.
enum phase { OPENING, GREETED, SERVED };

struct client {
    int descriptor;
    enum phase phase;
    // What of the last message the kernel did not take.
    uint8_t *rest;
    size_t rest_count;
};

static struct client **clients;
static size_t client_count, client_room;
static int events, listener, timer;
static uint8_t reading[READ_BYTES];

static void die(const char *what) {
    fprintf(stderr, "fanout-reference: %s: %s\n", what, strerror(errno));
    exit(1);
}

static size_t put_num(uint8_t *to, uint64_t value) {
    if (value < 0x80) { to[0] = (uint8_t)value; return 1; }
    if (value < 0x4000) { to[0] = 0x80 | (uint8_t)(value >> 8); to[1] = (uint8_t)value; return 2; }
    if (value < 0x200000) {
        to[0] = 0xC0 | (uint8_t)(value >> 16); to[1] = (uint8_t)(value >> 8); to[2] = (uint8_t)value;
        return 3;
    }
    to[0] = 0xE0 | (uint8_t)(value >> 24); to[1] = (uint8_t)(value >> 16);
    to[2] = (uint8_t)(value >> 8); to[3] = (uint8_t)value;
    return 4;
}

static uint64_t mix(uint64_t *state) {
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

// The row's bytes: noise seeded by the slot, then the slot. The load generator makes the same and compares.
static void put_payload(uint8_t *to, size_t byte_count, uint64_t slot) {
    uint64_t state = slot;
    size_t filled = 0;
    while (filled < byte_count - 8) {
        uint64_t word = mix(&state);
        size_t count = byte_count - 8 - filled < 8 ? byte_count - 8 - filled : 8;
        memcpy(to + filled, &word, count);
        filled += count;
    }
    for (int i = 0; i < 8; i++) to[byte_count - 8 + i] = (uint8_t)(slot >> (56 - 8 * i));
}

// One tick as one WebSocket message: header, section frame, mark frame. Answers its length.
static size_t put_message(uint8_t *to, size_t byte_count, uint64_t slot, uint64_t version) {
    static uint8_t section[HEAD_BYTES], mark[HEAD_BYTES];
    size_t head = 0, tail = 0;
    section[head++] = 0x30;
    head += put_num(section + head, 1);
    section[head++] = 0;
    head += put_num(section + head, 0);
    head += put_num(section + head, version);
    section[head++] = 0;
    // Table 0, one row, set, field 0, key 1, bytes.
    const uint8_t patch[] = {0x00, 0x03, 0x01, 0x02, 0xF5};
    memcpy(section + head, patch, sizeof patch);
    head += sizeof patch;
    head += put_num(section + head, byte_count);
    mark[tail++] = 0x31;
    tail += put_num(mark + tail, 1);
    tail += put_num(mark + tail, 0);
    tail += put_num(mark + tail, version);
    tail += put_num(mark + tail, version);

    uint8_t length[8], mark_length[8];
    size_t length_count = put_num(length, head + byte_count), mark_length_count = put_num(mark_length, tail);
    size_t payload = length_count + head + byte_count + mark_length_count + tail, at = 0;
    to[at++] = 0x82;
    if (payload <= 125) {
        to[at++] = (uint8_t)payload;
    } else if (payload <= 0xFFFF) {
        to[at++] = 126; to[at++] = (uint8_t)(payload >> 8); to[at++] = (uint8_t)payload;
    } else {
        to[at++] = 127;
        for (int i = 0; i < 8; i++) to[at++] = (uint8_t)((uint64_t)payload >> (56 - 8 * i));
    }
    memcpy(to + at, length, length_count); at += length_count;
    memcpy(to + at, section, head); at += head;
    put_payload(to + at, byte_count, slot); at += byte_count;
    memcpy(to + at, mark_length, mark_length_count); at += mark_length_count;
    memcpy(to + at, mark, tail); at += tail;
    return at;
}

static void watch(struct client *client, uint32_t what) {
    struct epoll_event event = {.events = what, .data.ptr = client};
    epoll_ctl(events, EPOLL_CTL_MOD, client->descriptor, &event);
}

static void take_clients(void) {
    for (;;) {
        int descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor < 0) return;
        int on = 1, low_water = 16 * 1024;
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        setsockopt(descriptor, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &low_water, sizeof low_water);
        if (client_count == client_room) {
            client_room = client_room ? client_room * 2 : 1024;
            clients = realloc(clients, client_room * sizeof *clients);
            if (!clients) die("realloc");
        }
        struct client *client = calloc(1, sizeof *client);
        if (!client) die("calloc");
        client->descriptor = descriptor;
        clients[client_count++] = client;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
        if (epoll_ctl(events, EPOLL_CTL_ADD, descriptor, &event) != 0) die("epoll_ctl");
    }
}

static void drop(struct client *client) {
    close(client->descriptor);
    for (size_t i = 0; i < client_count; i++) {
        if (clients[i] == client) { clients[i] = clients[--client_count]; break; }
    }
    free(client->rest);
    free(client);
}

// Answers -1 when the client is gone.
static int hear(struct client *client) {
    ssize_t count = recv(client->descriptor, reading, sizeof reading, MSG_DONTWAIT);
    if (count < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
    if (count == 0) return -1;
    switch (client->phase) {
    case OPENING:
        if (count >= 4 && memcmp(reading + count - 4, "\r\n\r\n", 4) == 0) {
            static const char answer[] =
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Protocol: switchback.1\r\n\r\n";
            if (send(client->descriptor, answer, sizeof answer - 1, MSG_NOSIGNAL) < 0) return -1;
            client->phase = GREETED;
        }
        break;
    case GREETED: client->phase = SERVED; break;
    case SERVED: break;
    }
    return 0;
}

static int write_rest(struct client *client) {
    ssize_t sent = send(client->descriptor, client->rest, client->rest_count, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) return errno == EAGAIN ? 0 : -1;
    client->rest_count -= (size_t)sent;
    memmove(client->rest, client->rest + sent, client->rest_count);
    if (client->rest_count == 0) {
        free(client->rest);
        client->rest = NULL;
        watch(client, EPOLLIN);
    }
    return 0;
}

static void fan_out(const uint8_t *message, size_t count) {
    for (size_t i = 0; i < client_count; i++) {
        struct client *client = clients[i];
        // A client that is behind misses this one: the next message makes it whole.
        if (client->phase != SERVED || client->rest) continue;
        ssize_t sent = send(client->descriptor, message, count, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent == (ssize_t)count || (sent < 0 && errno != EAGAIN)) continue;
        size_t taken = sent < 0 ? 0 : (size_t)sent;
        if (taken == 0) continue;
        client->rest_count = count - taken;
        client->rest = malloc(client->rest_count);
        if (!client->rest) die("malloc");
        memcpy(client->rest, message + taken, client->rest_count);
        watch(client, EPOLLIN | EPOLLOUT);
    }
}

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void arm(uint64_t slot) {
    struct itimerspec when = {
        .it_value = {.tv_sec = (time_t)(slot / 1000000000u), .tv_nsec = (long)(slot % 1000000000u)}};
    if (timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL) != 0) die("timerfd_settime");
}

static void listen_anywhere(void) {
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) != 0 || listen(listener, 4096) != 0
        || getsockname(listener, (struct sockaddr *)&address, &length) != 0) die("listen");
    printf("reference: clients connect to 127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
}

static void add(int descriptor, void *mark) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = mark};
    if (epoll_ctl(events, EPOLL_CTL_ADD, descriptor, &event) != 0) die("epoll_ctl");
}

int main(int count, char **words) {
    double hz = 20;
    size_t byte_count = 4096;
    for (int i = 1; i + 1 < count; i += 2) {
        if (strcmp(words[i], "--hz") == 0) hz = atof(words[i + 1]);
        if (strcmp(words[i], "--bytes") == 0) byte_count = strtoull(words[i + 1], NULL, 10);
    }
    if (hz < 0.001 || byte_count < 16) {
        fprintf(stderr, "usage: fanout-reference --hz N --bytes N (at least 16)\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    events = epoll_create1(EPOLL_CLOEXEC);
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (events < 0 || timer < 0) die("epoll");
    listen_anywhere();
    add(listener, &listener);
    add(timer, &timer);
    const char *lifeline = getenv("SWITCHBACK_LIFELINE");
    int life = lifeline ? atoi(lifeline) : -1;
    if (life >= 0) add(life, &life);

    uint8_t *message = malloc(byte_count + 3 * HEAD_BYTES);
    if (!message) die("malloc");
    uint64_t period = (uint64_t)(1e9 / hz + 0.5), version = 0, slot = (now() / period + 1) * period;
    arm(slot);
    for (;;) {
        struct epoll_event ready[EVENT_LIMIT];
        int ready_count = epoll_wait(events, ready, EVENT_LIMIT, -1);
        if (ready_count < 0 && errno != EINTR) die("epoll_wait");
        for (int i = 0; i < ready_count; i++) {
            void *mark = ready[i].data.ptr;
            if (mark == &listener) {
                take_clients();
            } else if (mark == &life) {
                return 0;
            } else if (mark == &timer) {
                uint64_t fired;
                if (read(timer, &fired, sizeof fired) != sizeof fired) continue;
                fan_out(message, put_message(message, byte_count, slot, ++version));
                uint64_t next = (now() / period + 1) * period;
                slot = next;
                arm(slot);
            } else {
                struct client *client = mark;
                int answer = 0;
                if (ready[i].events & EPOLLOUT) answer = write_rest(client);
                if (answer == 0 && ready[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) answer = hear(client);
                if (answer < 0) drop(client);
            }
        }
    }
}
