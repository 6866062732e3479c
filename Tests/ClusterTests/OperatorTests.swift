import Foundation
import Testing

extension ClusterTests {
    /// What an operator sees and calls: status, metrics, health, help, and what is said to mistakes.
    @Suite(.serialized) struct Operators {
        private let shared = SharedCluster.ofOperators

        @Test("/healthz says ok")
        func health() throws {
            try shared.with { cluster in
                let answer = try HTTP.get("/healthz", cluster.port)
                #expect(answer.status == 200)
                #expect(answer.text.hasPrefix("ok"))
            }
        }

        @Test("C32: /metrics of any front is the whole cluster's, is Prometheus text, and has what operators ask for")
        func metrics() throws {
            try shared.with { cluster in
                let clients = try cluster.bystanders("room/1")
                for client in clients { try client.input("room/1", "{\"add\":1}") }
                try cluster.awaitMetric("inputs_applied_total", above: Double(clients.count - 1))
                for _ in 1...4 {
                    let answer = try HTTP.get("/metrics", cluster.port)
                    #expect(answer.headers["content-type"]?.hasPrefix("text/plain; version=0.0.4") == true)
                    #expect(!answer.text.contains("incomplete"))
                    for process in ["front-1", "front-2", "back-1", "back-2"] {
                        #expect(answer.text.contains("process=\"\(process)\""))
                    }
                    try check(answer.text)
                }
                let page = try HTTP.get("/metrics", cluster.port).text
                for name in [
                    "connections", "sessions", "front_links", "back_links", "tick_duration_seconds_bucket",
                    "overruns_total",
                    "inbox_bytes", "patch_bytes_total", "writes_total", "inputs_refused_total",
                    "messages_dropped_total",
                    "connections_refused_total", "tokens_refused_total",
                ] {
                    #expect(page.contains("\nswitchback_\(name){"), "\(name)")
                }
            }
        }

        /// Prometheus text, line by line: comments, then samples of the family that was announced, each once.
        private func check(_ page: String) throws {
            let sample = try NSRegularExpression(
                pattern:
                    #"^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{([a-zA-Z_][a-zA-Z0-9_]*="(\\.|[^"\\])*",?)*\})? (NaN|[+-]Inf|-?[0-9.]+(e[+-]?[0-9]+)?)$"#
            )
            var kinds: [String: String] = [:]
            var seen: Set<Substring> = []
            #expect(page.hasSuffix("\n"))
            for line in page.split(separator: "\n") {
                if line.hasPrefix("# TYPE ") {
                    let words = line.split(separator: " ")
                    #expect(kinds.updateValue(String(words[3]), forKey: String(words[2])) == nil, "\(line)")
                    continue
                }
                if line.hasPrefix("#") { continue }
                let text = String(line)
                guard let match = sample.firstMatch(in: text, range: NSRange(text.startIndex..., in: text)) else {
                    Issue.record("not Prometheus text: \(line)")
                    continue
                }
                let name = (text as NSString).substring(with: match.range(at: 1))
                let family = ["_bucket", "_sum", "_count"].first {
                    name.hasSuffix($0) && kinds[String(name.dropLast($0.count))] == "histogram"
                }
                #expect(kinds[family.map { String(name.dropLast($0.count)) } ?? name] != nil, "\(line) has no family")
                #expect(seen.insert(line.prefix { $0 != " " }).inserted || text.contains(" "), "\(line) twice")
            }
            #expect(kinds["switchback_tick_duration_seconds"] == "histogram")
        }

        @Test("C1, C32: hub status --json lists processes, channels and clients; hub status says the same as a table")
        func status() throws {
            try shared.with { cluster in
                let clients = try ["room", "room/1", "counter/1"].map { try TextClient.ready(cluster.port, $0) }
                try cluster.awaitStatus("the clients are listed") { status in
                    try clients.allSatisfy { status.canonical.contains($0.session) }
                        && status.list("channels").count >= 3
                }
                let hub = try Files.executable("hub")
                let json = try Spawned.run([hub, "status", "--hub", "127.0.0.1:\(cluster.port)", "--json"])
                #expect(json.code == 0)
                let status = try Members.parse(Array(json.output.utf8))
                for process in try status.list("processes") {
                    #expect(["front", "back"].contains(try process.text("role")))
                    #expect(try !process.text("name").isEmpty)
                    #expect(try process.number("pid") > 1)
                    #expect(try process.text("state") == "running")
                    #expect(try process.number("sessions") >= 0)
                    let epoch = UInt64(try process.text("epoch")) ?? 0
                    let isBack = try process.text("role") == "back"
                    #expect(isBack == (epoch > 0))
                }
                #expect(
                    try status.list("processes").map { try $0.text("name") } == [
                        "front-1", "front-2", "back-1", "back-2",
                    ])
                let channels = try status.list("channels").map { try $0.text("id") }
                #expect(Set(channels).isSuperset(of: ["room", "room/1", "counter/1"]))
                for client in try status.list("clients") {
                    #expect(try client.text("session").count == 32)
                    #expect(try client.text("front").hasPrefix("front-"))
                    #expect(client["channels"] is [String])
                }
                let table = try Spawned.run([hub, "status", "--hub", "127.0.0.1:\(cluster.port)"])
                #expect(table.code == 0)
                for word in ["front-1", "back-2", "room/1", "running", "clients"] {
                    #expect(table.output.contains(word))
                }
                let fromEnvironment = try Spawned.run(
                    [hub, "status"], environment: ["HUB_LISTEN": "127.0.0.1:\(cluster.port)"])
                #expect(fromEnvironment.code == 0)
            }
        }

