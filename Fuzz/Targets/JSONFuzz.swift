import Core
import State

/// A JSON text that is taken can be walked, and written compactly it is taken again and is the same.
enum JSONFuzz {
    static func run(_ bytes: UnsafeRawBufferPointer) throws(Finding) {
        guard let text = try? JSONText(bytes) else { return }
        let written = rewritten(text.root)
        let again = written.withUnsafeBytes { memory in (try? JSONText(memory)).map { rewritten($0.root) } }
        try Finding.unless(again == written, "written again it differs")
    }

    private static func rewritten(_ value: JSONValue) -> [UInt8] {
        var json = JSONWriter()
        rewrite(value, to: &json)
        return json.out.bytes
    }

    private static func rewrite(_ value: JSONValue, to json: inout JSONWriter) {
        _ = (value.double, value.integer(Int64.self), value.integer(UInt8.self), value["a"]?.kind)
        switch value.kind {
        case .null: json.null()
        case .bool: json.bool(value.bool ?? false)
        case .number: json.text(value.bytes)
        case .string: json.string(value.string ?? "")
        case .array:
            json.array { json in
                if let elements = value.elements { for element in elements { rewrite(element, to: &json) } }
            }
        case .object:
            json.object { json in
                guard let members = value.members else { return }
                for member in members {
                    json.name(member.name)
                    rewrite(member.value, to: &json)
                }
            }
        }
    }
}

/// What a client of the text form says.
enum TextFuzz {
    static func run(_ bytes: UnsafeRawBufferPointer) throws(Finding) {
        guard let message = try? TextMessage(bytes) else { return }
        // Of a hello there is a binary form, which has to say the same.
        guard case .hello(let hello) = message else { return }
        try Finding.unless(MessageFuzz.again(hello), "the hello of a text is not one on the wire")
    }
}

/// Names and addresses that peers and people write.
enum NameFuzz {
    static func run(_ bytes: UnsafeRawBufferPointer) throws(Finding) {
        let text = String(decoding: bytes, as: UTF8.self)
        if let channel = try? ChannelID(text) { try Finding.unless(channel.text == text, "another channel") }
        _ = try? FamilyPattern(text)
        _ = try? ListenAddress(text)
        if let session = SessionID(text) { try Finding.unless(session.description == text, "another session") }
        if let bytes = Base64.decodeURL(text) {
            try Finding.unless(Base64.encodeURL(bytes) == text, "another base64 of a URL")
        }
        if let bytes = Base64.decode(text) { try Finding.unless(Base64.encode(bytes) == text, "another base64") }
    }
}
