/// What a job is about: its kind and its key, as `page` and `/b/12`. Two requests for the same address are the same work.
package struct JobAddress: Hashable, Comparable, Sendable, CustomStringConvertible {
    package var kind: String
    package var key: String

    package init(_ kind: String, _ key: String) {
        self.kind = kind
        self.key = key
    }

    /// The longest key, in bytes.
    package static let keyByteLimit = 512

    package var description: String { "\(kind) \(key)" }

    package static func < (left: JobAddress, right: JobAddress) -> Bool {
        (left.kind, left.key) < (right.kind, right.key)
    }
}
