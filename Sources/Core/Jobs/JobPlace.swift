/// An address whose kind is known: its place in the catalogue and the key. Its hash is made once and goes along.
package struct JobPlace: Equatable, Sendable {
    package let kind: Int
    package let key: String
    /// From this process's own seed, since keys come from outside.
    let hash: Int

    package init(kind: Int, key: String) {
        var hasher = Hasher()
        hasher.combine(kind)
        hasher.combine(key)
        (self.kind, self.key, hash) = (kind, key, hasher.finalize())
    }

    private init() { (kind, key, hash) = (-1, "", 0) }

    /// The place of nothing.
    static var nowhere: JobPlace { JobPlace() }

    @inline(__always) package static func == (left: JobPlace, right: JobPlace) -> Bool {
        left.hash == right.hash && left.kind == right.kind && left.key == right.key
    }
}
