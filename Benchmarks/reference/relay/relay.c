// What a front and a back do for clients that write, in plain C on bare epoll: `relay` reads clients' WebSocket messages, checks and
// unmasks them and forwards their inputs each loop turn in one write; `sink` counts them, and at each tick sends the newest one to
// everyone and says how far each writer is decided. The relay hands both out, one write a client.
//
// It speaks as much of the protocol as the load generator needs (docs/WIRE.md). Connection and member are one number here.
//
// Usage: relay-reference sink --hz N             prints the address that relays connect to
//        relay-reference relay --sink ADDRESS    prints the address that clients connect to
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
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

enum { EVENT_LIMIT = 256, READ_BYTES = 64 * 1024, CLIENT_LIMIT = 65536 };

struct buffer {
    uint8_t *bytes;
    size_t count, room;
};

// A client: opening until its request has ended, then waiting for its hello, then served.
enum phase { OPENING, GREETED, SERVED };

struct client {
    int descriptor;
    uint32_t member;
    enum phase phase;
    int writes;
    uint64_t acked, acked_tick;
    int ack_due;
    struct buffer held, rest;
};

static int events, listener, timer, life = -1, trunk = -1;
static uint8_t reading[READ_BYTES];
static struct client *client_of[CLIENT_LIMIT];
static uint32_t member_count;
static struct buffer uplink, trunk_held, newest;

