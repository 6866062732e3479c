import StateBenchmarks

/// What closing a row costs in instructions, here and in plain C that makes the same patch of the same rows.
package struct ClosingInstructions: Codable, Sendable {
    package let product: Double
    package let reference: Double

    package var ratio: Double { product / reference }

    /// Counted one by one, in copies of this process.
    package static func count(rows: Int = 200) throws -> ClosingInstructions {
        let work = try StateBenchmark.closings(rows)
        return ClosingInstructions(
            product: Double(try InstructionCount.instructions(work.product)) / Double(rows),
            reference: Double(try InstructionCount.instructions(work.reference)) / Double(rows))
    }
}

extension ClosingInstructions: CustomStringConvertible {
    package var description: String {
        let (ours, theirs) = (FigureText.fixed(product, 0), FigureText.fixed(reference, 0))
        return "close: \(FigureText.fixed(ratio, 2))× the instructions, \(ours) a row against \(theirs)"
    }
}
