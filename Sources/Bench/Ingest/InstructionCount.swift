import CCount

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

    private static func counted(
        _ work: () -> Void,
        _ count: (@convention(c) (UnsafeMutableRawPointer?) -> Void, UnsafeMutableRawPointer?) -> Int
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
