/// Appends JSON text, escaped as RFC 8259 wants it.
struct JSONText {
    private(set) var text = ""

    mutating func raw(_ piece: String) { text += piece }

    /// A string with its quotes.
    mutating func string(_ value: String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{0}"..<"\u{20}":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }

    /// A field's value: wide integers as decimal strings, bytes as base64, nil as null, what JSON has no number for as
    /// the strings nan, inf and -inf.
    mutating func value(_ value: FieldValue, of type: FieldType) {
        switch value {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .int(let value): text += type == .int64 ? "\"\(value)\"" : "\(value)"
        case .uint(let value): text += type == .uint64 ? "\"\(value)\"" : "\(value)"
        case .float(let value): number(value)
        case .double(let value): number(value)
        case .text(let value): string(value)
        case .bytes(let value): text += "\"" + Self.base64(value) + "\""
        }
    }

    /// The shortest digits that read back as the same number; whole numbers without ".0".
    private mutating func number(_ value: some BinaryFloatingPoint & CustomStringConvertible) {
        if value.isNaN {
            text += "\"nan\""
        } else if value.isInfinite {
            text += value < 0 ? "\"-inf\"" : "\"inf\""
        } else {
            let digits = value.description
            text += digits.hasSuffix(".0") ? String(digits.dropLast(2)) : digits
        }
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    private static func base64(_ bytes: [UInt8]) -> String {
        var digits: [UInt8] = []
        digits.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let count = min(3, bytes.count - start)
            var word: UInt32 = 0
            for place in 0..<3 { word = word << 8 | (place < count ? UInt32(bytes[start + place]) : 0) }
            for place in 0..<4 {
                let digit = alphabet[Int(word >> UInt32(18 - 6 * place) & 63)]
                digits.append(place <= count ? digit : UInt8(ascii: "="))
            }
        }
        return String(decoding: digits, as: UTF8.self)
    }
}
