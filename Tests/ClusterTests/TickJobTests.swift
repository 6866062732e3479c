import Foundation
import Glibc
import Testing

extension ClusterTests {
    /// Jobs that ticks submit, workers that mirror the channels, and pages at two fronts, with real processes.
    @Suite(.serialized) struct TickJobs {
        private static func site<R>(_ body: (Cluster) throws -> R) throws -> R {
            let site = "'\(try Files.executable("fixture-site"))'"
            return try Cluster.with(
                backs: [],
                extra: [
                    "--back", "\(site) back", "--front", "\(site) front", "--worker", "\(site) worker",
                    "--jobs", "page=/n/{number} thread", "--jobs", "price=/price/{what} thread",
                    "--jobs", "slow=/slow/{number} thread",
                ], body)
        }

        /// A client that may write, once its channel is there.
        private func writer(_ cluster: Cluster) throws -> TextClient {
            let client = try TextClient(cluster.port, read: ["count"], write: "count")
            try client.wait("a grant") { client.grants["count"] != nil && client.copies["count"] != nil }
            return client
        }

        private func count(_ client: TextClient) -> Int {
            (client.copies["count"]?.row("counts", "0")?["count"] as? NSNumber)?.intValue ?? 0
        }

        /// What the page of a number shows: how far its worker had seen the channel count, and to which goal.
        private func seen(_ number: Int, _ cluster: Cluster) throws -> (count: Int, goal: Int) {
            let page = try HTTP.get("/n/\(number)", cluster.port)
            let figures = page.text.split(separator: " ").compactMap { Int($0) }
            guard page.status == 200, figures.count == 2 else {
                throw Failure("/n/\(number) answers \(page.status) '\(page.text)'")
            }
            return (figures[0], figures[1])
        }

        private func awaitEmptyQueue(_ cluster: Cluster, done: Int) throws {
            let bound = Bound(.seconds(30))
            while try cluster.metric("jobs_done_total") < Double(done) || cluster.metric("outbox_jobs") > 0 {
                guard !bound.isOver else {
                    throw Failure("\(try cluster.metric("jobs_done_total")) of \(done) are done")
                }
                Wire.await([], Bound(.milliseconds(50)))
            }
        }

        @Test(
            "L6: 1,000 times, the page that a tick asks for contains what that tick changed, with workers that are held up"
        )
        func neverOlder() throws {
            try Self.site { cluster in
                let client = try writer(cluster)
                let worker = try cluster.pid(of: "worker-1")
                try client.input("count", "\"carry 100000\"")
                let last = try client.input("count", "\"go 1000\"")
                try client.wait("the inputs are taken") { client.isAcked("count", last) }
                client.socket.wire.finish()
                // More waits for the worker in its sockets then than these hold: what it is told of jobs overtakes what it is
                // told of the channel.
                while try cluster.metric("outbox_jobs_total") < 1000 {
                    kill(worker, SIGSTOP)
                    Wire.await([], Bound(.milliseconds(700)))
                    kill(worker, SIGCONT)
                    Wire.await([], Bound(.milliseconds(100)))
                }
                try awaitEmptyQueue(cluster, done: 1000)
                for number in 1...1000 { #expect(try seen(number, cluster).count >= number) }
                #expect(try cluster.metric("jobs_done_total") == 1000)
                #expect(try cluster.metric("outbox_jobs_refused_total") == 0)
            }
        }

        @Test(
            "L14: what ticks submit while the hub is dead waits in their channel's outbox, and is built when one is there"
        )
        func hubKilled() throws {
            try Self.site { cluster in
                let client = try writer(cluster)
                try client.input("count", "\"go 1\"")
                try awaitEmptyQueue(cluster, done: 1)
                try cluster.killHub()
                try client.input("count", "\"go 19\"")
                try client.wait("ticks go on") { count(client) == 20 }
                try cluster.startHubAgain()
                try awaitEmptyQueue(cluster, done: 19)
                for number in 1...20 { #expect(try seen(number, cluster).count >= number) }
            }
        }

        @Test("L7: what a tick asks for is answered in later ticks, with the result or why there is none")
        func asks() throws {
            try Self.site { cluster in
                let client = try writer(cluster)
                func answers() -> String { client.copies["count"]?.row("counts", "0")?["answers"] as? String ?? "" }
                try client.input("count", "\"go 1\"")
                try client.wait("it counts") { count(client) == 1 }
                try client.input("count", "\"price tea\"")
                try client.wait("the price is known") { answers().contains("price /price/tea: done with 1 of 1; ") }
                #expect(answers() == "price /price/tea: queued; price /price/tea: done with 1 of 1; ")
                try client.input("count", "\"price a/b\"")
                try client.wait("the hub says no") {
                    answers().hasSuffix("price /price/a/b: rejected, the key does not have its kind's shape; ")
                }
            }
        }

        @Test(
            "A back that begins anew: pages that its new life asks for show that life, not what the worker still has of the last"
        )
        func backKilled() throws {
            try Self.site { cluster in
                let first = try writer(cluster)
                try first.input("count", "\"go 30\"")
                try first.wait("all are counted") { count(first) == 30 }
                try awaitEmptyQueue(cluster, done: 30)
                let worker = try cluster.pid(of: "worker-1")
                kill(worker, SIGSTOP)
                let old = try cluster.pid(of: "back-1")
                kill(old, SIGKILL)
                try cluster.awaitStatus("the back is there again") { _ in
                    try cluster.pid(of: "back-1") != old && cluster.process("back-1").text("state") == "running"
                }
                let second = try writer(cluster)
                try second.input("count", "\"go 3\"")
                try second.wait("the new life counts") { count(second) == 3 }
                kill(worker, SIGCONT)
                for number in 1...3 {
                    // A front gives what it has for some seconds more while it fetches the newer page.
                    let bound = Bound(.seconds(20))
                    var page = try seen(number, cluster)
                    while page.goal != 3, !bound.isOver {
                        Wire.await([], Bound(.milliseconds(50)))
                        page = try seen(number, cluster)
                    }
                    #expect(page.goal == 3 && page.count >= number, "/n/\(number) shows \(page)")
                }
            }
        }

        @Test("L9: however many readers miss a page at both fronts at once, it is built exactly once")
        func missedTogether() throws {
            try Self.site { cluster in
                for round in 1...20 {
                    let before = try cluster.metric("jobs_done_total")
                    let wires = try (0..<40).map { _ in try Wire.tcp(cluster.port) }
                    for wire in wires {
                        try wire.send(
                            Array("GET /slow/\(round) HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".utf8))
                    }
                    for wire in wires { #expect(try HTTP(parsing: wire.rest()).status == 200) }
                    // A second build would wait behind the first or run beside it; either is over before this one is.
                    #expect(try HTTP.get("/slow/x\(round)", cluster.port).status == 200)
                    #expect(try cluster.metric("jobs_done_total") == before + 2)
                    #expect(try cluster.metric("jobs_queued_total") == Double(2 * round))
                }
                #expect(try cluster.metric("page_misses_total", "front-1") > 0)
                #expect(try cluster.metric("page_misses_total", "front-2") > 0)
            }
        }
    }
}
