// What fan-out costs in plain C: buffers, made once a tick, written to every client of a bare epoll loop in one gathered write.
//
// It speaks as much of the protocol as the load generator needs (docs/WIRE.md): an upgrade without checks, then for each patch of a
// tick one WebSocket message with a section of one row and its mark, the same bytes that a front sends. With --inputs it reads the
// clients' inputs, checks and unmasks them, and each client's write ends with an ack of its own; without, what clients say is read
// and thrown away.
//
// Usage: fanout-reference --hz N --bytes N [--patches N] [--inputs 1]      prints the address that clients connect to
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { EVENT_LIMIT = 256, READ_BYTES = 64 * 1024, HEAD_BYTES = 64, PATCH_LIMIT = 64, GRANT = 7 };

// A client: opening until its request has ended, then waiting until it has said something (its hello), then served.
enum phase { OPENING, GREETED, SERVED };

struct client {
    int descriptor;
    enum phase phase;
    // What of the last write the kernel did not take.
    uint8_t *rest;
    size_t rest_count;
    // A message that has not come whole.
    uint8_t held[512];
    size_t held_count;
    uint64_t acked;
    int ack_due;
};

static struct client **clients;
static size_t client_count, client_room;
static int events, listener, timer, takes_inputs;
static uint8_t reading[READ_BYTES + 512];

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
static size_t put_message(uint8_t *to, size_t byte_count, uint64_t slot, uint64_t link, uint64_t version) {
    static uint8_t section[HEAD_BYTES], mark[HEAD_BYTES];
    size_t head = 0, tail = 0;
    section[head++] = 0x30;
    head += put_num(section + head, link);
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
    tail += put_num(mark + tail, link);
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

static int write_whole(struct client *client, const uint8_t *bytes, size_t count) {
    return send(client->descriptor, bytes, count, MSG_NOSIGNAL) == (ssize_t)count ? 0 : -1;
}

// The client may write.
static int grant(struct client *client) {
    uint8_t message[32] = {0x82, 14, 13, 0x23, 1, 'c'};
    message[13] = GRANT;
    return write_whole(client, message, 16);
}

static size_t take_num(const uint8_t *at, const uint8_t *end, uint64_t *value) {
    if (at == end) return 0;
    size_t count = *at < 0x80 ? 1 : *at < 0xC0 ? 2 : *at < 0xE0 ? 3 : *at < 0xF0 ? 4 : 0;
    if (count == 0 || (size_t)(end - at) < count) return 0;
    static const uint8_t head[] = {0, 0x7F, 0x3F, 0x1F, 0x0F};
    *value = at[0] & head[count];
    for (size_t i = 1; i < count; i++) *value = *value << 8 | at[i];
    return count;
}

// One frame of inputs. 0 is not what a client may send.
static int take_inputs(struct client *client, const uint8_t *at, const uint8_t *end) {
    uint64_t length, number, grant, count;
    size_t taken = take_num(at, end, &length);
    if (!taken || length != (uint64_t)(end - at) - taken || length < 10 || at[taken] != 0x11) return 0;
    at += taken + 1;
    memcpy(&grant, at, 8);
    at += 8;
    if (__builtin_bswap64(grant) != GRANT || !(taken = take_num(at, end, &number))) return 0;
    at += taken;
    for (; at < end; at += count, number++) {
        if (!(taken = take_num(at, end, &count)) || count > (uint64_t)(end - at) - taken) return 0;
        at += taken;
        if (number != client->acked + 1) continue;
        client->acked = number;
        client->ack_due = 1;
    }
    return 1;
}

// Whole messages in what came. Answers how many bytes they took, -1 for what no client may send.
static ptrdiff_t take_messages(struct client *client, uint8_t *bytes, size_t count) {
    size_t at = 0;
    while (count - at >= 2) {
        size_t header = 2, length = bytes[at + 1] & 0x7F;
        if (!(bytes[at + 1] & 0x80) || length == 127) return -1;
        if (length == 126) {
            if (count - at < 4) break;
            length = (size_t)bytes[at + 2] << 8 | bytes[at + 3];
            header = 4;
        }
        if (count - at < header + 4 + length) break;
        uint8_t *payload = bytes + at + header + 4;
        uint32_t key;
        memcpy(&key, bytes + at + header, 4);
        uint64_t wide = (uint64_t)key << 32 | key, word;
        size_t place = 0;
        for (; place + 8 <= length; place += 8) {
            memcpy(&word, payload + place, 8);
            word ^= wide;
            memcpy(payload + place, &word, 8);
        }
        for (; place < length; place++) payload[place] ^= (uint8_t)(key >> (8 * (place & 3)));
        if (bytes[at] == 0x88 || (bytes[at] == 0x82 && !take_inputs(client, payload, payload + length))) return -1;
        at += header + 4 + length;
    }
    return (ptrdiff_t)at;
}

static int take_uplink(struct client *client, size_t count) {
    if (client->held_count) {
        memmove(reading + client->held_count, reading, count);
        memcpy(reading, client->held, client->held_count);
        count += client->held_count;
        client->held_count = 0;
    }
    ptrdiff_t taken = take_messages(client, reading, count);
    if (taken < 0 || count - (size_t)taken > sizeof client->held) return -1;
    client->held_count = count - (size_t)taken;
    memcpy(client->held, reading + taken, client->held_count);
    return 0;
}

// Answers -1 when the client is gone.
static int hear(struct client *client) {
    ssize_t count = recv(client->descriptor, reading, READ_BYTES, MSG_DONTWAIT);
    if (count < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
    if (count == 0) return -1;
    switch (client->phase) {
    case OPENING:
        if (count >= 4 && memcmp(reading + count - 4, "\r\n\r\n", 4) == 0) {
            static const char answer[] =
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Protocol: switchback.1\r\n\r\n";
            if (write_whole(client, (const uint8_t *)answer, sizeof answer - 1) != 0) return -1;
            client->phase = GREETED;
        }
        break;
    case GREETED:
        client->phase = SERVED;
        return takes_inputs ? grant(client) : 0;
    case SERVED: return takes_inputs ? take_uplink(client, (size_t)count) : 0;
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

static void keep_rest(struct client *client, const struct iovec *parts, size_t part_count, size_t taken) {
    size_t all = 0;
    for (size_t i = 0; i < part_count; i++) all += parts[i].iov_len;
    client->rest = malloc(all - taken);
    if (!client->rest) die("malloc");
    for (size_t i = 0; i < part_count; i++) {
        size_t skipped = taken < parts[i].iov_len ? taken : parts[i].iov_len;
        memcpy(client->rest + client->rest_count, (uint8_t *)parts[i].iov_base + skipped, parts[i].iov_len - skipped);
        client->rest_count += parts[i].iov_len - skipped;
        taken -= skipped;
    }
    watch(client, EPOLLIN | EPOLLOUT);
}

// An ack as a WebSocket message. Answers its length.
static size_t put_ack(uint8_t *to, uint64_t highest, uint64_t tick) {
    uint8_t body[32] = {0x24};
    body[8] = GRANT;
    size_t count = 9;
    count += put_num(body + count, highest);
    count += put_num(body + count, tick);
    to[0] = 0x82;
    to[1] = (uint8_t)(count + 1);
    to[2] = (uint8_t)count;
    memcpy(to + 3, body, count);
    return count + 3;
}

// The patches, and an ack of its own for whom one is due: one write a client.
static void fan_out(struct iovec *parts, size_t patch_count, uint64_t tick) {
    size_t all = 0;
    for (size_t i = 0; i < patch_count; i++) all += parts[i].iov_len;
    for (size_t i = 0; i < client_count; i++) {
        struct client *client = clients[i];
        // A client that is behind misses this one: the next message makes it whole.
        if (client->phase != SERVED || client->rest) continue;
        uint8_t ack[64];
        size_t part_count = patch_count, count = all;
        if (client->ack_due) {
            client->ack_due = 0;
            parts[part_count++] = (struct iovec){ack, put_ack(ack, client->acked, tick)};
            count += parts[patch_count].iov_len;
        }
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = part_count};
        ssize_t sent = part_count == 1 ? send(client->descriptor, parts[0].iov_base, count, MSG_NOSIGNAL | MSG_DONTWAIT)
                                       : sendmsg(client->descriptor, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent == (ssize_t)count || sent <= 0) continue;
        keep_rest(client, parts, part_count, (size_t)sent);
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
    size_t byte_count = 4096, patch_count = 1;
    for (int i = 1; i + 1 < count; i += 2) {
        if (strcmp(words[i], "--hz") == 0) hz = atof(words[i + 1]);
        if (strcmp(words[i], "--bytes") == 0) byte_count = strtoull(words[i + 1], NULL, 10);
        if (strcmp(words[i], "--patches") == 0) patch_count = strtoull(words[i + 1], NULL, 10);
        if (strcmp(words[i], "--inputs") == 0) takes_inputs = atoi(words[i + 1]);
    }
    if (hz < 0.001 || byte_count < 16 || patch_count < 1 || patch_count > PATCH_LIMIT) {
        fprintf(stderr, "usage: fanout-reference --hz N --bytes N (at least 16) [--patches N] (1 to 64) [--inputs 1]\n");
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

    size_t room = byte_count + 3 * HEAD_BYTES;
    uint8_t *messages = malloc(patch_count * room);
    struct iovec parts[PATCH_LIMIT + 1];
    if (!messages) die("malloc");
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
                version++;
                for (size_t j = 0; j < patch_count; j++) {
                    uint8_t *message = messages + j * room;
                    parts[j] = (struct iovec){message, put_message(message, byte_count, slot, j + 1, version)};
                }
                fan_out(parts, patch_count, version);
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
