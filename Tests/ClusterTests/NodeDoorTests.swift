import Core
import Foundation
import Glibc
import Testing

extension ClusterTests {
    /// `POST /takeMessage.js` with real processes: who gets in, and that everybody else finds the connection closed.
    @Suite(.serialized) struct NodeDoor {
        private static func options(nodes: [String]) throws -> [String] {
            let hub = try Files.executable("hub")
            return [
                "--jobs", "page=/{board}/{page} page", "--worker",
                "'\(hub)' worker --kind page --exec 'read job; echo \"$job\"'",
            ] + nodes.flatMap { ["--node", $0] }
        }

        private static func key(_ cluster: Cluster) throws -> ClusterKey {
            guard let key = ClusterKey(hex: Files.text(cluster.folder + "/state/cluster.key")) else {
                throw Failure("no cluster key")
            }
            return key
        }

        /// What the front says to a POST with this authorization: every byte until it closes.
        private func post(_ body: String, _ authorization: String?, _ cluster: Cluster) throws -> [UInt8] {
            let header = authorization.map { "Authorization: \($0)\r\n" } ?? ""
            let wire = try Wire.tcp(cluster.port)
            try wire.send(
                Array(
                    ("POST /takeMessage.js HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\(header)"
                        + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)").utf8))
            return try wire.rest()
        }

        private func credential(_ body: String, _ node: String, _ key: ClusterKey) -> String {
            NodeCredential(
                signing: Array(body.utf8), node: node, unixSeconds: UInt64(Date().timeIntervalSince1970), key: key
            ).header
        }

        @Test(
            "L17, L18: a declared node's request is a job, checked against the declared kinds and key shapes; for anyone else the connection closes"
        )
        func nodes() throws {
            try Cluster.with(fronts: 1, backs: ["alpha"], extra: try Self.options(nodes: ["web-2"])) { cluster in
                let key = try Self.key(cluster)
                let body = #"{"kind":"page","key":"/b/1","payload":"news"}"#
                let taken = try HTTP(parsing: try post(body, credential(body, "web-2", key), cluster))
                #expect(taken.status == 200 && taken.text.hasPrefix(#"{"queued":""#), "\(taken.text)")
                try cluster.awaitNoJobs()
                #expect(try cluster.metric("jobs_done_total") == 1)

                for (wrong, reason) in [
                    (#"{"kind":"nothing","key":"/b/1"}"#, "unknown kind"),
                    (#"{"kind":"page","key":"b/1"}"#, "shape"), (#"{"kind":"page"}"#, "needed"), ("no json", "JSON"),
                ] {
                    let answer = try HTTP(parsing: try post(wrong, credential(wrong, "web-2", key), cluster))
                    #expect(answer.status == 400 && answer.text.contains(reason), "\(answer.text)")
                }

                // Nobody else hears a single byte, though all of them come from this machine.
                let stranger = try #require(ClusterKey(bytes: [UInt8](repeating: 1, count: 32)))
                for authorization in [
                    nil, "Basic d2ViLTI6eA==", credential(body, "web-9", key), credential(body, "web-2", stranger),
                    credential(body + " ", "web-2", key),
                ] {
                    #expect(try post(body, authorization, cluster).isEmpty, "\(authorization ?? "nothing")")
                }
                let seen = try Wire.tcp(cluster.port)
                try seen.send(Array("GET /takeMessage.js HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".utf8))
                #expect(try seen.rest().isEmpty)
                #expect(try cluster.metric("jobs_queued_total") == 1)
                try cluster.awaitMetric("node_callers_refused_total", "reason=\"stranger\"", above: 3)
                #expect(try cluster.metric("node_callers_refused_total", "reason=\"credential\"") == 2)
                #expect(try cluster.metric("node_requests_total", "node=\"web-2\"") == 5)
            }
        }

        @Test("L17: on a hub that is the only node the path is not there: the connection closes, whatever is shown")
        func single() throws {
            try Cluster.with(fronts: 1, backs: ["alpha"], extra: try Self.options(nodes: [])) { cluster in
                let body = #"{"kind":"page","key":"/b/1"}"#
                let key = try Self.key(cluster)
                for authorization in [nil, credential(body, "web-2", key)] {
                    #expect(try post(body, authorization, cluster).isEmpty)
                }
                #expect(try cluster.metric("jobs_queued_total") == 0)
                try cluster.awaitMetric("node_callers_refused_total", "reason=\"closed\"", above: 1)
            }
        }
    }
}
