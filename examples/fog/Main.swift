import BackChannel

@main
struct Main {
    static func main() async throws {
        try await BackProcess.run { $0.channels("fog/*", Fog.self, rate: .hertz(20), idle: .pause) }
    }
}
