import Core
import Testing

@Suite("Which back serves a channel") struct HubDirectoryTests {
    static func back(_ name: String, _ families: String...) -> ChannelDirectory.Entry {
        ChannelDirectory.Entry(
            name: name, address: "127.0.0.1:1", epoch: Epoch(rawValue: 1),
            families: families.compactMap { try? FamilyPattern($0) })
    }

    @Test(
        "The most specific family decides, and ids that are prefixes of one another never mix",
        arguments: [
            ("arena/7", "seven"), ("arena/70", "arena"), ("arena/7/left", "deep"), ("arena", "rest"),
            ("arenas/7", "rest"), ("arena/7/left/top", "deep"), ("arena/8/left", "arena"), ("x", "rest"),
        ])
    func specific(id: String, owner: String) throws {
        let directory = ChannelDirectory([
            Self.back("rest", "*"), Self.back("arena", "arena/*"), Self.back("deep", "arena/7/*"),
            Self.back("seven", "arena/7"),
        ])
        #expect(directory.back(for: try ChannelID(id))?.name == owner)
    }

    @Test("A channel that no family matches has no back")
    func none() throws {
        let directory = ChannelDirectory([Self.back("a", "arena/*")])
        #expect(directory.back(for: try ChannelID("lobby")) == nil)
        #expect(ChannelDirectory().back(for: try ChannelID("lobby")) == nil)
    }

    @Test("Backs that share a family get fair shares, and one that goes moves only its own channels")
    func shares() throws {
        let names = ["back-1", "back-2", "back-3"]
        let all = ChannelDirectory(names.map { Self.back($0, "arena/*") })
        let fewer = ChannelDirectory(names.dropLast().map { Self.back($0, "arena/*") })
        var counts: [String: Int] = [:]
        for number in 0..<3000 {
            let id = try ChannelID("arena/\(number)")
            let owner = try #require(all.back(for: id)).name
            counts[owner, default: 0] += 1
            if owner != "back-3" { #expect(fewer.back(for: id)?.name == owner) }
        }
        for name in names { #expect((850...1150).contains(counts[name] ?? 0), "\(counts)") }
    }

    @Test("The order in which backs are listed does not matter, nor where or under which epoch they are")
    func order() throws {
        let one = ChannelDirectory([Self.back("a", "x/*"), Self.back("b", "x/*")])
        var moved = Self.back("b", "x/*")
        (moved.address, moved.epoch) = (nil, Epoch(rawValue: 9))
        let other = ChannelDirectory([moved, Self.back("a", "x/*")])
        for number in 0..<50 {
            let id = try ChannelID("x/\(number)")
            #expect(one.back(for: id)?.name == other.back(for: id)?.name)
        }
    }

    @Test("The hash is the documented one, so that other builds and languages agree")
    func known() {
        #expect(RendezvousHash.score("back-1", "arena/1") == 0xc999_8525_ddfd_d956)
        #expect(RendezvousHash.score("", "") != 0)
        #expect(RendezvousHash.choose([], for: "x") == nil)
    }

    @Test("A directory survives its message")
    func message() throws {
        let directory = ChannelDirectory([Self.back("a", "x/*", "y"), Self.back("b", "*")])
        #expect(DirectoryMessage(term: 3, directory).directory == directory)
    }

    @Test(
        "A family that is none is refused", arguments: ["", "/", "a//*", "a/*/b", "a*", "**", "*/a", "/*", "a/*/*"])
    func badFamily(text: String) {
        #expect(throws: FamilyPattern.Invalid.self) { try FamilyPattern(text) }
    }

    @Test(
        "A text that is no channel id is refused",
        arguments: [
            ("", ChannelID.Invalid.empty), ("/a", .emptySegment), ("a/", .emptySegment), ("a//b", .emptySegment),
            ("/", .emptySegment), ("a\n", .controlCharacter(at: 1)), ("\u{7F}", .controlCharacter(at: 0)),
            ("a\u{85}", .controlCharacter(at: 1)), ("\0", .controlCharacter(at: 0)),
            (String(repeating: "a", count: 257), .tooLong(byteCount: 257)),
        ])
    func badID(text: String, reason: ChannelID.Invalid) {
        #expect(throws: reason) { try ChannelID(text) }
    }

    @Test("Ids are compared by their bytes")
    func bytes() throws {
        #expect(try ChannelID("caf\u{e9}") != ChannelID("cafe\u{301}"))
        #expect(try ChannelID("a/1") == ChannelID("a/1"))
        #expect(try ChannelID("a/1").hashValue == ChannelID("a/1").hashValue)
        #expect(try ChannelID("a/10") < ChannelID("a/2"))
        #expect(try ChannelID("ünï/➜").text == "ünï/➜")
        _ = try ChannelID(String(repeating: "a", count: 256))
    }
}
