/// What `hub run` was asked for, checked as a whole before anything is started.
package struct HubPlan: Sendable, Equatable {
    package var listen: [ListenAddress]
    package var specs: [ProcessSpec]

    /// What is wrong with the wish, in words that say what to change.
    package enum Mistake: Error, Equatable, Sendable, CustomStringConvertible {
        case listen(String, ListenAddress.Invalid)
        case listenTwice(String)
        case noListen
        case noBack
        case command(role: ProcessRole, String, ProcessCommand.Invalid)
        case notExecutable(role: ProcessRole, String)
        case tooMany(Int)
        case duplicateName(String)

        package var description: String {
            switch self {
            case .listen(_, let reason): "--listen: \(reason)"
            case .listenTwice(let address): "--listen: \(address) is given twice"
            case .noListen: "--listen: no address; write for example --listen 127.0.0.1:8080"
            case .noBack: "--back: no back executable; write for example --back .build/release/arena"
            case .command(let role, let line, let reason): "--\(role.rawValue): '\(line)': \(reason)"
            case .notExecutable(let role, let path):
                "--\(role.rawValue): there is no executable file '\(path)'; has it been built?"
            case .tooMany(let count): "\(count) processes; one hub has at most \(HubLimits.processCount)"
            case .duplicateName(let name): "two processes are called '\(name)'"
            }
        }
    }

    /// - Parameters:
    ///   - front: the command of every front.
    ///   - isExecutable: whether a path without PATH lookup names a file that may be run.
    package init(
        listen: [String], frontCount: Int, front: ProcessCommand, backs: [String], workers: [String] = [],
        isExecutable: (String) -> Bool
    ) throws(Mistake) {
        guard !listen.isEmpty else { throw .noListen }
        self.listen = []
        for text in listen {
            let address: ListenAddress
            do { address = try ListenAddress(text) } catch { throw .listen(text, error) }
            guard address.port == 0 || !self.listen.contains(address) else { throw .listenTwice(text) }
            self.listen.append(address)
        }
        guard !backs.isEmpty else { throw .noBack }
        specs = []
        for number in 1...max(1, frontCount) where frontCount > 0 {
            specs.append(ProcessSpec(role: .front, name: "front-\(number)", command: front))
        }
        for (place, line) in backs.enumerated() {
            do {
                let command = try ProcessCommand(parsing: line)
                specs.append(ProcessSpec(role: .back, name: "back-\(place + 1)", command: command))
            } catch {
                throw .command(role: .back, line, error)
            }
        }
        for (place, line) in workers.enumerated() {
            do {
                let command = try ProcessCommand(parsing: line)
                specs.append(ProcessSpec(role: .worker, name: "worker-\(place + 1)", command: command))
            } catch {
                throw .command(role: .worker, line, error)
            }
        }
        try Self.check(specs, isExecutable)
    }

    /// Names are unique, executables are there.
    package static func check(_ specs: [ProcessSpec], _ isExecutable: (String) -> Bool) throws(Mistake) {
        guard specs.count <= HubLimits.processCount else { throw .tooMany(specs.count) }
        var names: Set<String> = []
        for spec in specs {
            guard names.insert(spec.name).inserted else { throw .duplicateName(spec.name) }
            guard isExecutable(spec.command.executable) else {
                throw .notExecutable(role: spec.role, spec.command.executable)
            }
        }
    }
}
