import Testing
import Loop

@Suite struct SocketAddressTests {
    @Test(
        "An address is read, and written back the same way",
        arguments: [
            ("127.0.0.1:8080", true, 8080), ("127.9.9.9:0", true, 0), ("0.0.0.0:80", false, 80),
            ("192.168.1.20:65535", false, 65535),
            ("[::1]:80", true, 80), ("[::]:1", false, 1), ("[2001:db8::17]:443", false, 443),
            ("[::ffff:127.0.0.1]:5", true, 5),
        ])
    func ip(_ text: String, _ isLoopback: Bool, _ port: UInt16) throws {
        let address = try #require(SocketAddress(text))
        #expect(address.description == text)
        #expect(address.isLoopback == isLoopback)
        #expect(address.port == port)
        #expect(address.with(port: 7).port == 7)
        #expect(SocketAddress(address.with(port: 7).description) == address.with(port: 7))
    }

    @Test("A UNIX path is an address without a port") func unix() throws {
        let address = try #require(SocketAddress("unix:/run/x.sock"))
        #expect(address == .unix("/run/x.sock"))
        #expect(address.description == "unix:/run/x.sock")
        #expect(address.isLoopback && address.isUNIX && address.port == nil)
        #expect(SocketAddress("unix:" + String(repeating: "p", count: SocketAddress.pathByteLimit)) != nil)
        #expect(SocketAddress("unix:" + String(repeating: "p", count: SocketAddress.pathByteLimit + 1)) == nil)
    }

    @Test("localhost is 127.0.0.1") func localhost() {
        #expect(SocketAddress("localhost:80") == .ipv4(0x7F00_0001, port: 80))
    }

    @Test(
        "What is no address is nil",
        arguments: [
            "", ":", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1",
            "127.0.0.1: 1", "1.2.3:4",
            "256.0.0.1:1", "::1:80", "[::1]", "[::1]80", "[::g]:80", "example.org:80", "unix:", "unix:a\0b",
        ])
    func bad(_ text: String) { #expect(SocketAddress(text) == nil) }
}
