public import BuildAPI

extension Job.Artifacts {
    /// How many there are, and how large they are: `2 files, 1.5 MB`. Nil: none have been taken.
    public var spoken: String? {
        count.map { $0 == 0 ? "no file" : "\($0.counted("file")), \(SpokenSize.words(Int64(size ?? 0)))" }
    }
}
