import AuthorizedKeys
import BuildAPI
import ConfigurationFile
import Foundation
import NIOCore
import NIOHTTP1
import Testing

@testable import Runner

/// Lists that do not fit into one answer.
@Suite("Pages of lists")
struct ListPageTests {
    /// All pages of a list.
    ///
    /// - Parameter between: called after each page.
    private func pages<List: PagedList>(
        _: List.Type, _ path: String, of service: TestService,
        between: @Sendable () async throws -> Void = {}
    ) async throws -> [List] {
        var pages: [List] = []
        var after: String?
        repeat {
            let request = path + (after.map { "&after=\($0)" } ?? "")
            let answer = try await service.client.send(.GET, request)
            try #require(answer.status == 200, "\(answer.text)")
            #expect(answer.body.count <= 1 << 20, "\(request)")
            pages.append(try answer.decode(List.self))
            after = pages.last?.next
            try await between()
        } while after != nil && pages.count < 100
        return pages
    }

    private func numbers(_ pages: [JobList]) -> [[Int]] { pages.map { $0.jobs.map { Int("\($0.id)")! } } }

    @Test("a page has as many jobs as fit into 1 MB, and together they have all of them once")
    func size() async throws {
        try await TestService.run(
            slots: 0, limits: .with { ($0.queuedPerOwner, $0.submissionsPerMinute) = (100, 1000) }
        ) { service in
            try await service.addAlice()
            let name = String(repeating: "a", count: 125)
            let tasks = (100..<200).map { "  - \(name)\($0): x" }.joined(separator: "\n")
            for _ in 1...40 { _ = try await service.submit(tasks) }
            for query in ["owner=alice", "live=true", "owner=1&live=true&shared=true&limit=1000"] {
                let all = numbers(try await pages(JobList.self, "/v1/jobs?\(query)", of: service))
                #expect(all.count == 2 && all.flatMap(\.self) == Array((1...40).reversed()), "\(query)")
                // No further job would have fitted.
                let answer = try await service.client.send(.GET, "/v1/jobs?\(query)")
                #expect(answer.body.count + answer.body.count / all[0].count > 1 << 20, "\(query)")
            }
            // What is submitted meanwhile is newer than every page.
            let all = numbers(
                try await pages(JobList.self, "/v1/jobs?owner=1", of: service) {
                    _ = try await service.submit("  - a: x")
                })
            #expect(all.count == 2 && all.flatMap(\.self) == Array((1...40).reversed()))
        }
    }

    @Test("a page has no more than are wanted, and says whether there are more")
    func limit() async throws {
        try await TestService.run(
            slots: 0, limits: .with { ($0.queuedPerOwner, $0.submissionsPerMinute) = (100, 1000) }
        ) { service in
            try await service.addAlice()
            try await service.addBob()
            for owner in ["alice", "bob", "alice", "bob", "bob", "alice", "alice"] {
                _ = try await service.submit("  - a: x", query: "owner=\(owner)")
            }
            _ = try await service.client.send(.POST, "/v1/jobs/3/cancel")
            _ = try await service.client.send(.PUT, "/v1/jobs/2/shares/alice")
            _ = try await service.client.send(.PUT, "/v1/jobs/5/shares/alice")
            for (query, expected) in [
                ("limit=3", [[7, 6, 5], [4, 3, 2], [1]]), ("limit=7", [[7, 6, 5, 4, 3, 2, 1]]),
                ("limit=6", [[7, 6, 5, 4, 3, 2], [1]]), ("limit=1000", [[7, 6, 5, 4, 3, 2, 1]]),
                ("owner=alice&limit=2", [[7, 6], [3, 1]]), ("owner=bob&limit=2", [[5, 4], [2]]),
                ("owner=alice&live=true&limit=2", [[7, 6], [1]]),
                ("live=true&limit=4", [[7, 6, 5, 4], [2, 1]]),
                ("owner=1&shared=true&limit=2", [[7, 6], [5, 3], [2, 1]]),
                ("owner=1&shared=true&live=true&limit=4", [[7, 6, 5, 2], [1]]),
                ("owner=2&shared=true&limit=9", [[5, 4, 2]]), ("owner=nobody&limit=1", [[]]),
            ] as [(String, [[Int]])] {
                let all = numbers(try await pages(JobList.self, "/v1/jobs?\(query)", of: service))
                #expect(all == expected, "\(query)")
            }
            // Any job is a place in anyone's list.
            let others = try await service.client.send(.GET, "/v1/jobs?owner=bob&after=3").decode(
                JobList.self)
            #expect(numbers([others]) == [[2]] && others.next == nil)
        }
    }

