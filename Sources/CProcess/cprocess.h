// Watching processes that are not our children. Swift's Glibc module leaves this header out.
#pragma once
#include <sys/pidfd.h>
