import Foundation
import Glibc
import Testing

extension ClusterTests {
    /// Page jobs with real processes: the command, the hub, a worker in any language.
    @Suite(.serialized) struct PageJobs {
        private static func options() throws -> [String] {
            let hub = try Files.executable("hub")
            return [
                "--jobs", "page=/{board}/{page} page within:board", "--jobs", "board=/{board} front", "--worker",
                "'\(hub)' worker --kind page --kind board --slots 2 --exec 'read job; echo \"$job\"; test \"$SWITCHBACK_JOB_KEY\" != /b/bad'",
            ]
        }

        private func jobs(_ cluster: Cluster, _ words: String...) throws -> (code: Int32, output: String) {
            let answer = try Spawned.run(
                [try Files.executable("hub"), "jobs"] + words + ["--state", cluster.folder + "/state"])
            return (answer.code, answer.output)
        }

        @Test("L6, L7: a job goes from a tool through the hub to a worker's command, and its end comes back")
        func built() throws {
            try Cluster.with(fronts: 1, extra: try Self.options()) { cluster in
                let done = try jobs(cluster, "submit", "page", "/b/1", "--wait")
                #expect(done.code == 0 && done.output.hasPrefix("queued ") && done.output.contains("ended done"))
                let odd = try jobs(cluster, "submit", "page", "b/1")
                #expect(odd.code == 1 && odd.output.hasPrefix("rejected "))
                #expect(try jobs(cluster, "submit", "page", "/b/bad").code == 0)
                #expect(try jobs(cluster, "show", "page", "/b/bad").output.contains("bad"))
                #expect(try jobs(cluster, "drop", "page", "/b/bad").code == 0)
                #expect(try jobs(cluster, "show", "page", "/b/bad").code == 1)
            }
        }

        @Test("L12: a command gets all of its job, however large, and one that does not read it holds up nobody")
        func largeJob() throws {
            let folder = try Files.temporaryFolder()
            defer { Files.remove(folder) }
            let command = "test $SWITCHBACK_JOB_KEY = /deaf || wc -c > \(folder)/count"
            let worker = "'\(try Files.executable("hub"))' worker --kind page --slots 1 --exec '\(command)'"
            try Cluster.with(fronts: 1, extra: ["--jobs", "page=/{page} page", "--worker", worker]) { cluster in
                let payload = String(repeating: "\u{1}", count: 65_536)
                for key in ["/deaf", "/whole"] {
                    let done = try jobs(cluster, "submit", "page", key, "--payload", payload, "--wait")
                    #expect(done.code == 0 && done.output.contains("ended done"), "\(done.output)")
                }
                // Each byte is six in JSON.
                let count = Files.text(folder + "/count").trimmingCharacters(in: .whitespacesAndNewlines)
                #expect(Int(count).map { $0 > 6 * 65_536 } == true, "\(count)")
            }
        }

        @Test("L14: what was accepted while no worker was there survives kill -9 of the hub, and is built when one is")
        func hubKilled() throws {
            try Cluster.with(fronts: 1, extra: try Self.options()) { cluster in
                kill(try cluster.pid(of: "worker-1"), SIGSTOP)
                let answer = try jobs(cluster, "submit", "page", "/b/2")
                #expect(answer.code == 0)
                let worker = try cluster.pid(of: "worker-1")
                try cluster.killHub()
                kill(worker, SIGKILL)
                try cluster.startHubAgain()
                let list = try jobs(cluster, "list", "--json").output
                #expect(list.contains("\"key\":\"/b/2\""), "\(list)")
                #expect(try jobs(cluster, "submit", "page", "/b/3", "--wait").code == 0)
            }
        }

        @Test(
            "L17, L18: there is no way to the queue through a front: the public listener knows no jobs, and takes none")
        func notPublic() throws {
            try Cluster.with(fronts: 1, extra: try Self.options()) { cluster in
                for path in ["/takeMessage.js", "/jobs.json", "/jobs"] {
                    let url = "http://127.0.0.1:\(cluster.port)\(path)"
                    let answer = try Spawned.run(
                        [
                            "/usr/bin/env", "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-X", "POST", "-d",
                            "{}", url,
                        ])
                    #expect(!answer.output.hasPrefix("2"), "\(path) answers \(answer.output)")
                }
                let list = try jobs(cluster, "list", "--json").output
                #expect(list.contains("\"depth\":0"))
            }
        }
    }
}