    @Test("a page that makes no sense is refused")
    func refusals() async throws {
        try await TestService.run(slots: 0) { service in
            try await service.addAlice()
            _ = try await service.submit("  - a: x")
            for (query, sentence) in [
                ("jobs?limit=0", "limit must be a number from 1 to 1000"), ("jobs?limit=1001", "1 to 1000"),
                ("jobs?limit=", "1 to 1000"), ("jobs?limit=%2b5", "1 to 1000"),
                ("keys?limit=-1", "1 to 1000"),
                ("people?limit=99999999999999999999", "1 to 1000"),
                ("jobs?owner=nobody&limit=x", "1 to 1000"), ("jobs?after=", "after must be"),
                ("jobs?after=../1", "after must be"), ("jobs?after=2", "never been a job with this id"),
                ("jobs?after=01", "never been a job"), ("jobs?after=0", "never been a job"),
                ("jobs?after=x", "never been a job"), ("people?after=01", "after must be"),
                ("people?after=2", "after must be"), ("keys?after=1", "after must be"),
                ("keys?after=1-x1", "after must be"), ("keys?after=2-k1", "after must be"),
                ("keys?after=1-k01", "after must be"),
            ] {
                let answer = try await service.client.send(.GET, "/v1/\(query)")
                #expect(answer.status == 400, "\(query): \(answer.status)")
                #expect(answer.text.contains(sentence), "\(query): \(answer.text)")
            }
        }
    }

