import Core
import State

/// Frames in pieces: `u8` size of a piece, then a stream. However it is cut, the same frames come and the same error.
enum FrameFuzz {
    static func run(_ bytes: UnsafeRawBufferPointer) throws(Finding) {
        guard let first = bytes.first else { return }
        let stream = UnsafeRawBufferPointer(rebasing: bytes.dropFirst())
        let whole = read(stream, pieceSize: .max)
        let pieces = read(stream, pieceSize: max(1, Int(first)))
        try Finding.unless(whole.frames == pieces.frames, "other frames in pieces of \(first)")
        try Finding.unless(whole.error == pieces.error, "another error in pieces of \(first)")
        try Finding.unless(whole.heldMaximum <= bytes.count, "more held than came")
    }

    private static func read(
        _ stream: UnsafeRawBufferPointer, pieceSize: Int
    ) -> (frames: [[UInt8]], error: WireError?, heldMaximum: Int) {
        var reader = FrameReader(limit: 1_000)
        var frames: [[UInt8]] = []
        var heldMaximum = 0
        var start = 0
        do throws(WireError) {
            while start < stream.count {
                let end = pieceSize < stream.count - start ? start + pieceSize : stream.count
                try reader.receive(
                    UnsafeRawBufferPointer(rebasing: stream[start..<end]),
                    { (frame) throws(WireError) in frames.append(Array(frame.whole)) }, failed: { $0 })
                heldMaximum = max(heldMaximum, reader.heldByteCount)
                start = end
            }
        } catch {
            return (frames, error, heldMaximum)
        }
        return (frames, nil, heldMaximum)
    }
}
