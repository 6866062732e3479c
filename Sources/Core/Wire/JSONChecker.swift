import State

/// Walks a JSON text once and throws at the first thing that RFC 8259 does not allow.
struct JSONChecker {
    private let text: UnsafeRawBufferPointer
    private var position = 0
    private var depth = 0
    private var names = JSONNameStack()

    init(_ text: UnsafeRawBufferPointer) { self.text = text }

    /// The range of the one value in the text.
    mutating func document() throws(JSONError) -> Range<Int> {
        skipBlanks()
        let start = position
        try value()
        let end = position
        skipBlanks()
        guard position == text.count else { throw .malformed("something behind the value", at: position) }
        return start..<end
    }

    private mutating func value() throws(JSONError) {
        switch peek {
        case UInt8(ascii: "{"): try nested { (checker) throws(JSONError) in try checker.object() }
        case UInt8(ascii: "["): try nested { (checker) throws(JSONError) in try checker.array() }
        case UInt8(ascii: "\""): try string()
        case UInt8(ascii: "t"): try word("true")
        case UInt8(ascii: "f"): try word("false")
        case UInt8(ascii: "n"): try word("null")
        default: try number()
        }
    }

    private mutating func nested(
        _ body: (inout JSONChecker) throws(JSONError) -> Void
    ) throws(JSONError) {
        depth += 1
        guard depth <= JSONText.depthLimit else { throw .tooDeep(limit: JSONText.depthLimit) }
        position += 1
        skipBlanks()
        try body(&self)
        depth -= 1
    }

    private mutating func object() throws(JSONError) {
        if skip(UInt8(ascii: "}")) { return }
        let mark = names.mark
        repeat {
            skipBlanks()
            let start = position
            guard peek == UInt8(ascii: "\"") else { throw .malformed("a member needs a name", at: position) }
            try string()
            names.push(UnsafeRawBufferPointer(rebasing: text[start..<position]))
            skipBlanks()
            guard skip(UInt8(ascii: ":")) else { throw .malformed("a name needs a colon", at: position) }
            skipBlanks()
            try value()
            skipBlanks()
        } while skip(UInt8(ascii: ","))
        guard skip(UInt8(ascii: "}")) else { throw .malformed("an object is not closed", at: position) }
        guard names.popAreDistinct(to: mark) else { throw .duplicateMember(at: position) }
    }

    private mutating func array() throws(JSONError) {
        if skip(UInt8(ascii: "]")) { return }
        repeat {
            skipBlanks()
            try value()
            skipBlanks()
        } while skip(UInt8(ascii: ","))
        guard skip(UInt8(ascii: "]")) else { throw .malformed("an array is not closed", at: position) }
    }

    private mutating func string() throws(JSONError) {
        position += 1
        while position < text.count {
            let byte = text[position]
            if byte == UInt8(ascii: "\"") {
                position += 1
                return
            }
            guard byte >= 0x20 else { throw .malformed("a control byte in a string", at: position) }
            if byte == UInt8(ascii: "\\") {
                guard let (_, byteCount) = JSONString.escape(text, at: position) else {
                    throw .malformed("an escape that is none", at: position)
                }
                position += byteCount
            } else {
                position += 1
            }
        }
        throw .malformed("a string is not closed", at: position)
    }

    private mutating func number() throws(JSONError) {
        let start = position
        _ = skip(UInt8(ascii: "-"))
        if !skip(UInt8(ascii: "0")) { try digits(from: start) }
        if skip(UInt8(ascii: ".")) { try digits(from: start) }
        if skip(UInt8(ascii: "e")) || skip(UInt8(ascii: "E")) {
            _ = skip(UInt8(ascii: "+")) || skip(UInt8(ascii: "-"))
            try digits(from: start)
        }
    }

    private mutating func digits(from start: Int) throws(JSONError) {
        let first = position
        while let byte = peek, HTTPText.isDigit(byte) { position += 1 }
        guard position > first else { throw .malformed("not a value", at: start) }
    }

    private mutating func word(_ word: StaticString) throws(JSONError) {
        let expected = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
        let end = position + expected.count
        guard end <= text.count, text[position..<end].elementsEqual(expected) else {
            throw .malformed("not a value", at: position)
        }
        position = end
    }

    private var peek: UInt8? { position < text.count ? text[position] : nil }

    private mutating func skip(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipBlanks() { position = JSONScan.blanksEnd(text, from: position) }
}
