#include "ingest.h"

#include <stdlib.h>
#include <string.h>

struct buffer {
    uint8_t *bytes;
    size_t count, room;
};

struct connection {
    uint64_t grant, member;
    size_t link;
    uint64_t input_count;
};

struct link {
    uint64_t number;
    struct buffer batch;
};

struct ref_front {
    struct connection *connections;
    struct link *links;
    size_t connection_count, link_count;
    struct buffer output;
};

ref_front *ref_front_make(size_t connection_count, size_t link_count) {
    ref_front *front = calloc(1, sizeof *front);
    if (!front) abort();
    front->connections = calloc(connection_count, sizeof *front->connections);
    front->links = calloc(link_count, sizeof *front->links);
    if (!front->connections || !front->links) abort();
    front->connection_count = connection_count;
    front->link_count = link_count;
    return front;
}

void ref_front_free(ref_front *front) {
    for (size_t i = 0; i < front->link_count; i++) free(front->links[i].batch.bytes);
    free(front->output.bytes);
    free(front->links);
    free(front->connections);
    free(front);
}

void ref_front_grant(ref_front *front, size_t connection, uint64_t grant, size_t link, uint64_t link_number,
                     uint64_t member) {
    front->connections[connection] = (struct connection){.grant = grant, .member = member, .link = link};
    front->links[link].number = link_number;
}

static void make_room(struct buffer *buffer, size_t extra) {
    if (buffer->room - buffer->count >= extra) return;
    size_t room = buffer->room ? buffer->room * 2 : 4096;
    while (room < buffer->count + extra) room *= 2;
    buffer->bytes = realloc(buffer->bytes, room);
    if (!buffer->bytes) abort();
    buffer->room = room;
}

// Room for it has been made.
static void put_num(struct buffer *to, uint64_t value) {
    uint8_t *at = to->bytes + to->count;
    if (value < 0x80) {
        at[0] = (uint8_t)value;
        to->count += 1;
    } else if (value < 0x4000) {
        at[0] = 0x80 | (uint8_t)(value >> 8);
        at[1] = (uint8_t)value;
        to->count += 2;
    } else if (value < 0x200000) {
        at[0] = 0xC0 | (uint8_t)(value >> 16);
        at[1] = (uint8_t)(value >> 8);
        at[2] = (uint8_t)value;
        to->count += 3;
    } else {
        int tail = 4;
        if (value < 0x10000000) {
            at[0] = 0xE0 | (uint8_t)(value >> 24);
            tail = 3;
        } else {
            while (tail < 8 && value >> (8 * tail)) tail++;
            at[0] = 0xF0 + (uint8_t)(tail - 4);
        }
        for (int i = 0; i < tail; i++) at[1 + i] = (uint8_t)(value >> (8 * (tail - 1 - i)));
        to->count += 1 + (size_t)tail;
    }
}

// 0: not all there or not in its shortest form; else its length.
static inline size_t take_num(const uint8_t *at, const uint8_t *end, uint64_t *value) {
    if (at >= end) return 0;
    uint8_t first = at[0];
    if (first < 0x80) { *value = first; return 1; }
    size_t tail;
    uint64_t floor, head;
    if (first < 0xC0) { tail = 1; floor = 0x80; head = first & 0x3F; }
    else if (first < 0xE0) { tail = 2; floor = 0x4000; head = first & 0x1F; }
    else if (first < 0xF0) { tail = 3; floor = 0x200000; head = first & 0x0F; }
    else if (first <= 0xF4) {
        tail = (size_t)first - 0xF0 + 4; head = 0;
        floor = tail == 4 ? 0x10000000 : (uint64_t)1 << ((tail - 1) * 8);
    } else return 0;
    if ((size_t)(end - at) <= tail) return 0;
    for (size_t i = 1; i <= tail; i++) head = head << 8 | at[i];
    if (head < floor) return 0;
    *value = head;
    return 1 + tail;
}

