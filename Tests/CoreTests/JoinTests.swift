import Core
import State
import Testing

/// A state that is too large for one write. It grows by inputs: `fill N` puts N rows of 1 KiB, `touch N` changes that many. Who comes with
/// options is in an audience of its own, too.
private struct Library: Processor {
    struct Book: Row {
        var text = "", readers: Int32 = 0
        static let schema = Schema<Book>(.field("text", \.text), .field("readers", \.readers))
    }

    let books: Table<Int, Book>
    let desks: Table<SessionID, Book>
    let audiences: Audiences

    init(_ state: inout State) {
        books = state.table("books")
        desks = state.table("desks")
        audiences = state.audiences
    }

    mutating func step(_ tick: inout Tick) {
        while let event = tick.next() {
            switch event {
            case .joined(let session) where !session.options.isEmpty:
                desks[session.id, for: audiences[of: session.id]] = Book(text: "mine")
            case .input(let input):
                let words = (input.bytes.text ?? "").split(separator: " ")
                let count = Int(words.last ?? "") ?? 0
                if words.first == "fill" {
                    for key in 0..<count { books[key] = Book(text: String(repeating: "\(key % 10)", count: 1024)) }
                } else {
                    for key in 0..<count { books[key]?.text += "!" }
                }
            default: break
            }
        }
        books[-1, default: Book()].readers += 1
    }
}

@Suite("Joining a large channel")
struct JoinTests {
    private static let bookCount = 700

    /// A front that serves a channel of 700 KiB to one reader, who wrote it and is at its newest version.
    private func stage(_ bookCount: Int = Self.bookCount) -> (FrontStage, ConnectionID) {
        var stage = FrontStage(Library.self)
        let ann = stage.join(.plain)
        stage.keepsBytesOnly = true
        stage.inputs([1], on: ann, "fill \(bookCount)")
        stage.pass(.milliseconds(100))
        return (stage, ann)
    }

    private func join(_ stage: inout FrontStage, options: [UInt8] = []) -> ConnectionID {
        let id = stage.connect(.plain)
        let hello = Hello(
            attach: AttachNumber(rawValue: 1), token: [], reads: [Read(channel: "room/1", options: options)], write: "")
        stage.frame(.hello, on: id) { hello.encode(into: &$0) }
        return id
    }

    /// Of many who join at once one that has some of its pieces.
    private func joinInPart(_ stage: inout FrontStage) -> ConnectionID {
        let id = join(&stage)
        for _ in 0..<11 { _ = join(&stage) }
        while stage[id].raw.count < 10_000 { stage.turn(after: .milliseconds(1)) }
        #expect(stage[id].raw.count < Self.bookCount * 1024 / 2)
        return id
    }

    /// Makes turns until the next tick but one and some more, and looks whether these clients hold what the back has.
    private func expectWhole(_ stage: inout FrontStage, _ ids: [ConnectionID]) throws {
        for _ in 0..<140 { stage.turn(after: .milliseconds(1)) }
        let (version, state) = try #require(stage.back.encodedState(of: "room/1"))
        for id in ids {
            let (mirror, _) = try client(stage[id].raw)
            #expect(mirror.version == version.rawValue)
            #expect(mirror.encoded() == state)
        }
    }

