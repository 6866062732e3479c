import State

/// Messages that wait until a client is written to, behind the states that they name.
struct WaitingMessages {
    private struct Place {
        /// The link's place among the front's links.
        let link: Int
        let version: Version
        let end: Int
    }

    private var places: [Place] = []
    private var writer = ByteWriter()

    var count: Int { places.count }
    var byteCount: Int { writer.count }
    var bytes: [UInt8] { writer.bytes }

    mutating func add(of link: Int, _ version: Version, _ body: (inout ByteWriter) -> Void) {
        body(&writer)
        places.append(Place(link: link, version: version, end: writer.count))
    }

    mutating func clear() {
        guard !places.isEmpty else { return }
        writer.clear()
        places.removeAll()
    }

    /// A link's state goes no further than `version`: what names a later one could never be understood, and is dropped. Answers
    /// how many messages that were.
    mutating func drop(of link: Int, above version: Version) -> Int {
        guard places.contains(where: { $0.link == link && $0.version > version }) else { return 0 }
        let before = self
        self = WaitingMessages()
        var start = 0
        for place in before.places {
            if place.link != link || place.version <= version {
                add(of: place.link, place.version) { $0.raw(before.bytes[start..<place.end]) }
            }
            start = place.end
        }
        return before.count - count
    }
}
