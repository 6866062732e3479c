/// Steps over parts of a text that `JSONChecker` has accepted.
enum JSONScan {
    static func blanksEnd(_ text: UnsafeRawBufferPointer, from start: Int) -> Int {
        var position = start
        while position < text.count {
            switch text[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return position
            }
        }
        return position
    }

    /// The offset behind the value at `start`.
    static func valueEnd(_ text: UnsafeRawBufferPointer, from start: Int) -> Int {
        var position = start
        var depth = 0
        repeat {
            switch text[position] {
            case UInt8(ascii: "\""): position = stringEnd(text, from: position)
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                position += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                position += 1
            case UInt8(ascii: ","), UInt8(ascii: ":"), 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: position = plainEnd(text, from: position)
            }
        } while depth > 0 && position < text.count
        return position
    }

    private static func stringEnd(_ text: UnsafeRawBufferPointer, from start: Int) -> Int {
        var position = start + 1
        while position < text.count, text[position] != UInt8(ascii: "\"") {
            position += text[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        return position + 1
    }

    /// Behind a number, `true`, `false` or `null`.
    private static func plainEnd(_ text: UnsafeRawBufferPointer, from start: Int) -> Int {
        var position = start
        while position < text.count {
            switch text[position] {
            case UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"), 0x20, 0x09, 0x0A, 0x0D: return position
            default: position += 1
            }
        }
        return position
    }
}
