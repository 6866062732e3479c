// See state.h.
#include "state.h"

#include <stdlib.h>
#include <string.h>

enum { REMOVE = 1, INSERT = 2, SET = 3, FULL = 7 };

// The hash: docs/WIRE.md, State hash.

static inline uint32_t turn(uint32_t w, int n) { return w << n | w >> (32 - n); }
static inline uint32_t mix(uint32_t w) {
    w = (w ^ w >> 16) * 0x85EBCA6B;
    w = (w ^ w >> 13) * 0xC2B2AE35;
    return w ^ w >> 16;
}
static inline ref_hash add_last(ref_hash h, uint32_t w) {
    h.first ^= turn(w * 0xCC9E2D51, 15) * 0x1B873593;
    h.second ^= turn(w * 0x239B961B, 15) * 0xAB0E9789;
    return h;
}
static inline ref_hash add(ref_hash h, uint32_t w) {
    h = add_last(h, w);
    h.first = turn(h.first, 13) * 5 + 0xE6546B64;
    h.second = turn(h.second, 13) * 5 + 0xE6546B64;
    return h;
}
static inline ref_hash finish(ref_hash h, size_t n) {
    return (ref_hash){mix(h.first ^ (uint32_t)n), mix(h.second ^ (uint32_t)n)};
}
static inline ref_hash hash_key(int64_t key) {
    return finish(add(add((ref_hash){0, 0}, (uint32_t)key), (uint32_t)((uint64_t)key >> 32)), 8);
}
static inline ref_hash hash_values(ref_hash h, const uint8_t *p, size_t n) {
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        uint32_t w;
        memcpy(&w, p + i, 4);
        h = add(h, w);
    }
    if (i < n) {
        uint32_t w = p[i];
        if (i + 1 < n) w |= (uint32_t)p[i + 1] << 8;
        if (i + 2 < n) w |= (uint32_t)p[i + 2] << 16;
        h = add_last(h, w);
    }
    return finish(h, n);
}
static inline ref_hash plus(ref_hash a, ref_hash b) { return (ref_hash){a.first + b.first, a.second + b.second}; }
static inline ref_hash minus(ref_hash a, ref_hash b) { return (ref_hash){a.first - b.first, a.second - b.second}; }
static uint64_t whole(ref_hash h) { return (uint64_t)h.first << 32 | h.second; }

// Encoding.

static inline uint8_t *put_num(uint8_t *out, uint64_t v) {
    if (v < 0x80) {
        *out++ = (uint8_t)v;
    } else if (v < 0x4000) {
        *out++ = (uint8_t)(0x80 | v >> 8);
        *out++ = (uint8_t)v;
    } else if (v < 0x200000) {
        *out++ = (uint8_t)(0xC0 | v >> 16);
        *out++ = (uint8_t)(v >> 8);
        *out++ = (uint8_t)v;
    } else if (v < 0x10000000) {
        *out++ = (uint8_t)(0xE0 | v >> 24);
        *out++ = (uint8_t)(v >> 16);
        *out++ = (uint8_t)(v >> 8);
        *out++ = (uint8_t)v;
    } else {
        int n = 4;
        while (n < 8 && v >> (8 * n)) n++;
        *out++ = (uint8_t)(0xF0 + n - 4);
        for (int i = n - 1; i >= 0; i--) *out++ = (uint8_t)(v >> (8 * i));
    }
    return out;
}
static inline uint64_t zigzag(int64_t v) { return (uint64_t)v << 1 ^ (uint64_t)(v >> 63); }
static inline uint8_t *put_name(uint8_t *out, const ref_row *r) {
    *out++ = 0xF5;
    *out++ = r->name_length;
    memcpy(out, r->name, r->name_length);
    return out + r->name_length;
}

// The state.

typedef struct {
    uint32_t slot;
    uint8_t operation, mask;
    uint16_t length;
    uint32_t values;
} change;

struct ref_state {
    size_t count, touched_count, patch_capacity, values_capacity, change_capacity;
    ref_row *rows, *shadow;
    uint8_t *is_closed, *is_touched;
    ref_hash *row_hashes, *key_hashes;
    uint32_t *touched;
    change *changes;
    uint8_t *patch, *values;
    ref_hash hash;
};

