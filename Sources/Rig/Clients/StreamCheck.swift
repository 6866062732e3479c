import Core
import State

/// Looks at each commit of one reader of a stream: the bytes are those of the tick that they name.
struct StreamCheck {
    private var offset: Int64?
    private var version = Version.nothing
    private(set) var commits = 0
    /// The tick that is held.
    private(set) var count: Int64 = 0

    mutating func look(at room: ClientRoom, _ breaches: inout Breaches) {
        commits += 1
        if room.version < version { breaches.note(.backwards, "\(room.version.rawValue) after \(version.rawValue)") }
        version = room.version
        guard let chunk = room.mirror.row(ByteStream.table, ByteStream.key, as: ByteStream.Chunk.self), chunk.isRight
        else {
            return breaches.note(.silentGap, "wrong bytes at version \(version.rawValue)")
        }
        let offset = chunk.count - Int64(bitPattern: version.rawValue)
        if let known = self.offset, known != offset {
            breaches.note(.silentGap, "tick \(chunk.count) at version \(version.rawValue)")
        }
        self.offset = offset
        count = chunk.count
    }
}
