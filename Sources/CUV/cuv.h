// libuv and the few system headers Glibc's module leaves out, for Sources/Loop alone.
#pragma once
#include <uv.h>
#include <sys/timerfd.h>
