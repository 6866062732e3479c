/// Numbers as people read them.
package enum FigureText {
    /// With so many digits behind the point.
    package static func fixed(_ value: Double, _ digits: Int) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "–" }
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        let whole = Int64((abs(value) * scale).rounded())
        let sign = value < 0 && whole > 0 ? "-" : ""
        guard digits > 0 else { return sign + grouped(UInt64(whole)) }
        let fraction = String(whole % Int64(scale))
        let padding = String(repeating: "0", count: digits - fraction.count)
        return sign + grouped(UInt64(whole / Int64(scale))) + "." + padding + fraction
    }

    /// 1234567 as `1,234,567`.
    package static func grouped(_ value: UInt64) -> String {
        var digits = Array(String(value))
        var place = digits.count - 3
        while place > 0 {
            digits.insert(",", at: place)
            place -= 3
        }
        return String(digits)
    }

    package static func percent(_ share: Double) -> String { fixed(share * 100, 0) + " %" }
}
