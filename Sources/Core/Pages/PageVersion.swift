/// How new a page is: the epoch of the back and the version of the channel that it was built from. Higher is newer.
package struct PageVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
    package var epoch: Epoch
    package var version: Version

    package init(epoch: Epoch, version: Version) {
        self.epoch = epoch
        self.version = version
    }

    package init(_ page: JobPage) { self.init(epoch: page.epoch, version: page.version) }

    package static func < (left: PageVersion, right: PageVersion) -> Bool {
        (left.epoch, left.version) < (right.epoch, right.version)
    }

    package var description: String { "\(epoch).\(version)" }
}

/// What a page may not be older than: a version of a channel, as its reader has seen it.
package struct PageFloor: Hashable, Comparable, Sendable {
    package var version: PageVersion
    /// The same for a worker, which waits until its mirror has it.
    package var minimum: JobMinimum

    package init(_ minimum: JobMinimum, epoch: Epoch) {
        self.minimum = minimum
        version = PageVersion(epoch: epoch, version: minimum.version)
    }

    package static func < (left: PageFloor, right: PageFloor) -> Bool { left.version < right.version }
}

/// A page as the store gives it and as fronts keep it.
package struct StoredPage: Equatable, Sendable {
    package var version: PageVersion
    package var contentType: String
    /// SHA-256 of the content.
    package var hash: [UInt8]
    package var content: [UInt8]

    package init(version: PageVersion, contentType: String, hash: [UInt8], content: [UInt8]) {
        self.version = version
        self.contentType = contentType
        self.hash = hash
        self.content = content
    }

    package init(version: PageVersion, contentType: String, content: [UInt8]) {
        self.init(version: version, contentType: contentType, hash: Crypto.sha256(content), content: content)
    }
}
