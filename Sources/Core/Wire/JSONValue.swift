/// One value inside a `JSONText`: where it stands, and what it means when asked.
///
/// Everything that reads it answers nil if the value is of another kind or does not fit, so a caller can say in its own
/// words what it wanted. Borrows the text.
package struct JSONValue {
    package enum Kind: Sendable {
        case object
        case array
        case string
        case number
        case bool
        case null
    }

    private let text: UnsafeRawBufferPointer
    /// Where it stands in the text, without white space around it.
    package let range: Range<Int>

    init(text: UnsafeRawBufferPointer, range: Range<Int>) {
        self.text = text
        self.range = range
    }

    /// The exact text of the value.
    package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: text[range]) }

    package var kind: Kind {
        switch text[range.lowerBound] {
        case UInt8(ascii: "{"): .object
        case UInt8(ascii: "["): .array
        case UInt8(ascii: "\""): .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): .bool
        case UInt8(ascii: "n"): .null
        default: .number
        }
    }

    package var isNull: Bool { kind == .null }
    package var bool: Bool? { kind == .bool ? text[range.lowerBound] == UInt8(ascii: "t") : nil }
    package var string: String? { kind == .string ? JSONString.decode(bytes) : nil }
    /// An object's members in order.
    package var members: JSONMembers? { kind == .object ? JSONMembers(text: text, range: range) : nil }
    /// An array's elements in order.
    package var elements: JSONElements? { kind == .array ? JSONElements(text: text, range: range) : nil }

    /// An object's member; nil if this is no object or has no such member. Linear in the object's size.
    package subscript(_ name: String) -> JSONValue? {
        guard var members else { return nil }
        while let member = members.next() {
            if member.isNamed(name) { return member.value }
        }
        return nil
    }

    /// An integer of at most 64 bits without fraction or exponent, exactly, as a number or as a string of decimal digits (which is how 64-bit
    /// integers travel, because JavaScript's numbers end at 2⁵³).
    package func integer<T: FixedWidthInteger>(_ type: T.Type = T.self) -> T? {
        switch kind {
        case .number: return JSONNumber.integer(bytes)
        case .string: return JSONNumber.integer(UnsafeRawBufferPointer(rebasing: bytes.dropFirst().dropLast()))
        default: return nil
        }
    }

    /// A number, rounded to the nearest Double; nil if it is beyond all of them.
    package var double: Double? { kind == .number ? JSONNumber.double(bytes) : nil }
}

/// Walks an object's members.
package struct JSONMembers: IteratorProtocol, Sequence {
    package struct Member {
        /// The name as it stands in the text, with its quotes.
        private let quotedName: UnsafeRawBufferPointer
        package let value: JSONValue

        init(quotedName: UnsafeRawBufferPointer, value: JSONValue) {
            self.quotedName = quotedName
            self.value = value
        }

        package var name: String { JSONString.decode(quotedName) }

        /// The same as comparing `name`, without making a string of it where that can be avoided.
        package func isNamed(_ other: String) -> Bool {
            if quotedName.contains(UInt8(ascii: "\\")) { return Array(name.utf8) == Array(other.utf8) }
            return quotedName.dropFirst().dropLast().elementsEqual(other.utf8)
        }
    }

    private var cursor: JSONCursor

    init(text: UnsafeRawBufferPointer, range: Range<Int>) { cursor = JSONCursor(text: text, range: range) }

    package mutating func next() -> Member? {
        guard let name = cursor.next(), let value = cursor.next() else { return nil }
        return Member(quotedName: name.bytes, value: value)
    }
}

/// Walks an array's elements.
package struct JSONElements: IteratorProtocol, Sequence {
    private var cursor: JSONCursor

    init(text: UnsafeRawBufferPointer, range: Range<Int>) { cursor = JSONCursor(text: text, range: range) }

    package mutating func next() -> JSONValue? { cursor.next() }
}

/// Steps from value to value inside brackets; an object's names count as values.
private struct JSONCursor {
    private let text: UnsafeRawBufferPointer
    private var position: Int
    private let end: Int

    init(text: UnsafeRawBufferPointer, range: Range<Int>) {
        self.text = text
        position = range.lowerBound + 1
        end = range.upperBound - 1
    }

    mutating func next() -> JSONValue? {
        while position < end {
            switch text[position] {
            case UInt8(ascii: ","), UInt8(ascii: ":"), 0x20, 0x09, 0x0A, 0x0D: position += 1
            default:
                let start = position
                position = JSONScan.valueEnd(text, from: start)
                return JSONValue(text: text, range: start..<position)
            }
        }
        return nil
    }
}
