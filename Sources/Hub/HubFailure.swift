/// Why the hub could not start or go on, in words for the person who started it.
package struct HubFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String
    /// 1 for what went wrong, 2 for what was asked wrongly.
    package let exitCode: Int32

    package init(_ description: String, exitCode: Int32 = 1) {
        self.description = description
        self.exitCode = exitCode
    }
}
