import Core
import State

/// A tap that sees whole frames: it takes the bytes of a plain stream or of unmasked WebSocket messages apart, lets its `edit`
/// change each frame, and puts them together again. Bytes that are no frames pass as they are.
package class FrameTap: Tap {
    /// Frames of one direction of one connection whose rest has not come.
    private struct Reading {
        var held: [UInt8] = []
        /// False once something came that is not understood: from there on nothing is changed.
        var isUnderstood = true
        var hasSeenPreface = false
    }

    private var readings: [Way: Reading] = [:]
    var dice: Dice

    package init(seed: UInt64) { dice = Dice(seed: seed) }

    /// Whether frames that go this way are looked at.
    func wants(_ way: Way) -> Bool { false }

    /// Writes what takes the frame's place.
    func edit(_ frame: Frame, _ way: Way, to out: inout ByteWriter) { out.raw(frame.whole) }

    package func pass(_ bytes: [UInt8], _ way: Way) -> [UInt8] {
        guard wants(way), way.isPlain else { return bytes }
        var reading = readings[way] ?? Reading()
        defer { readings[way] = reading }
        guard reading.isUnderstood else { return bytes }
        reading.held += bytes
        var out = ByteWriter()
        if !reading.hasSeenPreface, way.direction == .trunkUp || way.direction == .clientUp {
            guard reading.held.count >= Preface.bytes.count else { return [] }
            out.raw(reading.held.prefix(Preface.bytes.count))
            reading.held.removeFirst(Preface.bytes.count)
        }
        reading.hasSeenPreface = true
        let consumed = reading.held.withUnsafeBytes { held -> Int? in
            var cursor = FrameCursor(held, limit: Limits.nodeFrameBytes)
            do throws(WireError) {
                while let frame = try cursor.next() { edit(frame, way, to: &out) }
                return cursor.consumed
            } catch {
                return nil
            }
        }
        guard let consumed else {
            reading.isUnderstood = false
            defer { reading.held = [] }
            return out.bytes + reading.held
        }
        reading.held.removeFirst(consumed)
        return out.bytes
    }
}

extension Frame {
    /// Decodes the body, or answers nil.
    func read<T>(_ body: (inout ByteReader) throws(WireError) -> T) -> T? {
        var reader = ByteReader(self.body)
        do throws(WireError) { return try body(&reader) } catch { return nil }
    }
}
