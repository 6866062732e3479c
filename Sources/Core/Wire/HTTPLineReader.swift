import State

/// Cuts lines out of bytes that arrive in pieces; every line ends with CR LF and holds no other control byte but tabs.
///
/// Remembers how far it looked, so a line that arrives byte by byte is looked at once.
struct HTTPLineReader {
    /// Bytes behind the caller's offset that are known to hold no line end.
    private var scannedCount = 0

    /// The next line without its end; nil if its end is not there yet. `offset` moves behind lines only.
    ///
    /// - Parameter tooLong: what to throw when the line without its end has more than `limit` bytes.
    mutating func next(
        in bytes: UnsafeRawBufferPointer, from offset: inout Int, limit: Int, tooLong: @autoclosure () -> HTTPError
    ) throws(HTTPError) -> UnsafeRawBufferPointer? {
        var position = offset + scannedCount
        while position < bytes.count, HTTPText.isLineByte(bytes[position]) {
            position += 1
            guard position - offset <= limit else { throw tooLong() }
        }
        scannedCount = position - offset
        guard position < bytes.count else { return nil }
        guard bytes[position] == 0x0D else {
            throw .malformed(bytes[position] == 0x0A ? "a line ends without CR" : "a control byte in the head")
        }
        guard position + 1 < bytes.count else { return nil }
        guard bytes[position + 1] == 0x0A else { throw .malformed("a CR without LF") }
        let line = UnsafeRawBufferPointer(rebasing: bytes[offset..<position])
        scannedCount = 0
        offset = position + 2
        return line
    }
}
