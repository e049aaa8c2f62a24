import BuildAPI

/// The tasks of a job, as the worker's web server shows its folder.
enum TaskFolders {
    /// The names of tasks among the links to folders on a page; nothing else in a job's folder is a task.
    static func names(in page: [UInt8]) -> [String] {
        String(decoding: page, as: UTF8.self).split(separator: "href=\"").dropFirst().compactMap { part in
            let link = part.prefix { $0 != "\"" }
            return link.hasSuffix("/") && TaskName.isValid(link.dropLast()) ? String(link.dropLast()) : nil
        }
    }
}
