import Core
import Loop
import Node

/// A public listener that this front takes its share from.
final class FrontListener {
    let address: String
    private let acceptor: Acceptor
    private let socket: ListenerSocket
    /// Whether the hub handed it over, so that it can be handed back.
    let isOfHub: Bool

    convenience init(bind address: SocketAddress, _ shell: FrontShell) throws {
        try self.init(ListenerSocket(try ListeningSocket.bind(address)), address: nil, shell)
    }

    convenience init(descriptor: Int32, address: String, _ shell: FrontShell) throws {
        try self.init(ListenerSocket(try ListeningSocket(adopting: descriptor)), address: address, shell)
    }

    private init(_ socket: ListenerSocket, address: String?, _ shell: FrontShell) throws {
        self.socket = socket
        isOfHub = address != nil
        self.address = address ?? socket.address
        acceptor = try Acceptor(socket.duplicate(), on: shell.loop, batchLimit: Limits.acceptedPerTurn) {
            [unowned shell] descriptor, peer in
            shell.accepted(descriptor, peer)
        }
    }

    var errorCount: UInt64 { acceptor.errorCount }
    var fullTurnCount: UInt64 { acceptor.fullTurnCount }

    func close() { acceptor.close() }

    /// Hands the hub a duplicate.
    func give(to hub: HubLink) { hub.give(ListenerMessage(address: address), descriptor: socket.descriptor) }
}

/// A listening socket with a reference to it: the socket itself may not be copied.
private final class ListenerSocket {
    private let socket: ListeningSocket
    init(_ socket: consuming ListeningSocket) { self.socket = socket }
    /// For an acceptor, which takes it over.
    func duplicate() throws -> Int32 { try socket.duplicate() }
    var address: String { "\(socket.address)" }
    /// Lent.
    var descriptor: Int32 { socket.descriptor }
}