        @Test("Every subcommand that the help lists has a help of its own")
        func help() throws {
            let hub = try Files.executable("hub")
            let overview = try Spawned.run([hub, "--help"])
            #expect(overview.code == 0)
            let lines = overview.output.components(separatedBy: "\n")
            let start = try #require(lines.firstIndex { $0.hasPrefix("Subcommands") })
            let names = lines[(start + 1)...].prefix { $0.hasPrefix("  ") }
                .filter { !$0.hasPrefix("   ") }.compactMap { $0.split(separator: " ").first.map(String.init) }
            #expect(Set(names).isSuperset(of: ["run", "status"]))
            for name in names {
                let page = try Spawned.run([hub, name, "--help"])
                #expect(page.code == 0, "\(name)")
                #expect(page.output.contains("hub \(name)"), "\(name)")
                #expect(page.output.contains("--help"), "\(name)")
            }
        }

        @Test(
            "A mistake on the command line exits with 2 and says what to write instead",
            arguments: [
                (["run", "--lisen", "127.0.0.1:0"], "--listen"), (["stauts"], "status"),
                (["status", "--json=yes"], "--json"),
                (["run", "--fronts", "many", "--back", "/bin/true"], "--fronts"), (["run"], "--back"),
                (["run", "--back", "/no/such/file"], "/no/such/file"),
                (["run", "--back", "/bin/true", "--listen", "nowhere"], "--listen"),
                (["run", "--back"], "--back EXECUTABLE"), (["status", "--hub", "not an address"], "127.0.0.1:8080"),
                ([], "hub --help"),
                (["run", "--config", "/no/such/file", "--back", "/bin/true"], "/no/such/file"),
            ])
        func mistakes(arguments: [String], hint: String) throws {
            let answer = try Spawned.run([try Files.executable("hub")] + arguments)
            #expect(answer.code == 2)
            #expect(answer.errors.contains(hint), "\(answer.errors)")
        }

        @Test("Status of an address where nobody listens exits with 1 and says what to do")
        func nobody() throws {
            let answer = try Spawned.run([try Files.executable("hub"), "status", "--hub", "127.0.0.1:1"])
            #expect(answer.code == 1)
            #expect(answer.errors.contains("hub run"))
        }

        @Test("Files are served below their prefix; what is not there is 404; paths that climb out are refused")
        func files() throws {
            try shared.with { cluster in
                let page = try HTTP.get("/", cluster.port)
                #expect(page.status == 200)
                #expect(page.text == "<p>here</p>\n")
                #expect(page.headers["content-type"]?.hasPrefix("text/html") == true)
                #expect(try HTTP.get("/sub/a.json", cluster.port).text == "{}\n")
                #expect(
                    try HTTP.get("/", cluster.port, headers: ["If-None-Match": page.headers["etag"] ?? ""]).status
                        == 304)
                for path in ["/missing", "/sub", "/sub/", "/sub/missing.js"] {
                    #expect(try HTTP.get(path, cluster.port).status == 404, "\(path)")
                }
                for path in [
                    "/../secret.txt", "/sub/../../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt",
                    "/%2E./secret.txt", "/.%00./x",
                ] {
                    let answer = try HTTP.get(path, cluster.port)
                    #expect(answer.status >= 400 && answer.status < 500, "\(path): \(answer.status)")
                    #expect(!answer.text.contains("secret\n"), "\(path)")
                }
                #expect(
                    try HTTP.raw(
                        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", cluster.port
                    ).status == 405)
            }
        }

        @Test(
            "A page from elsewhere gets 403 before the upgrade; the front's own pages and allowed ones are let in",
            arguments: [
                ("http://evil.example", false), ("null", false), ("https://friend.example.evil.example", false),
                ("http://friend.example", false), ("https://friend.example", true), ("own", true),
            ])
        func origins(origin: String, isAllowed: Bool) throws {
            try shared.with { cluster in
                let said = origin == "own" ? "http://127.0.0.1:\(cluster.port)" : origin
                let wire = try Wire.tcp(cluster.port)
                try wire.send(WebSocketWire.request(cluster.port, headers: ["Origin: \(said)"]))
                let bound = Bound(.seconds(5))
                while wire.input.firstRange(of: Array("\r\n\r\n".utf8)) == nil, !bound.isOver, !wire.isEnded {
                    Wire.await([wire], bound)
                    wire.fill()
                }
                #expect(try HTTP(parsing: wire.input).status == (isAllowed ? 101 : 403))
                if !isAllowed { try cluster.awaitMetric("http_refused_total", "\"403\"", above: 0) }
            }
        }

        @Test(
            "HTTP that is not strict is refused with its status, and counted",
            arguments: [
                ("GET / HTTP/1.1\nHost: a\n\n", 400), ("GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n", 400),
                ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
                ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
                ("GET /" + String(repeating: "a", count: 9000) + " HTTP/1.1\r\nHost: a\r\n\r\n", 431),
            ])
        func strictHTTP(request: String, status: Int) throws {
            try shared.with { cluster in
                let answer = try HTTP.raw(request, cluster.port)
                #expect(answer.status == status)
                try cluster.awaitMetric("http_refused_total", "\"\(status)\"", above: 0)
            }
        }

        @Test("After all of it the suite's processes end with their lifeline, every one")
        func end() throws { try shared.end() }
    }
}