ref_state *ref_state_new(size_t count) {
    ref_state *s = calloc(1, sizeof *s);
    s->count = count;
    s->rows = calloc(count, sizeof *s->rows);
    s->shadow = calloc(count, sizeof *s->shadow);
    s->is_closed = calloc(count, 1);
    s->is_touched = calloc(count, 1);
    s->row_hashes = calloc(count, sizeof *s->row_hashes);
    s->key_hashes = calloc(count, sizeof *s->key_hashes);
    for (size_t i = 0; i < count; i++) s->key_hashes[i] = hash_key((int64_t)i);
    s->touched = calloc(count, sizeof *s->touched);
    return s;
}

void ref_state_free(ref_state *s) {
    free(s->rows), free(s->shadow), free(s->is_closed), free(s->is_touched), free(s->row_hashes), free(s->key_hashes);
    free(s->touched), free(s->changes), free(s->patch), free(s->values), free(s);
}

void ref_state_put(ref_state *s, size_t key, ref_row row) {
    s->rows[key] = row;
    if (s->is_touched[key]) return;
    s->is_touched[key] = 1;
    s->touched[s->touched_count++] = (uint32_t)key;
}

ref_row ref_state_get(const ref_state *s, size_t key) { return s->rows[key]; }
uint64_t ref_state_hash(const ref_state *s) { return whole(s->hash); }

