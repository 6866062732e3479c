import State

/// The end of a conversation, said by either side before it closes.
package struct Bye: Equatable, Sendable {
    package var code: UInt16
    package var reason: String
    package var attach: AttachNumber

    package init(_ farewell: Farewell, attach: AttachNumber = AttachNumber(rawValue: 0)) {
        code = farewell.code.rawValue
        reason = farewell.reason
        self.attach = attach
    }

    package init(from reader: inout ByteReader) throws(WireError) {
        let code = try reader.num()
        guard code <= UInt64(UInt16.max) else { throw .invalid("the code of a bye") }
        self.code = UInt16(code)
        reason = try reader.text()
        attach = try reader.num()
    }

    package func encode(into writer: inout ByteWriter) {
        writer.num(UInt64(code))
        writer.text(reason)
        writer.num(attach)
    }

    /// A code that we do not know counts as a failure of the peer.
    package var farewell: Farewell { Farewell(CloseCode(rawValue: code) ?? .failed, reason) }
}
