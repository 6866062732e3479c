/// A whole JSON text, checked strictly by RFC 8259 and then read where it lies.
///
/// It is our own because the text mode hands an application the *exact text* of an input's `data`, and a library's decoder
/// gives values, not where they stood; nor does it refuse duplicate members, on which two readers may disagree. It borrows
/// the bytes: neither it nor its values may outlive the call that was handed the buffer.
///
/// Refused besides what breaks the grammar: bytes that are not UTF-8, escapes of half a surrogate pair, nesting deeper
/// than `depthLimit`, two members of one name in an object, anything but white space around the value.
package struct JSONText {
    /// How deep arrays and objects may be nested.
    package static let depthLimit = 64

    /// The value that the text is.
    package let root: JSONValue

    /// Checks all of `bytes`; about one pass. Members of large objects are sorted to find duplicates, so the worst case is
    /// *n* log *n*.
    package init(_ bytes: UnsafeRawBufferPointer) throws(JSONError) {
        guard UTF8Check.isValid(bytes) else { throw .notUTF8 }
        var checker = JSONChecker(bytes)
        let range = try checker.document()
        root = JSONValue(text: bytes, range: range)
    }
}
