import Loop

/// Why a run cannot go on, in words that say what to do.
struct RigFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }

    static func pipe() throws(RigFailure) -> (reading: Int32, writing: Int32) {
        do throws(LoopError) { return try Descriptors.pipe() } catch { throw RigFailure("no pipe: \(error)") }
    }
}