static void die(const char *what) {
    fprintf(stderr, "relay-reference: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint8_t *room(struct buffer *buffer, size_t extra) {
    if (buffer->room - buffer->count < extra) {
        size_t wanted = buffer->room ? buffer->room * 2 : 1024;
        while (wanted < buffer->count + extra) wanted *= 2;
        buffer->bytes = realloc(buffer->bytes, wanted);
        if (!buffer->bytes) die("realloc");
        buffer->room = wanted;
    }
    return buffer->bytes + buffer->count;
}

static void put(struct buffer *to, const void *bytes, size_t count) {
    memcpy(room(to, count), bytes, count);
    to->count += count;
}

static void put_u8(struct buffer *to, uint8_t value) { put(to, &value, 1); }

static void put_u64(struct buffer *to, uint64_t value) {
    value = __builtin_bswap64(value);
    put(to, &value, 8);
}

static void put_num(struct buffer *to, uint64_t value) {
    uint8_t *at = room(to, 9);
    if (value < 0x80) {
        at[0] = (uint8_t)value;
        to->count += 1;
        return;
    }
    if (value < 0x4000) {
        at[0] = 0x80 | (uint8_t)(value >> 8);
        at[1] = (uint8_t)value;
        to->count += 2;
        return;
    }
    int tail = 4;
    if (value < 0x200000) { at[0] = 0xC0 | (uint8_t)(value >> 16); tail = 2; }
    else if (value < 0x10000000) { at[0] = 0xE0 | (uint8_t)(value >> 24); tail = 3; }
    else {
        while (tail < 8 && value >> (8 * tail)) tail++;
        at[0] = 0xF0 + (uint8_t)(tail - 4);
    }
    for (int i = 0; i < tail; i++) at[1 + i] = (uint8_t)(value >> (8 * (tail - 1 - i)));
    to->count += 1 + (size_t)tail;
}

// 0: not all there.
static size_t take_num(const uint8_t *at, const uint8_t *end, uint64_t *value) {
    if (at >= end) return 0;
    uint8_t first = at[0];
    if (first < 0x80) { *value = first; return 1; }
    size_t tail = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : (size_t)first - 0xF0 + 4;
    uint64_t head = first < 0xC0 ? first & 0x3F : first < 0xE0 ? first & 0x1F : first < 0xF0 ? first & 0x0F : 0;
    if ((size_t)(end - at) <= tail) return 0;
    for (size_t i = 1; i <= tail; i++) head = head << 8 | at[i];
    *value = head;
    return 1 + tail;
}

static void watch(int descriptor, void *mark, int operation, uint32_t what) {
    struct epoll_event event = {.events = what, .data.ptr = mark};
    if (epoll_ctl(events, operation, descriptor, &event) != 0) die("epoll_ctl");
}

// Sends the parts now, and keeps what the kernel does not take.
static void send_parts(int descriptor, struct buffer *rest, void *mark, struct iovec *parts, int part_count) {
    size_t all = 0, sent = 0;
    for (int i = 0; i < part_count; i++) all += parts[i].iov_len;
    if (rest->count == 0) {
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = (size_t)part_count};
        ssize_t count = sendmsg(descriptor, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count == (ssize_t)all || (count < 0 && errno != EAGAIN)) return;
        sent = count < 0 ? 0 : (size_t)count;
    }
    for (int i = 0; i < part_count; i++) {
        size_t skipped = sent < parts[i].iov_len ? sent : parts[i].iov_len;
        put(rest, (uint8_t *)parts[i].iov_base + skipped, parts[i].iov_len - skipped);
        sent -= skipped;
    }
    watch(descriptor, mark, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
}

static void send_rest(int descriptor, struct buffer *rest, void *mark) {
    ssize_t count = send(descriptor, rest->bytes, rest->count, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count <= 0) return;
    rest->count -= (size_t)count;
    memmove(rest->bytes, rest->bytes + count, rest->count);
    if (rest->count == 0) watch(descriptor, mark, EPOLL_CTL_MOD, EPOLLIN);
}

static void put_header(struct buffer *to, size_t payload) {
    put_u8(to, 0x82);
    if (payload <= 125) {
        put_u8(to, (uint8_t)payload);
    } else if (payload <= 0xFFFF) {
        uint8_t head[3] = {126, (uint8_t)(payload >> 8), (uint8_t)payload};
        put(to, head, 3);
    } else {
        put_u8(to, 127);
        put_u64(to, payload);
    }
}

static void put_frame(struct buffer *to, uint8_t kind, const struct buffer *body) {
    put_num(to, body->count + 1);
    put_u8(to, kind);
    put(to, body->bytes, body->count);
}

// Section and mark of one tick: table 0, row 1, its bytes.
static void put_tick(struct buffer *to, uint64_t version, const struct buffer *row) {
    static struct buffer body;
    const uint8_t patch[] = {0x00, 0x03, 0x01, 0x02, 0xF5};
    body.count = 0;
    put_num(&body, 1);
    put_u8(&body, 0);
    put_num(&body, version - 1);
    put_num(&body, version);
    put_u8(&body, 0);
    put(&body, patch, sizeof patch);
    put_num(&body, row->count);
    put(&body, row->bytes, row->count);
    put_frame(to, 0x30, &body);
    body.count = 0;
    put_num(&body, 1);
    put_num(&body, version - 1);
    put_num(&body, version);
    put_num(&body, version);
    put_frame(to, 0x31, &body);
}

// MARK: The relay

static void drop(struct client *client) {
    close(client->descriptor);
    client_of[client->member] = NULL;
    free(client->held.bytes);
    free(client->rest.bytes);
    free(client);
}

static void take_clients(void) {
    for (;;) {
        int descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor < 0) return;
        int on = 1, low_water = 16 * 1024;
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        setsockopt(descriptor, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &low_water, sizeof low_water);
        struct client *client = calloc(1, sizeof *client);
        if (!client || member_count + 1 == CLIENT_LIMIT) die("a client");
        client->descriptor = descriptor;
        client->member = ++member_count;
        client_of[client->member] = client;
        watch(descriptor, client, EPOLL_CTL_ADD, EPOLLIN);
    }
}

// The hello ends with the channel to write to, or nothing. The client is told its grant and a first state.
static void serve(struct client *client, const uint8_t *payload, size_t count) {
    static struct buffer frames, body, out;
    client->writes = count > 0 && payload[count - 1] != 0;
    client->phase = SERVED;
    frames.count = body.count = out.count = 0;
    struct buffer empty = {.bytes = (uint8_t[8]){0}, .count = 8};
    put_tick(&frames, 1, &empty);
    if (client->writes) {
        put_u8(&body, 1);
        put_u8(&body, 'c');
        put_u64(&body, client->member);
        put_num(&body, 0);
        put_num(&body, 0);
        put_frame(&frames, 0x23, &body);
    }
    put_header(&out, frames.count);
    put(&out, frames.bytes, frames.count);
    struct iovec part = {out.bytes, out.count};
    send_parts(client->descriptor, &client->rest, client, &part, 1);
}

