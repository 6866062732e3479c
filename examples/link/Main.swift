import FrontChannel

/// The smallest program: connects to a running hub, links to a channel, prints its state and then every change.
///
///     .build/release/link arena/1
@main
struct Main {
    static func main() async {
        let arguments = CommandLine.arguments.dropFirst()
        guard let channel = arguments.first, !channel.hasPrefix("-") else {
            print(
                "USAGE: link CHANNEL [STATE-FOLDER]\n\nPrints a channel's state and every change of it, as `link arena/1`."
            )
            print("STATE-FOLDER is where `hub run` keeps its state; .switchback if left out.")
            return
        }
        do {
            let front = try await FrontChannel.connect(
                channel, through: .state(arguments.dropFirst().first ?? ".switchback"))
            let link = try await front.link()
            let state = link.encodedState
            print("\(channel) at version \(state.version): \(state.bytes.count) bytes")
            let mirror = try state.mirror()
            for table in mirror.schema.tables {
                print("  \(table.name): \(mirror.table(table.name)?.count ?? 0) rows of \(table.fields.map(\.name))")
            }
            for try await update in link.updates {
                print(
                    "tick \(update.tick): version \(update.base ?? 0) → \(update.version), \(update.bytes.count) bytes")
            }
        } catch {
            print("link: \(error)")
        }
    }
}
