/// One audience's changes between two versions, as a section frame carries them (docs/WIRE.md, State).
package struct StateSection: Equatable, Sendable {
    /// 0 is everyone.
    package var audience: UInt64
    /// The last version at which the audience changed before; 0: the patch is from nothing and replaces what is held.
    package var base: UInt64
    package var version: UInt64
    /// The state hash of the audience at `version`, when it rides along.
    package var hash: UInt64?
    /// Stands before the first patch from nothing.
    package var schema: SchemaDescription?
    package var patch: [UInt8]

    package init(
        audience: UInt64 = 0, base: UInt64, version: UInt64, hash: UInt64? = nil, schema: SchemaDescription? = nil,
        patch: [UInt8]
    ) {
        self.audience = audience
        self.base = base
        self.version = version
        self.hash = hash
        self.schema = schema
        self.patch = patch
    }
}

/// Why a mirror did not take a section or a mark. It stays at the version it had; whoever feeds it asks for the state anew.
public enum MirrorError: Error, Equatable, Sendable {
    /// The bytes are not a patch of this schema.
    case malformed(WireError)
    /// The section or mark begins after what is held.
    case gap(held: UInt64, base: UInt64)
    /// The section or mark ends before what is held.
    case behind(held: UInt64, version: UInt64)
    /// A patch before any schema.
    case noSchema
    /// A change of an audience that is not held.
    case unknownAudience(UInt64)
}

/// What a commit found to be wrong with what was sent, or with what was held: the owner of the mirror asks for the state
/// anew, and says so. The commit was made all the same.
public enum MirrorDisagreement: Error, Equatable, Sendable {
    /// The rows of an audience do not have the hash that its section told.
    case hash(audience: UInt64, version: UInt64, told: UInt64, held: UInt64)
    /// Two audiences have one row. It is kept in the lower one.
    case rowTwice(table: Int, key: RowKey)
}

extension MirrorDisagreement: CustomStringConvertible {
    public var description: String {
        switch self {
        case .hash(let audience, let version, let told, let held):
            "audience \(audience) at version \(version) has the hash \(StateHash(rawValue: held)), "
                + "\(StateHash(rawValue: told)) was told"
        case .rowTwice(let table, let key): "two audiences have the row \(key) of table \(table)"
        }
    }
}

extension MirrorError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .malformed(let error): error.description
        case .gap(let held, let base): "version \(held) is held, the changes begin after \(base)"
        case .behind(let held, let version): "version \(held) is held, the changes end at \(version)"
        case .noSchema: "a patch came before any schema"
        case .unknownAudience(let audience): "nothing is held of audience \(audience)"
        }
    }
}
