/// The name of a channel: a path like `arena/7`.
///
/// 1 to 256 bytes of UTF-8, segments separated by `/`, none of them empty, no control characters. Two ids are the same if
/// their bytes are the same (a `String` would also call a composed and a decomposed é equal), and they sort as their bytes.
public struct ChannelID: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The id as it is written.
    public let text: String

    /// The longest id, in bytes.
    public static let byteLimit = 256

    /// Why a text is no channel id.
    public enum Invalid: Error, Equatable, Sendable, CustomStringConvertible {
        case empty
        case tooLong(byteCount: Int)
        case emptySegment
        case controlCharacter(at: Int)

        public var description: String {
            switch self {
            case .empty: "a channel id must not be empty"
            case .tooLong(let count): "a channel id has at most \(ChannelID.byteLimit) bytes, this one has \(count)"
            case .emptySegment: "a channel id has no empty segments: no '/' at its ends and no '//'"
            case .controlCharacter(let offset): "a channel id has no control characters; there is one at byte \(offset)"
            }
        }
    }

    /// An id from what a peer or an application wrote.
    public init(_ text: String) throws(Invalid) {
        var text = text
        text.makeContiguousUTF8()
        let fault = text.withUTF8 { ChannelID.fault(in: $0) }
        if let fault { throw fault }
        self.text = text
    }

    public var description: String { text }

    @inlinable public static func == (left: ChannelID, right: ChannelID) -> Bool {
        left.text.utf8.elementsEqual(right.text.utf8)
    }

    @inlinable public static func < (left: ChannelID, right: ChannelID) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    public func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }

    private static func fault(in bytes: UnsafeBufferPointer<UInt8>) -> Invalid? {
        guard !bytes.isEmpty else { return .empty }
        guard bytes.count <= byteLimit else { return .tooLong(byteCount: bytes.count) }
        var previous = UInt8(ascii: "/")
        for (offset, byte) in bytes.enumerated() {
            if byte < 0x20 || byte == 0x7F { return .controlCharacter(at: offset) }
            // U+0080 to U+009F are C2 80 to C2 9F.
            if previous == 0xC2, byte < 0xA0 { return .controlCharacter(at: offset - 1) }
            if byte == UInt8(ascii: "/"), previous == UInt8(ascii: "/") { return .emptySegment }
            previous = byte
        }
        return previous == UInt8(ascii: "/") ? .emptySegment : nil
    }
}