// Inputs of one frame go to the trunk as records. 0 is not what a client may send.
static int take_frames(struct client *client, const uint8_t *at, const uint8_t *end) {
    while (at < end) {
        uint64_t length, number, count, grant;
        size_t taken = take_num(at, end, &length);
        if (!taken || length < 1 || length > (uint64_t)(end - at) - taken) return 0;
        at += taken;
        const uint8_t *frame_end = at + length;
        if (*at++ != 0x11 || frame_end - at < 8) { at = frame_end; continue; }
        memcpy(&grant, at, 8);
        at += 8;
        if (__builtin_bswap64(grant) != client->member || !(taken = take_num(at, frame_end, &number))) return 0;
        at += taken;
        while (at < frame_end) {
            if (!(taken = take_num(at, frame_end, &count)) || count > (uint64_t)(frame_end - at) - taken) return 0;
            at += taken;
            put_num(&uplink, client->member);
            put_num(&uplink, number++);
            put_num(&uplink, count);
            put(&uplink, at, count);
            at += count;
        }
    }
    return 1;
}

static ptrdiff_t take_messages(struct client *client, uint8_t *bytes, size_t count) {
    size_t at = 0;
    while (count - at >= 2) {
        uint8_t second = bytes[at + 1];
        if (!(second & 0x80)) return -1;
        size_t header = 2, length = second & 0x7F;
        if (length == 126) {
            if (count - at < 4) break;
            length = (size_t)bytes[at + 2] << 8 | bytes[at + 3];
            header = 4;
        } else if (length == 127) return -1;
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
        if (bytes[at] == 0x82) {
            if (client->phase == GREETED) serve(client, payload, length);
            else if (!take_frames(client, payload, payload + length)) return -1;
        } else if (bytes[at] == 0x88) return -1;
        at += header + 4 + length;
    }
    return (ptrdiff_t)at;
}

static int hear(struct client *client) {
    ssize_t count = recv(client->descriptor, reading, sizeof reading, MSG_DONTWAIT);
    if (count < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
    if (count == 0) return -1;
    if (client->phase == OPENING) {
        if (count < 4 || memcmp(reading + count - 4, "\r\n\r\n", 4) != 0) return 0;
        static const char answer[] =
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Protocol: switchback.1\r\n\r\n";
        client->phase = GREETED;
        return send(client->descriptor, answer, sizeof answer - 1, MSG_NOSIGNAL) < 0 ? -1 : 0;
    }
    if (client->held.count == 0) {
        ptrdiff_t taken = take_messages(client, reading, (size_t)count);
        if (taken < 0) return -1;
        if (taken < count) put(&client->held, reading + taken, (size_t)(count - taken));
        return 0;
    }
    put(&client->held, reading, (size_t)count);
    ptrdiff_t taken = take_messages(client, client->held.bytes, client->held.count);
    if (taken < 0) return -1;
    client->held.count -= (size_t)taken;
    memmove(client->held.bytes, client->held.bytes + taken, client->held.count);
    return 0;
}

// All inputs of this turn as one frame, in one write. A sink that does not keep up makes it wait.
static void forward(void) {
    if (uplink.count == 0) return;
    uint8_t head[16];
    struct buffer length = {.bytes = head, .room = sizeof head};
    put_num(&length, uplink.count + 1);
    put_u8(&length, 0x44);
    struct iovec parts[2] = {{head, length.count}, {uplink.bytes, uplink.count}};
    ssize_t all = (ssize_t)(length.count + uplink.count), sent = writev(trunk, parts, 2);
    // The trunk is a blocking socket: it waits for the sink.
    while (sent >= 0 && sent < all) {
        size_t skipped = (size_t)sent - length.count;
        ssize_t more = write(trunk, uplink.bytes + skipped, uplink.count - skipped);
        if (more < 0) die("the sink");
        sent += more;
    }
    if (sent < 0) die("the sink");
    uplink.count = 0;
}

// What the sink says is handed out: state to everyone, acks to whom they belong, one write a client.
static void hand_out(void) {
    static struct buffer state, body, own;
    size_t at = 0;
    int is_any = 0;
    state.count = 0;
    while (at < trunk_held.count) {
        uint64_t length, tick, member, highest;
        const uint8_t *start = trunk_held.bytes + at, *end = trunk_held.bytes + trunk_held.count;
        size_t taken = take_num(start, end, &length);
        if (!taken || length > (uint64_t)(end - start) - taken) break;
        const uint8_t *frame = start + taken, *frame_end = frame + length;
        if (*frame == 0x56) {
            frame++;
            frame += take_num(frame, frame_end, &tick);
            while (frame < frame_end) {
                frame += take_num(frame, frame_end, &member);
                frame += take_num(frame, frame_end, &highest);
                struct client *client = member < CLIENT_LIMIT ? client_of[member] : NULL;
                if (!client) continue;
                client->acked = highest;
                client->acked_tick = tick;
                client->ack_due = 1;
            }
        } else {
            put(&state, start, taken + length);
        }
        is_any = 1;
        at += taken + length;
    }
    trunk_held.count -= at;
    memmove(trunk_held.bytes, trunk_held.bytes + at, trunk_held.count);
    if (!is_any) return;
    static struct buffer shared;
    shared.count = 0;
    if (state.count) {
        put_header(&shared, state.count);
        put(&shared, state.bytes, state.count);
    }
    for (uint32_t member = 1; member <= member_count; member++) {
        struct client *client = client_of[member];
        if (!client || client->phase != SERVED) continue;
        struct iovec parts[2];
        int part_count = 0;
        if (shared.count) parts[part_count++] = (struct iovec){shared.bytes, shared.count};
        if (client->ack_due) {
            client->ack_due = 0;
            own.count = body.count = 0;
            put_u64(&body, member);
            put_num(&body, client->acked);
            put_num(&body, client->acked_tick);
            put_header(&own, body.count + 2);
            put_frame(&own, 0x24, &body);
            parts[part_count++] = (struct iovec){own.bytes, own.count};
        }
        if (part_count) send_parts(client->descriptor, &client->rest, client, parts, part_count);
    }
}

static void hear_sink(void) {
    ssize_t count = recv(trunk, reading, sizeof reading, MSG_DONTWAIT);
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) exit(0);
    if (count <= 0) return;
    put(&trunk_held, reading, (size_t)count);
    hand_out();
}

