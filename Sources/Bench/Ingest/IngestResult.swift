/// What `bench ingest` measured. Field names are the JSON's.
package struct IngestResult: Codable, Equatable, Sendable {
    /// Instructions an input, outside the kernel.
    package struct Instructions: Codable, Equatable, Sendable {
        package var front: Double
        package var reference: Double
        package var trunk: Double
        package var ratio: Double { front / reference }
    }

    package var clients: Int
    package var perRead: Int
    package var bytes: Int
    package var sessions: Int
    /// Nanoseconds of CPU an input, at the front and in plain C.
    package var front = PairedFigures()
    /// Nanoseconds of CPU an input, from the trunk's bytes to the application; of each run.
    package var trunk: [Double] = []
    package var creditBytes = TrunkIngest.creditBytes
    package var instructions: Instructions?

    /// Inputs a second on one core that the median run comes to.
    package var trunkInputsPerSecond: Double {
        let cost = PairedFigures.median(trunk)
        return cost > 0 ? 1e9 / cost : 0
    }

    package var table: String {
        func middle(_ values: [Double]) -> String { FigureText.fixed(PairedFigures.median(values), 1) }
        var rows = [
            ("front, ns an input", "\(middle(front.product)); plain C \(middle(front.reference))"),
            ("  ratio", front.text),
            (
                "trunk, ns an input",
                "\(middle(trunk)) (of \(trunk.count), \(FigureText.fixed(trunk.min() ?? 0, 1))–\(FigureText.fixed(trunk.max() ?? 0, 1)))"
            ),
            ("  inputs a second", "\(FigureText.fixed(trunkInputsPerSecond / 1e6, 2)) M on one core"),
        ]
        if let instructions {
            rows.append(
                (
                    "front, instructions",
                    "\(FigureText.fixed(instructions.front, 1)); plain C \(FigureText.fixed(instructions.reference, 1)); "
                        + "ratio \(FigureText.fixed(instructions.ratio, 2))"
                ))
            rows.append(("trunk, instructions", FigureText.fixed(instructions.trunk, 1)))
        }
        return "ingest: \(clients) clients, \(perRead) messages a read, \(bytes) bytes; "
            + "\(FigureText.grouped(UInt64(sessions))) sessions, a credit of \(creditBytes >> 10) KiB a tick\n"
            + TextTable.columns(rows)
    }
}
