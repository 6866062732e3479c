import FoundationEssentials
import FuzzTargets

/// The checked-in inputs of a fuzz target, Fuzz/Corpus: a line an input, in hex or as a JSON string, `//` before what it is.
struct Corpus {
    struct Input: Sendable {
        let line: Int
        let bytes: [UInt8]
    }

    let inputs: [Input]

    init(_ target: FuzzTarget) throws {
        let here = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        let path = here.joined(separator: "/") + "/Fuzz/Corpus/\(target.rawValue).txt"
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        inputs = try lines.enumerated().compactMap { number, line in
            let text = line.prefix { $0 != "/" || line.first == "\"" }
            guard !text.isEmpty else { return nil }
            return Input(line: number + 1, bytes: try Self.bytes(text))
        }
    }

    private static func bytes(_ text: Substring) throws -> [UInt8] {
        if text.first == "\"" { return Array(try JSONDecoder().decode(String.self, from: Data(text.utf8)).utf8) }
        var bytes: [UInt8] = []
        for word in text.split(separator: " ") {
            var rest = word
            while let byte = UInt8(rest.prefix(2), radix: 16), rest.count >= 2 {
                bytes.append(byte)
                rest = rest.dropFirst(2)
            }
            guard rest.isEmpty else { throw NotHex(word: String(word)) }
        }
        return bytes
    }

    struct NotHex: Error { let word: String }
}
