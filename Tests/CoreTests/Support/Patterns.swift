import Core

/// A family that the test knows to be well formed.
func family(_ text: String) -> FamilyPattern {
    do { return try FamilyPattern(text) } catch { preconditionFailure("'\(text)' is no family: \(error)") }
}
