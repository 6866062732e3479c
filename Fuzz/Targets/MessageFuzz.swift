import Core
import State

/// The bodies of frames: `u8` which of the group's kinds, then the body. What is read is written as the same bytes, but for
/// a farewell's code: one that is not known is read as `failed`.
enum MessageFuzz {
    static func kinds(of target: FuzzTarget) -> [FrameKind] {
        switch target {
        case .opening: [.greeting, .challenge, .accepted, .bye]
        case .client:
            [
                .hello, .read, .welcome, .attachedClient, .unlinkedClient, .grantedClient, .ackedClient,
                .refusedClient, .message, .regroupedClient, .disagreed, .say,
            ]
        case .state: [.section, .mark, .piece]
        case .back: [.link, .attach, .detach, .want, .credit, .trunkDisagreed, .toBack, .relayed]
        case .front:
            [
                .linked, .unlinked, .attached, .dismissed, .granted, .revoked, .refused, .toSessions, .toFront,
                .regrouped, .dropped, .relay, .tell,
            ]
        case .hub: [.listener, .query, .answer, .stop]
        default: []
        }
    }

    static func run(_ bytes: UnsafeRawBufferPointer, _ kinds: [FrameKind]) throws(Finding) {
        guard let first = bytes.first, !kinds.isEmpty else { return }
        let body = UnsafeRawBufferPointer(rebasing: bytes.dropFirst())
        let kind = kinds[Int(first) % kinds.count]
        var writer = ByteWriter()
        guard (try? echo(kind, body, to: &writer)) != nil else { return }
        if writer.bytes.elementsEqual(body) { return }
        var again = ByteWriter()
        _ = try? writer.bytes.withUnsafeBytes { try echo(kind, $0, to: &again) }
        let hasFarewell = [.unlinkedClient, .unlinked, .dismissed].contains(kind)
        try Finding.unless(hasFarewell && again.bytes == writer.bytes, "\(kind) written again differs")
    }

    /// Whether a hello goes over the wire as it is.
    static func again(_ hello: Hello) -> Bool {
        var writer = ByteWriter()
        hello.encode(into: &writer)
        return (try? ByteReader.read(writer.bytes) { (reader) throws(WireError) in try Hello(from: &reader) }) == hello
    }

    /// Reads a body of `kind` to its end and writes what it said.
    private static func echo(
        _ kind: FrameKind, _ body: UnsafeRawBufferPointer, to writer: inout ByteWriter
    ) throws(WireError) {
        var reader = ByteReader(body)
        switch kind {
        case .greeting: try Greeting(from: &reader).encode(into: &writer)
        case .challenge: try Challenge(from: &reader).encode(into: &writer)
        case .accepted: try Accepted(from: &reader).encode(into: &writer)
        case .bye: try Bye(from: &reader).encode(into: &writer)
        case .hello: try Hello(from: &reader).encode(into: &writer)
        case .read: try Read(from: &reader).encode(into: &writer)
        case .welcome: try Welcome(from: &reader).encode(into: &writer)
        case .attachedClient: try ClientAttached(from: &reader).encode(into: &writer)
        case .unlinkedClient: try ClientUnlinked(from: &reader).encode(into: &writer)
        case .grantedClient: try ClientGranted(from: &reader).encode(into: &writer)
        case .ackedClient: try ClientAcked(from: &reader).encode(into: &writer)
        case .refusedClient: try ClientRefused(from: &reader).encode(into: &writer)
        case .message: try ClientMessage(from: &reader).encode(into: &writer)
        case .regroupedClient: try ClientRegrouped(from: &reader).encode(into: &writer)
        case .disagreed: try Disagreed(from: &reader).encode(into: &writer)
        case .say: try ClientSaid(from: &reader).encode(into: &writer)
        case .mark: try Mark(from: &reader).encode(into: &writer)
        case .section: try section(&reader, to: &writer)
        case .piece: try piece(body, &reader, to: &writer)
        default: try trunk(kind, &reader, to: &writer)
        }
        try reader.end()
    }

    private static func trunk(
        _ kind: FrameKind, _ reader: inout ByteReader, to writer: inout ByteWriter
    ) throws(WireError) {
        switch kind {
        case .link: try LinkRequest(from: &reader).encode(into: &writer)
        case .attach: try Attach(from: &reader).encode(into: &writer)
        case .detach: try Detach(from: &reader).encode(into: &writer)
        case .want: try Want(from: &reader).encode(into: &writer)
        case .credit: try Credit(from: &reader).encode(into: &writer)
        case .trunkDisagreed: try Disagreed(from: &reader).encode(into: &writer)
        case .toBack: try ToBack(from: &reader).encode(into: &writer)
        case .relayed, .relay: try Relayed(from: &reader).encode(into: &writer)
        case .tell: try Told(from: &reader).encode(into: &writer)
        case .linked: try Linked(from: &reader).encode(into: &writer)
        case .unlinked: try Unlinked(from: &reader).encode(into: &writer)
        case .attached: try MemberAttached(from: &reader).encode(into: &writer)
        case .dismissed: try Dismissed(from: &reader).encode(into: &writer)
        case .granted: try Granted(from: &reader).encode(into: &writer)
        case .revoked: try Revoked(from: &reader).encode(into: &writer)
        case .refused: try MemberRefused(from: &reader).encode(into: &writer)
        case .toSessions: try ToSessions(from: &reader).encode(into: &writer)
        case .toFront: try ToFront(from: &reader).encode(into: &writer)
        case .regrouped: try Regrouped(from: &reader).encode(into: &writer)
        case .dropped: try Dropped(from: &reader).encode(into: &writer)
        case .listener: try ListenerMessage(from: &reader).encode(into: &writer)
        case .query: try Query(from: &reader).encode(into: &writer)
        case .answer: try Answer(from: &reader).encode(into: &writer)
        case .stop: try StopMessage(from: &reader).encode(into: &writer)
        default: throw .invalid("a kind of another group")
        }
    }

    /// A section with its schema; its patch may be written otherwise than shortest, so it is passed on.
    private static func section(_ reader: inout ByteReader, to writer: inout ByteWriter) throws(WireError) {
        let head = try SectionHead(from: &reader)
        head.encode(into: &writer)
        if head.hasSchema { writer.raw(try SchemaDescription(&reader).encoded) }
        let patch = reader.rest()
        try Patch.check(Array(patch))
        writer.raw(patch)
    }

    /// A piece, also to an assembly.
    private static func piece(
        _ body: UnsafeRawBufferPointer, _ reader: inout ByteReader, to writer: inout ByteWriter
    ) throws(WireError) {
        var assembly = SectionAssembly(limit: 1 << 12)
        _ = try? assembly.receive(body)
        _ = try? assembly.receive(body)
        try PieceHead(from: &reader).encode(into: &writer)
        writer.raw(reader.rest())
    }
}
