/// Why a command is not understood.
public struct UsageError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Code: Equatable, Sendable {
        case unknownVerb
        /// Nearly that verb.
        case misspelling(of: String)
        /// Another program's name for that verb.
        case alias(of: String)
        /// A job in the place of a verb; its id.
        case jobWithoutVerb(String)
        /// What a program asks of a host that it takes for an ordinary one.
        case foreign(ForeignProgram)
        case unknownOption
        /// An option of ssh after the gateway's name.
        case optionOfSSH
        /// A user name for the builder: rsync gives its ssh one for `build@42:`.
        case userName
        /// A setting for ssh: git gives its ssh one.
        case settingOfSSH
        /// A number that is a part of that option.
        case attachedCount(of: String)
        case malformedJob
        case malformedDuration
        case malformedAddress
        /// No id of a stream to an attached machine.
        case malformedStream
        /// No code of a machine that somebody can adopt.
        case malformedCode
        case malformedHost
        /// No word for a processor architecture.
        case malformedArchitecture
        case malformedCount(ClosedRange<Int>)
        /// None of the words that an option takes.
        case malformedChoice(of: [String])
        /// The name of a file, which only the person's own shell can read.
        case fileName
        /// The name of an archive or a folder, in the place of one on standard input.
        case sourceName
        /// Lines of tasks have no times.
        case noTimes
        case missing(Part)
        /// Two options that exclude each other.
        case contradiction
        /// An option that goes with another one.
        case needs(String)
        case tooManyWords
    }

    /// What can be missing.
    public enum Part: Equatable, Sendable {
        case job, user, fingerprint
        /// The id of a stream to an attached machine.
        case stream
        /// Of a machine that somebody can adopt.
        case code
        /// The word that confirms a key.
        case confirmation
        /// Of an option that takes several words.
        case text
        /// Of an option.
        case value
    }

    public let code: Code
    /// The word concerned, as the person sent it: hostile until it is escaped.
    public let word: String
    /// The verb whose words are not understood; nil: it is the verb that is not.
    public var verb: String?

    public init(_ code: Code, word: String) {
        self.code = code
        self.word = word
    }

    /// One line. It quotes at most 40 characters of the word, with `?` for what is not printable ASCII.
    public var description: String {
        let quoted = "“\(printable)”"
        return switch code {
        case .unknownVerb: "Unknown verb: \(quoted). For all verbs: help."
        case .misspelling(let verb): "Unknown verb: \(quoted). Did you mean “\(verb)”?"
        case .alias(let verb): "\(quoted) is called “\(verb)” here."
        case .jobWithoutVerb(let job): "Job \(job) needs a verb before it. To enter it: connect \(job)."
        case .foreign(let program): "“\(program)” does not work on the gateway."
        case .unknownOption: "This verb has no option \(quoted)."
        case .optionOfSSH: "Put options of ssh, such as \(quoted), before the gateway's name."
        case .userName: "A job has no user name: write 42, not build@42."
        case .settingOfSSH:
            "Settings of ssh do not reach “connect”. If git sent this, set GIT_SSH_VARIANT=simple."
        case .attachedCount(let option): "Write it as two words: \(option) \(printable)."
        case .malformedJob:
            word.contains("@")
                ? UsageError(.userName, word: word).description
                : "\(quoted) is not a job. A job's id has at most 64 letters, digits, “_” and “-”."
        case .malformedDuration: "\(quoted) is not a duration. Write 30m, 2h, 1h30m or 1d."
        case .malformedAddress: "\(quoted) is no address. Write 192.0.2.7, 192.0.2.0/24 or 2001:db8::/48."
        case .malformedStream: "Nobody types this: sallyport-attach does, without a terminal."
        case .malformedCode: "This is not a code. One looks like K7M-2QX."
        case .malformedHost: "\(quoted) is not a host name."
        case .malformedArchitecture:
            "\(quoted) is not a processor architecture. Write one such as x86_64 or arm64."
        case .malformedCount(let range):
            "\(quoted) is not a number from \(range.lowerBound) to \(range.upperBound)."
        case .malformedChoice(let words): "\(quoted) is not one of \(words.joined(separator: ", "))."
        case .fileName: "Your own shell has to read \(quoted): submit <\(printable)"
        case .sourceName:
            "Your own shell has to read \(quoted). An archive: submit --tar <FILE. A folder: tar cz . | ssh … submit --tar"
        case .noTimes: "Lines of tasks have no times, so there is no \(quoted). For the last 100: -n 100."
        case .missing(.value): "\(quoted) needs a value."
        case .missing(.job): "Which job? Give its number."
        case .missing(.stream): "Nobody types this: sallyport-attach does, without a terminal."
        case .missing(.code): "Which machine? Give the code that sallyport-attach --pair has printed."
        case .missing(.user): "Which person? Give their name."
        case .missing(.fingerprint): "Which key? Give its fingerprint; “keys” lists them."
        case .missing(.confirmation): "Which word? Give the one that “keys add” has printed."
        case .missing(.text): "\(quoted) needs a text."
        case .needs(let option): "Give \(quoted) together with \(option)."
        case .contradiction: "\(quoted) cannot be combined with another option you gave."
        case .tooManyWords: "Unexpected word: \(quoted)."
        }
    }

    private var printable: String {
        let limit = 40
        let text = word.unicodeScalars.prefix(limit).map {
            (32..<127).contains($0.value) ? Character($0) : "?"
        }
        return String(text) + (word.unicodeScalars.count > limit ? "…" : "")
    }
}

extension UsageError.Code {
    /// Nil: ssh(1) has no such option.
    init?(optionOfSSH option: String) {
        guard let letter = option.dropFirst().first, !option.hasPrefix("--") else { return nil }
        switch letter {
        case "l": self = .userName
        case "o": self = .settingOfSSH
        default:
            guard "46AaBbCcDEeFfGgIiJKkLMmNnOPpQqRSsTtVvWwXxYy".contains(letter) else { return nil }
            self = .optionOfSSH
        }
    }
}