// MARK: The sink

struct relay {
    int descriptor;
    struct buffer held, rest;
    uint64_t highest[CLIENT_LIMIT];
    uint8_t due[CLIENT_LIMIT];
    uint32_t due_list[CLIENT_LIMIT];
    size_t due_count;
};

static struct relay *relays[64];
static size_t relay_count;
static int has_newest;

static void take_relays(void) {
    for (;;) {
        int descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor < 0 || relay_count == 64) return;
        int on = 1;
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        struct relay *relay = calloc(1, sizeof *relay);
        if (!relay) die("calloc");
        relay->descriptor = descriptor;
        relays[relay_count++] = relay;
        watch(descriptor, relay, EPOLL_CTL_ADD, EPOLLIN);
    }
}

static void hear_relay(struct relay *relay) {
    ssize_t count = recv(relay->descriptor, reading, sizeof reading, MSG_DONTWAIT);
    if (count == 0) exit(0);
    if (count < 0) return;
    put(&relay->held, reading, (size_t)count);
    size_t at = 0;
    while (at < relay->held.count) {
        uint64_t length, member, number, bytes;
        const uint8_t *start = relay->held.bytes + at, *end = relay->held.bytes + relay->held.count;
        size_t taken = take_num(start, end, &length);
        if (!taken || length > (uint64_t)(end - start) - taken) break;
        const uint8_t *record = start + taken + 1, *frame_end = start + taken + length;
        while (record < frame_end) {
            record += take_num(record, frame_end, &member);
            record += take_num(record, frame_end, &number);
            record += take_num(record, frame_end, &bytes);
            if (member < CLIENT_LIMIT && number == relay->highest[member] + 1) {
                relay->highest[member] = number;
                if (!relay->due[member]) {
                    relay->due[member] = 1;
                    relay->due_list[relay->due_count++] = (uint32_t)member;
                }
            }
            newest.count = 0;
            put(&newest, record, bytes);
            has_newest = 1;
            record += bytes;
        }
        at += taken + length;
    }
    relay->held.count -= at;
    memmove(relay->held.bytes, relay->held.bytes + at, relay->held.count);
}

