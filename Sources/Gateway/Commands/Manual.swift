/// What `help` says about a verb, and the words for it.
struct Manual: Sendable {
    let name: String
    /// Other spellings that work.
    var spellings: [String] = []
    /// Names from other programs. They do not work, but the message has the right name.
    var aliases: [String] = []
    /// How it is entered, without the host: at most 100 characters.
    let synopsis: String
    /// What it does, in one line that begins with an imperative.
    let summary: String
    /// More, in lines of at most 96 characters; can be empty.
    var details = ""
}
