import Core

/// A program in this process that watches a link. Told on the loop's thread.
protocol FrontObserver: AnyObject {
    func observed(_ observation: FrontCore.Observation, _ shell: FrontShell)
}
