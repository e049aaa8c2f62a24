/// What `help` says about a verb, and by which words people find it.
struct Manual: Sendable {
    let name: String
    /// Other words for the same that work.
    var spellings: [String] = []
    /// What people try who know other programs: they are told the name.
    var aliases: [String] = []
    /// How it is entered, without the host: at most 100 characters.
    let synopsis: String
    /// What it is for, in one line.
    let summary: String
    /// More, in lines of at most 96 characters; empty: that is all.
    var details = ""
}
