/// What a state asks of its tables, without their types: once a table and tick, never per row.
protocol ClosableTable: AnyObject {
    var schema: TableSchema { get }
    /// Takes down what changed since the last close, and moves the shadow.
    func close(_ closing: Closing)
    /// Takes down all closed rows of `audience` as inserts.
    func snapshot(of audience: Audience, _ closing: Closing)
    /// The same for several at once; the entries name their audience.
    func snapshot(of audiences: Set<UInt32>, _ closing: Closing)
}

extension TableStorage: ClosableTable {
    func close(_ closing: Closing) {
        guard !touched.isEmpty else { return }
        var freed: [Int32] = []
        withMemory { memory in
            touched.withUnsafeMutableBufferPointer { closing.close(memory, $0, &freed) }
        }
        touched.removeAll(keepingCapacity: true)
        for slot in freed { release(slot) }
    }

    func snapshot(of audience: Audience, _ closing: Closing) {
        let slotCount = slots.count
        withMemory { memory in closing.snapshot(memory, slotCount) { $0 == audience.number } }
    }

    func snapshot(of audiences: Set<UInt32>, _ closing: Closing) {
        let slotCount = slots.count
        withMemory { memory in closing.snapshot(memory, slotCount) { audiences.contains($0) } }
    }

    /// Runs `body` with the arrays as plain memory. Nothing else touches them meanwhile.
    private func withMemory(_ body: (TableMemory) -> Void) {
        keys.withUnsafeBufferPointer { keys in
            slots.withUnsafeMutableBufferPointer { slots in
                rows.withUnsafeMutableBufferPointer { rows in
                    shadow.withUnsafeMutableBufferPointer { shadow in
                        guard let keys = keys.baseAddress, let slots = slots.baseAddress, let rows = rows.baseAddress,
                            let shadow = shadow.baseAddress
                        else { return }
                        body(
                            TableMemory(
                                number: number, kind: K.Bits.kind, stride: MemoryLayout<R>.stride, layout: layout,
                                keys: keys, slots: slots, rows: rows, shadow: shadow))
                    }
                }
            }
        }
    }
}
