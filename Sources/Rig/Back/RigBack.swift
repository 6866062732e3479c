import BackChannel

/// The back of the rig's clusters: `hub-rig rig-back`, started by the hub. It serves `ledger/*`, which keeps account of every
/// input, and `stream/*`, which is as many bytes a second as it is told to be.
enum RigBack {
    static let ticksPerSecond = 20.0

    @Sendable static func run(_ arguments: [String]) async -> Int32 {
        do {
            try await BackProcess.run(arguments: arguments) { setup in
                setup.channels("ledger/*", Ledger.self, rate: .hertz(ticksPerSecond))
                setup.channels("stream/*", ByteStream.self, rate: .hertz(ticksPerSecond))
                setup.started { back in BackControl(back).serve() }
            }
            return 0
        } catch {
            return RigCommand.complain("the back: \(error)", 1)
        }
    }
}
