import CCount
import Glibc

/// Counts what a piece of work costs where clocks do not reach. A copy of this process runs it under the eye of the original, so
/// what it changes is not changed here.
package enum InstructionCount {
    /// Machine instructions outside the kernel.
    package static func instructions(_ work: () -> Void) throws(BenchFailure) -> Int {
        try counted(work, count_instructions)
    }

    /// System calls.
    package static func systemCalls(_ work: () -> Void) throws(BenchFailure) -> Int {
        try counted(work, count_system_calls)
    }

    /// References taken: calls of the runtime that retain an object, whichever.
    package static func retains(_ work: () -> Void) throws(BenchFailure) -> Int {
        let names = ["swift_retain", "swift_retain_n", "swift_bridgeObjectRetain", "swift_bridgeObjectRetain_n"]
        let places = names.compactMap { name in UnsafeRawPointer(dlsym(nil, name)) }
        guard !places.isEmpty else { throw BenchFailure("the runtime's functions are not found by name") }
        return try counted(work) { work, context in
            places.map { Optional($0) }.withUnsafeBufferPointer {
                count_calls(work, context, $0.baseAddress, Int32($0.count))
            }
        }
    }

    /// System calls of a child's thread in so many nanoseconds. The thread has to make some.
    package static func systemCalls(ofThread thread: Int32, for nanoseconds: Int) throws(BenchFailure) -> Int {
        let answer = count_system_calls_of(thread, nanoseconds)
        guard answer >= 0 else { throw BenchFailure("the process could not be watched: is tracing forbidden here?") }
        return answer
    }

    private static func counted(
        _ work: () -> Void,
        _ count: ((@convention(c) (UnsafeMutableRawPointer?) -> Void)?, UnsafeMutableRawPointer?) -> Int
    ) throws(BenchFailure) -> Int {
        let answer = withoutActuallyEscaping(work) { work in
            var work = work
            return withUnsafeMutablePointer(to: &work) { pointer in
                count(
                    { context in context?.assumingMemoryBound(to: (() -> Void).self).pointee() },
                    UnsafeMutableRawPointer(pointer))
            }
        }
        guard answer >= 0 else {
            throw BenchFailure("the work could not be stepped through: is tracing forbidden here?")
        }
        return answer
    }
}