static int by_slot(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void *room(void *memory, size_t *capacity, size_t wanted) {
    if (wanted <= *capacity) return memory;
    *capacity = wanted * 2;
    return realloc(memory, *capacity);
}

/// Compares, encodes and hashes what was touched; answers how many rows changed.
static size_t collect(ref_state *s) {
    s->changes = room(s->changes, &s->change_capacity, s->touched_count * sizeof *s->changes);
    s->values = room(s->values, &s->values_capacity, s->touched_count * 32);
    size_t count = 0;
    uint8_t *out = s->values;
    for (size_t i = 0; i < s->touched_count; i++) {
        uint32_t slot = s->touched[i];
        const ref_row *row = &s->rows[slot];
        ref_row *shadow = &s->shadow[slot];
        s->is_touched[slot] = 0;
        uint8_t mask = FULL;
        if (s->is_closed[slot]) {
            mask = (uint8_t)((row->x != shadow->x) | (row->y != shadow->y) << 1);
            if (row->name_length != shadow->name_length || memcmp(row->name, shadow->name, row->name_length)) mask |= 4;
            if (!mask) continue;
        }
        uint8_t *start = out;
        uint8_t *y = put_num(start, zigzag(row->x));
        uint8_t *name = put_num(y, zigzag(row->y));
        uint8_t *end = put_name(name, row);
        ref_hash hash = hash_values(s->key_hashes[slot], start, (size_t)(end - start));
        s->hash = plus(minus(s->hash, s->row_hashes[slot]), hash);
        s->row_hashes[slot] = hash;
        if (mask == FULL) {
            out = end;
        } else {
            if (mask & 1) out = y;
            if (mask & 2) memmove(out, y, (size_t)(name - y)), out += name - y;
            if (mask & 4) memmove(out, name, (size_t)(end - name)), out += end - name;
        }
        uint8_t operation = s->is_closed[slot] ? SET : INSERT;
        s->is_closed[slot] = 1;
        *shadow = *row;
        s->changes[count++] =
            (change){slot, operation, mask, (uint16_t)(out - start), (uint32_t)(start - s->values)};
    }
    s->touched_count = 0;
    return count;
}

static uint8_t *put_rows(
    const ref_state *s, size_t from, size_t to, int is_run, int64_t *last, uint8_t *out
) {
    if (from == to) return out;
    const change *c = s->changes;
    out = put_num(out, (uint64_t)(to - from - 1) << 3 | (is_run ? 4 : 0) | c[from].operation);
    out = put_num(out, c[from].mask);
    for (size_t i = from; i < to; i++) {
        if (!is_run || i == from) {
            out = *last < 0 ? put_num(out, zigzag(c[i].slot)) : put_num(out, (uint64_t)(c[i].slot - *last - 1));
        }
        *last = c[i].slot;
        memcpy(out, s->values + c[i].values, c[i].length);
        out += c[i].length;
    }
    return out;
}

size_t ref_state_close(ref_state *s, const uint8_t **patch) {
    int is_sorted = 1;
    for (size_t i = 1; i < s->touched_count && is_sorted; i++) is_sorted = s->touched[i] > s->touched[i - 1];
    if (!is_sorted) qsort(s->touched, s->touched_count, sizeof *s->touched, by_slot);
    size_t count = collect(s);
    const change *c = s->changes;
    s->patch = room(s->patch, &s->patch_capacity, count * 48 + 16);
    uint8_t *out = s->patch;
    if (count) *out++ = 0;
    int64_t last = -1;
    for (size_t start = 0; start < count;) {
        size_t end = start + 1;
        while (end < count && c[end].operation == c[start].operation && c[end].mask == c[start].mask) end++;
        size_t plain = start;
        for (size_t run = start; run < end;) {
            size_t next = run + 1;
            while (next < end && c[next].slot == c[next - 1].slot + 1) next++;
            if (next - run >= 4) {
                out = put_rows(s, plain, run, 0, &last, out);
                out = put_rows(s, run, next, 1, &last, out);
                plain = next;
            }
            run = next;
        }
        out = put_rows(s, plain, end, 0, &last, out);
        start = end;
    }
    *patch = s->patch;
    return (size_t)(out - s->patch);
}

// The mirror.

typedef struct {
    int64_t key;
    ref_hash key_hash, row_hash;
    uint32_t is_used, length;
    uint8_t values[32];
} entry;

typedef struct { int64_t key; uint8_t operation, mask; } told;

struct ref_mirror {
    entry *entries;
    size_t capacity, count;
    ref_hash hash;
    told *changes;
    size_t change_capacity;
};

ref_mirror *ref_mirror_new(void) {
    ref_mirror *m = calloc(1, sizeof *m);
    m->capacity = 16;
    m->entries = calloc(m->capacity, sizeof *m->entries);
    return m;
}

void ref_mirror_free(ref_mirror *m) { free(m->entries), free(m->changes), free(m); }
uint64_t ref_mirror_hash(const ref_mirror *m) { return whole(m->hash); }

static entry *find(const ref_mirror *m, int64_t key, ref_hash hash) {
    size_t place = hash.first & (m->capacity - 1);
    while (m->entries[place].is_used && m->entries[place].key != key) place = (place + 1) & (m->capacity - 1);
    return &m->entries[place];
}

static void grow(ref_mirror *m) {
    if (m->count * 2 < m->capacity) return;
    entry *old = m->entries;
    size_t count = m->capacity;
    m->capacity *= 2;
    m->entries = calloc(m->capacity, sizeof *m->entries);
    for (size_t i = 0; i < count; i++) {
        if (old[i].is_used) *find(m, old[i].key, old[i].key_hash) = old[i];
    }
    free(old);
}

static void drop(ref_mirror *m, entry *e) {
    size_t mask = m->capacity - 1, gap = (size_t)(e - m->entries), place = gap;
    for (;;) {
        place = (place + 1) & mask;
        if (!m->entries[place].is_used) break;
        size_t home = m->entries[place].key_hash.first & mask;
        if (((place - home) & mask) >= ((place - gap) & mask)) {
            m->entries[gap] = m->entries[place];
            gap = place;
        }
    }
    m->entries[gap].is_used = 0;
    m->count--;
}

typedef struct { const uint8_t *at, *end; int is_bad; } reader;

static inline uint64_t get_num(reader *r) {
    if (r->at == r->end) return r->is_bad = 1, 0;
    uint8_t first = *r->at++;
    if (first < 0x80) return first;
    int tail = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first <= 0xF4 ? first - 0xF0 + 4 : 9;
    if (tail == 9 || r->end - r->at < tail) return r->is_bad = 1, 0;
    uint64_t v = tail == 1 ? first & 0x3F : tail == 2 ? first & 0x1F : tail == 3 ? first & 0x0F : 0;
    for (int i = 0; i < tail; i++) v = v << 8 | *r->at++;
    uint64_t floor = tail == 1 ? 0x80 : tail == 2 ? 0x4000 : tail == 3 ? 0x200000 : tail == 4 ? 0x10000000
                   : (uint64_t)1 << ((tail - 1) * 8);
    if (v < floor) r->is_bad = 1;
    return v;
}

/// Passes over the value of field `f`, checked.
static inline void get_value(reader *r, int f) {
    if (f < 2) {
        if (get_num(r) > 0xFFFF) r->is_bad = 1;
        return;
    }
    if (r->at == r->end || *r->at++ != 0xF5) {
        r->is_bad = 1;
        return;
    }
    uint64_t n = get_num(r);
    if (n > (uint64_t)(r->end - r->at)) {
        r->is_bad = 1;
        return;
    }
    uint8_t all = 0;
    for (uint64_t i = 0; i < n; i++) all |= r->at[i];
    if (all >= 0x80 || n > 15) r->is_bad = 1;
    r->at += n;
}

static inline size_t value_length(const uint8_t *p) {
    if (*p < 0x80) return 1;
    if (*p < 0xC0) return 2;
    if (*p < 0xE0) return 3;
    return *p == 0xF5 ? 2 + (size_t)p[1] : 1;
}

/// Lays the values of a set over a row; answers which fields differ.
static inline uint8_t lay(entry *e, uint8_t mask, const uint8_t *new) {
    uint8_t merged[48], *out = merged, difference = 0;
    const uint8_t *old = e->values;
    for (int f = 0; f < 3; f++) {
        size_t old_length = value_length(old);
        if (mask >> f & 1) {
            size_t length = value_length(new);
            if (length != old_length || memcmp(old, new, length)) difference |= (uint8_t)(1 << f);
            memcpy(out, new, length);
            out += length, new += length;
        } else {
            memcpy(out, old, old_length);
            out += old_length;
        }
        old += old_length;
    }
    if (!difference) return 0;
    e->length = (uint32_t)(out - merged);
    memcpy(e->values, merged, e->length);
    return difference;
}

static void tell(ref_mirror *m, long count, int64_t key, uint8_t operation, uint8_t mask) {
    if ((size_t)count == m->change_capacity) {
        m->change_capacity = m->change_capacity ? m->change_capacity * 2 : 256;
        m->changes = realloc(m->changes, m->change_capacity * sizeof *m->changes);
    }
    m->changes[count] = (told){key, operation, mask};
}

long ref_mirror_apply(ref_mirror *m, const uint8_t *patch, size_t length) {
    reader r = {patch, patch + length, 0};
    long changed = 0;
    if (length == 0) return 0;
    if (get_num(&r) != 0) return -1;
    int is_first = 1;
    int64_t key = 0;
    while (r.at < r.end && !r.is_bad) {
        uint64_t word = get_num(&r), rows = (word >> 3) + 1;
        uint8_t operation = word & 3;
        uint64_t mask = operation == REMOVE ? 0 : get_num(&r);
        if (!operation || mask > FULL || (operation == INSERT && mask != FULL) || (operation == SET && !mask)) return -1;
        for (uint64_t i = 0; i < rows; i++) {
            if (is_first) {
                uint64_t z = get_num(&r);
                key = (int64_t)(z >> 1) ^ -(int64_t)(z & 1);
                is_first = 0;
            } else {
                uint64_t distance = word & 4 && i ? 0 : get_num(&r);
                if (distance >= (uint64_t)INT64_MAX - (uint64_t)key) return -1;
                key += 1 + (int64_t)distance;
            }
            const uint8_t *values = r.at;
            for (int f = 0; f < 3; f++) {
                if (mask >> f & 1) get_value(&r, f);
            }
            if (r.is_bad) return -1;
            ref_hash hash = hash_key(key);
            entry *e = find(m, key, hash);
            if (operation == REMOVE) {
                if (!e->is_used) continue;
                m->hash = minus(m->hash, e->row_hash);
                drop(m, e);
                tell(m, changed++, key, REMOVE, 0);
                continue;
            }
            if (!e->is_used) {
                if (operation == SET) return -1;
                grow(m);
                e = find(m, key, hash);
                *e = (entry){.key = key, .key_hash = hash, .is_used = 1, .length = (uint32_t)(r.at - values)};
                memcpy(e->values, values, e->length);
                m->count++;
                tell(m, changed++, key, INSERT, 0);
            } else {
                uint8_t difference = lay(e, (uint8_t)mask, values);
                if (!difference) continue;
                tell(m, changed++, key, SET, difference);
            }
            ref_hash row_hash = hash_values(hash, e->values, e->length);
            m->hash = plus(minus(m->hash, e->row_hash), row_hash);
            e->row_hash = row_hash;
        }
    }
    return r.is_bad ? -1 : changed;
}
