import Core
import Loop

/// The thread that has the store: it applies one batch at a time, and answers on the loop that gave it.
///
/// Whatever is decided while a batch is being synced makes the next one, so a sync serves all that came meanwhile.
package final class JobWriter {
    /// Carries what belongs to one thread through a mailbox to it.
    private struct Sent<T>: @unchecked Sendable {
        let value: T
    }

    private let own: Sent<EventLoop>
    private let mailbox: Mailbox
    private let answers: Mailbox
    private let store: Sent<any JobStore>

    /// - Parameters:
    ///   - store: handed over to the writer's thread.
    ///   - loop: where answers are told.
    package init(_ store: any JobStore, answeringOn loop: EventLoop) throws(LoopError) {
        let own = Sent(value: try EventLoop())
        self.own = own
        mailbox = own.value.mailbox
        answers = loop.mailbox
        self.store = Sent(value: store)
        _ = try LoopThread { own.value.run() }
    }

    deinit {
        let own = own
        mailbox.post { own.value.stop() }
    }

    /// Applies the changes, then answers nil or why not.
    package func apply(_ changes: [JobChange], then: @escaping (JobStoreError?) -> Void) {
        let (store, answers, then) = (store, answers, Sent(value: then))
        mailbox.post {
            let failure: JobStoreError?
            do throws(JobStoreError) {
                try store.value.apply(changes)
                failure = nil
            } catch {
                failure = error
            }
            answers.post { then.value(failure) }
        }
    }

    /// Reads a page, nil if there is none or it cannot be read.
    package func page(_ path: String, then: @escaping (JobPage?) -> Void) {
        let (store, answers, then) = (store, answers, Sent(value: then))
        mailbox.post {
            let page = (try? store.value.page(path)).flatMap { $0 }
            answers.post { then.value(page) }
        }
    }
}
