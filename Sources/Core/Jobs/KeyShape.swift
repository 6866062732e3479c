/// What the keys of a kind look like: segments between slashes, each a literal or a `{name}` that stands for any text.
///
/// `/{board}/{thread}` matches `/b/12`. The names say which part of a narrower kind's key makes the key of a broader one.
package struct KeyShape: Hashable, Sendable, CustomStringConvertible {
    private enum Segment: Hashable, Sendable {
        case literal(String)
        case named(String)
    }

    private let segments: [Segment]
    package let description: String

    /// Why a text is no shape.
    package enum Invalid: Error, Equatable, Sendable, CustomStringConvertible {
        case tooLong
        case brace(String)
        case twice(String)

        package var description: String {
            switch self {
            case .tooLong: "a key shape has at most \(JobAddress.keyByteLimit) bytes"
            case .brace(let segment): "'\(segment)': a segment is plain text or one {name}"
            case .twice(let name): "{\(name)} is there twice"
            }
        }
    }

    package init(_ text: String) throws(Invalid) {
        guard text.utf8.count <= JobAddress.keyByteLimit else { throw .tooLong }
        var segments: [Segment] = []
        for part in text.split(separator: "/", omittingEmptySubsequences: false).map(String.init) {
            guard part.utf8.contains(where: { $0 == UInt8(ascii: "{") || $0 == UInt8(ascii: "}") }) else {
                segments.append(.literal(part))
                continue
            }
            let name = String(part.dropFirst().dropLast())
            guard part.hasPrefix("{"), part.hasSuffix("}"), !name.isEmpty, !name.contains("{"), !name.contains("}")
            else { throw .brace(part) }
            guard !segments.contains(.named(name)) else { throw .twice(name) }
            segments.append(.named(name))
        }
        self.segments = segments
        description = text
    }

    /// The names in it, in their order.
    package var names: [String] {
        segments.compactMap { segment in
            switch segment {
            case .literal: nil
            case .named(let name): name
            }
        }
    }

    /// Whether `key` is of this shape. Control characters and empty named segments never are.
    package func matches(_ key: String) -> Bool {
        var key = key
        return key.withUTF8 { matches($0) }
    }

    private func matches(_ key: UnsafeBufferPointer<UInt8>) -> Bool {
        guard key.count <= JobAddress.keyByteLimit else { return false }
        var (segment, start) = (0, 0)
        for place in 0...key.count {
            if place < key.count {
                let byte = key[place]
                guard byte >= 0x20, byte != 0x7F else { return false }
                guard byte == UInt8(ascii: "/") else { continue }
            }
            guard segment < segments.count else { return false }
            switch segments[segment] {
            case .literal(let text): guard text.utf8.elementsEqual(key[start..<place]) else { return false }
            case .named: guard place > start else { return false }
            }
            (segment, start) = (segment + 1, place + 1)
        }
        return segment == segments.count
    }

    /// The key of this shape whose names have the values that they have in `key`, which matches `shape`. Nil if a name is missing.
    package func key(from key: String, of shape: KeyShape) -> String? {
        let parts = key.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == shape.segments.count else { return nil }
        var text = ""
        for (place, segment) in segments.enumerated() {
            if place > 0 { text += "/" }
            switch segment {
            case .literal(let literal): text += literal
            case .named:
                guard let source = shape.segments.firstIndex(of: segment) else { return nil }
                text += parts[source]
            }
        }
        return text
    }
}
