// A disk that forgets what was not synced. The functions below stand before those of libc in this program and in the libraries
// that it uses, because a program's own symbols go first.
//
// Each file's durable bytes are kept in memory, with the writes that were not synced behind them; so is which names the folder
// has durably. A sync of a file makes its bytes durable, one of the folder its names. At the cut each unsynced write survives,
// does not, or survives in part (sectors of 512 bytes), as the seed decides.
#define _GNU_SOURCE
#include "power_cut.h"
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_LIMIT = 64, FILE_LIMIT = 4096, DESCRIPTOR_LIMIT = 1024, SECTOR = 512 };

struct change {
    int is_cut; // the file's end moved to `offset`
    int64_t offset;
    size_t count;
    uint8_t *bytes;
    struct change *next;
};

struct file {
    char name[NAME_LIMIT];
    uint8_t *bytes;
    size_t count, room;
    struct change *first, *last;
};

static struct file files[FILE_LIMIT];
static int file_count;
// Which file has a name: now, and durably. -1 is none. Names are compared; both lists hold indices of `files`.
static int live[FILE_LIMIT], durable[FILE_LIMIT];
static int live_count, durable_count;
// What a descriptor is: 0 nothing of ours, 1 the folder, 2 + index a file.
static int descriptors[DESCRIPTOR_LIMIT];
static char folder[1024], shadow[1024];
static long cut_at, change_count;
static unsigned dice;
static int is_lying, is_on;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name, type) ((type)dlsym(RTLD_NEXT, name))
typedef int (*open_function)(const char *, int, ...);
typedef ssize_t (*pwrite_function)(int, const void *, size_t, off64_t);
typedef ssize_t (*write_function)(int, const void *, size_t);
typedef int (*descriptor_function)(int);
typedef int (*truncate_function)(int, off64_t);
typedef int (*path_function)(const char *);

static unsigned roll(void) {
    dice = dice * 1664525u + 1013904223u;
    return dice >> 8;
}

static void reach(struct file *file, size_t count) {
    if (count > file->room) {
        size_t room = count * 2;
        file->bytes = realloc(file->bytes, room);
        memset(file->bytes + file->room, 0, room - file->room);
        file->room = room;
    }
    if (count > file->count) file->count = count;
}

static void put(struct file *file, int64_t offset, const uint8_t *bytes, size_t count) {
    reach(file, (size_t)offset + count);
    memcpy(file->bytes + offset, bytes, count);
}

static void apply(struct file *file, const struct change *change) {
    if (!change->is_cut) {
        put(file, change->offset, change->bytes, change->count);
    } else if ((size_t)change->offset < file->count) {
        memset(file->bytes + change->offset, 0, file->count - (size_t)change->offset);
        file->count = (size_t)change->offset;
    } else {
        reach(file, (size_t)change->offset);
    }
}

// At the cut: some of its sectors.
static void tear(struct file *file, const struct change *change) {
    for (size_t done = 0; done < change->count; done += SECTOR) {
        size_t part = change->count - done < SECTOR ? change->count - done : SECTOR;
        if (roll() & 1) put(file, change->offset + (int64_t)done, change->bytes + done, part);
    }
}

