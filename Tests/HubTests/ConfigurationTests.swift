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

    @Test("C34, C35: a cluster is built from counts, or its backs and channels are named one by one")
    func clusters() throws {
        func options(_ text: String) throws -> HubOptions {
            try RunOptions.make(ParsedArguments(), try ConfigurationFile.read(text), listenDefault: nil)
        }
        let counted = try options("fronts: 4\nbacks: 3\nback: arena\nchannel: [a, b, c, d]\nlisten: '127.0.0.1:7'")
        #expect(counted.frontCount == 4)
        #expect(counted.backs == ["arena", "arena", "arena"])
        #expect(counted.placement.channels["back-1"]?.map(\.text) == ["a", "d"])
        let named = try options(
            """
            back:
              2: lobby --quiet
              1: arena
            place:
              arena/1: 1
              lobby: back-2
            """)
        #expect(named.backs == ["arena", "lobby --quiet"])
        #expect(named.placement.channels["back-2"]?.map(\.text) == ["lobby"])
    }

    @Test(
        "C35: a mistake in a static cluster is found before anything starts, with its line",
        arguments: [
            ("back:\n  1: arena\n  1: lobby\n", "configuration:3:3: '1' is given twice in 'back'"),
            ("back:\n  1: arena\n  3: lobby\n", "configuration:1:1: --back: '1, 3' is not the numbers of 2 backs"),
            (
                "back: arena\nplace:\n  a: 1\n  b: 2\n",
                "configuration:4:3: there is no '2' to own 'b'; there are back-1 to back-1"
            ),
            ("back: [x, y]\nplace:\n  a: 1\n  a: 2\n", "configuration:4:3: 'a' is given twice in 'place'"),
            (
                "back: [x, y]\nplace: {a: 2}\nchannel:\n  - b\n  - a\n",
                "configuration:5:5: 'a' has an owner already: back-2"
            ),
            ("back: [x, y]\nbacks: 3\n", "--backs: '3' is not possible with 2 of --back"),
        ])
    func clusterMistakes(text: String, complaint: String) {
        do {
            _ = try RunOptions.make(ParsedArguments(), try ConfigurationFile.read(text), listenDefault: nil)
            Issue.record("taken: \(text)")
        } catch {
            #expect("\(error)".hasPrefix(complaint), "\(error)")
        }
    }

    @Test("Bytes that are no text are refused")
    func bytes() {
        #expect(throws: ConfigurationError.self) { try ConfigurationFile.read("a: \u{1}") }
    }
}
