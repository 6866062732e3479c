/// JSON's numbers, both ways.
enum JSONNumber {
    /// A longer number is not worth reading; no Double needs as many digits.
    private static let doubleByteLimit = 1024

    /// Plain decimal digits without a needless zero in front, perhaps with a minus; nil for anything else or if it does not fit.
    static func integer<T: FixedWidthInteger>(_ text: UnsafeRawBufferPointer) -> T? {
        let isNegative = text.first == UInt8(ascii: "-")
        let digits = isNegative ? text[1...] : text[...]
        guard let first = digits.first, first != UInt8(ascii: "0") || digits.count == 1 else { return nil }
        var value: T = 0
        for byte in digits {
            guard HTTPText.isDigit(byte) else { return nil }
            let (shifted, overflowed) = value.multipliedReportingOverflow(by: 10)
            let digit = T(truncatingIfNeeded: byte - UInt8(ascii: "0"))
            let (next, carried) =
                isNegative ? shifted.subtractingReportingOverflow(digit) : shifted.addingReportingOverflow(digit)
            guard !overflowed, !carried else { return nil }
            value = next
        }
        return value
    }

    static func double(_ text: UnsafeRawBufferPointer) -> Double? {
        guard text.count <= doubleByteLimit, let value = Double(String(decoding: text, as: UTF8.self)) else {
            return nil
        }
        return value.isFinite ? value : nil
    }

    /// The shortest text that reads back as the same value; `description` of a floating-point number, as JSON spells it:
    /// no `.0`, and the strings `"nan"`, `"inf"`, `"-inf"` for what JSON has no number for.
    static func write<T: BinaryFloatingPoint & CustomStringConvertible>(_ value: T, to out: inout [UInt8]) {
        guard value.isFinite else {
            let word = value.isNaN ? "\"nan\"" : value < 0 ? "\"-inf\"" : "\"inf\""
            out.append(contentsOf: word.utf8)
            return
        }
        let text = value.description.utf8
        out.append(contentsOf: text)
        if text.count > 2, out.suffix(2).elementsEqual(".0".utf8) { out.removeLast(2) }
    }
}
