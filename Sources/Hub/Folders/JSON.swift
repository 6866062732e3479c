import FoundationEssentials

/// JSON at the edges of the hub: compact, keys sorted.
package enum JSON {
    package static func encode(_ value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        // Our own plain structs; with the strategy above nothing in them can fail to encode.
        return (try? encoder.encode(value)).map { Array($0) } ?? Array("{}".utf8)
    }

    package static func text(_ value: some Encodable) -> String { String(decoding: encode(value), as: UTF8.self) }

    /// nil if the bytes are not JSON or not that shape.
    package static func decode<T: Decodable>(_ type: T.Type, _ bytes: some Collection<UInt8>) -> T? {
        try? JSONDecoder().decode(type, from: Data(bytes))
    }
}
