import State

/// Appends JSON to bytes on their way out: compact, commas where they belong, nothing to forget but the closing brackets.
///
/// ```swift
/// var json = JSONWriter(out)
/// json.object { json in
///     json.member("acked") { $0.object { $0.member("seq", 1) } }     // {"acked":{"seq":1}}
/// }
/// out = json.out
/// ```
/// A comma is written when the byte before says that something stands there, so it keeps no state of its own.
package struct JSONWriter: Sendable {
    package var out: ByteWriter
    /// Where this text begins in `out`; what stands before it is not ours.
    private let start: Int

    package init(_ out: consuming ByteWriter = ByteWriter()) {
        start = out.count
        self.out = out
    }

    package mutating func beginObject() { open(UInt8(ascii: "{")) }
    package mutating func endObject() { out.u8(UInt8(ascii: "}")) }
    package mutating func beginArray() { open(UInt8(ascii: "[")) }
    package mutating func endArray() { out.u8(UInt8(ascii: "]")) }

    package mutating func object<E: Error>(_ body: (inout JSONWriter) throws(E) -> Void) throws(E) {
        beginObject()
        try body(&self)
        endObject()
    }

    package mutating func array<E: Error>(_ body: (inout JSONWriter) throws(E) -> Void) throws(E) {
        beginArray()
        try body(&self)
        endArray()
    }

    /// A member's name; its value must follow.
    package mutating func name(_ name: String) {
        string(name)
        out.u8(UInt8(ascii: ":"))
    }

    package mutating func string(_ text: String) {
        comma()
        var text = text
        text.withUTF8 { JSONString.write(UnsafeRawBufferPointer($0), to: &out.bytes) }
    }

    /// As a number; for 64-bit integers that a JavaScript client reads there is `decimal`.
    package mutating func integer(_ value: some FixedWidthInteger) {
        comma()
        out.raw(String(value).utf8)
    }

    /// As a string of decimal digits.
    package mutating func decimal(_ value: some FixedWidthInteger) {
        comma()
        out.raw("\"\(value)\"".utf8)
    }

    /// The shortest text that reads back the same; `"nan"`, `"inf"` and `"-inf"` are strings.
    package mutating func number(_ value: Double) {
        comma()
        JSONNumber.write(value, to: &out.bytes)
    }

    package mutating func number(_ value: Float) {
        comma()
        JSONNumber.write(value, to: &out.bytes)
    }

    package mutating func bool(_ value: Bool) {
        comma()
        out.raw((value ? "true" : "false").utf8)
    }

    package mutating func null() {
        comma()
        out.raw("null".utf8)
    }

    /// Bytes as a string of base64.
    package mutating func base64(_ bytes: UnsafeRawBufferPointer) {
        comma()
        out.raw("\"\(Base64.encode(bytes))\"".utf8)
    }

    /// A value that is JSON text already; the caller has checked that it is one.
    package mutating func text(_ json: UnsafeRawBufferPointer) {
        comma()
        out.raw(json)
    }

    package mutating func member(_ name: String, _ value: String) {
        self.name(name)
        string(value)
    }

    package mutating func member(_ name: String, _ value: some FixedWidthInteger) {
        self.name(name)
        integer(value)
    }

    package mutating func member(_ name: String, _ value: Double) {
        self.name(name)
        number(value)
    }

    package mutating func member(_ name: String, _ value: Bool) {
        self.name(name)
        bool(value)
    }

    /// A member whose value `body` writes.
    package mutating func member<E: Error>(
        _ name: String, _ body: (inout JSONWriter) throws(E) -> Void
    ) throws(E) {
        self.name(name)
        try body(&self)
    }

    private mutating func open(_ bracket: UInt8) {
        comma()
        out.u8(bracket)
    }

    private mutating func comma() {
        guard out.count > start, let last = out.bytes.last else { return }
        switch last {
        case UInt8(ascii: "{"), UInt8(ascii: "["), UInt8(ascii: ":"), UInt8(ascii: ","): return
        default: out.u8(UInt8(ascii: ","))
        }
    }
}
