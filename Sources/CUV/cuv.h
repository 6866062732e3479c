// libuv and the few system headers and macros that Swift's Glibc module leaves out, for Sources/Loop alone.
#pragma once
#include <uv.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

// How many descriptors one received message may carry. More than that comes truncated and ends the stream.
enum { CUV_DESCRIPTORS_A_MESSAGE = 16 };
// How many descriptors may end a rest; of more than that the others wait until it is over.
enum { CUV_DESCRIPTORS_A_REST = 64 };

// accept4 wants _GNU_SOURCE, which the Glibc module may have been built without.
extern int accept4(int descriptor, struct sockaddr *address, socklen_t *length, int flags);

static inline int cuv_accept(int descriptor, struct sockaddr_storage *address, socklen_t *length) {
    return accept4(descriptor, (struct sockaddr *)address, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

// A stream socket that neither blocks nor is inherited.
static inline int cuv_stream_socket(int domain) {
    return socket(domain, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static inline int cuv_stream_socket_pair(int descriptors[2]) {
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, descriptors);
}

static inline int cuv_pipe(int descriptors[2]) {
    return uv_pipe(descriptors, 0, 0);
}

// One gathered send; with passed >= 0 that descriptor travels with the first byte. Answers a count or -errno.
static inline ssize_t cuv_send(int descriptor, const struct iovec *parts, size_t part_count, int passed) {
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct msghdr message;
    memset(&message, 0, sizeof message);
    message.msg_iov = (struct iovec *)parts;
    message.msg_iovlen = part_count;
    if (passed >= 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &passed, sizeof(int));
    }
    ssize_t sent;
    do sent = sendmsg(descriptor, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : sent;
}

// send and recv of the C library may be cancelled, and say so before and after each call in a process with threads: the plain calls of
// every message leave that out.
extern long syscall(long number, ...);

// One plain send. Answers a count or -errno.
static inline ssize_t cuv_send_one(int descriptor, const void *bytes, size_t count) {
    ssize_t sent;
    do sent = syscall(SYS_sendto, descriptor, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT, NULL, 0);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : sent;
}

// Sleeps for so long, or until one of the descriptors has something to be read.
// ppoll wants _GNU_SOURCE, as accept4 does.
extern int ppoll(struct pollfd *descriptors, nfds_t count, const struct timespec *wait, const sigset_t *mask);

static inline void cuv_rest(const int *descriptors, int count, uint64_t nanoseconds) {
    struct pollfd watched[CUV_DESCRIPTORS_A_REST];
    if (count > CUV_DESCRIPTORS_A_REST) count = CUV_DESCRIPTORS_A_REST;
    for (int i = 0; i < count; i++) watched[i] = (struct pollfd){.fd = descriptors[i], .events = POLLIN};
    struct timespec wait = {.tv_sec = (time_t)(nanoseconds / 1000000000u), .tv_nsec = (long)(nanoseconds % 1000000000u)};
    ppoll(watched, (nfds_t)count, &wait, NULL);
}

// One plain receive. Answers a count, 0 at the peer's end, or -errno.
static inline ssize_t cuv_receive(int descriptor, void *buffer, size_t capacity) {
    ssize_t received;
    do received = syscall(SYS_recvfrom, descriptor, buffer, capacity, MSG_DONTWAIT, NULL, NULL);
    while (received < 0 && errno == EINTR);
    return received < 0 ? -errno : received;
}

// One receive that also takes descriptors: *count of them are put into passed (CUV_DESCRIPTORS_A_MESSAGE long);
// *truncated is 1 when the peer sent more than there was room for.
static inline ssize_t cuv_receive_passed(
    int descriptor, void *buffer, size_t capacity, int *passed, int *count, int *truncated) {
    union {
        char bytes[CMSG_SPACE(sizeof(int) * CUV_DESCRIPTORS_A_MESSAGE)];
        struct cmsghdr align;
    } control;
    struct iovec part = {.iov_base = buffer, .iov_len = capacity};
    struct msghdr message;
    memset(&message, 0, sizeof message);
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes;
    message.msg_controllen = sizeof control.bytes;
    *count = 0;
    *truncated = 0;
    ssize_t received;
    do received = recvmsg(descriptor, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    while (received < 0 && errno == EINTR);
    if (received < 0) return -errno;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        int n = (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        for (int i = 0; i < n; i++) {
            int one;
            memcpy(&one, CMSG_DATA(header) + (size_t)i * sizeof(int), sizeof one);
            if (*count < CUV_DESCRIPTORS_A_MESSAGE) passed[(*count)++] = one;
            else { close(one); *truncated = 1; }
        }
    }
    if (message.msg_flags & MSG_CTRUNC) *truncated = 1;
    return received;
}

// Who is at the other end of a UNIX stream socket, as the kernel saw it at connect. Answers 0 or -errno.
static inline int cuv_peer_credentials(int descriptor, int32_t *pid, uint32_t *uid, uint32_t *gid) {
    struct { pid_t pid; uid_t uid; gid_t gid; } who = {0, 0, 0};
    socklen_t length = sizeof who;
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &who, &length) != 0) return -errno;
    *pid = who.pid;
    *uid = who.uid;
    *gid = who.gid;
    return 0;
}

// An absolute one-shot instant on CLOCK_MONOTONIC; 0 disarms. Answers 0 or -errno.
static inline int cuv_timerfd_arm(int descriptor, uint64_t nanoseconds) {
    struct itimerspec when;
    memset(&when, 0, sizeof when);
    when.it_value.tv_sec = (time_t)(nanoseconds / 1000000000u);
    when.it_value.tv_nsec = (long)(nanoseconds % 1000000000u);
    return timerfd_settime(descriptor, TFD_TIMER_ABSTIME, &when, NULL) == 0 ? 0 : -errno;
}

static inline int cuv_timerfd(void) {
    int descriptor = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    return descriptor < 0 ? -errno : descriptor;
}
