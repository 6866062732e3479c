import State

/// Frame `78`, front to hub: "I need the page at this path." Answered once with `PageAnswer`, when the page is there.
package struct PageWish: Equatable, Sendable {
    /// The front's own number for it.
    package var number: UInt64
    package var path: String
    /// The page may not be older than this.
    package var floor: PageVersion?
    /// The hash of what the front holds: if that is the page still, its content is not sent again. Empty for nothing.
    package var held: [UInt8]

    package init(number: UInt64, path: String, floor: PageVersion?, held: [UInt8]) {
        self.number = number
        self.path = path
        self.floor = floor
        self.held = held
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        number = try reader.num()
        path = try reader.text()
        switch try reader.u8() {
        case 0: floor = nil
        case 1: floor = try PageVersion(from: &reader)
        default: throw .invalid("a page's floor")
        }
        held = try reader.hash()
    }

    package func encode(into writer: inout ByteWriter) {
        writer.num(number)
        writer.text(path)
        writer.u8(floor == nil ? 0 : 1)
        floor?.encode(into: &writer)
        writer.blob(held)
    }
}

/// What the hub knows of a page that a front needs.
package enum PageOutcome: Equatable, Sendable {
    case page(StoredPage)
    /// The front's own is the page still, at this version.
    case unchanged(PageVersion)
    /// There is no page at this path.
    case missing
    /// It could not be built, or not be asked for; the reason is for people.
    case failed(String)
}

/// Frame `79`, hub to front: the answer to the wish of that number.
package struct PageAnswer: Equatable, Sendable {
    package var number: UInt64
    package var outcome: PageOutcome

    package init(number: UInt64, outcome: PageOutcome) {
        self.number = number
        self.outcome = outcome
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        number = try reader.num()
        switch try reader.u8() {
        case 0: outcome = .missing
        case 1:
            let version = try PageVersion(from: &reader)
            let type = try reader.text()
            let hash = try reader.hash()
            outcome = .page(
                StoredPage(version: version, contentType: type, hash: hash, content: Array(try reader.blob())))
        case 2: outcome = .unchanged(try PageVersion(from: &reader))
        case 3: outcome = .failed(try reader.text())
        default: throw .invalid("a page's outcome")
        }
    }

    package func encode(into writer: inout ByteWriter) {
        writer.num(number)
        switch outcome {
        case .missing: writer.u8(0)
        case .page(let page):
            writer.u8(1)
            page.version.encode(into: &writer)
            writer.text(page.contentType)
            writer.blob(page.hash)
            writer.blob(page.content)
        case .unchanged(let version):
            writer.u8(2)
            version.encode(into: &writer)
        case .failed(let reason):
            writer.u8(3)
            writer.text(reason)
        }
    }
}

/// Frame `7a`, hub to every front: the store has a newer page at this path.
package struct PageNews: Equatable, Sendable {
    package var path: String
    package var version: PageVersion
    package var hash: [UInt8]

    package init(path: String, version: PageVersion, hash: [UInt8]) {
        self.path = path
        self.version = version
        self.hash = hash
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        path = try reader.text()
        version = try PageVersion(from: &reader)
        hash = try reader.hash()
    }

    package func encode(into writer: inout ByteWriter) {
        writer.text(path)
        version.encode(into: &writer)
        writer.blob(hash)
    }
}

extension PageVersion {
    package init(from reader: inout ByteReader) throws(WireError) {
        epoch = Epoch(rawValue: try reader.u64())
        version = Version(rawValue: try reader.num())
    }

    package func encode(into writer: inout ByteWriter) {
        writer.u64(epoch.rawValue)
        writer.num(version.rawValue)
    }
}

extension ByteReader {
    /// A SHA-256, or nothing.
    fileprivate mutating func hash() throws(WireError) -> [UInt8] {
        let bytes = try blob()
        guard bytes.isEmpty || bytes.count == 32 else { throw .invalid("a page's hash") }
        return Array(bytes)
    }
}
