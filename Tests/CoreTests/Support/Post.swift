import Core
import State

/// The rule of the message tests: it notes every event with its options, and sends what inputs ask for.
///
/// `tell ID TEXT` to a session, `many ID,ID TEXT` to some, `fronts all|linked|NAME,NAME TEXT` to fronts, `post CHANNEL TEXT` to a
/// channel, `posts COUNT CHANNEL` to it so often, `fill COUNT` the largest message to the sender so often. What the tick answered
/// is noted too.
struct Post: Processor {
    struct Note: Row {
        var text = ""
        static let schema = Schema<Note>(.field("text", \.text))
    }

    let notes: Table<Int, Note>

    init(_ state: inout State) { notes = state.table("notes") }

    mutating func step(_ tick: inout Tick) {
        while let event = tick.next() {
            switch event {
            case .requested(let request): asked(request, &tick)
            case .joined(let session): note("joined \(Self.short(session.id)) \(Self.text(session.options))")
            case .detached(let id): note("detached \(Self.short(id))")
            case .returned(let session): note("returned \(Self.short(session.id)) \(Self.text(session.options))")
            case .left(let id, let reason): note("left \(Self.short(id)) \(reason)")
            case .writeGranted(let id, let options): note("writes \(Self.short(id)) \(Self.text(options))")
            case .writeRevoked(let id, let options): note("reads \(Self.short(id)) \(Self.text(options))")
            case .answered(let answered): note("answered \(answered.answer)")
            case .linked(let front): note("linked \(front)")
            case .unlinked(let front): note("unlinked \(front)")
            case .message(let message): heard(message)
            case .input(let input): apply(input, &tick)
            }
        }
    }

    private func asked(_ request: Request, _ tick: inout Tick) {
        let who = request.session.map { Self.short($0.id) } ?? request.front
        let options = Self.text(request.options)
        note("asked \(who) \(options)")
        if options.hasPrefix("no") {
            tick.refuse(request, "you said \(options)")
        } else if !options.isEmpty {
            tick.accept(request, data: Array("yes, \(options)".utf8))
        }
    }

    private func heard(_ message: Message) {
        let text = message.bytes.text ?? ""
        if let session = message.session {
            note("\(text) by \(Self.short(session))")
        } else if let channel = message.channel {
            note("\(text) by \(channel)")
        } else {
            note("\(text) by \(message.front)")
        }
    }

    private func apply(_ input: Input, _ tick: inout Tick) {
        let words = (input.bytes.text ?? "").split(separator: " ").map(String.init)
        let data = Array((words.last ?? "").utf8)
        let names = words.count > 1 ? words[1].split(separator: ",").map(String.init) : []
        switch words.first {
        case "tell": note("told \(SessionID(words[1]).map { tick.send(data, to: $0) } ?? false)")
        case "many": note("reached \(tick.send(data, to: names.compactMap { SessionID($0) }))")
        case "fronts":
            let selection: FrontSelection =
                names == ["all"] ? .all : names == ["linked"] ? .linked : .named(names)
            note("fronts \(tick.send(data, toFronts: selection))")
        case "post": note("posted \(tick.send(data, toChannel: words[1]))")
        case "posts":
            let sent = (0..<(Int(words[1]) ?? 0)).filter { tick.send(Array("\($0)".utf8), toChannel: words[2]) }
            note("posted \(sent.count)")
        case "fill":
            let largest = [UInt8](repeating: 7, count: Limits.messageBytes)
            note("filled \((0..<(Int(words[1]) ?? 0)).filter { _ in tick.send(largest, to: input.session) }.count)")
        default: note("input \(input.number)")
        }
    }

    private func note(_ text: String) { notes[notes.count] = Note(text: text) }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
    /// The end of an id is enough to tell a few sessions apart.
    static func short(_ id: SessionID) -> String { String(id.description.suffix(4)) }
}

extension BackCore {
    /// What the post of a channel noted; nothing if the channel is not here.
    func notes(_ channel: String) -> [String] {
        (processor(of: channel) as? Post)?.notes.map(\.value.text) ?? []
    }
}
