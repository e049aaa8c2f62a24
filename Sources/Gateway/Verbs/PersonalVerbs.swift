import AuthorizedKeys
import BuildAPI
import EventLoop
import Policy
import Presentation
import Requests
import ServiceClient

/// The verbs that are about whoever asks.
extension GatewaySession {
    func list(_ principal: Principal, all: Bool, json: Bool) {
        let show = { [self] (result: Result<[Job], ServiceError>) in
            switch result {
            case .success(let jobs):
                answer(["jobs": jobs.map { JobView(job: $0, isInvited: true) }], json: json) {
                    jobs.isEmpty ? "" : JobTable(jobs).text
                }
                if jobs.isEmpty, !json {
                    say(all ? "You have no job." : "You have no job that runs or whose builder is kept.")
                }
            case .failure(let error) where error.code == .notOffered: refuse(.unsupported("list of jobs"))
            case .failure(let error): refuse(.service(error, "list"))
            }
        }
        guard all else { return service.liveJobs(of: principal.person, show) }
        guard let service = service.selfService else { return refuse(.unsupported("list of jobs")) }
        service.jobs(owner: principal.person.id, live: false, show)
    }

    func whoami(_ principal: Principal, json: Bool) {
        let fingerprint = key.fingerprint
        answer(PersonView(principal, fingerprint), json: json) {
            principal.person.printableName + (principal.isAdministrator ? ", administrator" : "")
                + ", with the key \(fingerprint)\n"
        }
    }

    func acceptTerms(_ principal: Principal) {
        let question = TermsQuestion(for: principal.person, in: self) { [self] in
            say("Thank you.")
            finish(.success)
        }
        running = question
        question.ask()
    }

    func help(_ verb: Verb?) {
        output.write(Help.text(for: verb))
        finish(.success)
    }

    func version() {
        output.write("sallyport \(Version.current)\n")
        finish(.success)
    }

    // MARK: Keys

    func keys(_ principal: Principal, _ request: Request.KeysRequest, json: Bool) {
        guard let service = service.selfService else { return refuse(.unsupported("keys to manage")) }
        switch request {
        case .list:
            service.keys(owner: principal.person.id) { [self] result in
                switch result {
                case .success(let keys):
                    answer(["keys": keys.map(KeyView.init)], json: json) {
                        keys.map { key in
                            let mark = key.fingerprint == self.key.fingerprint ? "*" : " "
                            let comment = HostileText.printable(key.comment, limit: 60)
                            return "\(mark) \(HostileText.printable(key.fingerprint, limit: 60)) \(comment)\n"
                        }.joined()
                    }
                case .failure(let error): refuse(.service(error, "keys"))
                }
            }
        case .add: addKey(principal, service, json: json)
        case .remove(let fingerprint):
            guard fingerprint != key.fingerprint else {
                return refuse(
                    Refusal(
                        .usage,
                        "This is the key with which you are here now; log in with another one to remove it.",
                        cause: "keys remove: the session's own key"))
            }
            service.removeKey(fingerprint, owner: principal.person.id) { [self] result in
                switch result {
                case .success:
                    journal.note("person=\(principal.person.id) removes the key \(fingerprint)")
                    say("The key is removed.")
                    finish(.success)
                case .failure(let error) where error.code == .noSuchKey:
                    refuse(
                        Refusal(
                            .badInput, "You have no key with this fingerprint.", cause: error.debugDescription
                        ))
                case .failure(let error): refuse(.service(error, "keys"))
                }
            }
        }
    }

    private func addKey(_ principal: Principal, _ service: any SelfService, json: Bool) {
        if environment.hasTerminal { say("Paste one line of a .pub file, then press Enter and Ctrl-D.") }
        running = StandardInput(limit: 64 << 10, on: loop) { [self] bytes in
            let text = String(decoding: bytes ?? [], as: UTF8.self)
            // Before anything else looks at it, or repeats it.
            guard !text.contains("PRIVATE KEY") else {
                return refuse(
                    Refusal(
                        .badInput,
                        "This is a private key, which nobody but you should have: it has not been sent on. Whoever may "
                            + "have seen it here can use it, so make a new one; what is needed is the .pub file.",
                        cause: "keys add: a private key"))
            }
            let lines = text.split(whereSeparator: \.isNewline).filter { !$0.allSatisfy(\.isWhitespace) }
            guard lines.count == 1, let line = lines.first,
                let (key, _) = try? PublicKey.parse(line: String(line))
            else {
                return refuse(
                    Refusal(
                        .badInput,
                        "One public key is expected on standard input: the only line of a .pub file.",
                        cause: "keys add: no key"))
            }
            service.add(NewKey(owner: principal.person.id, key: String(line))) { [self] result in
                switch result {
                case .success(let added):
                    journal.note("person=\(principal.person.id) adds the key \(key.fingerprint)")
                    answer(KeyView(added), json: json) { "The key \(key.fingerprint) is yours now.\n" }
                case .failure(let error): refuse(.service(error, "keys"))
                }
            }
        }
    }
}

private struct PersonView: Encodable {
    let id: String
    let name: String
    let administrator: Bool
    let key: String

    init(_ principal: Principal, _ fingerprint: String) {
        id = principal.person.id
        name = principal.person.name
        administrator = principal.isAdministrator
        key = fingerprint
    }
}

private struct KeyView: Encodable {
    let fingerprint: String
    let type: String
    let comment: String

    init(_ key: Key) {
        fingerprint = key.fingerprint
        type = key.type
        comment = key.comment
    }
}
