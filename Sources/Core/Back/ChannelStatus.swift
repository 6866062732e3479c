/// A back channel, as the operator sees it.
package struct ChannelStatus: Sendable {
    package let id: String
    package let tick: TickNumber
    package let version: Version
    package let lineage: Lineage
    package let linkCount: Int
    package let sessionCount: Int
    package let inboxByteCount: Int
}
