import Core
import Hub
import Loop
import Node
import Worker

/// `hub worker --exec COMMAND`: a worker whose jobs are done by a command in any language.
enum WorkerCommand {
    private static let help = """
        Usage: hub worker --kind KIND [--kind …] --exec COMMAND [--slots N] [--type TYPE] [--state FOLDER]

        Takes page jobs from the hub and runs COMMAND for each, by /bin/sh.
        The job is one line of JSON on its standard input: {"kind":"page","key":"/b/1","attempt":1,"payload":""};
        SWITCHBACK_JOB_KIND, _KEY and _ATTEMPT are in its environment. The page is what it writes to standard output.
        A code other than 0 is a failed run: tried again later, at most five times.

          --kind KIND        a kind of jobs to take; repeat for more
          --exec COMMAND     what to run
          --slots N          jobs at a time (default 1)
          --type TYPE        the pages' content type (default text/html; charset=utf-8)
          --state FOLDER     the hub's state folder, when no hub started this process (default .switchback)
          --name NAME        its name in the cluster, when no hub started this process
          --help             this text

        """

    static func run(_ arguments: [String]) -> Int32 {
        do {
            let options = try NodeArguments(
                arguments, known: ["--kind", "--exec", "--slots", "--type", "--state", "--name"])
            if options.wantsHelp {
                print(help, terminator: "")
                return 0
            }
            guard let command = options["--exec"], !options.all("--kind").isEmpty else {
                throw NodeFailure("--kind and --exec are needed; 'hub worker --help' says more")
            }
            guard let slots = Int(options["--slots"] ?? "1"), (1...JobLimits.slotLimit).contains(slots) else {
                throw NodeFailure("--slots: write a number from 1 to \(JobLimits.slotLimit)")
            }
            let type = options["--type"] ?? "text/html; charset=utf-8"
            let environment = try NodeEnvironment.worker(
                stateFolder: options["--state"] ?? ".switchback", name: options["--name"])
            let failure = WorkerProcess.live(environment, options.all("--kind"), slots) { job, answer in
                let run = ExecRun(command, contentType: type, contentLimit: JobLimits.pageBytes)
                do throws(LoopError) {
                    _ = try LoopThread { answer(run.run(job)) }
                } catch {
                    answer(.failure(WorkerFailure("no thread: \(error)")))
                }
                return { run.cancel() }
            }
            if let failure { throw NodeFailure(failure.description) }
            return 0
        } catch {
            Console.complain("hub worker: \(error)")
            return 2
        }
    }
}
