import State

/// What a cache needs to have: the page at a path.
package struct PageWish: Equatable, Sendable {
    /// The cache's own number for it.
    package var number: UInt64
    package var path: String
    /// The page may not be older than this.
    package var floor: PageFloor?
    /// The hash of what the cache holds: if that is the page still, its content need not come again. Empty for nothing.
    package var held: [UInt8]

    package init(number: UInt64, path: String, floor: PageFloor?, held: [UInt8]) {
        self.number = number
        self.path = path
        self.floor = floor
        self.held = held
    }
}

/// What became of a wish, and so of whoever asked.
package enum PageOutcome: Equatable, Sendable {
    case page(StoredPage)
    /// What the cache holds is the page still, at this version.
    case unchanged(PageVersion)
    /// There is no page at this path.
    case missing
    /// It could not be built, or not be asked for; the reason is for people.
    case failed(String)
}

/// The answer to the wish of that number.
package struct PageAnswer: Equatable, Sendable {
    package var number: UInt64
    package var outcome: PageOutcome

    package init(number: UInt64, outcome: PageOutcome) {
        self.number = number
        self.outcome = outcome
    }
}

/// Frame `71`, hub to every front: there is another page at this path. Said once the store has it.
package struct PageNews: Equatable, Sendable {
    package var path: String
    package var version: PageVersion
    /// SHA-256 of its content.
    package var hash: [UInt8]

    package init(path: String, version: PageVersion, hash: [UInt8]) {
        self.path = path
        self.version = version
        self.hash = hash
    }

    package init(_ page: JobPage) {
        self.init(
            path: page.path, version: PageVersion(page), hash: Crypto.sha256(page.content))
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        path = try reader.text()
        version = PageVersion(epoch: Epoch(rawValue: try reader.u64()), version: Version(rawValue: try reader.num()))
        let bytes = try reader.blob()
        guard bytes.count == 32 else { throw .invalid("a page's hash") }
        hash = Array(bytes)
    }

    package func encode(into writer: inout ByteWriter) {
        writer.text(path)
        writer.u64(version.epoch.rawValue)
        writer.num(version.version.rawValue)
        writer.blob(hash)
    }
}
