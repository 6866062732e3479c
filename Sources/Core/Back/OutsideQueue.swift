import State

/// What a tick says to others than its links: to other channels, and to fronts without a link. It leaves when the tick ends.
struct OutsideQueue {
    enum Item {
        case relay(Relayed)
        case tell(TrunkID, [UInt8])

        var byteCount: Int {
            switch self {
            case .relay(let message): message.data.count
            case .tell(_, let data): data.count
            }
        }
    }

    private var items: [Item] = []
    private var byteCount = 0

    var isEmpty: Bool { items.isEmpty }

    /// False if one tick says too much.
    mutating func offer(_ item: Item) -> Bool {
        guard items.count < Limits.messagesPerLink, byteCount + item.byteCount <= Limits.messageBytesPerLink else {
            return false
        }
        items.append(item)
        byteCount += item.byteCount
        return true
    }

    mutating func take() -> [Item] {
        defer { self = OutsideQueue() }
        return items
    }
}

/// Who sent a message that came without a link.
enum OutsideSender {
    case front
    case channel(String)
}

/// Which fronts a message is for.
public enum FrontSelection: Sendable, Hashable {
    /// Those that are linked to the channel.
    case linked
    /// Every front process that this back is connected to, linked to the channel or not.
    case all
    /// Those of these names, linked to the channel or not.
    case named([String])
}
