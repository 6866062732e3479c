import Core

/// Stands between two cores and changes what passes, so that together they act as if one of them had a mistake in it: how
/// planted defects come to be without touching the product.
package protocol Tap: AnyObject {
    /// Bytes that one side offers to a stream, or, on the way up from a client, that a front is about to read. Answers what
    /// takes their place.
    func pass(_ bytes: [UInt8], _ way: Way) -> [UInt8]
    /// Bytes that are to be read by the other side without anybody having sent them, after `pass` on the other way.
    func injection(_ way: Way) -> [UInt8]?
}

extension Tap {
    package func injection(_ way: Way) -> [UInt8]? { nil }
}

/// Where bytes pass.
package struct Way: Hashable, Sendable {
    package enum Direction: Sendable {
        /// From a front to a back, and back to the front.
        case trunkUp, trunkDown
        /// From a client to a front, and from the front to the client.
        case clientUp, clientDown
    }

    package let direction: Direction
    /// Tells connections apart; both directions of one have the same.
    package let connection: UInt64
    /// The process that is at the connection's far end: the back, or the client.
    package let far: Int32
    /// The front between.
    package let near: Int32
    /// Whether frames stand on the stream as they are.
    package let isPlain: Bool
}
