import FoundationEssentials

/// What one load generator of writers does; it comes as one argument, in JSON.
struct LoadPlan: Codable {
    var clients: Int
    /// So many of them, the first, do not write.
    var readers: Int
    /// WebSocket messages with one input each that a client sends in one write.
    var perRead: Int
    /// Bytes of an input; the last eight say when it was meant to be sent.
    var bytes: Int
    /// Nanoseconds between two writes of one client.
    var period: UInt64

    var text: String {
        guard let data = try? JSONEncoder().encode(self) else { return "" }
        return String(decoding: data, as: UTF8.self)
    }

    init?(_ text: String) {
        guard let plan = try? JSONDecoder().decode(LoadPlan.self, from: Data(text.utf8)) else { return nil }
        self = plan
    }

    init(clients: Int, readers: Int, perRead: Int, bytes: Int, period: UInt64) {
        self.clients = clients
        self.readers = readers
        self.perRead = perRead
        self.bytes = bytes
        self.period = period
    }
}
