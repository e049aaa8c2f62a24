import EventLoop
import Testing

extension EventLoop {
    /// Runs until it is so; at most 20 seconds.
    func wait(
        _ what: String, until condition: () -> Bool, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        var isLate = false
        let deadline = timer(after: .seconds(20)) { [unowned self] in
            isLate = true
            stop()
        }
        while !condition(), !isLate {
            let tick = timer(after: .milliseconds(5)) { [unowned self] in stop() }
            run()
            tick.cancel()
        }
        deadline.cancel()
        #expect(!isLate, "\(what)", sourceLocation: sourceLocation)
    }
}