    /// What a client holds that read all of `bytes`, and how many pieces there were.
    private func client(_ bytes: [UInt8]) throws -> (mirror: ChannelMirror, pieceCount: Int) {
        var (mirror, assembly, pieceCount) = (ChannelMirror(), SectionAssembly(), 0)
        func take(_ body: UnsafeRawBufferPointer) throws {
            var reader = ByteReader(body)
            let head = try SectionHead(from: &reader)
            try mirror.receive(
                StateSection(
                    audience: head.audience.rawValue, base: head.base.rawValue, version: head.version.rawValue,
                    hash: head.hash, schema: head.hasSchema ? try SchemaDescription(&reader) : nil,
                    patch: Array(reader.rest())))
        }
        try bytes.withUnsafeBytes { bytes in
            var cursor = FrameCursor(bytes, limit: Limits.nodeFrameBytes)
            while let frame = try cursor.next() {
                switch frame.kind {
                case .attachedClient:
                    let attached = try frame.decode(ClientAttached.init(from:))
                    if !attached.kept.contains(.everyone) { (mirror, assembly) = (ChannelMirror(), SectionAssembly()) }
                    mirror.setAudiences(
                        listed: attached.audiences.map(\.rawValue), kept: attached.kept.map(\.rawValue))
                case .regroupedClient:
                    let regrouped = try frame.decode(ClientRegrouped.init(from:))
                    mirror.setAudiences(
                        listed: regrouped.audiences.map(\.rawValue), kept: regrouped.kept.map(\.rawValue))
                case .section: try take(frame.body)
                case .piece:
                    pieceCount += 1
                    if let body = try assembly.receive(frame.body) { try body.withUnsafeBytes(take) }
                case .mark:
                    let mark = try frame.decode(Mark.init(from:))
                    _ = try mirror.commit(base: mark.base.rawValue, version: mark.version.rawValue)
                default: break
                }
            }
        }
        return (mirror, pieceCount)
    }

