/// What the hub keeps of a back that died: where it stood, and the inputs of its last ticks. One JSON file each.
package struct IncidentReport: Sendable, Equatable, Codable {
    package struct Input: Sendable, Equatable, Codable {
        package var session: String
        package var number: UInt64
        /// The bytes, if they are text.
        package var text: String?
        /// The bytes in hex, if they are not.
        package var hex: String?

        init(_ input: TickRecord.Input) {
            session = "\(input.session)"
            number = input.number
            text = String(validating: input.bytes, as: UTF8.self)
            if text == nil { hex = HexText.write(input.bytes) }
        }
    }

    package struct Tick: Sendable, Equatable, Codable {
        package var channel: String
        package var tick: UInt64
        package var inputs: [Input]
    }

    /// UTC, as `2026-11-21T04:43:23.399Z`.
    package var time: String
    package var back: String
    package var exit: String
    /// Decimal.
    package var epoch: String
    /// `between ticks`, `in a tick`, `at an input`.
    package var place: String
    package var channel: String?
    package var tick: UInt64?
    /// The input that was being processed.
    package var input: Input?
    /// Oldest first; the newest megabyte of them.
    package var ticks: [Tick]

    package init(back: String, _ exit: ProcessExit, _ record: TickRecord, at time: String) {
        self.time = time
        self.back = back
        self.exit = "\(exit)"
        epoch = "\(record.epoch)"
        ticks = record.ticks.map { tick in
            Tick(channel: tick.channel, tick: tick.number, inputs: tick.inputs.map { Input($0) })
        }
        switch record.place {
        case .idle: place = "between ticks"
        case .inTick(let channel, let number):
            place = "in a tick"
            (self.channel, tick) = (channel, number)
        case .atInput(let input, let channel, let number):
            place = "at an input"
            (self.channel, tick, self.input) = (channel, number, Input(input))
        }
    }
}

/// Bytes as lower-case hex digits.
enum HexText {
    static func write(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
