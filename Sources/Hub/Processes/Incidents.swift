import Core
import Glibc
import Loop

/// What is done when a back dies of its own: the inputs of its last ticks are kept in a file, and an input at which it died
/// twice is refused from then on.
final class Incidents {
    private let folder: String
    private let ledgerPath: String
    private let ring: (String) -> String
    private let log: Log
    private var ledger: PoisonLedger

    /// How many files are kept; the oldest go.
    static let fileLimit = 20

    /// - Parameters:
    ///   - state: the state folder, where the files and the ledger are.
    ///   - ring: the file in which the back of a name writes what it does.
    init(state: String, ring: @escaping (String) -> String, log: Log) {
        folder = state + "/incidents"
        ledgerPath = state + "/poison.json"
        self.ring = ring
        self.log = log
        let bytes = (try? Files.read(ledgerPath)).flatMap { $0 }
        ledger = bytes.flatMap { JSON.decode(PoisonLedger.self, $0) } ?? PoisonLedger()
    }

    /// What a back that is started has to refuse.
    func poison(of back: String) -> String { ledger.poison(of: back) }

    /// A back is gone. Only an end of its own making counts against an input: an operator's kill may come at any.
    func ended(_ back: String, _ exit: ProcessExit) {
        guard exit.isTrap || exit == .unknown else { return }
        let bytes = (try? Files.read(ring(back), byteLimit: TickRing.byteCount)).flatMap { $0 } ?? []
        guard let record = TickRecord(bytes), exit.isTrap || record.place != .idle else { return }
        let report = IncidentReport(back: back, exit, record, at: Self.now)
        do throws(FileError) {
            try Files.makePrivateFolder(folder)
            let name = "\(folder)/\(report.time.filter { $0 != ":" })-\(back).json"
            try Files.replace(name, with: JSON.encode(report), isSynced: false)
            log.error("a back died; its last inputs are kept", ["name": back, "exit": "\(exit)", "file": name])
            for old in Files.names(in: folder).sorted().dropLast(Self.fileLimit) { unlink("\(folder)/\(old)") }
        } catch {
            log.error("the incident could not be written", ["name": back, "reason": "\(error)"])
        }
        guard exit.isTrap, case .atInput(let input, let channel, _) = record.place else { return }
        blame(PoisonedInput(session: input.session, bytes: input.bytes), back, channel)
    }

    private func blame(_ input: PoisonedInput, _ back: String, _ channel: String) {
        let fields: KeyValuePairs = [
            "name": back, "channel": channel, "session": "\(input.session)", "input": "\(input)",
        ]
        switch ledger.crashed(back, at: input) {
        case .suspected: log.error("an input was being processed when its back died", fields)
        case .poisoned:
            log.error("an input ended its back twice: it is refused from now on, and its session ended", fields)
        }
        do throws(FileError) { try Files.replace(ledgerPath, with: JSON.encode(ledger), isSynced: true) } catch {
            log.error("the poisoned inputs could not be written", ["reason": "\(error)"])
        }
    }

    /// The calendar, in UTC, to the millisecond.
    private static var now: String {
        var wall = timespec()
        clock_gettime(CLOCK_REALTIME, &wall)
        var parts = tm()
        gmtime_r(&wall.tv_sec, &parts)
        var text = [CChar](repeating: 0, count: 32)
        let count = strftime(&text, text.count, "%Y-%m-%dT%H:%M:%S", &parts)
        let milliseconds = String(1000 + wall.tv_nsec / 1_000_000).dropFirst()
        return String(decoding: text[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) + ".\(milliseconds)Z"
    }
}