static void save(const struct file *file) {
    char path[2048];
    snprintf(path, sizeof path, "%s/%s", shadow, file->name);
    int descriptor = REAL("open64", open_function)(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    size_t done = 0;
    while (done < file->count) {
        ssize_t count = REAL("write", write_function)(descriptor, file->bytes + done, file->count - done);
        if (count <= 0) _exit(8);
        done += (size_t)count;
    }
}

static int find(const int *list, int count, const char *name) {
    for (int i = 0; i < count; i++)
        if (strcmp(files[list[i]].name, name) == 0) return i;
    return -1;
}

static void cut(void) {
    unsigned mode = roll() % 3; // nothing unsynced survives, some of it, some sectors of it
    if (mode != 0) {
        // Each name may have changed already.
        for (int i = 0; i < live_count; i++) {
            if (roll() & 1) continue;
            int held = find(durable, durable_count, files[live[i]].name);
            if (held < 0) held = durable_count++;
            durable[held] = live[i];
        }
    }
    for (int i = 0; i < durable_count; i++) {
        struct file *file = &files[durable[i]];
        for (struct change *change = file->first; change && mode != 0; change = change->next) {
            if (change->is_cut || mode == 1) {
                if (roll() & 1) apply(file, change);
            } else {
                tear(file, change);
            }
        }
        save(file);
    }
    _exit(9);
}

static void counted(void) {
    if (++change_count >= cut_at) cut();
}

static void note(int index, int is_cut, int64_t offset, const void *bytes, size_t count) {
    struct change *change = calloc(1, sizeof *change);
    change->is_cut = is_cut;
    change->offset = offset;
    change->count = count;
    if (count) {
        change->bytes = malloc(count);
        memcpy(change->bytes, bytes, count);
    }
    struct file *file = &files[index];
    if (file->last) file->last->next = change;
    else file->first = change;
    file->last = change;
    counted();
}

static void synced(int kind) {
    counted();
    if (is_lying) return;
    if (kind == 1) {
        memcpy(durable, live, sizeof live);
        durable_count = live_count;
        return;
    }
    struct file *file = &files[kind - 2];
    for (struct change *change = file->first; change;) {
        struct change *next = change->next;
        apply(file, change);
        free(change->bytes);
        free(change);
        change = next;
    }
    file->first = file->last = NULL;
}

static const char *name_in_folder(const char *path) {
    size_t length = strlen(folder);
    if (strncmp(path, folder, length) != 0 || path[length] != '/') return NULL;
    const char *name = path + length + 1;
    return strchr(name, '/') || strlen(name) >= NAME_LIMIT ? NULL : name;
}

static int kind_of(int descriptor) {
    return is_on && descriptor >= 0 && descriptor < DESCRIPTOR_LIMIT ? descriptors[descriptor] : 0;
}

void power_cut_begin(const char *in, const char *to, long at, unsigned seed, int lying) {
    snprintf(folder, sizeof folder, "%s", in);
    snprintf(shadow, sizeof shadow, "%s", to);
    cut_at = at;
    dice = seed;
    is_lying = lying;
    is_on = 1;
}

static int opened(const char *path, int flags, mode_t mode) {
    struct stat facts;
    int was_there = stat(path, &facts) == 0;
    int descriptor = REAL("open64", open_function)(path, flags, mode);
    if (!is_on || descriptor < 0 || descriptor >= DESCRIPTOR_LIMIT) return descriptor;
    pthread_mutex_lock(&lock);
    const char *name = name_in_folder(path);
    descriptors[descriptor] = 0;
    if (strcmp(path, folder) == 0) {
        descriptors[descriptor] = 1;
    } else if (name) {
        int place = find(live, live_count, name);
        if (place < 0 || !was_there) {
            if (file_count == FILE_LIMIT) _exit(8);
            snprintf(files[file_count].name, NAME_LIMIT, "%s", name);
            if (place < 0) place = live_count++;
            live[place] = file_count++;
            counted();
        }
        descriptors[descriptor] = 2 + live[place];
    }
    pthread_mutex_unlock(&lock);
    return descriptor;
}

int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return opened(path, flags, mode);
}

int close(int descriptor) {
    if (kind_of(descriptor)) descriptors[descriptor] = 0;
    return REAL("close", descriptor_function)(descriptor);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset) {
    pthread_mutex_lock(&lock);
    int kind = kind_of(descriptor);
    if (kind >= 2) note(kind - 2, 0, offset, bytes, count);
    pthread_mutex_unlock(&lock);
    return REAL("pwrite64", pwrite_function)(descriptor, bytes, count, offset);
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
    pthread_mutex_lock(&lock);
    int kind = kind_of(descriptor);
    if (kind >= 2) note(kind - 2, 0, lseek(descriptor, 0, SEEK_CUR), bytes, count);
    pthread_mutex_unlock(&lock);
    return REAL("write", write_function)(descriptor, bytes, count);
}

int ftruncate64(int descriptor, off64_t count) {
    pthread_mutex_lock(&lock);
    int kind = kind_of(descriptor);
    if (kind >= 2) note(kind - 2, 1, count, NULL, 0);
    pthread_mutex_unlock(&lock);
    return REAL("ftruncate64", truncate_function)(descriptor, count);
}

static int sync_through(const char *name, int descriptor) {
    pthread_mutex_lock(&lock);
    int kind = kind_of(descriptor);
    if (kind) synced(kind);
    pthread_mutex_unlock(&lock);
    // The real disk need not be waited for.
    return kind ? 0 : REAL(name, descriptor_function)(descriptor);
}

int fsync(int descriptor) { return sync_through("fsync", descriptor); }
int fdatasync(int descriptor) { return sync_through("fdatasync", descriptor); }

int unlink(const char *path) {
    pthread_mutex_lock(&lock);
    const char *name = is_on ? name_in_folder(path) : NULL;
    int place = name ? find(live, live_count, name) : -1;
    if (place >= 0) {
        live[place] = live[--live_count];
        counted();
    }
    pthread_mutex_unlock(&lock);
    return REAL("unlink", path_function)(path);
}
