import GRDB

extension SQLiteStore {
    /// Copies a database as it is at one moment, while a runner works with it.
    static func copy(_ source: String, to path: String) throws(RunnerError) {
        do {
            var settings = GRDB.Configuration()
            settings.busyMode = .timeout(30)
            settings.readonly = true
            let copy = try DatabaseQueue(path: path)
            try DatabaseQueue(path: source, configuration: settings).backup(to: copy)
            try copy.close()
        } catch {
            throw RunnerError(.failure, "The database cannot be copied: \(error).", detail: source)
        }
    }
}
