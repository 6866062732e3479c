import Core
import Glibc
import Loop

/// The cluster's public listeners: bound here, or given back by a front of an earlier hub that still serves them.
///
/// The hub accepts nothing itself. It keeps one descriptor of each, so that the port stays the cluster's while fronts come
/// and go.
final class PublicListeners {
    private final class Listener {
        let socket: ListeningSocket
        init(_ socket: consuming ListeningSocket) { self.socket = socket }
    }

    private enum Place {
        case bound(Listener)
        /// In use, surely by fronts of an earlier hub.
        case awaited(SocketAddress)
    }

    private var places: [Place] = []

    /// Takes or binds all.
    ///
    /// - Parameters:
    ///   - last: where the listeners of an earlier hub really were, by what it was asked for; empty if nobody serves them.
    ///   - given: descriptors that an earlier hub handed over; taken over, those that nobody wants are closed.
    ///   - mayWait: fronts of an earlier hub are alive, so an address in use is theirs to give back.
    init(_ wanted: [ListenAddress], last: [String: String], given: [Int32], mayWait: Bool) throws(HubFailure) {
        var given = given.compactMap { try? Listener(ListeningSocket(adopting: $0)) }
        for address in wanted {
            guard let socketAddress = SocketAddress(last[address.description] ?? address.description) else {
                throw HubFailure("--listen: \(address) is not an address")
            }
            if let place = given.firstIndex(where: { $0.socket.address == socketAddress }) {
                places.append(.bound(given.remove(at: place)))
                continue
            }
            do throws(LoopError) {
                places.append(.bound(Listener(try ListeningSocket.bind(socketAddress))))
            } catch {
                if error.isAddressInUse, mayWait {
                    places.append(.awaited(socketAddress))
                } else if error.isAddressInUse {
                    throw HubFailure(
                        "cannot listen on \(address): another program does; stop it or choose another address with --listen"
                    )
                } else {
                    throw HubFailure("cannot listen on \(address): \(error.text)")
                }
            }
        }
    }

    /// Where clients connect, real ports filled in.
    var addresses: [String] {
        places.map {
            switch $0 {
            case .bound(let listener): listener.socket.address.description
            case .awaited(let address): address.description
            }
        }
    }

    /// What can be handed out now.
    var ready: [(address: String, descriptor: Int32)] {
        places.compactMap {
            switch $0 {
            case .bound(let listener): (listener.socket.address.description, listener.socket.descriptor)
            case .awaited: nil
            }
        }
    }

    var isComplete: Bool { ready.count == places.count }

    /// Takes a front's descriptor if its address is awaited, closes it otherwise. Answers whether it was taken.
    func receive(_ descriptor: Int32) -> Bool {
        guard let socket = try? ListeningSocket(adopting: descriptor) else { return false }
        let address = socket.address
        for (index, place) in places.enumerated() {
            guard case .awaited(address) = place else { continue }
            places[index] = .bound(Listener(socket))
            return true
        }
        return false
    }

    /// Tries to bind what is awaited: the fronts that held it may be gone. Answers whether anything was won.
    func retry() -> Bool {
        var hasWon = false
        for (index, place) in places.enumerated() {
            guard case .awaited(let address) = place, let socket = try? ListeningSocket.bind(address) else { continue }
            places[index] = .bound(Listener(socket))
            hasWon = true
        }
        return hasWon
    }
}
