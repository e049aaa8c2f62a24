import BuildAPI

extension JobRecord {
    /// Gives a person another name, wherever the record names them.
    ///
    /// - Parameter person: with the new name.
    /// - Returns: whether it names them.
    mutating func rename(_ person: Person) -> Bool {
        let before = self
        func renamed(_ old: Person) -> Person { old.isSame(as: person) ? person : old }
        func renamed(_ old: Party) -> Party {
            if case .person(let one) = old { .person(renamed(one)) } else { old }
        }
        job.owner = renamed(job.owner)
        job.submitter = job.submitter.map(renamed)
        job.shares = job.shares.map(renamed)
        let ender = job.builderEnd?.by.map(renamed)
        job.builderEnd?.by = ender
        for index in job.sessions.indices { job.sessions[index].person = renamed(job.sessions[index].person) }
        sharers = sharers.mapValues(renamed)
        for index in (job.administratorEntries ?? []).indices {
            let person = job.administratorEntries?[index].person
            if let person { job.administratorEntries?[index].person = renamed(person) }
        }
        job.entered = job.entered.map { entries in
            entries.map { entry in
                var entry = entry
                entry.person = renamed(entry.person)
                return entry
            }
        }
        for index in claims.indices { claims[index].person = renamed(claims[index].person) }
        return self != before
    }
}
