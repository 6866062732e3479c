import Foundation
import Testing

/// What the README shows as the content of a file is that file, so that what it shows is compiled and run.
@Suite("README")
struct ReadmeTests {
    /// A fenced block below `<!-- the same as PATH -->`.
    struct Quote: CustomTestStringConvertible {
        let path: String
        let text: String
        var testDescription: String { path }
    }

    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static func read(_ path: String) -> String? { try? String(contentsOf: root.appending(path: path), encoding: .utf8) }

    static let quotes: [Quote] = {
        var quotes: [Quote] = []
        var path: Substring?
        var block: [Substring]?
        for line in (read("README.md") ?? "").split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("<!-- the same as ") {
                path = line.dropFirst("<!-- the same as ".count).dropLast(" -->".count)
            } else if let named = path, line.hasPrefix("```") {
                if let lines = block {
                    quotes.append(Quote(path: String(named), text: lines.map { $0 + "\n" }.joined()))
                    (path, block) = (nil, nil)
                } else {
                    block = []
                }
            } else {
                block?.append(line)
            }
        }
        return quotes
    }()

    @Test("A block that says it is a file is that file", arguments: quotes)
    func same(quote: Quote) {
        #expect(quote.text == Self.read(quote.path))
    }

    @Test("The README quotes its example, its test and its page")
    func quoted() {
        let paths = Self.quotes.map(\.path)
        #expect(paths.contains("examples/walk/Walk.swift"))
        #expect(paths.contains("examples/walk/Main.swift"))
        #expect(paths.contains("Tests/ExampleTests/WalkTests.swift"))
        #expect(paths.contains("examples/walk/web/index.html"))
    }
}
