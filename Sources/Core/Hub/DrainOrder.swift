/// What an operator wants of a front that is drained, and how far it is.
package struct DrainOrder: Sendable {
    /// What becomes of it when it has ended.
    package enum Then: Sendable, Equatable {
        /// It stays away until an operator starts it.
        case leave
        /// It is started again at once.
        case restart
    }

    let then: Then
    var movedCount = 0
    var cutOffCount = 0
}