static inline void unmask(uint8_t *bytes, size_t count, uint32_t key) {
    uint64_t wide = (uint64_t)key << 32 | key, word;
    size_t at = 0;
    for (; at + 8 <= count; at += 8) {
        memcpy(&word, bytes + at, 8);
        word ^= wide;
        memcpy(bytes + at, &word, 8);
    }
    for (; at < count; at++) bytes[at] ^= (uint8_t)(key >> (8 * (at & 3)));
}

// The `inputs` frames of one message: 1 ok, 0 not what a client may send.
static int take_message(ref_front *front, struct connection *connection, const uint8_t *at, const uint8_t *end) {
    while (at < end) {
        uint64_t length, number, count;
        size_t taken = take_num(at, end, &length);
        if (!taken || length < 1 || length > 256 * 1024 || length > (uint64_t)(end - at) - taken) return 0;
        at += taken;
        const uint8_t *frame_end = at + length;
        if (*at++ != 0x11 || frame_end - at < 8) return 0;
        uint64_t grant;
        memcpy(&grant, at, 8);
        grant = __builtin_bswap64(grant);
        at += 8;
        if (!(taken = take_num(at, frame_end, &number)) || number == 0) return 0;
        at += taken;
        if (grant != connection->grant) { at = frame_end; continue; }
        struct link *link = &front->links[connection->link];
        while (at < frame_end) {
            if (!(taken = take_num(at, frame_end, &count))) return 0;
            at += taken;
            if (count > (uint64_t)(frame_end - at) || count > 256 * 1024 - 64) return 0;
            make_room(&link->batch, 27 + count);
            put_num(&link->batch, connection->member);
            put_num(&link->batch, number++);
            put_num(&link->batch, count);
            memcpy(link->batch.bytes + link->batch.count, at, count);
            link->batch.count += count;
            connection->input_count++;
            at += count;
        }
    }
    return 1;
}

ptrdiff_t ref_front_receive(ref_front *front, size_t index, uint8_t *bytes, size_t count) {
    if (index >= front->connection_count) return -1;
    struct connection *connection = &front->connections[index];
    size_t at = 0;
    while (count - at >= 2) {
        uint8_t first = bytes[at], second = bytes[at + 1];
        // Whole binary messages, masked: what else there is, this program does not know.
        if (first != 0x82 || !(second & 0x80)) return -1;
        size_t header = 2, length = second & 0x7F;
        if (length == 126) {
            if (count - at < 4) break;
            length = (size_t)bytes[at + 2] << 8 | bytes[at + 3];
            if (length < 126) return -1;
            header = 4;
        } else if (length == 127) {
            return -1;
        }
        if (count - at < header + 4 + length) break;
        uint32_t key;
        memcpy(&key, bytes + at + header, 4);
        uint8_t *payload = bytes + at + header + 4;
        unmask(payload, length, key);
        if (!take_message(front, connection, payload, payload + length)) return -1;
        at += header + 4 + length;
    }
    return (ptrdiff_t)at;
}

const uint8_t *ref_front_flush(ref_front *front, size_t *count) {
    struct buffer *out = &front->output;
    out->count = 0;
    for (size_t i = 0; i < front->link_count; i++) {
        struct link *link = &front->links[i];
        if (link->batch.count == 0) continue;
        struct buffer number = {.bytes = (uint8_t[16]){0}};
        put_num(&number, link->number);
        make_room(out, 32 + link->batch.count);
        put_num(out, 1 + number.count + link->batch.count);
        out->bytes[out->count++] = 0x44;
        memcpy(out->bytes + out->count, number.bytes, number.count);
        out->count += number.count;
        memcpy(out->bytes + out->count, link->batch.bytes, link->batch.count);
        out->count += link->batch.count;
        link->batch.count = 0;
    }
    *count = out->count;
    return out->bytes;
}
