/// The arithmetic of numbers rounded to a step.
///
/// A value is `steps × step`, computed as a Double. NaN counts as 0; beyond ±2⁵⁰ steps a number is cut off there, so
/// that the way from steps to the number and back is exact.
enum Quantum {
    static let stepLimit: Int64 = 1 << 50

    /// How many steps are nearest to `value`; halves go away from zero.
    static func steps(_ value: Double, step: Double) -> Int64 {
        let exact = value / step
        guard exact == exact else { return 0 }
        let bounded = max(-Double(stepLimit), min(Double(stepLimit), exact))
        // Below 2⁵⁰ the remainder is exact. (The standard library's rounding would need libm.)
        let whole = Int64(bounded)
        let rest = bounded - Double(whole)
        return rest >= 0.5 ? whole + 1 : rest <= -0.5 ? whole - 1 : whole
    }

    static func value(steps: Int64, step: Double) -> Double { Double(steps) * step }

    /// The number that `value` becomes at the end of a tick: one that goes to steps and back unchanged.
    static func round(_ value: Double, step: Double) -> Double {
        self.value(steps: steps(value, step: step), step: step)
    }

    /// As for Double. Where a Float's own spacing is coarser than the step, one round may land elsewhere, so it repeats
    /// until it stays; the bound is for good measure.
    static func round(_ value: Float, step: Double) -> Float {
        var value = value
        for _ in 0..<8 {
            let rounded = Float(self.value(steps: steps(Double(value), step: step), step: step))
            if rounded.bitPattern == value.bitPattern { break }
            value = rounded
        }
        return value
    }
}
