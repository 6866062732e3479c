import Core
import Glibc
import Loop

/// `hub run`: puts the hub together, runs it on the calling thread, and answers the exit code.
package enum HubProcess {
    /// 0 when it was asked to stop, 1 when it could not start or failed, 2 when it was asked for something impossible.
    package static func run(_ options: HubOptions) -> Int32 {
        do throws(HubFailure) {
            try serve(options)
            return 0
        } catch {
            Console.complain("hub: \(error)")
            return error.exitCode
        }
    }

    private static func serve(_ options: HubOptions) throws(HubFailure) {
        let plan = try plan(options)
        let log = Log("hub", level: options.logLevel)
        let loop: EventLoop
        do throws(LoopError) { loop = try EventLoop() } catch { throw HubFailure("no event loop: \(error)") }
        let lifeline = lifelineDescriptor()
        let shell = try shell(options, plan, log, loop, lifeline)
        var watchers: [SignalWatcher] = []
        do throws(LoopError) {
            var isStopping = false
            for signal in [SIGINT, SIGTERM, SIGHUP] {
                watchers.append(
                    try SignalWatcher(signal, on: loop) {
                        Console.say(isStopping ? "hub: killing" : "hub: stopping; once more kills at once")
                        if isStopping { shell.kill() } else { shell.stop() }
                        isStopping = true
                    })
            }
            // At its end the hub goes and kills nothing: the others watch the same lifeline.
            let watcher = try lifeline.map { (descriptor) throws(LoopError) in
                try DescriptorWatcher(try reopened(descriptor), on: loop) { loop.stop() }
            }
            // Only now: a signal that comes while processes are being started has to find its watcher.
            try shell.start()
            loop.run()
            watcher?.close()
        } catch {
            throw HubFailure("cannot start: \(error)")
        }
        withExtendedLifetime((watchers, shell)) {}
        if let failure = shell.failure { throw failure }
        if let successor = shell.successor {
            Console.say("hub: handed over to process \(successor); its processes go on")
        } else {
            Console.say("hub: stopped")
        }
    }

    private static func plan(_ options: HubOptions) throws(HubFailure) -> HubPlan {
        let front = options.front ?? ProcessCommand(executable: ownExecutable, arguments: ["front"])
        do throws(HubPlan.Mistake) {
            return try HubPlan(
                listen: options.listen, frontCount: options.frontCount, front: front, backs: options.backs,
                workers: options.workers,
                isExecutable: Files.isExecutable)
        } catch {
            throw HubFailure(error.description, exitCode: 2)
        }
    }

    /// The folders, the key, the listeners: everything that can fail before the first process is started.
    private static func shell(
        _ options: HubOptions, _ plan: HubPlan, _ log: Log, _ loop: EventLoop, _ lifeline: Int32?
    ) throws(HubFailure) -> HubShell {
        do {
            let (state, given) = try stateFolder(options.stateFolder ?? ".switchback", loop)
            let runtime = try RuntimeFolder(options.runtimeFolder, stateFolder: state.path)
            let key = try state.clusterKey()
            let ledger = try state.beginReign()
            var limits = JobLimits()
            if let count = options.jobLimit { limits.entryLimit = count }
            let jobs = try HubJobs(
                options.jobs, limits: limits, stateFolder: state.path, term: ledger.term, on: loop, log: log)
            let keyPath = state.keyPath
            // Programs that know the state folder find the hub from there.
            try Files.replace(
                state.path + "/hub.address", with: Array("unix:\(runtime.socketPath)\n".utf8), isSynced: false)
            let known = try runtime.livingProcesses()
            let hasFronts = known.contains { $0.role == .front }
            let listeners = try PublicListeners(
                plan.listen, last: hasFronts ? try runtime.lastListeners() : [:], given: given, mayWait: hasFronts)
            try runtime.saveListeners(
                Dictionary(
                    zip(plan.listen.map(\.description), listeners.addresses), uniquingKeysWith: { first, _ in first }))
            let incidents = Incidents(state: state.path, ring: runtime.ringPath(of:), log: log)
            // What died while there was no hub.
            for spec in plan.specs where spec.role == .back && !known.contains(where: { $0.name == spec.name }) {
                incidents.ended(spec.name, .unknown)
            }
            let surroundings = ProcessRunner.Surroundings(
                hubSocket: runtime.socketPath, keyFile: keyPath, runtimeFolder: runtime.path,
                lockPath: runtime.lockPath(of:), poison: incidents.poison(of:),
                logLevel: options.logLevel, files: options.files, allowedOrigins: options.allowedOrigins,
                messageLimit: options.messageLimit, nodes: options.nodes, lifeline: lifeline)
            return HubShell(
                HubShell.Parts(
                    loop: loop, log: log, state: state, runtime: runtime, key: key, ledger: ledger,
                    listeners: listeners, runner: ProcessRunner(on: loop, surroundings), incidents: incidents,
                    specs: plan.specs,
                    placement: options.placement, known: known, jobs: jobs
                ))
        } catch let failure as HubFailure {
            throw failure
        } catch {
            throw HubFailure("\(error)")
        }
    }

    /// The state folder with its lock, and the listeners of a hub that had to leave it.
    private static func stateFolder(
        _ path: String, _ loop: EventLoop
    ) throws -> (StateFolder, listeners: [Int32]) {
        if let free = try StateFolder(ifFree: path) { return (free, []) }
        let given = try HandOverRequest.takeOver(stateFolder: path, on: loop)
        do { return (try StateFolder(path), given) } catch {
            for descriptor in given { Descriptors.close(descriptor) }
            throw error
        }
    }

    /// The descriptor that SWITCHBACK_LIFELINE names, if it is open.
    private static func lifelineDescriptor() -> Int32? {
        guard let text = getenv("SWITCHBACK_LIFELINE"), let descriptor = Int32(String(cString: text)) else {
            return nil
        }
        guard fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 else { return nil }
        return descriptor
    }

    /// A descriptor of our own for the same pipe. Watching makes it non-blocking, which must not happen to the one that the
    /// processes inherit: a duplicate would share that, a pipe opened anew does not.
    private static func reopened(_ descriptor: Int32) throws(LoopError) -> Int32 {
        let own = open("/proc/self/fd/\(descriptor)", O_RDONLY | O_CLOEXEC)
        return own >= 0 ? own : try Descriptors.duplicate(descriptor)
    }

    private static var ownExecutable: String {
        var path = [UInt8](repeating: 0, count: 4096)
        let count = path.withUnsafeMutableBytes { buffer in
            buffer.baseAddress.map { readlink("/proc/self/exe", $0, buffer.count) } ?? 0
        }
        return count > 0 ? String(decoding: path[..<count], as: UTF8.self) : CommandLine.arguments[0]
    }
}