    @Test("keys and people have pages, too")
    func keysAndPeople() async throws {
        try await TestService.run(slots: 0) { service in
            try await service.addAlice()
            try await service.addBob()
            let store = try SQLiteStore(path: service.folder + "/runner.sqlite")
            defer { store.close() }
            let bob = try #require(try await store.person("bob"))
            for (number, owner) in ["alice", "carol", "alice"].enumerated() {
                _ = try await store.addKey(Self.key(number), comment: "\(number)", owner: owner, at: start)
            }
            _ = try await store.addPendingKey(
                Self.key(9), comment: "pending", of: bob, with: nil, at: service.clock.now)
            func comments(_ path: String) async throws -> [[String]] {
                try await pages(KeyList.self, path, of: service).map { $0.keys.map(\.comment) }
            }
            #expect(try await comments("/v1/keys?limit=2") == [["", "0"], ["2", ""], ["1"]])
            #expect(
                try await comments("/v1/keys?limits=confirm&limit=2") == [
                    ["", "0"], ["2", ""], ["pending", "1"],
                ])
            #expect(
                try await comments("/v1/keys?limits=confirm&limit=4") == [
                    ["", "0", "2", ""], ["pending", "1"],
                ])
            #expect(try await comments("/v1/keys?owner=alice&limit=2") == [["", "0"], ["2"]])
            #expect(try await comments("/v1/keys?limits=confirm&owner=2&limit=1") == [[""], ["pending"]])
            #expect(try await comments("/v1/keys?limit=1000").count == 1)
            // The place of a key that is removed is still one.
            let first = try await service.client.send(.GET, "/v1/keys?limit=2").decode(KeyList.self)
            try await store.removeKey(try #require(first.keys.last).fingerprint)
            let next = try #require(first.next)
            let second = try await service.client.send(.GET, "/v1/keys?limit=2&after=\(next)")
            #expect(try second.decode(KeyList.self).keys.map(\.comment) == ["2", ""])
            let people = try await pages(AccountList.self, "/v1/people?limit=2", of: service)
            #expect(people.map { $0.people.map(\.name) } == [["alice", "bob"], ["carol"]])
        }
    }

    @Test("a list of all keys is as large as one answer at most")
    func manyKeys() async throws {
        let store = try SQLiteStore(path: TestService.makeFolder() + "/runner.sqlite")
        defer { store.close() }
        let comment = String(repeating: "\u{1}", count: 256)
        var batch = try await store.keys(owner: nil, pendingAt: nil, limits: [.attach], after: nil, most: nil)
        #expect(batch.elements.isEmpty && batch.rest == nil)
        for number in 0..<60 {
            _ = try await store.addKey(
                Self.key(number), comment: comment, owner: "p\(number / 40)", at: start)
        }
        batch = try await store.keys(owner: nil, pendingAt: nil, limits: [.attach], after: nil, most: 60)
        #expect(batch.elements.count == 60 && batch.rest == nil)
        var page = ListPage("keys", most: nil)
        var taken = 0
        for _ in 0..<30 {
            for element in batch.elements where try page.append(element.value, at: "\(element.position)") {
                taken += 1
            }
        }
        let body = page.body(next: page.last)
        #expect(page.count == taken && taken < 30 * 60 && body.readableBytes <= ListPage.largestAnswer)
        let list = try JSON.decode(KeyList.self, from: Data(body.readableBytesView))
        #expect(list.keys.count == taken && list.next == page.last)
    }

    @Test("what is too large for any answer is left out, and keeps nothing else out")
    func oversized() throws {
        var page = ListPage("jobs", most: 2)
        let large = String(repeating: "x", count: ListPage.largestAnswer)
        #expect(try page.append(large, at: "3") && page.append("a", at: "2"))
        #expect(page.oversized == ["3"] && page.count == 1 && page.last == "2" && page.wanted == 1)
        #expect(try page.append("b", at: "1") && !page.append("c", at: "0"))
        #expect(String(buffer: page.body(next: nil)) == #"{"jobs":["a","b"]}"#)
        #expect(String(buffer: page.body(next: "1")) == #"{"jobs":["a","b"],"next":"1"}"#)
        #expect(String(buffer: ListPage("jobs", most: nil).body(next: nil)) == #"{"jobs":[]}"#)
    }

    @Test("a batch from the database ends where its records have the bytes of an answer, and has no gap")
    func batches() async throws {
        let store = try SQLiteStore(path: TestService.makeFolder() + "/runner.sqlite")
        defer { store.close() }
        let alice = try await store.addKey(Self.key(1), comment: "", owner: "alice", at: start).owner
        let note = String(repeating: "n", count: 100_000)
        var submission = Submission(by: alice)
        submission.note = note
        for _ in 1...25 {
            _ = try await store.addJob(
                NewJob(submission: submission, manifest: Manifest(image: "debian")), at: start)
        }
        var (last, seen, sizes): (JobID?, [String], [Int]) = (nil, [], [])
        repeat {
            let batch = try await store.jobs(JobFilter(owner: .person(alice)), after: last, most: nil)
            seen += batch.elements.map { "\($0.position)" }
            sizes.append(batch.elements.count)
            last = batch.rest
            // Its place stays one when it is gone.
            if let last {
                var record = try #require(try await store.job(last))
                record.job.status = .cancelled
                try await store.save(record, at: start)
                try await store.removeJob(last)
            }
        } while last != nil
        #expect(seen == (1...25).reversed().map { "\($0)" })
        #expect(sizes.count == 3 && sizes[0] == 11, "\(sizes)")
    }

    private static func key(_ number: Int) throws -> PublicKey {
        let head: [UInt8] = [0, 0, 0, 11] + Array("ssh-ed25519".utf8) + [0, 0, 0, 32]
        let blob = Data(head + [UInt8](repeating: UInt8(number), count: 32))
        return try PublicKey(type: "ssh-ed25519", base64: blob.base64EncodedString())
    }
}