static void tick(void) {
    static uint64_t version = 1;
    static struct buffer out, body;
    if (has_newest) version++;
    for (size_t i = 0; i < relay_count; i++) {
        struct relay *relay = relays[i];
        out.count = 0;
        if (has_newest) put_tick(&out, version, &newest);
        if (relay->due_count) {
            body.count = 0;
            put_num(&body, version);
            for (size_t j = 0; j < relay->due_count; j++) {
                uint32_t member = relay->due_list[j];
                relay->due[member] = 0;
                put_num(&body, member);
                put_num(&body, relay->highest[member]);
            }
            relay->due_count = 0;
            put_frame(&out, 0x56, &body);
        }
        struct iovec part = {out.bytes, out.count};
        if (out.count) send_parts(relay->descriptor, &relay->rest, relay, &part, 1);
    }
    has_newest = 0;
}

// MARK: The loop

static uint64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void arm(uint64_t period) {
    uint64_t slot = (now() / period + 1) * period;
    struct itimerspec when = {
        .it_value = {.tv_sec = (time_t)(slot / 1000000000u), .tv_nsec = (long)(slot % 1000000000u)}};
    if (timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL) != 0) die("timerfd_settime");
}

static void listen_anywhere(const char *who) {
    listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) != 0 || listen(listener, 4096) != 0
        || getsockname(listener, (struct sockaddr *)&address, &length) != 0) die("listen");
    printf("reference: %s connect to 127.0.0.1:%d\n", who, ntohs(address.sin_port));
    fflush(stdout);
}

static void connect_sink(const char *text) {
    const char *colon = strrchr(text, ':');
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    address.sin_port = htons((uint16_t)atoi(colon ? colon + 1 : text));
    trunk = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;
    if (trunk < 0 || connect(trunk, (struct sockaddr *)&address, sizeof address) != 0) die("connect");
    setsockopt(trunk, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    watch(trunk, &trunk, EPOLL_CTL_ADD, EPOLLIN);
}

int main(int count, char **words) {
    double hz = 20;
    const char *sink = NULL;
    for (int i = 2; i + 1 < count; i += 2) {
        if (strcmp(words[i], "--hz") == 0) hz = atof(words[i + 1]);
        if (strcmp(words[i], "--sink") == 0) sink = words[i + 1];
    }
    int is_sink = count > 1 && strcmp(words[1], "sink") == 0;
    if (count < 2 || hz < 0.001 || (!is_sink && !sink)) {
        fprintf(stderr, "usage: relay-reference sink --hz N | relay-reference relay --sink ADDRESS\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    events = epoll_create1(EPOLL_CLOEXEC);
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (events < 0 || timer < 0) die("epoll");
    uint64_t period = (uint64_t)(1e9 / hz + 0.5);
    if (!is_sink) connect_sink(sink);
    listen_anywhere(is_sink ? "relays" : "clients");
    watch(listener, &listener, EPOLL_CTL_ADD, EPOLLIN);
    if (is_sink) {
        watch(timer, &timer, EPOLL_CTL_ADD, EPOLLIN);
        arm(period);
    }
    const char *lifeline = getenv("SWITCHBACK_LIFELINE");
    if (lifeline) {
        life = atoi(lifeline);
        watch(life, &life, EPOLL_CTL_ADD, EPOLLIN);
    }
    for (;;) {
        struct epoll_event ready[EVENT_LIMIT];
        int ready_count = epoll_wait(events, ready, EVENT_LIMIT, -1);
        if (ready_count < 0 && errno != EINTR) die("epoll_wait");
        for (int i = 0; i < ready_count; i++) {
            void *mark = ready[i].data.ptr;
            uint32_t what = ready[i].events;
            if (mark == &life) return 0;
            if (mark == &listener) {
                if (is_sink) take_relays(); else take_clients();
            } else if (mark == &timer) {
                uint64_t fired;
                if (read(timer, &fired, sizeof fired) != sizeof fired) continue;
                tick();
                arm(period);
            } else if (mark == &trunk) {
                hear_sink();
            } else if (is_sink) {
                struct relay *relay = mark;
                if (what & EPOLLOUT) send_rest(relay->descriptor, &relay->rest, relay);
                if (what & (EPOLLIN | EPOLLHUP | EPOLLERR)) hear_relay(relay);
            } else {
                struct client *client = mark;
                if (what & EPOLLOUT) send_rest(client->descriptor, &client->rest, client);
                if (what & (EPOLLIN | EPOLLHUP | EPOLLERR) && hear(client) < 0) drop(client);
            }
        }
        if (!is_sink) forward();
    }
}
