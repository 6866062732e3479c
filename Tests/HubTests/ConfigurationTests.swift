import Hub
import HubCommand
import Testing

@Suite("The configuration file") struct ConfigurationTests {
    @Test("Values, sequences and mappings become flags")
    func reads() throws {
        let entries = try ConfigurationFile.read(
            """
            # a comment
            listen: [ "127.0.0.1:8080", "[::1]:8080" ]
            fronts: 2
            back:
              - .build/release/arena --loops 2
              - 'other "x"'
            files: { /: web, /docs: docs/html }
            """)
        #expect(entries.map(\.key) == ["listen", "fronts", "back", "files"])
        #expect(entries[0].values == ["127.0.0.1:8080", "[::1]:8080"])
        #expect(entries[2].values == [".build/release/arena --loops 2", #"other "x""#])
        #expect(entries[3].values == ["/=web", "/docs=docs/html"])
        #expect(entries[1].line == 3)
        #expect(try ConfigurationFile.read("") == [])
        #expect(try ConfigurationFile.read("# nothing\n") == [])
    }

    @Test(
        "A mistake is answered with its line and column",
        arguments: [
            ("fronts: 2\nlisten: [a, b\n", 3, 1), ("fronts: 1\nfronts: 2", 2, 1), ("- a", 1, 1), ("just words", 1, 1),
            ("fronts:\n", 1, 8), ("a: b\nback: [[x]]", 2, 8), ("a: &x b\nc: *x", 2, 4), ("a: b\n---\nc: d", 2, 1),
            ("a: \"\n", 2, 1), ("\ta: b", 1, 1), ("a: {b: [c]}", 1, 8), ("? [a]\n: b", 1, 3),
        ])
    func mistakes(text: String, line: Int, column: Int) {
        let error = #expect(throws: ConfigurationError.self) { try ConfigurationFile.read(text) }
        #expect(error?.line == line, "\(String(describing: error))")
        #expect(error?.column == column, "\(String(describing: error))")
    }

    @Test(
        "A setting that does not exist or makes no sense is refused where it stands",
        arguments: [
            ("front: hub\nfrontss: 2", "configuration:2:1: there is no setting 'frontss'; did you mean 'fronts'?"),
            ("fronts: many", "configuration:1:1: --fronts: 'many' is not a number from 0 to 256"),
            ("fronts: [1, 2]", "configuration:1:1: 'fronts' takes one value"),
            ("config: other.yaml", "configuration:1:1: there is no setting 'config'"),
        ])
    func settings(text: String, complaint: String) throws {
        let entries = try ConfigurationFile.read(text)
        let mistake = #expect(throws: RunOptions.Mistake.self) {
            try RunOptions.make(ParsedArguments(), entries, listenDefault: nil)
        }
        #expect(mistake?.description == complaint)
    }

    @Test("Bytes that are no text are refused")
    func bytes() {
        #expect(throws: ConfigurationError.self) { try ConfigurationFile.read("a: \u{1}") }
    }
}
