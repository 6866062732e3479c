import Core
import State
import Testing

/// What bypasses a front's batch, byte by byte.
@Suite("The immediate path")
struct ImmediateTests {
    private static let languages: [FrontStage.Language] = [.plain, .webSocket, .text]

    private func say(_ text: String, _ language: FrontStage.Language, _ stage: inout FrontStage, _ id: ConnectionID) {
        guard language != .text else { return stage.text("{\"say\":{\"to\":[\"room/1\"],\"data\":\(text)}}", on: id) }
        let said = ClientSaid(channels: ["room/1"], data: Array(text.utf8))
        stage.frame(.say, on: id) { said.encode(into: &$0) }
    }

    private func input(
        _ number: UInt64, isNow: Bool, _ language: FrontStage.Language, _ stage: inout FrontStage, _ id: ConnectionID
    ) {
        guard language != .text else {
            let said = stage[id].texts.first { $0.contains("\"granted\"") } ?? ""
            let grant = said.firstRange(of: "\"grant\":\"").map { said[$0.upperBound...].prefix { $0 != "\"" } } ?? ""
            let name = isNow ? "inputNow" : "input"
            return stage.text("{\"\(name)\":{\"grant\":\"\(grant)\",\"seq\":\(number),\"data\":1}}", on: id)
        }
        let grant = UInt64(stage[id].field("grant", of: "grantedClient") ?? "", radix: 16) ?? 0
        stage.frame(isNow ? .inputsNow : .inputs, on: id) {
            $0.u64(grant)
            $0.num(number)
            $0.blob([49])
        }
    }

    @Test(
        "C14: an immediate input or message leaves without waiting for the batch, behind all that was said before it",
        arguments: languages)
    func bypass(_ language: FrontStage.Language) {
        var stage = FrontStage(Post.self)
        let id = stage.join(language)
        let before = stage.front.counters.batches
        input(1, isNow: false, language, &stage, id)
        input(2, isNow: false, language, &stage, id)
        #expect(stage.front.counters.batches == before, "these wait for company")
        input(3, isNow: true, language, &stage, id)
        #expect(stage.front.counters.batches == before + 1, "this one takes them along, and no time has passed")
        input(4, isNow: false, language, &stage, id)
        say("5", language, &stage, id)
        #expect(stage.front.counters.batches == before + 2)
        input(5, isNow: false, language, &stage, id)
        stage.pass(.milliseconds(100))
        let notes = stage.back.notes("room/1").filter { $0.hasPrefix("input") || $0.contains(" by ") }
        #expect(notes.map { $0.prefix { $0 != " " } } == ["input", "input", "input", "input", "5", "input"])
        #expect(notes.compactMap { $0.hasPrefix("input") ? $0.last : nil } == ["1", "2", "3", "4", "5"])
    }

    @Test("A message is refused with 1009 when it is too large, and with 1002 before hello")
    func refused() {
        var stage = FrontStage(Post.self)
        let large = stage.join(.plain)
        let said = ClientSaid(data: [UInt8](repeating: 7, count: Limits.messageBytes + 1))
        stage.frame(.say, on: large) { said.encode(into: &$0) }
        #expect(stage[large].field("code", of: "bye") == "1009")
        let early = stage.connect(.plain)
        stage.frame(.say, on: early) { ClientSaid(data: [1]).encode(into: &$0) }
        #expect(stage[early].field("code", of: "bye") == "1002")
    }

    @Test("A message to a channel that is not read is dropped and counted; the connection goes on")
    func notRead() {
        var stage = FrontStage(Post.self)
        let id = stage.join(.plain)
        stage.frame(.say, on: id) { ClientSaid(channels: ["room/2"], data: [1]).encode(into: &$0) }
        #expect(stage.front.counters.messagesDropped == 1)
        #expect(!stage[id].isClosed)
    }
}