    @Test(
        "State goes to those who join piece by piece, so much in a turn; who reads already hears each tick meanwhile",
        arguments: [[], [1]] as [[UInt8]])
    func pieces(options: [UInt8]) throws {
        var (stage, ann) = stage()
        let joined = (0..<12).map { _ in join(&stage, options: options) }
        let turnCount = stage.turns.count
        for _ in 0..<60 { stage.turn(after: .milliseconds(5)) }
        let turns = stage.turns[turnCount...]
        for turn in turns {
            let byteCount = turn.filter { joined.contains($0.id) }.reduce(0) { $0 + $1.byteCount }
            #expect(byteCount <= Limits.joinBytesPerTurn + 4 * Limits.pieceBytes)
            for (_, byteCount) in turn { #expect(byteCount <= 2 * Limits.pieceBytes) }
        }
        let busy = turns.filter { $0.contains { joined.contains($0.id) && $0.byteCount > 10_000 } }
        #expect(busy.count >= 12 * Self.bookCount / 1024, "\(busy.count) turns")
        #expect(turns.count { $0.contains { $0.id == ann } } == 6, "a tick every 50 ms")
        let (version, state) = try #require(stage.back.encodedState(of: "room/1"))
        for id in joined {
            let (mirror, pieceCount) = try client(stage[id].raw)
            #expect(pieceCount >= Self.bookCount * 1024 / Limits.pieceBytes)
            #expect(mirror.encoded(audience: 0) == state && mirror.version == version.rawValue)
            #expect(mirror.table("desks")?.count == options.count)
        }
    }

    @Test(
        "A reader that stops reading between two pieces is sent the rest when it reads again, and then what came meanwhile"
    )
    func blockedBetweenPieces() throws {
        var (stage, ann) = stage()
        let slow = joinInPart(&stage)
        stage.blocked = [slow]
        stage.front.blocked(slow, now: stage.now)
        let before = stage[slow].raw.count
        for number in 2...45 as ClosedRange<UInt64> {
            stage.inputs([number], on: ann, "touch 100")
            stage.pass(.milliseconds(50))
        }
        #expect(stage[slow].raw.count == before)
        stage.blocked = []
        stage.front.drained(slow, now: stage.now)
        try expectWhole(&stage, [slow])
    }

    @Test("A squash of much is made a slice a turn, for who comes from nothing and for who is far behind")
    func slices() throws {
        var (stage, ann) = stage()
        let slow = join(&stage)
        stage.pass(.milliseconds(100))
        stage.blocked = [slow]
        stage.front.blocked(slow, now: stage.now)
        for number in 2...45 as ClosedRange<UInt64> {
            stage.inputs([number], on: ann, "touch 20")
            stage.pass(.milliseconds(50))
        }
        let (slicesBefore, turnCount) = (stage.front.counters.squashSlices, stage.turns.count)
        let new = join(&stage)
        stage.blocked = []
        stage.front.drained(slow, now: stage.now)
        try expectWhole(&stage, [new, slow])
        let sliceCount = Int(stage.front.counters.squashSlices - slicesBefore)
        #expect(sliceCount >= 2 * Self.bookCount * 1024 / Limits.squashSliceBytes, "read in, and merged")
        #expect(sliceCount <= stage.turns.count - turnCount)
    }

    @Test(
        "A connection that closes in the middle of its pieces leaves nothing behind; one that reads again begins anew")
    func leavesInBetween() throws {
        var (stage, _) = stage()
        let gone = join(&stage)
        let again = joinInPart(&stage)
        stage.drop(gone)
        let read = Read(channel: "room/1")
        stage.frame(.read, on: again) { read.encode(into: &$0) }
        try expectWhole(&stage, [again])
    }

    @Test("A piece is made once, however many readers it has and wherever they stop: in turns, each with so much of it")
    func madeOnce() throws {
        var (stage, _) = stage(2 * Self.bookCount)
        // So long a row of patches that who joins now has a keyframe made.
        for _ in 0..<40 { stage.pass(.milliseconds(50)) }
        let madeBefore = stage.front.counters.piecesMade
        let joined = (0..<5).map { _ in join(&stage) }
        var gone: [ConnectionID] = []
        var mostOfATurn: UInt64 = 0
        for _ in 0..<200 {
            let made = stage.front.counters.piecesMade
            stage.turn(after: .milliseconds(1))
            mostOfATurn = max(mostOfATurn, stage.front.counters.piecesMade - made)
            // The first two who have some of it, but not all, go.
            if gone.count < 2, let id = joined.first(where: { stage[$0].raw.count > 100_000 && !gone.contains($0) }) {
                stage.drop(id)
                gone.append(id)
            }
        }
        let last = join(&stage)
        try expectWhole(&stage, joined.filter { !gone.contains($0) } + [last])
        #expect(gone.count == 2)
        let (_, pieceCount) = try client(stage[last].raw)
        #expect(pieceCount >= 2 * Self.bookCount * 1024 / Limits.pieceBytes)
        #expect(stage.front.counters.piecesMade - madeBefore == UInt64(pieceCount))
        // Making one counts as sending it does.
        let bound = Limits.joinBytesPerTurn / Limits.pieceBytes / 2 + 1
        #expect(mostOfATurn > 0 && mostOfATurn <= UInt64(bound), "\(mostOfATurn) of at most \(bound)")
    }

    @Test("A keyframe that moves on while it is sent goes on for who has some of it; who comes later has the new one")
    func keyframeMovesOn() throws {
        var (stage, ann) = stage()
        for _ in 0..<40 { stage.pass(.milliseconds(50)) }
        let madeBefore = stage.front.counters.piecesMade
        let slow = joinInPart(&stage)
        stage.blocked = [slow]
        stage.front.blocked(slow, now: stage.now)
        for number in 2...45 as ClosedRange<UInt64> {
            stage.inputs([number], on: ann, "touch 3")
            stage.pass(.milliseconds(50))
        }
        let snapshots = stage.front.counters.snapshots
        let new = join(&stage)
        for _ in 0..<70 { stage.turn(after: .milliseconds(1)) }
        #expect(stage.front.counters.snapshots == snapshots + 1)
        stage.blocked = []
        stage.front.drained(slow, now: stage.now)
        try expectWhole(&stage, [slow, new])
        let pieceCounts = try [slow, new].map { UInt64(try client(stage[$0].raw).pieceCount) }
        #expect(stage.front.counters.piecesMade - madeBefore == pieceCounts[0] + pieceCounts[1])
    }
}
